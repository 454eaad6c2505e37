"""Every library in every transport that it has: sign up, a second device, a chat with another library."""

import pytest
import pytest_asyncio

from harness import people
from harness.certificate import certificate
from harness.table import LIBRARIES, OTHER, POLLING, TLS, TRANSPORTS

PAIRS = [(lib, transport) for lib in LIBRARIES for transport in TRANSPORTS[lib]]


@pytest_asyncio.fixture(scope="module")
async def authority(scratch):
    return certificate(scratch)


@pytest_asyncio.fixture(scope="module")
async def server(servers, authority):
    chain, key = authority
    server = await servers.start(flags=["--tls-certificate", str(chain), "--tls-key", str(key)])
    yield server
    await servers.end(server)


@pytest_asyncio.fixture(scope="module")
async def peers(server, pool):
    """The other side: one person of each library that plays it, signed up when first needed."""
    known = {}

    async def peer(library):
        if library not in known:
            known[library] = await people.sign_up(await pool.open(library, server), "Bob", library)
        return known[library]
    return peer


@pytest.mark.parametrize("library, transport", PAIRS, ids=["-".join(p) for p in PAIRS])
async def test_chat_over(library, transport, server, peers, pool, authority):
    peer = await peers(OTHER[library])
    env = None
    if (library, transport) in TLS:
        env = {"E2E_CA": str(authority[0]), "NODE_EXTRA_CA_CERTS": str(authority[0])}
    first = await pool.open(library, server, env=env, transport=transport)
    await people.sign_up(first, "Eve", transport)
    second = await pool.open(library, server, env=env, transport=transport)
    # HTTP answers questions; between them nothing is heard.
    polls = (library, transport) in POLLING
    poke_first, poke_second = (first.state, second.state) if polls else (None, None)
    await people.sign_in(second, first.phone, beside=first, poke=poke_first)
    await people.befriend(first, peer)

    said = f"over {library} {transport}"
    sent = await first.send(peer=peer.id, text=said)
    await peer.wait("new_message", message__text=said, message__from=first.id)
    e = await second.wait("new_message", message__text=said, poke=poke_second)
    assert e["message"]["id"] == sent["id"]
    answer = f"heard {library} {transport}"
    await peer.send(peer=first.id, text=answer)
    await first.wait("new_message", message__text=answer, poke=poke_first)
    await second.wait("new_message", message__text=answer, poke=poke_second)
    # More than one packet's worth, both ways.
    long = "0123456789abcdef" * 250
    await first.send(peer=peer.id, text=long)
    await peer.wait("new_message", message__text=long)
    for client in (first, second):
        await client.close()
