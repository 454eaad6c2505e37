"""A backup taken while people write, restored in another place: their old sessions go on, and what was acknowledged
before the backup began is there."""

import asyncio
import shutil

from harness import people
from harness.driver import Refused

BACK_SECONDS = 60


async def run(server, *words):
    child = await asyncio.create_subprocess_exec(
        *server.command(*words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    out, _ = await child.communicate()
    return child.returncode, out.decode(errors="replace")


async def send_on(sender, to, label, acknowledged, stop):
    n = 0
    while not stop.is_set():
        n += 1
        try:
            await sender.send(peer=to, text=f"{label}-{n}", timeout=BACK_SECONDS)
        except Refused:
            return
        acknowledged.append(f"{label}-{n}")
        await asyncio.sleep(0.02)


async def texts(client, peer):
    return [m["text"] for m in await client.walk(peer=peer, timeout=BACK_SECONDS) if not m["service"]]


async def hears(sender, other, text):
    """The other side hears of a message by itself. The first ones may fall into its new beginning: it has them, and
    tells nobody."""
    for n in range(20):
        await sender.send(peer=other.id, text=f"{text} {n}", timeout=BACK_SECONDS)
        try:
            return await other.wait("new_message", timeout=3, message__text=f"{text} {n}")
        except AssertionError:
            continue
    raise AssertionError(f"{other} hears nothing")


async def test_backup_under_load_and_restore(start_server, pool, postgres):
    server = await start_server()
    ann = await people.sign_up(await pool.open("telethon", server), "Ann")
    bob = await people.sign_up(await pool.open("kurigram", server), "Bob")
    await people.befriend(ann, bob)
    said, stop = [], asyncio.Event()
    tasks = [asyncio.create_task(send_on(ann, bob.id, "ann", said, stop)),
             asyncio.create_task(send_on(bob, ann.id, "bob", said, stop))]
    await asyncio.sleep(1.5)

    before = list(said)
    rows, keys = server.folder / "rows" / "1", server.folder / "keys-backup" / "1"
    place = ["--root-key", str(server.root_key)]
    if server.database:
        place += ["--database", server.database]
    code, out = await run(server, "backup", *place, "--rows", str(rows), "--keys", str(keys))
    assert code == 0, out
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*tasks)
    assert len(before) > 10 and len(said) > len(before), "people wrote before, during and after the backup"
    await server.kill()

    # The server is lost with all its data; only the keys file is elsewhere.
    shutil.rmtree(server.data)
    server.data = server.folder / "restored"
    if server.database:
        server.database = postgres.database()
        place[-1] = server.database
    code, out = await run(server, "restore", *place, "--rows", str(rows), "--keys", str(keys))
    assert code == 0, out
    code, out = await run(server, "restore", *place, "--rows", str(rows), "--keys", str(keys))
    assert code != 0 and "not empty" in out, out
    await server.start()

    # The same clients, with the auth keys that they have.
    await ann.send(peer=bob.id, text="back again", timeout=BACK_SECONDS)
    await bob.send(peer=ann.id, text="me too", timeout=BACK_SECONDS)
    for client, peer in ((ann, bob), (bob, ann)):
        found = await texts(client, peer.id)
        assert len(found) == len(set(found)), "doubled"
        assert not set(before) - set(found), "acknowledged before the backup began, and lost"
        assert {"back again", "me too"} <= set(found)
    # Pushes arrive: no device takes a new message for one that it knows.
    await hears(ann, bob, "do you hear me?")
    await hears(bob, ann, "I do")
