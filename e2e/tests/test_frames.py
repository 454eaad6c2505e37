"""What a stranger, or a broken client, can send: the server answers as the protocol says or hangs up,
and goes on serving everybody else."""

import asyncio
import gzip
import os
import random
import struct

import pytest
import pytest_asyncio
from telethon.tl import functions, types

from harness import people, raw
from harness.raw import BAD_MESSAGE, BAD_SALT, PONG, RPC_RESULT, Closed, Session, TransportError, Wire

TRANSPORTS = ("intermediate", "abridged", "padded", "full")
UNKNOWN_KEY = -404


@pytest_asyncio.fixture(autouse=True)
async def nobody_else_suffers(plain_server):
    """After each test another client still gets its answer, at once."""
    yield
    session = await raw.session(plain_server)
    answer = await session.invoke(functions.help.GetConfigRequest(), timeout=3)
    assert answer.this_dc == plain_server.contact["dc"]
    session.wire.close()
    assert plain_server.process.returncode is None


async def signed_in(server):
    session = await raw.session(server)
    phone = people.new_phone()
    sent = await session.invoke(functions.auth.SendCodeRequest(phone, 1, "a" * 32, types.CodeSettings()))
    code = await server.code(phone)
    await session.invoke(functions.auth.SignInRequest(phone, sent.phone_code_hash, code))
    answer = await session.invoke(functions.auth.SignUpRequest(phone, sent.phone_code_hash, "Raw", ""))
    assert isinstance(answer, types.auth.Authorization), answer
    return session


# Before there is a key.


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_unknown_key(plain_server, transport):
    wire = await Wire(plain_server, transport).connect()
    session = Session(wire)
    session.use(os.urandom(256))
    await wire.send(session.seal(raw.ping(1)))
    with pytest.raises(TransportError) as e:
        await session.messages()
    assert e.value.code == UNKNOWN_KEY


async def test_garbage_instead_of_a_transport(plain_server):
    rng = random.Random(people.seed())
    wires = []
    for n in range(60):
        wire = Wire(plain_server)
        wire.reader, wire.writer = await asyncio.open_connection("127.0.0.1", plain_server.port)
        await wire.send_bytes(rng.randbytes(rng.choice((1, 3, 4, 8, 63, 64, 65, 500, 5000))))
        wires.append(wire)
    for wire in wires:
        wire.close()


@pytest.mark.parametrize("first", [
    b"GET / HTTP/1.1\r\n\r\n", b"POST /api HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
    b"POST /api HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"HEAD /../../etc/passwd HTTP/1.1\r\n\r\n",
    b"GET /apiws HTTP/1.1\r\nupgrade: websocket\r\n\r\n", b"POST /api HTTP/1.1\r\n" + b"a: b\r\n" * 5000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100, b"\xef\x7f\xff\xff\xff" + b"\0" * 64,
    b"\xee\xee\xee\xee\xff\xff\xff\x7f", b"\xee\xee\xee\xee\0\0\0\0", b"\xdd\xdd\xdd\xdd\x01\0\0\0a",
    b"\x0b\0\0\0\0\0\0\0abc", b"\xff\xff\xff\xff\0\0\0\0", b"\xef\0", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
], ids=range(15))
async def test_wrong_beginnings_are_hung_up_on(plain_server, first):
    wire = Wire(plain_server)
    wire.reader, wire.writer = await asyncio.open_connection("127.0.0.1", plain_server.port)
    await wire.send_bytes(first)
    answer = b""
    try:
        while chunk := await asyncio.wait_for(wire.reader.read(4096), 2):
            answer += chunk
    except (asyncio.TimeoutError, ConnectionError):
        # Waiting for the rest is right where more could still make it valid.
        pass
    assert b"panic" not in answer and not answer.startswith(b"HTTP/1.1 5"), answer[:200]
    wire.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_noise_in_place_of_a_packet(plain_server, transport):
    rng = random.Random(people.seed())
    for length in (4, 8, 16, 20, 24, 40, 44, 400):
        wire = await Wire(plain_server, transport).connect()
        await wire.send(rng.randbytes(length))
        try:
            packet = await wire.receive(2)
            assert len(packet) == 4, f"{len(packet)} bytes in answer to noise"
        except (Closed, asyncio.TimeoutError):
            pass
        wire.close()


