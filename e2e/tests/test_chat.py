"""One chat between two people of different libraries, and what each side sees of the other's doing."""

import pytest

from harness.table import having
from harness.waiting import eventually

DAY = 86_400


async def test_send_and_receive(duo):
    sent, seen = await duo.said("hello from the subject")
    assert sent["out"] and sent["chat"] == duo.peer.id and sent["from"] == duo.subject.id
    assert not seen["out"] and seen["chat"] == duo.subject.id and seen["text"] == sent["text"]
    heard, _ = await duo.heard("hello from the peer")
    assert not heard["out"] and heard["chat"] == duo.peer.id and heard["from"] == duo.peer.id


async def test_own_devices_agree(duo):
    sent, _ = await duo.said("seen on my other device too")
    e = await duo.second.wait("new_message", message__text="seen on my other device too")
    assert e["message"]["id"] == sent["id"] and e["message"]["out"]
    heard, _ = await duo.heard("both of my devices hear this")
    e = await duo.second.wait("new_message", message__text="both of my devices hear this")
    assert e["message"]["id"] == heard["id"]


async def test_own_session_is_not_told_twice(duo):
    mark = duo.subject.mark()
    sent, _ = await duo.said("once is enough")
    await duo.second.wait("new_message", message__text="once is enough")
    told = duo.subject.seen("new_message", since=mark, message__id=sent["id"])
    # Libraries hand the answer of their own call to the event stream, or not; the server never adds to it.
    assert len(told) <= 1


@pytest.mark.parametrize("text", ["", " \n\t "])
async def test_empty_text_is_refused(duo, text):
    with pytest.raises(Exception) as e:
        await duo.subject.send(peer=duo.peer.id, text=text)
    # Most libraries refuse it before the server can.
    assert e.value.kind in ("rpc", "client", "driver"), e.value


async def test_entities_survive(duo):
    # Offsets are in UTF-16 code units: the flag and the smile are longer than they look.
    text = "🇳🇱 bold 🙂 code end"
    entities = [{"type": "bold", "offset": 5, "length": 4}, {"type": "code", "offset": 13, "length": 4}]
    sent, seen = await duo.said(text, entities=entities)
    for message in (sent, seen):
        found = [e for e in message["entities"] if e["type"] in ("bold", "code")]
        assert found == entities, message


async def test_links_and_mentions_are_found(duo):
    text = "see https://example.org and @somebody and #topic"
    _, seen = await duo.said(text)
    kinds = [(e["type"], text[e["offset"]:e["offset"] + e["length"]]) for e in seen["entities"]]
    assert ("url", "https://example.org") in kinds
    assert ("mention", "@somebody") in kinds and ("hashtag", "#topic") in kinds


async def test_reply(duo):
    heard, in_peer = await duo.heard("answer this")
    sent, seen = await duo.said("the answer", reply_to=heard["id"])
    assert sent["reply_to"] == heard["id"]
    # The same message has another number in the other's box.
    assert seen["reply_to"] == in_peer["id"]


async def test_silent(duo):
    _, seen = await duo.said("psst", silent=True)
    assert seen["silent"]


async def test_edit(duo):
    sent, seen = await duo.said("before the edit")
    edited = await duo.subject.edit(peer=duo.peer.id, id=sent["id"], text="after the edit")
    assert edited["text"] == "after the edit" and edited["id"] == sent["id"]
    e = await duo.peer.wait("edited", message__id=seen["id"])
    assert e["message"]["text"] == "after the edit" and e["message"]["edited"]
    e = await duo.second.wait("edited", message__id=sent["id"])
    assert e["message"]["text"] == "after the edit"


async def test_edit_by_the_other_side_is_seen(duo):
    heard, in_peer = await duo.heard("the peer edits this")
    await duo.peer.edit(peer=duo.subject.id, id=in_peer["id"], text="edited by the peer")
    e = await duo.subject.wait("edited", message__id=heard["id"])
    assert e["message"]["text"] == "edited by the peer"


async def test_edit_of_anothers_message_is_refused(duo):
    heard, _ = await duo.heard("not yours")
    with pytest.raises(Exception) as e:
        await duo.subject.edit(peer=duo.peer.id, id=heard["id"], text="mine now")
    assert e.value.kind in ("rpc", "client"), e.value


async def test_delete_for_both(duo):
    sent, seen = await duo.said("gone for both")
    await duo.subject.delete(peer=duo.peer.id, ids=[sent["id"]], revoke=True)
    await duo.peer.wait("deleted", ids=lambda ids: ids and seen["id"] in ids)
    await duo.second.wait("deleted", ids=lambda ids: ids and sent["id"] in ids)
    assert await duo.peer.get_messages(peer=duo.subject.id, ids=[seen["id"]]) == [None]
    assert await duo.subject.get_messages(peer=duo.peer.id, ids=[sent["id"]]) == [None]


