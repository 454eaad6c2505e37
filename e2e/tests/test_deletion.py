"""Accounts that are deleted: what their clients hear, what others keep and are shown, and what an old backup is worth."""

import asyncio
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness import people
from harness.driver import Refused
from harness.table import OTHER

BACK_SECONDS = 60
CAN = ("telethon", "kurigram", "pyrogram")


async def refused(call, *texts):
    try:
        answer = await call
    except Refused as e:
        assert e.text in texts, e
        return
    raise AssertionError(f"was not refused: {answer}")


async def texts(client, peer):
    return {m["text"] for m in await client.walk(peer=peer, timeout=BACK_SECONDS) if not m["service"]}


async def is_shown_deleted(client, id, seconds=10):
    for _ in range(seconds * 5):
        user = await client.get_user(peer=id)
        if user["deleted"]:
            return user
        await asyncio.sleep(0.2)
    raise AssertionError(f"{client} is shown {user}")


@pytest.mark.only(CAN)
async def test_deleted_account(start_server, pool, lib):
    server = await start_server()
    ann = await people.sign_up(await pool.open(lib, server), "Ann", last="Anders")
    bob = await people.sign_up(await pool.open(OTHER[lib], server), "Bob")
    await people.befriend(ann, bob)
    phone, first_id = ann.phone, ann.id
    await ann.set_username(username="ann_e2e_gone")
    tablet = await people.sign_in(await pool.open(OTHER[lib], server), phone, beside=ann)
    for n in range(3):
        await ann.send(peer=bob.id, text=f"ann {n}")
        await bob.send(peer=ann.id, text=f"bob {n}")
    await ann.send(peer="self", text="a note")

    assert await ann.delete_account(reason="the test is over")
    for device in (ann, tablet):
        await refused(device.sessions(timeout=BACK_SECONDS), "AUTH_KEY_UNREGISTERED", "USER_DEACTIVATED")
    user = await is_shown_deleted(bob, first_id)
    assert (user["first"], user["last"], user["phone"], user["username"]) == ("", "", "", None), user
    assert await texts(bob, first_id) == {f"{who} {n}" for who in ("ann", "bob") for n in range(3)}
    assert first_id in [d["peer"] for d in await bob.dialogs()]
    await refused(bob.send(peer=first_id, text="are you there?"), "INPUT_USER_DEACTIVATED")
    await refused(bob.resolve_phone(phone=phone), "PHONE_NOT_OCCUPIED")
    await bob.delete_history(peer=first_id, revoke=True)
    assert await texts(bob, first_id) == set()

    again = await people.sign_up(await pool.open(lib, server), "Another", phone=phone)
    assert again.id != first_id
    assert await texts(again, "self") == set()
    # Asked by somebody who has not seen it before: some libraries remember names. The second is Telethon's wording.
    await refused(again.resolve_username(username="ann_e2e_gone"),
                  "USERNAME_NOT_OCCUPIED", 'No user has "ann_e2e_gone" as username')


async def browse(server, **fields):
    """The deactivation page, as a browser gets it: status and text."""
    def get():
        address = f"http://127.0.0.1:{server.port}/deactivate"
        form = urllib.parse.urlencode(fields).encode() if fields else None
        try:
            with urllib.request.urlopen(address, form, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
    return await asyncio.to_thread(get)


async def test_public_page(start_server, pool):
    server = await start_server()
    ann = await people.sign_up(await pool.open("telethon", server), "Ann")
    bob = await people.sign_up(await pool.open("kurigram", server), "Bob")
    await people.befriend(ann, bob)
    await ann.send(peer=bob.id, text="for Bob to keep")
    status, html = await browse(server)
    assert status == 200 and 'name="phone"' in html, html
    mark = ann.mark()
    status, html = await browse(server, phone=ann.phone)
    assert status == 200, html
    name = re.search(r'value="([0-9a-f]+)"', html)[1]
    event = await ann.wait("new_message", since=mark, message__from=people.SERVICE)
    code = re.search(r"Deletion code: (\w+)", event["message"]["text"])[1]
    assert (await browse(server, id=name, code="wrong"))[0] == 400
    assert not (await bob.get_user(peer=ann.id))["deleted"]
    status, html = await browse(server, id=name, code=code)
    assert status == 200 and "deleted" in html, html
    await is_shown_deleted(bob, ann.id)
    await refused(ann.sessions(timeout=BACK_SECONDS), "AUTH_KEY_UNREGISTERED", "USER_DEACTIVATED")
    assert await texts(bob, ann.id) == {"for Bob to keep"}


async def run(server, *words):
    child = await asyncio.create_subprocess_exec(
        *server.command(*words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    out, _ = await child.communicate()
    assert child.returncode == 0, out.decode(errors="replace")


async def test_backup_from_before_stays_shut(start_server, pool, postgres):
    """Rows from before a deletion, with everything that the server has after it."""
    server = await start_server()
    ann = await people.sign_up(await pool.open("telethon", server), "Canary-Ann")
    bob = await people.sign_up(await pool.open("kurigram", server), "Bob")
    await people.befriend(ann, bob)
    await ann.send(peer="self", text="canary: a note")
    await ann.save_draft(peer=bob.id, text="canary: a draft")
    await ann.send(peer=bob.id, text="for Bob to keep")
    await bob.send(peer="self", text="Bob's own note")

    rows, keys = server.folder / "rows" / "1", server.folder / "keys-backup" / "1"
    place = ["--root-key", str(server.root_key)]
    if server.database:
        place += ["--database", server.database]
    await run(server, "backup", *place, "--rows", str(rows))
    assert await ann.delete_account()
    await run(server, "backup", *place, "--keys", str(keys))
    await server.kill()

    shutil.rmtree(server.data)
    server.data = server.folder / "restored"
    if server.database:
        server.database = postgres.database()
        place[-1] = server.database
    await run(server, "restore", *place, "--rows", str(rows), "--keys", str(keys))
    await server.start()

    assert await texts(bob, "self") == {"Bob's own note"}
    user = await is_shown_deleted(bob, ann.id)
    assert not user["first"] and not user["phone"], user
    assert "for Bob to keep" in await texts(bob, ann.id)
    await refused(ann.sessions(timeout=BACK_SECONDS), "AUTH_KEY_UNREGISTERED", "USER_DEACTIVATED")
    # Her number is nobody's: whoever holds it begins anew, and finds nothing.
    again = await people.sign_up(await pool.open("telethon", server), "Another", phone=ann.phone)
    assert again.id != ann.id and await texts(again, "self") == set()
