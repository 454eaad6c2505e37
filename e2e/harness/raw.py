"""A bare MTProto client that can be wrong on purpose. Wire types are Telethon's, the rest is here."""

import asyncio
import gzip
import hashlib
import io
import os
import struct
import time
import zlib

import tgcrypto
from telethon.extensions import BinaryReader
from telethon.tl import alltlobjects, functions


class Closed(Exception):
    """The server closed the connection."""


def string(data):
    if len(data) < 254:
        out = bytes([len(data)]) + data
    else:
        out = b"\xfe" + len(data).to_bytes(3, "little") + data
    return out + b"\0" * (-len(out) % 4)


def read_string(f):
    length = f.read(1)[0]
    head = 1
    if length == 254:
        length, head = int.from_bytes(f.read(3), "little"), 4
    data = f.read(length)
    f.read(-(length + head) % 4)
    return data


def sha1(*parts):
    return hashlib.sha1(b"".join(parts)).digest()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def factor(pq):
    """Brent's variant of Pollard's rho, enough for 63 bits."""
    if pq % 2 == 0:
        return 2, pq // 2
    for c in range(1, 50):
        x = y = 2
        d = 1
        while d == 1:
            for _ in range(128):
                x = (x * x + c) % pq
                y = (y * y + c) % pq
                y = (y * y + c) % pq
                d = d * abs(x - y) % pq or d
            d = gcd(d, pq)
            if d == pq:
                break
        if 1 < d < pq:
            return min(d, pq // d), max(d, pq // d)
    return trial(pq)


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def trial(pq):
    d = 3
    while pq % d:
        d += 2
    return d, pq // d


class Wire:
    """A TCP connection in one of the transports; packets in, packets out."""

    def __init__(self, server, transport="intermediate"):
        self.server, self.transport = server, transport
        self.reader = self.writer = None
        self.count = 0

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection(
            self.server.contact["host"], self.server.contact["port"])
        tag = {"intermediate": b"\xee" * 4, "abridged": b"\xef", "padded": b"\xdd" * 4, "full": b""}[self.transport]
        self.writer.write(tag)
        return self

    def frame(self, packet):
        if self.transport == "intermediate":
            return struct.pack("<I", len(packet)) + packet
        if self.transport == "padded":
            packet += os.urandom(os.urandom(1)[0] % 16)
            return struct.pack("<I", len(packet)) + packet
        if self.transport == "abridged":
            words = len(packet) // 4
            head = bytes([words]) if words < 127 else b"\x7f" + words.to_bytes(3, "little")
            return head + packet
        body = struct.pack("<II", len(packet) + 12, self.count) + packet
        self.count += 1
        return body + struct.pack("<I", zlib.crc32(body))

    async def send(self, packet):
        await self.send_bytes(self.frame(packet))

    async def send_bytes(self, data):
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError as e:
            raise Closed from e

    async def receive(self, timeout=5):
        try:
            return await asyncio.wait_for(self.packet(), timeout)
        except (asyncio.IncompleteReadError, ConnectionError) as e:
            raise Closed from e

    async def packet(self):
        if self.transport == "abridged":
            words = (await self.reader.readexactly(1))[0]
            if words == 127:
                words = int.from_bytes(await self.reader.readexactly(3), "little")
            return await self.reader.readexactly(words * 4)
        length = struct.unpack("<I", await self.reader.readexactly(4))[0]
        if self.transport == "full":
            return (await self.reader.readexactly(length - 4))[4:-4]
        return await self.reader.readexactly(length)

    async def closed(self, timeout=5):
        """Whether the server closes within the time, whatever it still says."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                await self.receive(max(deadline - time.monotonic(), 0.01))
            except Closed:
                return True
            except asyncio.TimeoutError:
                return False
        return False

    def close(self):
        if self.writer:
            self.writer.close()


class Session:
    """One session on one key."""

    def __init__(self, wire):
        self.wire = wire
        self.key = self.key_id = None
        self.salt, self.session_id = 0, os.urandom(8)
        self.sequence, self.last_id, self.offset = 0, 0, 0
        self.heard = []

    # Key exchange, in steps that can each be spoiled.

    def plain_id(self):
        return int(time.time() + self.offset) << 32 | (time.time_ns() % 10**9) << 2 & 0xFFFFFFFC

    async def plain(self, body):
        await self.wire.send(struct.pack("<qqI", 0, self.plain_id(), len(body)) + body)

    async def plain_answer(self):
        packet = await self.wire.receive()
        if len(packet) == 4:
            raise TransportError(struct.unpack("<i", packet)[0])
        length = struct.unpack("<I", packet[16:20])[0]
        return io.BytesIO(packet[20:20 + length])

    async def begin(self):
        self.nonce = os.urandom(16)
        await self.plain(struct.pack("<I", 0xBE7E8EF1) + self.nonce)
        f = await self.plain_answer()
        assert f.read(4) == struct.pack("<I", 0x05162463) and f.read(16) == self.nonce
        self.server_nonce = f.read(16)
        self.pq = read_string(f)
        f.read(4)
        self.fingerprints = [struct.unpack("<q", f.read(8))[0] for _ in range(struct.unpack("<I", f.read(4))[0])]
        p, q = factor(int.from_bytes(self.pq, "big"))
        self.p, self.q = p.to_bytes(4, "big"), q.to_bytes(4, "big")

    def inner(self):
        self.new_nonce = os.urandom(32)
        return (struct.pack("<I", 0xA9F55F95) + string(self.pq) + string(self.p) + string(self.q)
                + self.nonce + self.server_nonce + self.new_nonce + struct.pack("<i", self.wire.server.contact["dc"]))

    def rsa_pad(self, data):
        modulus = int(self.wire.server.contact["modulus"], 16)
        while True:
            padded = data + os.urandom(192 - len(data))
            temp = os.urandom(32)
            hashed = padded[::-1] + sha256(temp, padded)
            encrypted = tgcrypto.ige256_encrypt(hashed, temp, b"\0" * 32)
            mixed = bytes(a ^ b for a, b in zip(temp, sha256(encrypted)))
            number = int.from_bytes(mixed + encrypted, "big")
            if number < modulus:
                return pow(number, 65537, modulus).to_bytes(256, "big")

    async def request_dh(self, encrypted, fingerprint=None, nonce=None):
        fingerprint = int(self.wire.server.fingerprint) if fingerprint is None else fingerprint
        await self.plain(
            struct.pack("<I", 0xD712E4BE) + (nonce or self.nonce) + self.server_nonce + string(self.p) + string(self.q)
            + struct.pack("<q", fingerprint) + string(encrypted))

    async def take_dh(self):
        f = await self.plain_answer()
        assert f.read(4) == struct.pack("<I", 0xD0E8075C), "no server_DH_params_ok"
        f.read(32)
        answer = read_string(f)
        self.aes = (sha1(self.new_nonce, self.server_nonce) + sha1(self.server_nonce, self.new_nonce)[:12],
                    sha1(self.server_nonce, self.new_nonce)[12:] + sha1(self.new_nonce, self.new_nonce)
                    + self.new_nonce[:4])
        f = io.BytesIO(tgcrypto.ige256_decrypt(answer, *self.aes)[20:])
        f.read(36)
        self.g = struct.unpack("<i", f.read(4))[0]
        self.prime = int.from_bytes(read_string(f), "big")
        self.g_a = int.from_bytes(read_string(f), "big")
        self.offset = struct.unpack("<i", f.read(4))[0] - int(time.time())

    async def give_dh(self, g_b=None):
        b = int.from_bytes(os.urandom(256), "big")
        g_b = pow(self.g, b, self.prime) if g_b is None else g_b
        body = (struct.pack("<I", 0x6643B654) + self.nonce + self.server_nonce + struct.pack("<q", 0)
                + string(g_b.to_bytes(256, "big")))
        body = sha1(body) + body
        body += os.urandom(-len(body) % 16)
        await self.plain(struct.pack("<I", 0xF5045F1F) + self.nonce + self.server_nonce
                         + string(tgcrypto.ige256_encrypt(body, *self.aes)))
        return pow(self.g_a, b, self.prime).to_bytes(256, "big")

    async def handshake(self):
        await self.begin()
        await self.request_dh(self.rsa_pad(self.inner()))
        await self.take_dh()
        key = await self.give_dh()
        f = await self.plain_answer()
        assert f.read(4) == struct.pack("<I", 0x3BCBF734), "no dh_gen_ok"
        self.use(key)
        self.salt = struct.unpack("<q", bytes(
            a ^ b for a, b in zip(self.new_nonce[:8], self.server_nonce[:8])))[0]
        return self

    def use(self, key):
        self.key, self.key_id = key, sha1(key)[-8:]

    # Sealed messages.

    def msg_id(self):
        now = time.time() + self.offset
        number = int(now) << 32 | int((now % 1) * (1 << 32)) & 0xFFFFFFFC
        self.last_id = max(number, self.last_id + 4)
        return self.last_id

    def seqno(self, content=True):
        number = self.sequence * 2 + (1 if content else 0)
        self.sequence += 1 if content else 0
        return number

    def seal(self, body, msg_id=None, seqno=None, salt=None, session_id=None, padding=None, key_id=None):
        msg_id = self.msg_id() if msg_id is None else msg_id
        seqno = self.seqno() if seqno is None else seqno
        plain = (struct.pack("<q", self.salt if salt is None else salt) + (session_id or self.session_id)
                 + struct.pack("<qiI", msg_id, seqno, len(body)) + body)
        if padding is None:
            padding = -(len(plain) + 12) % 16 + 12
        plain += os.urandom(padding)
        msg_key = sha256(self.key[88:120], plain)[8:24]
        return (key_id or self.key_id) + msg_key + tgcrypto.ige256_encrypt(plain, *self.derive(msg_key, 0))

    def derive(self, msg_key, x):
        a = sha256(msg_key, self.key[x:x + 36])
        b = sha256(self.key[40 + x:76 + x], msg_key)
        return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]

    def open(self, packet):
        if len(packet) == 4:
            raise TransportError(struct.unpack("<i", packet)[0])
        assert packet[:8] == self.key_id, "an answer under another key"
        plain = tgcrypto.ige256_decrypt(packet[24:], *self.derive(packet[8:24], 8))
        assert sha256(self.key[96:128], plain)[8:24] == packet[8:24], "an answer with a wrong msg_key"
        assert plain[8:16] == self.session_id, "an answer to another session"
        msg_id, _, length = struct.unpack("<qiI", plain[16:32])
        return list(self.unpack(msg_id, plain[32:32 + length]))

    def unpack(self, msg_id, body):
        constructor = struct.unpack("<I", body[:4])[0]
        if constructor == 0x73F1F8DC:
            at = 8
            for _ in range(struct.unpack("<I", body[4:8])[0]):
                inner, _, length = struct.unpack("<qiI", body[at:at + 16])
                yield from self.unpack(inner, body[at + 16:at + 16 + length])
                at += 16 + length
        elif constructor == 0x3072CFA1:
            f = io.BytesIO(body[4:])
            yield from self.unpack(msg_id, gzip.decompress(read_string(f)))
        else:
            yield msg_id, constructor, body

    async def messages(self, timeout=5):
        found = self.open(await self.wire.receive(timeout))
        self.heard += found
        return found

    async def expect(self, *constructors, timeout=5):
        """The next message of one of these kinds; others are let pass."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            for msg_id, constructor, body in await self.messages(left):
                if constructor in constructors:
                    return msg_id, constructor, body
        raise asyncio.TimeoutError

    async def invoke(self, request, timeout=10, **how):
        """Sends a request of Telethon's types and gives its result, or the error's text."""
        body = bytes(request)
        if not getattr(self, "announced", False):
            self.announced = True
            body = bytes(functions.InvokeWithLayerRequest(alltlobjects.LAYER, functions.InitConnectionRequest(
                1, "raw", "1", "1", "en", "", "en", request)))
        for _ in range(3):
            msg_id = self.msg_id()
            await self.wire.send(self.seal(body, msg_id=msg_id, **how))
            while True:
                _, constructor, answer = await self.expect(RPC_RESULT, BAD_SALT, timeout=timeout)
                if constructor == BAD_SALT:
                    if struct.unpack("<q", answer[4:12])[0] == msg_id:
                        self.salt = struct.unpack("<q", answer[20:28])[0]
                        break
                elif struct.unpack("<q", answer[4:12])[0] == msg_id:
                    return self.result(request, answer[12:])
        raise AssertionError("the salt is refused again and again")

    @staticmethod
    def result(request, body):
        if body[:4] == struct.pack("<I", 0x3072CFA1):
            body = gzip.decompress(read_string(io.BytesIO(body[4:])))
        if body[:4] == struct.pack("<I", 0x2144CA19):
            f = io.BytesIO(body[8:])
            return RpcError(struct.unpack("<i", body[4:8])[0], read_string(f).decode())
        with BinaryReader(body) as reader:
            return request.read_result(reader)


RPC_RESULT, BAD_SALT, BAD_MESSAGE, PONG = 0xF35C6D01, 0xEDAB447B, 0xA7EFF811, 0x347773C5
NEW_SESSION, STATE_INFO = 0x9EC20908, 0x04DEB57D


class TransportError(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class RpcError:
    def __init__(self, code, text):
        self.code, self.text = code, text

    def __repr__(self):
        return f"{self.code} {self.text}"


def ping(number):
    return struct.pack("<Iq", 0x7ABE77EC, number)


def notification(body):
    """(bad_msg_id, error_code) of bad_msg_notification or bad_server_salt."""
    return struct.unpack("<q", body[4:12])[0], struct.unpack("<i", body[16:20])[0]


async def session(server, transport="intermediate"):
    """A session on a fresh key."""
    return await Session(await Wire(server, transport).connect()).handshake()

