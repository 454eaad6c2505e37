"""Reading back a long chat: every form of offset gives the page that a simple model gives."""

import pytest
import pytest_asyncio

from harness import people
from harness.table import OTHER, having

COUNT = 130


@pytest_asyncio.fixture(scope="module")
async def chat(lib, server, pool):
    """A chat of 130 messages, and their numbers in the reader's box, newest first."""
    reader = await people.sign_up(await pool.open(lib, server), "Reader")
    writer = await people.sign_up(await pool.open(OTHER[lib], server), "Writer")
    await people.befriend(reader, writer)
    # Another chat in between, so that numbers in this one have holes.
    for n in range(COUNT):
        await writer.send(peer=reader.id, text=f"number {n}")
        if n % 10 == 0:
            await reader.send(peer="self", text=f"aside {n}")
    await reader.wait("new_message", message__text=f"number {COUNT - 1}")
    rows = [m for m in await reader.walk(peer=writer.id) if m["text"].startswith("number")]
    assert [m["text"] for m in rows] == [f"number {n}" for n in reversed(range(COUNT))]
    everything = await reader.walk(peer=writer.id)
    return reader, writer, [m["id"] for m in everything]


def page(ids, limit=100, offset_id=0, add_offset=0, min_id=0, max_id=0):
    """The model: ids newest first, a window of `limit` that starts `add_offset` rows after the first
    id below `offset_id`, then cut by `max_id` and `min_id`."""
    start = sum(1 for i in ids if offset_id and i >= offset_id) + add_offset
    window = ids[max(start, 0):max(start + limit, 0)]
    return [i for i in window if (not max_id or i < max_id) and i > min_id]


async def test_walk_gives_each_message_once(chat):
    _, _, ids = chat
    assert len(ids) == len(set(ids)) >= COUNT and ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_newest(chat, limit):
    reader, writer, ids = chat
    found = await reader.history(peer=writer.id, limit=limit)
    assert [m["id"] for m in found] == page(ids, limit=limit)


@pytest.mark.parametrize("at", [0, 1, 50, 128, 129])
async def test_from_a_message_on(chat, at):
    reader, writer, ids = chat
    found = await reader.history(peer=writer.id, limit=20, offset_id=ids[at])
    assert [m["id"] for m in found] == page(ids, limit=20, offset_id=ids[at])


@pytest.mark.parametrize("add_offset", [-10, -1])
async def test_around_a_message(chat, add_offset):
    reader, writer, ids = chat
    found = await reader.history(peer=writer.id, limit=20, offset_id=ids[60], add_offset=add_offset)
    assert [m["id"] for m in found] == page(ids, limit=20, offset_id=ids[60], add_offset=add_offset)


@pytest.mark.only(having("history: skip rows"))
async def test_some_rows_skipped(chat, add_offset=5):
    reader, writer, ids = chat
    found = await reader.history(peer=writer.id, limit=20, offset_id=ids[60], add_offset=add_offset)
    assert [m["id"] for m in found] == page(ids, limit=20, offset_id=ids[60], add_offset=add_offset)


async def test_behind_the_end(chat):
    reader, writer, ids = chat
    assert await reader.history(peer=writer.id, limit=20, offset_id=ids[-1]) == []


@pytest.mark.only(having("history: bounds"))
async def test_between_two_messages(chat):
    reader, writer, ids = chat
    found = await reader.history(peer=writer.id, limit=50, max_id=ids[10], min_id=ids[30])
    assert [m["id"] for m in found] == page(ids, limit=50, max_id=ids[10], min_id=ids[30])


@pytest.mark.only(having("history: date"))
async def test_by_date(chat):
    reader, writer, ids = chat
    newest = (await reader.history(peer=writer.id, limit=1))[0]
    assert await reader.history(peer=writer.id, limit=5, offset_date=1) == []
    found = await reader.history(peer=writer.id, limit=5, offset_date=newest["date"] + 1)
    assert [m["id"] for m in found] == ids[:5]


@pytest.mark.only(having("history: oldest first"))
async def test_oldest_first(chat):
    reader, writer, ids = chat
    found = await reader.walk(peer=writer.id, reverse=True)
    assert [m["id"] for m in found] == list(reversed(ids))


async def test_by_number(chat):
    reader, writer, ids = chat
    wanted = [ids[3], ids[-1], ids[50]]
    found = await reader.get_messages(peer=writer.id, ids=wanted)
    assert [m["id"] for m in found] == wanted
    missing = max(ids) + 10_000
    assert await reader.get_messages(peer=writer.id, ids=[missing]) == [None]


async def test_dialogs_page_by_page(lib, server, pool):
    """More chats than one page holds, the last written to first, each once."""
    owner = await people.sign_up(await pool.open(lib, server), "Popular")
    writer = await people.sign_up(await pool.open(OTHER[lib], server), "Writer")
    await people.befriend(owner, writer)
    await writer.send(peer=owner.id, text="one chat")
    await owner.send(peer="self", text="another")
    await owner.wait("new_message", message__text="one chat")
    peers = [d["peer"] for d in await owner.dialogs() if d["peer"] != people.SERVICE]
    assert peers == [owner.id, writer.id]
    assert len((await owner.dialogs(limit=1))) == 1
