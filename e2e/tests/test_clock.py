"""Time: clients whose clock is wrong by hours, and what the server does when its own time comes."""

import pytest
import pytest_asyncio

from harness import people
from harness.driver import Clock, Refused
from harness.table import OTHER

HOUR = 3_600
DAY = 24 * HOUR


@pytest.mark.parametrize("hours", [-5, 7])
async def test_a_client_with_a_wrong_clock(lib, server, pool, scratch, hours):
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


# The server's own clock, which these tests move. Telethon follows the server's time.


@pytest_asyncio.fixture
async def late(servers, scratch):
    """A server whose clock can be moved."""
    clock = Clock(scratch / f"clock-server-{len(servers.started)}")
    server = await servers.start(clock=clock)
    yield server, clock
    await server.stop()


async def jump(client, clock, seconds):
    """Moves the server's time. The client's next calls correct its own."""
    clock.set(seconds)
    # One call is refused for its msg_id and sent again with the right time.
    await client.command("state", timeout=60)


async def test_a_code_expires(late, pool):
    server, clock = late
    client = await pool.open("telethon", server)
    phone = people.new_phone()
    code = await people.request_code(client, phone, for_sign_up=True)
    clock.set(HOUR)
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


async def chat_of_two(server, pool):
    one = await people.sign_up(await pool.open("telethon", server), "Ann")
    other = await people.sign_up(await pool.open("telethon", server), "Bob")
    await people.befriend(one, other)
    return one, other


async def test_a_scheduled_message_is_sent_when_it_is_due(late, pool):
    server, clock = late
    one, other = await chat_of_two(server, pool)
    await one.send(peer=other.id, text="happy new day", schedule_in=DAY)
    assert not other.seen("new_message", message__text="happy new day")
    clock.set(DAY + 60)
    for client in (one, other):
        await jump(client, clock, DAY + 60)
    e = await other.wait("new_message", message__text="happy new day", timeout=40, poke=other.state)
    assert e["message"]["from"] == one.id
    mine = await one.wait("new_message", message__text="happy new day", timeout=20, poke=one.state)
    assert mine["message"]["from_scheduled"] and mine["message"]["out"]
    assert await one.scheduled(peer=other.id) == []


async def test_a_scheduled_message_survives_a_restart(late, pool):
    server, clock = late
    one, other = await chat_of_two(server, pool)
    await one.send(peer=other.id, text="even so", schedule_in=DAY)
    await server.kill()
    clock.set(DAY + 60)
    await server.start()
    for client in (one, other):
        await jump(client, clock, DAY + 60)
    await other.wait("new_message", message__text="even so", timeout=40, poke=other.state)


async def test_messages_end_when_their_time_is_over(late, pool):
    server, clock = late
    one, other = await chat_of_two(server, pool)
    kept = await one.send(peer=other.id, text="written before the timer")
    await one.set_ttl(peer=other.id, period=DAY)
    sent = await one.send(peer=other.id, text="gone tomorrow")
    e = await other.wait("new_message", message__text="gone tomorrow")
    for client in (one, other):
        await jump(client, clock, DAY + 60)
    await other.wait("deleted", ids=lambda ids: ids and e["message"]["id"] in ids, timeout=40, poke=other.state)
    assert await one.get_messages(peer=other.id, ids=[sent["id"]]) == [None]
    (still,) = await one.get_messages(peer=other.id, ids=[kept["id"]])
    assert still["text"] == "written before the timer"
