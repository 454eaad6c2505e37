"""Accounts: signing up, signing in on further devices, getting to know each other."""

import asyncio
import itertools
import os
import random
import re

SERVICE = 777000
CODE_SECONDS = 8

_seed = int(os.environ.get("E2E_SEED", random.SystemRandom().randrange(1 << 30)))
chance = random.Random(f"{_seed}-{os.environ.get('PYTEST_XDIST_WORKER', '')}")
_numbers = itertools.count(chance.randrange(10_000_000, 60_000_000))


def seed():
    return _seed


def new_phone():
    """A valid German mobile number that no test has used."""
    return f"+49151{next(_numbers)}"


async def sign_up(client, first, last="", phone=None):
    """A new account through this client."""
    client.phone = phone or new_phone()
    await client.send_code(phone=client.phone, for_sign_up=True)
    answer = await client.sign_in(code=await client.server.code(client.phone))
    assert answer.get("sign_up_required"), f"{client} was signed in to a number that is new: {answer}"
    answer = await client.sign_up(first=first, last=last)
    client.me = answer["user"]
    return client


async def request_code(client, phone, beside=None, poke=None, **options):
    """Asks for a code and gives it: from the operator's list, or from a device that is signed in. `poke` makes
    that device look, if it hears nothing by itself."""
    known = len(await client.server.codes(phone))
    mark = beside.mark() if beside else 0
    await client.send_code(phone=phone, **options)
    deadline = asyncio.get_running_loop().time() + CODE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        codes = await client.server.codes(phone)
        if len(codes) > known:
            return codes[-1]
        for e in beside.seen("new_message", since=mark, message__from=SERVICE) if beside else ():
            if found := re.search(r"\b\d{5,6}\b", e["message"]["text"]):
                return found[0]
        if poke is not None:
            await poke()
        await asyncio.sleep(0.05)
    raise AssertionError(f"no code for {client} in {CODE_SECONDS} s")


async def sign_in(client, phone, beside=None, poke=None):
    """A further device of an account; `beside` is one that is signed in already."""
    client.phone = phone
    code = await request_code(client, phone, beside, poke)
    answer = await client.sign_in(code=code)
    assert "user" in answer, f"{client} should be signed in: {answer}"
    client.me = answer["user"]
    return client


async def befriend(one, other):
    """Each has the other in the contacts, so each library knows the other's id and hash."""
    found = await one.import_contact(phone=other.phone, first=other.me["first"], last=other.me["last"])
    assert [u["id"] for u in found] == [other.id], found
    found = await other.import_contact(phone=one.phone, first=one.me["first"], last=one.me["last"])
    assert [u["id"] for u in found] == [one.id], found
