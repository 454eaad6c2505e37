"""Time: clients whose clock is wrong by hours, and what the server does when its own time comes."""

import pytest
import pytest_asyncio

from harness import people
from harness.driver import Clock, Refused
from harness.table import OTHER, having

HOUR = 3_600
DAY = 24 * HOUR
# Clients and server notice the jump when their timers fire, and connect anew.
LATER_SECONDS = 60


@pytest.mark.only(having("clock behind"))
async def test_a_client_whose_clock_is_behind(lib, server, pool, scratch):
    await off_by(-5, lib, server, pool, scratch)


@pytest.mark.only(having("clock ahead"))
async def test_a_client_whose_clock_is_ahead(lib, server, pool, scratch):
    await off_by(7, lib, server, pool, scratch)


async def off_by(hours, lib, server, pool, scratch):
    clock = Clock(scratch / f"clock-{lib}-{hours}", seconds=hours * HOUR)
    peer = await people.sign_up(await pool.open(OTHER[lib], server), "Punctual")
    client = await people.sign_up(await pool.open(lib, server, env=clock.environment()), "Late")
    await people.befriend(client, peer)
    sent = await client.send(peer=peer.id, text=f"my clock is off by {hours} hours")
    e = await peer.wait("new_message", message__text=f"my clock is off by {hours} hours")
    # The server's time counts.
    assert sent["date"] == e["message"]["date"]
    await peer.send(peer=client.id, text=f"still heard at {hours}")
    await client.wait("new_message", message__text=f"still heard at {hours}")
    second = await people.sign_in(
        await pool.open(lib, server, env=clock.environment()), client.phone, beside=client)
    assert second.id == client.id


# Time itself moves, for the server and its clients alike.


class World:
    """A server and clients under one clock."""

    def __init__(self, server, clock, pool):
        self.server, self.clock, self.pool = server, clock, pool

    async def open(self):
        return await self.pool.open("telethon", self.server, env=self.clock.environment(everything=True))


@pytest_asyncio.fixture
async def world(start_server, scratch, pool):
    clock = Clock(scratch / f"clock-server-{id(start_server)}")
    server = await start_server(clock=clock)
    yield World(server, clock, pool)


async def test_a_code_expires(world):
    client = await world.open()
    phone = people.new_phone()
    code = await people.request_code(client, phone, for_sign_up=True)
    world.clock.set(HOUR)
    with pytest.raises(Refused) as e:
        await client.sign_in(code=code, timeout=60)
    assert e.value.text == "PHONE_CODE_EXPIRED", e.value


async def test_a_cancelled_code_is_no_good(plain_server, pool):
    client = await pool.open("telethon", plain_server)
    phone = people.new_phone()
    code = await people.request_code(client, phone)
    sent = await client.raw(method="auth.sendCode", args={
        "phone_number": phone, "api_id": 1, "api_hash": "a" * 32, "settings": {"_": "CodeSettings"}})
    await client.raw(method="auth.cancelCode", args={
        "phone_number": phone, "phone_code_hash": sent["phone_code_hash"]})
    fresh = await plain_server.code(phone)
    with pytest.raises(Refused) as e:
        await client.sign_in(code=fresh, hash=sent["phone_code_hash"])
    assert e.value.text in ("PHONE_CODE_EXPIRED", "PHONE_CODE_INVALID"), e.value
    assert code


async def chat_of_two(world):
    one = await people.sign_up(await world.open(), "Ann")
    other = await people.sign_up(await world.open(), "Bob")
    await people.befriend(one, other)
    return one, other


async def test_a_scheduled_message_is_sent_when_it_is_due(world):
    one, other = await chat_of_two(world)
    await one.send(peer=other.id, text="happy new day", schedule_in=DAY)
    assert not other.seen("new_message", message__text="happy new day")
    world.clock.set(DAY + 60)
    e = await other.wait("new_message", message__text="happy new day", timeout=LATER_SECONDS, poke=other.state)
    assert e["message"]["from"] == one.id
    mine = await one.wait("new_message", message__text="happy new day", timeout=LATER_SECONDS, poke=one.state)
    assert mine["message"]["from_scheduled"] and mine["message"]["out"]
    assert await one.scheduled(peer=other.id) == []


async def test_a_scheduled_message_survives_a_restart(world):
    one, other = await chat_of_two(world)
    await one.send(peer=other.id, text="even so", schedule_in=DAY)
    await world.server.kill()
    world.clock.set(DAY + 60)
    await world.server.start()
    await other.wait("new_message", message__text="even so", timeout=LATER_SECONDS, poke=other.state)


async def test_messages_end_when_their_time_is_over(world):
    one, other = await chat_of_two(world)
    kept = await one.send(peer=other.id, text="written before the timer")
    await one.set_ttl(peer=other.id, period=DAY)
    sent = await one.send(peer=other.id, text="gone tomorrow")
    e = await other.wait("new_message", message__text="gone tomorrow")
    # After a day without news the library fetches the difference, and passes over deletions in it: the
    # message goes when that is over.
    world.clock.set(DAY - 30)
    await one.send(peer=other.id, text="it is nearly time")
    await other.wait("new_message", message__text="it is nearly time", timeout=LATER_SECONDS, poke=other.state)
    assert not other.seen("deleted")
    world.clock.set(DAY + 30)
    await other.wait("deleted", ids=lambda ids: ids and e["message"]["id"] in ids, timeout=LATER_SECONDS,
                     poke=other.state)
    assert await one.get_messages(peer=other.id, ids=[sent["id"]]) == [None]
    (still,) = await one.get_messages(peer=other.id, ids=[kept["id"]])
    assert still["text"] == "written before the timer"