async def test_plain_message_that_lies_about_its_length(plain_server):
    for length in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        wire = await Wire(plain_server).connect()
        await wire.send(struct.pack("<qqI", 0, 1 << 32, length) + b"\xf1\x8e\x7e\xbe" + os.urandom(16))
        await wire.closed(0.3)
        wire.close()


# The key exchange, spoiled at each step.


async def refused(session):
    """No key comes of it: the server hangs up, or says that it failed."""
    try:
        f = await session.plain_answer()
    except (Closed, TransportError, asyncio.TimeoutError):
        return True
    return f.read(4) not in (struct.pack("<I", 0xD0E8075C), struct.pack("<I", 0x3BCBF734))


@pytest.mark.parametrize("what", ["rsa", "fingerprint", "nonce", "inner nonce", "factors", "short"])
async def test_spoiled_dh_request(plain_server, what):
    session = Session(await Wire(plain_server).connect())
    await session.begin()
    if what == "factors":
        session.p, session.q = b"\0\0\0\3", b"\0\0\0\5"
    inner = session.inner()
    if what == "inner nonce":
        inner = inner.replace(session.nonce, os.urandom(16))
    encrypted = session.rsa_pad(inner)
    if what == "rsa":
        encrypted = os.urandom(256)
    if what == "short":
        encrypted = encrypted[:100]
    await session.request_dh(
        encrypted, fingerprint=1 if what == "fingerprint" else None,
        nonce=os.urandom(16) if what == "nonce" else None)
    assert await refused(session)


@pytest.mark.parametrize("value", [0, 1, 2, "p-1", "p", "small"])
async def test_weak_g_b(plain_server, value):
    session = Session(await Wire(plain_server).connect())
    await session.begin()
    await session.request_dh(session.rsa_pad(session.inner()))
    await session.take_dh()
    number = {"p-1": session.prime - 1, "p": session.prime, "small": 1 << 1900}.get(value, value)
    await session.give_dh(g_b=number)
    assert await refused(session)


async def test_server_dh_values_are_safe(plain_server):
    session = Session(await Wire(plain_server).connect())
    await session.begin()
    await session.request_dh(session.rsa_pad(session.inner()))
    await session.take_dh()
    low = 1 << (2048 - 64)
    assert session.g == 3 and session.prime.bit_length() == 2048
    assert low < session.g_a < session.prime - low


async def test_dh_answer_cannot_be_given_twice(plain_server):
    session = Session(await Wire(plain_server).connect())
    await session.handshake()
    await session.give_dh()
    assert await refused(session)


# On a good key.


async def test_tampered_packet_is_not_answered(plain_server):
    session = await raw.session(plain_server)
    for at in (8, 23, 24, 60, -1):
        packet = bytearray(session.seal(raw.ping(99)))
        packet[at] ^= 1
        try:
            await session.wire.send(bytes(packet))
            while True:
                for _, constructor, body in await session.messages(0.5):
                    assert constructor != PONG, "a tampered packet was answered"
                    assert body is not None
        except (Closed, TransportError):
            session.wire.close()
            session.wire = await Wire(plain_server).connect()
        except asyncio.TimeoutError:
            pass


async def test_padding_out_of_bounds_is_not_answered(plain_server):
    session = await raw.session(plain_server)
    for padding in (4, 1100):
        body = raw.ping(5)
        padding += -(32 + len(body) + padding) % 16
        if 12 <= padding <= 1024:
            padding = 1040 - (32 + len(body)) % 16
        try:
            await session.wire.send(session.seal(body, padding=padding))
            _, constructor, _ = (await session.messages(0.5))[0]
            assert constructor != PONG
        except (Closed, TransportError):
            session.wire = await Wire(plain_server).connect()
        except asyncio.TimeoutError:
            pass