async def test_delete_of_the_others_message_for_both(duo):
    heard, in_peer = await duo.heard("either side can delete this")
    await duo.subject.delete(peer=duo.peer.id, ids=[heard["id"]], revoke=True)
    await duo.peer.wait("deleted", ids=lambda ids: ids and in_peer["id"] in ids)


async def test_delete_for_one(duo):
    sent, seen = await duo.said("gone for me only")
    mark = duo.peer.mark()
    await duo.subject.delete(peer=duo.peer.id, ids=[sent["id"]], revoke=False)
    await duo.second.wait("deleted", ids=lambda ids: ids and sent["id"] in ids)
    assert await duo.subject.get_messages(peer=duo.peer.id, ids=[sent["id"]]) == [None]
    (kept,) = await duo.peer.get_messages(peer=duo.subject.id, ids=[seen["id"]])
    assert kept["text"] == "gone for me only"
    assert not duo.peer.seen("deleted", since=mark)


async def test_deletion_by_the_other_side_is_seen(duo):
    heard, in_peer = await duo.heard("the peer takes this back")
    await duo.peer.delete(peer=duo.subject.id, ids=[in_peer["id"]], revoke=True)
    await duo.subject.wait("deleted", ids=lambda ids: ids and heard["id"] in ids)


async def test_forward(duo):
    heard, _ = await duo.heard("pass it on")
    (kept,) = await duo.subject.forward(source=duo.peer.id, ids=[heard["id"]], to="self")
    assert kept["text"] == "pass it on" and kept["forward_from"] == duo.peer.id
    (back,) = await duo.subject.forward(source=duo.peer.id, ids=[heard["id"]], to=duo.peer.id)
    e = await duo.peer.wait(
        "new_message", message__text="pass it on", message__from=duo.subject.id)
    assert e["message"]["forward_from"] == duo.peer.id and back["out"]


async def test_read_receipt(duo):
    heard, in_peer = await duo.heard("have you read this?")
    mark = duo.peer.mark()
    await duo.subject.read(peer=duo.peer.id, max_id=heard["id"])
    e = await duo.peer.wait("read_outbox", since=mark, chat=duo.subject.id)
    assert e["max_id"] >= in_peer["id"]
    await duo.second.wait("read_inbox", chat=duo.peer.id, max_id=lambda m: m >= heard["id"])


async def test_reading_everything(duo):
    heard, in_peer = await duo.heard("the last of them")
    await duo.subject.read(peer=duo.peer.id)
    await duo.peer.wait("read_outbox", chat=duo.subject.id, max_id=lambda m: m >= in_peer["id"])
    (dialog,) = [d for d in await duo.subject.dialogs() if d["peer"] == duo.peer.id]
    assert dialog["unread"] == 0, dialog


async def test_read_by_the_other_side_is_seen(duo):
    sent, seen = await duo.said("read me")
    mark = duo.subject.mark()
    await duo.peer.read(peer=duo.subject.id, max_id=seen["id"])
    e = await duo.subject.wait("read_outbox", since=mark, chat=duo.peer.id)
    assert e["max_id"] >= sent["id"]


async def test_unread_count(duo):
    await duo.subject.read(peer=duo.peer.id)
    for n in range(3):
        await duo.heard(f"unread number {n}")
    (dialog,) = [d for d in await duo.second.dialogs() if d["peer"] == duo.peer.id]
    assert dialog["unread"] == 3, dialog
    await duo.subject.read(peer=duo.peer.id)


async def test_typing(duo):
    # The library may hold the action back when it thinks that nobody looks.
    await duo.peer.online(online=True)
    mark = duo.peer.mark()
    await duo.subject.typing(peer=duo.peer.id)
    e = await duo.peer.wait("typing", since=mark, user=duo.subject.id)
    assert e["action"] == "typing"


async def test_typing_of_the_other_side_is_seen(duo):
    mark = duo.subject.mark()
    await duo.peer.typing(peer=duo.subject.id)
    e = await duo.subject.wait("typing", since=mark, user=duo.peer.id)
    assert e["action"] == "typing"


