"""A server with another public key than the client knows: the client must not go on."""

import pytest

from harness.driver import Refused

PATIENCE_SECONDS = 8


async def test_another_key_is_refused(lib, server, start_server, pool):
    stranger = await start_server(own_key=True)
    # The address of one server, the key of another.
    client = await pool.client(lib, server, env={})
    contact = {**server.contact, "host": stranger.contact["host"], "port": stranger.contact["port"]}
    with pytest.raises(Refused) as e:
        await client.open(server=contact, no_retry=True, timeout=PATIENCE_SECONDS)
        # TDLib connects in the background: the first question is what fails.
        await client.send_code(phone="+4915110000000", timeout=PATIENCE_SECONDS)
    assert e.value.kind in ("network", "client", "driver", "timeout"), e.value
    assert await stranger.codes("+4915110000000") == []
