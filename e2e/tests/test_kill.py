"""`kill -9` in the middle of sending, ten rounds. What was acknowledged is there, once, on both sides,
and every box's `pts` runs without a gap or a repetition."""

import asyncio

from harness import people
from harness.driver import Refused

ROUNDS = 10
# From the first send of a round to the kill.
LIFE_SECONDS = (0.15, 0.9)
BACK_SECONDS = 60


async def send_until_dead(sender, to, label, acknowledged, attempted, stop):
    """One message after the other. Each has its own random_id; its id is kept once it is answered."""
    n = 0
    while not stop.is_set():
        n += 1
        text = f"{label}-{n}"
        random_id = people.chance.randrange(1, 1 << 62)
        attempted[text] = random_id
        try:
            answer = await sender.send_raw(peer=to, text=text, random_id=str(random_id), timeout=BACK_SECONDS)
        except Refused as e:
            if e.text.startswith("FLOOD_WAIT"):
                return
            # In flight when the server died: it may be there or not.
            continue
        acknowledged[text] = answer["id"]


async def box(client, peer):
    rows = await client.walk(peer=peer, timeout=60)
    return {m["text"]: m["id"] for m in rows}, [m["text"] for m in rows]


async def test_kill_while_sending(start_server, pool):
    server = await start_server()
    # Telethon for its raw requests, Kurigram so that two libraries retry in two ways.
    ann = await people.sign_up(await pool.open("telethon", server), "Ann")
    bob = await people.sign_up(await pool.open("kurigram", server), "Bob")
    await people.befriend(ann, bob)
    watch = {}
    for name, owner in (("ann", ann), ("bob", bob)):
        # A device of Telethon for each: it can show the raw difference.
        device = await people.sign_in(await pool.open("telethon", server), owner.phone, beside=owner)
        watch[name] = (device, (await device.state())["pts"])

    acknowledged = {"ann": {}, "bob": {}}
    attempted = {"ann": {}, "bob": {}}
    for number in range(ROUNDS):
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(send_until_dead(
                ann, bob.id, f"ann-{number}-{lane}", acknowledged["ann"], attempted["ann"], stop))
            for lane in range(4)
        ] + [
            asyncio.create_task(send_until_dead(
                bob, ann.id, f"bob-{number}-{lane}", acknowledged["bob"], attempted["bob"], stop))
            for lane in range(4)
        ]
        await asyncio.sleep(people.chance.uniform(*LIFE_SECONDS))
        await server.kill()
        stop.set()
        await server.start()
        await asyncio.gather(*tasks)
    total = sum(len(a) for a in acknowledged.values())
    assert total > 20 * ROUNDS, f"only {total} messages were acknowledged in {ROUNDS} rounds"

    sides = {"ann": await box(ann, bob.id), "bob": await box(bob, ann.id)}
    for name, (ids, texts) in sides.items():
        assert len(texts) == len(set(texts)), f"doubled in {name}'s box"
        other = "bob" if name == "ann" else "ann"
        for text, number in acknowledged[name].items():
            assert ids.get(text) == number, f"{text} was acknowledged as {number}, and is {ids.get(text)}"
        for text in acknowledged[other]:
            assert text in ids, f"{text} was acknowledged, and {name} does not have it"
        strange = set(texts) - attempted["ann"].keys() - attempted["bob"].keys()
        assert not strange, strange
    assert set(sides["ann"][0]) == set(sides["bob"][0]), "one side has what the other has not"

    for name, (device, start) in watch.items():
        now = (await device.state())["pts"]
        found = await device.difference(pts=start, timeout=60)
        assert "too_long" not in found
        mine = [m for m in found["messages"] if m["text"] in sides[name][0]]
        assert sorted(m["id"] for m in mine) == sorted(sides[name][0].values()), f"{name}'s difference"
        steps = len(found["messages"]) + sum(u["pts_count"] or 0 for u in found["others"])
        assert now - start == steps, f"{name}: pts went from {start} to {now} in {steps} steps"
        assert found["states"][-1] == now
    # The same random_id after all that is still the same message.
    text, number = next(iter(acknowledged["ann"].items()))
    again = await ann.send_raw(peer=bob.id, text=text, random_id=str(attempted["ann"][text]))
    assert again["id"] == number
