"""Devices: what ends a session, and what of it the others see."""

import asyncio

import pytest

from harness import people
from harness.driver import Refused
from harness.table import OTHER, having
from harness.waiting import eventually

SIGNED_OUT = ("AUTH_KEY_UNREGISTERED", "SESSION_REVOKED", "USER_DEACTIVATED")


async def account(lib, server, pool, devices=("one", "two")):
    first = await people.sign_up(await pool.open(lib, server, device=devices[0]), "Device", "Owner")
    others = []
    for device in devices[1:]:
        others.append(await people.sign_in(await pool.open(lib, server, device=device), first.phone, beside=first))
    return first, *others


async def is_out(client):
    """True once the client is told, by its next call, that its session is over."""
    try:
        # A question that no library answers by itself.
        await client.sessions(timeout=15)
    except Refused as e:
        # Some libraries notice first and refuse to call at all.
        return e.text in SIGNED_OUT or e.kind in ("client", "network", "driver", "timeout")
    return False


async def test_log_out_ends_only_this_session(lib, server, pool):
    first, second = await account(lib, server, pool)
    await second.log_out()
    assert [s["device"] for s in await first.sessions()] == ["one"]
    assert (await first.command("me"))["id"] == first.id
    # The key is signed out, not the account: the device can sign in anew.
    again = await people.sign_in(await pool.open(lib, server, device="two again"), first.phone, beside=first)
    assert {s["device"] for s in await again.sessions()} == {"one", "two again"}


async def test_log_out_of_the_last_device(lib, server, pool):
    client = await people.sign_up(await pool.open(lib, server), "Only", "One")
    await client.log_out()
    back = await people.sign_in(await pool.open(lib, server), client.phone)
    assert back.id == client.id


async def test_a_signed_out_session_hears_nothing(lib, server, pool):
    first, second = await account(lib, server, pool)
    peer = await people.sign_up(await pool.open(OTHER[lib], server), "Peer")
    await people.befriend(first, peer)
    await second.log_out()
    mark = second.mark()
    await peer.send(peer=first.id, text="only for the first device")
    await first.wait("new_message", message__text="only for the first device")
    await asyncio.sleep(0.5)
    assert not second.seen("new_message", since=mark, message__text="only for the first device")


async def test_another_device_is_terminated(lib, server, pool):
    first, second = await account(lib, server, pool)
    (target,) = [s for s in await first.sessions() if s["device"] == "two"]
    await first.kill_session(hash=target["hash"])
    assert [s["device"] for s in await first.sessions()] == ["one"]
    await eventually(lambda: is_out(second), True, seconds=20)
    assert (await first.command("me"))["id"] == first.id


@pytest.mark.only(having("kill_other_sessions"))
async def test_all_other_devices_are_terminated(lib, server, pool):
    first, second, third = await account(lib, server, pool, devices=("one", "two", "three"))
    await first.kill_other_sessions()
    assert [s["device"] for s in await first.sessions()] == ["one"]
    for other in (second, third):
        await eventually(lambda other=other: is_out(other), True, seconds=20)


async def test_a_session_is_kept_over_a_reconnect(lib, server, pool, scratch):
    session = str(scratch / f"kept-{lib}-{server.port}")
    first = await people.sign_up(await pool.open(lib, server, session=session), "Kept")
    await first.close()
    again = await pool.open(lib, server, session=session)
    assert again.me and again.id == first.id
