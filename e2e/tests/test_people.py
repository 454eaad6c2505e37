"""Contacts, names, privacy and presence."""

import pytest
import pytest_asyncio

from harness import people
from harness.driver import Refused
from harness.table import OTHER, having
from harness.waiting import eventually


@pytest_asyncio.fixture
async def two(lib, server, pool):
    """Two people who do not know each other."""
    one = await people.sign_up(await pool.open(lib, server), "Ida", "Rhodes")
    other = await people.sign_up(await pool.open(OTHER[lib], server), "Max", "Newman")
    return one, other


async def test_a_contact_has_the_name_that_i_saved(two):
    one, other = two
    (seen,) = await one.import_contact(phone=other.phone, first="My", last="Max")
    assert (seen["id"], seen["first"], seen["last"]) == (other.id, "My", "Max")
    assert seen["contact"] and seen["phone"] == other.phone.lstrip("+")
    # The other sees nothing of that name.
    me = await other.command("me")
    assert (me["first"], me["last"]) == ("Max", "Newman")
    assert [(u["first"], u["last"]) for u in await one.contacts()] == [("My", "Max")]


async def test_a_number_nobody_has_is_not_imported(two):
    one, _ = two
    assert await one.import_contact(phone=people.new_phone(), first="No", last="Body") == []


@pytest.mark.only(having("delete_contact"))
async def test_a_contact_is_deleted(two):
    one, other = two
    await one.import_contact(phone=other.phone, first="My", last="Max")
    await one.delete_contact(peer=other.id)
    assert await one.contacts() == []


@pytest.mark.only(having("add_contact"))
async def test_a_contact_is_renamed(two):
    one, other = two
    await people.befriend(one, other)
    seen = await one.add_contact(peer=other.id, first="Maxwell", last="N", phone=other.phone)
    assert (seen["id"], seen["first"], seen["last"]) == (other.id, "Maxwell", "N")
    assert [(u["first"], u["last"]) for u in await one.contacts()] == [("Maxwell", "N")]


async def test_somebody_in_my_contacts_joins(lib, server, pool):
    one = await people.sign_up(await pool.open(lib, server), "Ida")
    phone = people.new_phone()
    assert await one.import_contact(phone=phone, first="Late", last="Comer") == []
    mark = one.mark()
    late = await people.sign_up(await pool.open(OTHER[lib], server), "Actual", "Name", phone=phone)
    e = await one.wait("new_message", since=mark, message__service="ContactSignUp")
    assert e["message"]["chat"] == late.id


async def test_profile_and_username(two):
    one, other = two
    name = f"user_{people.chance.randrange(10**9)}"
    me = await one.update_profile(first="Ida", last="R.", about="programs")
    assert (me["first"], me["last"]) == ("Ida", "R.")
    assert (await one.set_username(username=name))["username"] == name
    for written in (name, name.upper()):
        found = await other.resolve_username(username=written)
        assert (found["id"], found["last"]) == (one.id, "R.")
    if other.can("full_user"):
        assert (await other.full_user(peer=one.id))["about"] == "programs"
    with pytest.raises(Refused) as e:
        await other.set_username(username=name)
    assert e.value.text == "USERNAME_OCCUPIED"
    with pytest.raises(Refused):
        await other.set_username(username="a!")


async def test_unknown_username(two):
    one, _ = two
    with pytest.raises(Refused) as e:
        await one.resolve_username(username=f"nobody_{people.chance.randrange(10**9)}")
    assert e.value.kind in ("rpc", "client"), e.value


async def test_search_for_people(two):
    one, other = two
    await one.import_contact(phone=other.phone, first="Quentin", last="Quux")

    async def found():
        return [u["id"] for u in await one.search_people(q="quen")]
    await eventually(found, [other.id])


async def test_a_phone_number_is_resolved_for_contacts(two):
    one, other = two
    await people.befriend(one, other)
    assert (await one.resolve_phone(phone=other.phone))["id"] == other.id


@pytest.mark.only(having("set_privacy"))
async def test_phone_number_privacy(two):
    one, other = two
    assert await one.set_privacy(key="phone", rule="nobody") == ["nobody"]
    assert await one.get_privacy(key="phone") == ["nobody"]
    await other.send(peer="self", text="warm up")
    # Seen by name only: no number.
    name = f"user_{people.chance.randrange(10**9)}"
    await one.set_username(username=name)
    assert (await other.resolve_username(username=name))["phone"] == ""
    assert await one.set_privacy(key="phone", rule="everybody") == ["everybody"]
    answer = await fresh_user(other, name)
    assert answer["phone"] == one.phone.lstrip("+")


@pytest.mark.only(having("set_privacy"))
async def test_last_seen_privacy(two):
    one, other = two
    await people.befriend(one, other)
    await one.online(online=True)
    await other.wait("status", user=one.id, status="online")
    await one.online(online=False)
    await other.wait("status", user=one.id, status="offline")
    mark = other.mark()
    await one.set_privacy(key="last_seen", rule="nobody")
    await one.online(online=True)
    assert not other.seen("status", since=mark, user=one.id, status="online")
    (seen,) = [u for u in await other.contacts() if u["id"] == one.id]
    assert seen["status"] in (None, "recently"), seen


async def test_presence(two):
    one, other = two
    await people.befriend(one, other)
    await other.online(online=False)
    mark = one.mark()
    await other.online(online=True)
    await one.wait("status", since=mark, user=other.id, status="online")
    await other.online(online=False)
    await one.wait("status", since=mark, user=other.id, status="offline")


async def test_presence_of_the_library_is_seen(two):
    one, other = two
    await people.befriend(one, other)
    await one.online(online=False)
    mark = other.mark()
    await one.online(online=True)
    await other.wait("status", since=mark, user=one.id, status="online")
    await one.online(online=False)
    await other.wait("status", since=mark, user=one.id, status="offline")


async def fresh_user(client, name):
    """A user as the server shows him now: libraries keep what they once resolved."""
    if client.library == "telethon":
        answer = await client.raw(method="contacts.resolveUsername", args={"username": name})
        return {"phone": answer["users"][0]["phone"] or ""}
    return await client.resolve_username(username=name)