async def test_length_beyond_the_packet(plain_server):
    session = await raw.session(plain_server)
    body = raw.ping(5)
    plain_length = len(body)
    packet = session.seal(body + b"\0" * 4)
    assert plain_length and packet
    # The inner length says more than there is.
    original = struct.pack
    bad = original("<q", session.salt) + session.session_id + original(
        "<qiI", session.msg_id(), session.seqno(), 0x7FFFFFFC) + body
    bad += os.urandom(-(len(bad) + 12) % 16 + 12)
    import tgcrypto
    key = raw.sha256(session.key[88:120], bad)[8:24]
    await session.wire.send(session.key_id + key + tgcrypto.ige256_encrypt(bad, *session.derive(key, 0)))
    try:
        for _, constructor, _ in await session.messages(1):
            assert constructor != PONG
    except (Closed, TransportError, asyncio.TimeoutError):
        pass


async def test_wrong_salt_is_corrected(plain_server):
    session = await raw.session(plain_server)
    msg_id = session.msg_id()
    await session.wire.send(session.seal(raw.ping(7), msg_id=msg_id, salt=12345))
    _, _, body = await session.expect(BAD_SALT)
    assert raw.notification(body) == (msg_id, 48)
    session.salt = struct.unpack("<q", body[20:28])[0]
    await session.wire.send(session.seal(raw.ping(8)))
    await session.expect(PONG)


async def test_first_salt_is_good_at_once(plain_server):
    session = await raw.session(plain_server)
    await session.wire.send(session.seal(raw.ping(7)))
    _, constructor, _ = await session.expect(PONG, BAD_SALT)
    assert constructor == PONG


@pytest.mark.parametrize("shift, code", [(-4 * 3600, 16), (4 * 3600, 17)])
async def test_msg_id_out_of_time(plain_server, shift, code):
    session = await raw.session(plain_server)
    msg_id = session.msg_id() + (shift << 32)
    await session.wire.send(session.seal(raw.ping(7), msg_id=msg_id))
    server_id, _, body = await session.expect(BAD_MESSAGE)
    assert raw.notification(body) == (msg_id, code)
    # The answer's own msg_id tells the right time.
    assert abs((server_id >> 32) - (session.msg_id() >> 32)) < 5


@pytest.mark.parametrize("low", [1, 2, 3])
async def test_msg_id_that_no_client_makes(plain_server, low):
    session = await raw.session(plain_server)
    msg_id = session.msg_id() | low
    await session.wire.send(session.seal(raw.ping(7), msg_id=msg_id))
    _, _, body = await session.expect(BAD_MESSAGE)
    assert raw.notification(body) == (msg_id, 18)


async def test_even_seqno_of_a_query(plain_server):
    session = await raw.session(plain_server)
    await session.wire.send(session.seal(bytes(functions.help.GetConfigRequest()), seqno=2))
    _, constructor, body = await session.expect(BAD_MESSAGE, RPC_RESULT)
    assert constructor == BAD_MESSAGE and raw.notification(body)[1] == 35


async def test_replayed_packet_is_done_once(plain_server):
    session = await signed_in(plain_server)
    request = functions.messages.SendMessageRequest(types.InputPeerSelf(), "only once", random_id=42)
    packet = session.seal(bytes(request))
    for _ in range(3):
        await session.wire.send(packet)
    await session.expect(RPC_RESULT)
    # From another connection, too, and with a random_id that the server has forgotten.
    other = await Wire(plain_server).connect()
    await other.send(packet)
    await asyncio.sleep(0.5)
    history = await session.invoke(functions.messages.GetHistoryRequest(
        types.InputPeerSelf(), 0, None, 0, 100, 0, 0, 0))
    assert [m.message for m in history.messages if m.message == "only once"] == ["only once"]


async def test_packet_of_another_session_is_a_session_of_its_own(plain_server):
    session = await signed_in(plain_server)
    mine = session.session_id
    session.session_id = os.urandom(8)
    answer = await session.invoke(functions.users.GetUsersRequest([types.InputUserSelf()]))
    assert answer[0].first_name == "Raw"
    assert session.session_id != mine


def container(*messages):
    body = struct.pack("<II", 0x73F1F8DC, len(messages))
    for msg_id, seqno, inner in messages:
        body += struct.pack("<qiI", msg_id, seqno, len(inner)) + inner
    return body