async def test_search_in_the_chat(duo):
    await duo.said("a needle called Quarzsand, Grüße")
    await duo.heard("quarzsand again, in lower case")
    await duo.said("nothing of the kind")

    async def found():
        return {m["text"] for m in await duo.subject.search(peer=duo.peer.id, q="Quarzsand")}
    await eventually(found, {"a needle called Quarzsand, Grüße", "quarzsand again, in lower case"})
    # A word's beginning finds it, its middle does not; case and accents do not matter.
    assert {m["text"] for m in await duo.subject.search(peer=duo.peer.id, q="quarz")} >= {
        "quarzsand again, in lower case"}
    assert await duo.subject.search(peer=duo.peer.id, q="arzsa") == []


async def test_search_everywhere(duo):
    await duo.said("the password is Abrakadabrium")
    await duo.subject.send(peer="self", text="note: Abrakadabrium")

    async def found():
        return {m["text"] for m in await duo.subject.search_global(q="abrakadabrium")}
    await eventually(found, {"the password is Abrakadabrium", "note: Abrakadabrium"})


async def test_deleted_text_is_not_found(duo):
    sent, _ = await duo.said("Wegwerfwort")

    async def found():
        return [m["text"] for m in await duo.peer.search(peer=duo.subject.id, q="Wegwerfwort")]
    await eventually(found, ["Wegwerfwort"])
    await duo.subject.delete(peer=duo.peer.id, ids=[sent["id"]], revoke=True)
    await eventually(found, [])


async def test_saved_messages(duo):
    sent = await duo.subject.send(peer="self", text="a note to myself")
    assert sent["chat"] == duo.subject.id
    e = await duo.second.wait("new_message", message__text="a note to myself")
    assert e["message"]["chat"] == duo.subject.id
    walked = await duo.subject.walk(peer="self")
    assert "a note to myself" in [m["text"] for m in walked]
    assert not duo.peer.seen("new_message", message__text="a note to myself")


async def test_pin_for_both(duo):
    sent, seen = await duo.said("pin this")
    await duo.subject.pin(peer=duo.peer.id, id=sent["id"], both=True)
    await duo.peer.wait("pinned", chat=duo.subject.id, ids=lambda ids: seen["id"] in ids, pinned=True)
    (message,) = await duo.peer.get_messages(peer=duo.subject.id, ids=[seen["id"]])
    assert message["pinned"]
    await duo.peer.wait("new_message", message__service=lambda s: s == "PinMessage")
    await duo.subject.unpin(peer=duo.peer.id, id=sent["id"])
    await duo.second.wait("pinned", chat=duo.peer.id, ids=lambda ids: sent["id"] in ids, pinned=False)


async def test_pin_for_one(duo):
    sent, seen = await duo.said("pin this for me")
    await duo.subject.pin(peer=duo.peer.id, id=sent["id"], both=False)
    await duo.second.wait("pinned", chat=duo.peer.id, ids=lambda ids: sent["id"] in ids, pinned=True)
    (message,) = await duo.peer.get_messages(peer=duo.subject.id, ids=[seen["id"]])
    assert not message["pinned"]


async def test_draft_on_the_other_device(duo):
    await duo.subject.save_draft(peer=duo.peer.id, text="unfinished th")
    e = await duo.second.wait("draft", chat=duo.peer.id, text="unfinished th")
    assert e
    await duo.subject.save_draft(peer=duo.peer.id, text="")
    await duo.second.wait("draft", chat=duo.peer.id, text=None)


async def test_mark_unread_on_the_other_device(duo):
    await duo.subject.mark_unread(peer=duo.peer.id, unread=True)
    await duo.second.wait("unread_mark", chat=duo.peer.id, unread=True)
    await duo.subject.mark_unread(peer=duo.peer.id, unread=False)
    await duo.second.wait("unread_mark", chat=duo.peer.id, unread=False)


async def test_pin_dialog_on_the_other_device(duo):
    await duo.said("so that there is a dialog")
    # TDLib tells changes of a list that it has loaded.
    await duo.second.dialogs()
    await duo.subject.pin_dialog(peer=duo.peer.id, pinned=True)
    await duo.second.wait("dialog_pinned", chat=duo.peer.id, pinned=True)
    dialogs = await duo.second.dialogs()
    assert [d["pinned"] for d in dialogs if d["peer"] == duo.peer.id] == [True]
    assert dialogs[0]["peer"] == duo.peer.id, "pinned dialogs come first"
    await duo.subject.pin_dialog(peer=duo.peer.id, pinned=False)
    await duo.second.wait("dialog_pinned", chat=duo.peer.id, pinned=False)


