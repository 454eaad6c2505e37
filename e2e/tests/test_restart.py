"""The server goes away and comes back: clients that were connected go on, and nothing is missing."""

import asyncio

import pytest

from harness import people
from harness.table import OTHER, having
from harness.waiting import eventually

# Libraries wait a little longer after each failed attempt.
BACK_SECONDS = 45


async def texts(client, peer):
    return sorted(m["text"] for m in await client.walk(peer=peer, timeout=60) if not m["service"])


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_connected_clients_go_on(lib, start_server, pool, how):
    server = await start_server()
    subject = await people.sign_up(await pool.open(lib, server), "Subject")
    peer = await people.sign_up(await pool.open(OTHER[lib], server), "Peer")
    await people.befriend(subject, peer)
    await subject.send(peer=peer.id, text="before")
    await peer.send(peer=subject.id, text="before, too")
    await subject.wait("new_message", message__text="before, too")
    await (server.stop() if how == "stop" else server.kill())
    await asyncio.sleep(0.3)
    await server.start()

    # The peer speaks as soon as it can; the subject hears of it without doing anything, or, where the
    # library only looks when it is used, with its next call.
    await peer.send(peer=subject.id, text="after", timeout=BACK_SECONDS)
    await subject.send(peer=peer.id, text="after, too", timeout=BACK_SECONDS)
    await peer.wait("new_message", message__text="after, too", timeout=BACK_SECONDS)
    expected = sorted(["before", "before, too", "after", "after, too"])
    await eventually(lambda: texts(subject, peer.id), expected)
    await eventually(lambda: texts(peer, subject.id), expected)
    # And is connected again, for good: pushes arrive.
    await peer.send(peer=subject.id, text="still there?")
    await subject.wait("new_message", message__text="still there?", timeout=BACK_SECONDS)


@pytest.mark.only(having("offline catch-up"))
async def test_an_offline_device_catches_up(lib, server, pool, scratch):
    session = str(scratch / f"offline-{lib}-{server.port}")
    peer = await people.sign_up(await pool.open(OTHER[lib], server), "Peer")
    device = await people.sign_up(await pool.open(lib, server, session=session, catch_up=True), "Sleeper")
    await people.befriend(device, peer)
    early = await peer.send(peer=device.id, text="to be edited")
    await device.wait("new_message", message__text="to be edited")
    await device.close()

    lost = [f"while you were away {n}" for n in range(25)]
    for text in lost:
        await peer.send(peer=device.id, text=text)
    await peer.edit(peer=device.id, id=early["id"], text="edited meanwhile")
    gone = await peer.send(peer=device.id, text="taken back before you came")
    await peer.delete(peer=device.id, ids=[gone["id"]], revoke=True)

    device = await pool.open(lib, server, session=session, catch_up=True)
    for text in lost:
        await device.wait("new_message", message__text=text)
    heard = [e["message"]["text"] for e in device.seen("new_message", message__from=peer.id)]
    assert heard == lost, "each once, in order"
    rows = [m["text"] for m in await device.walk(peer=peer.id)]
    assert rows == [*reversed(lost), "edited meanwhile"]


@pytest.mark.only(having("offline catch-up"))
async def test_an_offline_device_catches_up_over_a_restart(lib, start_server, pool, scratch):
    server = await start_server()
    session = str(scratch / f"restart-{lib}-{server.port}")
    peer = await people.sign_up(await pool.open(OTHER[lib], server), "Peer")
    device = await people.sign_up(await pool.open(lib, server, session=session, catch_up=True), "Sleeper")
    await people.befriend(device, peer)
    await device.close()
    await peer.send(peer=device.id, text="said before the crash")
    await server.kill()
    await server.start()
    await peer.send(peer=device.id, text="said after the crash", timeout=BACK_SECONDS)
    device = await pool.open(lib, server, session=session, catch_up=True)
    for text in ("said before the crash", "said after the crash"):
        await device.wait("new_message", message__text=text)