async def test_container_that_lies_about_its_count(plain_server):
    session = await raw.session(plain_server)
    body = struct.pack("<II", 0x73F1F8DC, 0x7FFFFFFF) + b"\0" * 16
    try:
        await session.wire.send(session.seal(body, seqno=0))
        for _, constructor, _ in await session.messages(1):
            assert constructor != RPC_RESULT
    except (Closed, TransportError, asyncio.TimeoutError):
        pass


async def test_container_in_a_container(plain_server):
    session = await raw.session(plain_server)
    inner = container((session.msg_id(), session.seqno(), raw.ping(3)))
    for _ in range(20):
        inner = container((session.msg_id(), session.seqno(content=False), inner))
    try:
        await session.wire.send(session.seal(inner, seqno=session.seqno(content=False)))
        for _, constructor, _ in await session.messages(1):
            assert constructor != PONG, "a nested container was opened"
    except (Closed, TransportError, asyncio.TimeoutError):
        pass


async def test_gzip_bomb(plain_server):
    session = await raw.session(plain_server)
    bomb = gzip.compress(b"\0" * (64 << 20))
    before = resident(plain_server)
    body = struct.pack("<I", 0x3072CFA1) + raw.string(bomb)
    try:
        await session.wire.send(session.seal(body))
        await session.messages(2)
    except (Closed, TransportError, asyncio.TimeoutError):
        pass
    assert resident(plain_server) - before < 48 << 20, "the bomb went off in memory"


async def test_unknown_method(plain_server):
    session = await raw.session(plain_server)
    answer = await invoke_bytes(session, struct.pack("<I", 0xDEADBEEF) + os.urandom(32))
    assert answer.code == 400 and answer.text.startswith(("METHOD_INVALID", "INPUT_METHOD_INVALID")), answer


async def test_method_cut_short(plain_server):
    session = await raw.session(plain_server)
    whole = bytes(functions.auth.SendCodeRequest("+4915112345678", 1, "a" * 32, types.CodeSettings()))
    for length in range(4, len(whole), 4):
        answer = await invoke_bytes(session, whole[:length])
        assert answer.code == 400, (length, answer)


async def test_random_bodies_get_an_error(plain_server):
    session = await raw.session(plain_server)
    rng = random.Random(people.seed())
    known = [functions.messages.SendMessageRequest, functions.messages.GetHistoryRequest,
             functions.contacts.ImportContactsRequest, functions.InvokeWithLayerRequest,
             functions.InitConnectionRequest, functions.account.SetPrivacyRequest]
    for n in range(150):
        head = struct.pack("<I", rng.choice(known).CONSTRUCTOR_ID)
        answer = await invoke_bytes(session, head + rng.randbytes(4 * rng.randrange(0, 60)))
        assert isinstance(answer, raw.RpcError) and answer.code in (400, 401, 420), answer


async def invoke_bytes(session, body):
    class Request(functions.help.GetConfigRequest):
        def _bytes(self):
            return body
    session.announced = True
    return await session.invoke(Request())


async def test_services(plain_server):
    """State requests, future salts and pings with a time to live, as clients send them."""
    session = await raw.session(plain_server)
    await session.wire.send(session.seal(raw.ping(1)))
    await session.expect(PONG)
    await session.wire.send(session.seal(struct.pack("<IqI", 0xF3427B8C, 2, 60)))
    await session.expect(PONG)
    msg_id = session.last_id
    await session.wire.send(session.seal(struct.pack("<IIIq", 0xDA69FB52, 0x1CB5C415, 1, msg_id)))
    _, _, body = await session.expect(raw.STATE_INFO)
    assert body[-4:-3] or body
    await session.wire.send(session.seal(struct.pack("<Ii", 0xB921BD04, 64)))
    _, _, body = await session.expect(0xAE500895)
    count = struct.unpack("<I", body[16:20])[0]
    salts = [struct.unpack("<iiq", body[20 + 16 * i:36 + 16 * i]) for i in range(count)]
    assert 1 <= count <= 64 and all(since < until for since, until, _ in salts)
    assert all(a[1] >= b[0] for a, b in zip(salts, salts[1:])), "a gap between salts"


def resident(server):
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) << 10
    return 0