@pytest.mark.only(having("react"))
async def test_reaction(duo):
    sent, seen = await duo.said("do you like it?")
    heard, in_peer = await duo.heard("do you?")
    await duo.subject.react(peer=duo.peer.id, id=heard["id"], emoji="👍")
    e = await duo.peer.wait("reactions", id=in_peer["id"], reactions=lambda r: bool(r))
    assert [(r["emoji"], r["count"], r["chosen"]) for r in e["reactions"]] == [("👍", 1, False)]
    (message,) = await duo.subject.get_messages(peer=duo.peer.id, ids=[heard["id"]])
    assert [(r["emoji"], r["chosen"]) for r in message["reactions"]] == [("👍", True)]
    await duo.subject.react(peer=duo.peer.id, id=heard["id"])
    await duo.peer.wait("reactions", id=in_peer["id"], reactions=[])
    assert sent and seen


async def test_reaction_of_the_other_side_is_seen(duo):
    sent, seen = await duo.said("react to this")
    await duo.peer.react(peer=duo.subject.id, id=seen["id"], emoji="❤")
    e = await duo.subject.wait("reactions", id=sent["id"], reactions=lambda r: bool(r))
    assert [(r["emoji"].rstrip("\ufe0f"), r["count"]) for r in e["reactions"]] == [("❤", 1)]


async def test_auto_delete_timer(duo):
    await duo.subject.set_ttl(peer=duo.peer.id, period=DAY)
    e = await duo.peer.wait("new_message", message__service="SetMessagesTTL")
    assert e["message"]["period"] == DAY
    _, seen = await duo.said("this one ends tomorrow")
    assert seen["ttl"] == DAY
    (dialog,) = [d for d in await duo.peer.dialogs() if d["peer"] == duo.subject.id]
    assert dialog["ttl"] == DAY
    await duo.subject.set_ttl(peer=duo.peer.id, period=0)
    _, seen = await duo.said("this one stays")
    assert not seen["ttl"]


async def test_scheduled_message(duo):
    sent = await duo.subject.send(peer=duo.peer.id, text="in an hour", schedule_in=3600)
    assert sent["text"] == "in an hour"
    listed = await duo.subject.scheduled(peer=duo.peer.id)
    assert [m["text"] for m in listed] == ["in an hour"]
    assert not duo.peer.seen("new_message", message__text="in an hour")
    await duo.subject.delete_scheduled(peer=duo.peer.id, ids=[listed[0]["id"]])
    assert await duo.subject.scheduled(peer=duo.peer.id) == []


@pytest.mark.only(having("send_scheduled"))
async def test_scheduled_message_sent_now(duo):
    await duo.subject.send(peer=duo.peer.id, text="changed my mind", schedule_in=3600)
    (listed,) = await duo.subject.scheduled(peer=duo.peer.id)
    await duo.subject.send_scheduled(peer=duo.peer.id, ids=[listed["id"]])
    await duo.peer.wait("new_message", message__text="changed my mind")
    assert await duo.subject.scheduled(peer=duo.peer.id) == []


async def test_block(duo):
    await duo.subject.block(peer=duo.peer.id, blocked=True)
    try:
        await duo.second.wait("blocked", chat=duo.peer.id, blocked=True)
        mark = duo.subject.mark()
        # A blocked person is not told so: the message stays in the own box, or is refused.
        try:
            await duo.peer.send(peer=duo.subject.id, text="can you hear me?")
        except Exception as e:
            assert e.text == "USER_IS_BLOCKED", e
        if duo.subject.can("blocked"):
            assert await duo.subject.blocked() == [duo.peer.id]
        assert not duo.subject.seen("new_message", since=mark, message__text="can you hear me?")
    finally:
        mark = duo.second.mark()
        await duo.subject.block(peer=duo.peer.id, blocked=False)
    # Some libraries do not wait for the server's answer.
    await duo.second.wait("blocked", since=mark, chat=duo.peer.id, blocked=False)
    await duo.heard("and now?")


@pytest.mark.only(having("send_raw"))
async def test_same_random_id_is_sent_once(duo):
    first = await duo.subject.send_raw(peer=duo.peer.id, text="say it once", random_id="81985529216486895")
    again = await duo.subject.send_raw(peer=duo.peer.id, text="say it once", random_id="81985529216486895")
    assert first["id"] == again["id"]
    await duo.peer.wait("new_message", message__text="say it once")
    found = [m for m in await duo.peer.walk(peer=duo.subject.id) if m["text"] == "say it once"]
    assert len(found) == 1


async def test_delete_history_for_both(duo):
    await duo.said("the last word")
    await duo.subject.delete_history(peer=duo.peer.id, revoke=True)
    await eventually(lambda: duo.peer.walk(peer=duo.subject.id), [])
    assert await duo.subject.walk(peer=duo.peer.id) == []
