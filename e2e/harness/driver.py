"""Driver processes, and the clients in them, as the tests see them."""

import asyncio
import contextlib
import functools
import itertools
import json
import os
import signal
import struct
import sys

from . import places

ANSWER_SECONDS = 30
EVENT_SECONDS = 10
CLOSE_SECONDS = 5
LINE_LIMIT = 1 << 26


class Refused(Exception):
    """A driver's error: `kind` is rpc, client, network, unsupported or driver."""

    def __init__(self, kind, code, text):
        super().__init__(f"{kind} {code}: {text}")
        self.kind, self.code, self.text = kind, code, text


class Clock:
    """A file that holds a process's clock offset in seconds (shim/clock.c)."""

    def __init__(self, path, seconds=0):
        self.path = path
        self.set(seconds)

    def set(self, seconds):
        mode = "r+b" if os.path.exists(self.path) else "wb"
        with open(self.path, mode) as f:
            f.write(struct.pack("<q", seconds))

    def environment(self, everything=False):
        env = {"LD_PRELOAD": str(places.CLOCK_SHIM), "E2E_CLOCK_FILE": str(self.path)}
        return env | ({"E2E_CLOCK_ALL": "1"} if everything else {})


class Process:
    """One driver process. It dies with the suite, or alone when it stops answering."""

    def __init__(self, library, scratch, env=None):
        self.library, self.scratch, self.env = library, scratch, env or {}
        self.child = self.reader = None
        self.numbers = itertools.count(1)
        self.pending, self.clients = {}, {}
        self.hello = None

    async def start(self):
        env = os.environ | {"E2E_SCRATCH": str(self.scratch), "PYTHONUNBUFFERED": "1"} | self.env
        command = [str(part) for part in places.DRIVERS[self.library]]
        self.log = open(self.scratch / f"driver-{self.library}-{id(self):x}.log", "wb")
        self.child = await asyncio.create_subprocess_exec(
            *command, cwd=self.scratch, env=env, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=self.log, limit=LINE_LIMIT)
        self.reader = asyncio.create_task(self.read())
        self.hello = await self.call(None, "hello")
        return self

    async def read(self):
        try:
            while line := await self.child.stdout.readline():
                row = json.loads(line)
                if "event" in row:
                    client = self.clients.get(row["client"])
                    if client is not None:
                        client.receive(row)
                    continue
                future = self.pending.pop(row["id"], None)
                if future is not None and not future.done():
                    future.set_result(row)
        finally:
            for future in self.pending.values():
                if not future.done():
                    future.set_exception(Refused("driver", 0, f"the {self.library} driver has died"))
            self.pending.clear()

    @property
    def alive(self):
        return self.child is not None and self.child.returncode is None and not self.reader.done()

    async def call(self, client, command, timeout=ANSWER_SECONDS, **args):
        number = next(self.numbers)
        future = asyncio.get_running_loop().create_future()
        self.pending[number] = future
        row = {"id": number, "cmd": command, "client": client, "args": args}
        self.child.stdin.write((json.dumps(row) + "\n").encode())
        try:
            answer = await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            self.pending.pop(number, None)
            raise Refused("timeout", 0, f"{self.library} {command}: no answer in {timeout} s") from None
        if "error" in answer:
            e = answer["error"]
            raise Refused(e["type"], e["code"], e["text"])
        return answer["ok"]

    async def stop(self):
        if self.child and self.child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.child.send_signal(signal.SIGKILL)
            await self.child.wait()
        if self.reader:
            self.reader.cancel()
        self.log.close()


class Client:
    """One client of a library. Unknown attributes are commands: `await alice.send(peer=…)`."""

    def __init__(self, process, name, server):
        self.process, self.name, self.server = process, name, server
        self.events, self.arrived = [], asyncio.Event()
        self.me = self.phone = None

    def __repr__(self):
        return f"<{self.library} {self.name}>"

    @property
    def library(self):
        return self.process.library

    @property
    def id(self):
        return self.me["id"]

    def receive(self, row):
        self.events.append(row)
        self.arrived.set()

    async def command(self, command, timeout=ANSWER_SECONDS, **args):
        return await self.process.call(self.name, command, timeout=timeout, **args)

    def __getattr__(self, command):
        if command.startswith("_"):
            raise AttributeError(command)
        return functools.partial(self.command, command)

    def can(self, command):
        return command in self.process.hello["commands"]

    def mark(self):
        """A point in the stream of events: pass it to `wait` or `seen` to look only behind it."""
        return len(self.events)

    def seen(self, event, since=0, **fields):
        """All events of a kind that carry these fields (nested by `message__text`)."""
        return [e for e in self.events[since:] if e["event"] == event and matches(e, fields)]

    async def wait(self, event, since=0, timeout=EVENT_SECONDS, poke=None, **fields):
        """The first such event, now or soon. `poke` is a coroutine function called while waiting."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            if found := self.seen(event, since, **fields):
                return found[0]
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                tail = [e["event"] for e in self.events[-8:]]
                raise AssertionError(f"{self} saw no {event} with {fields} in {timeout} s; last: {tail}")
            self.arrived.clear()
            if poke is not None:
                await poke()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.arrived.wait(), min(left, 0.3) if poke else left)


def matches(row, fields):
    for path, wanted in fields.items():
        value = row
        for part in path.split("__"):
            value = value.get(part) if isinstance(value, dict) else None
        if callable(wanted):
            if not wanted(value):
                return False
        elif value != wanted:
            return False
    return True


class Pool:
    """Driver processes by library, started when first needed and shared by the tests of a worker."""

    def __init__(self, scratch):
        self.scratch, self.processes, self.own = scratch, {}, []
        self.by_server = {}
        self.names = itertools.count(1)

    async def process(self, library, server, env=None):
        # TDLib is loaded once per public key; the others take keys at run time.
        key = (library, server.fingerprint if library == "tdlib" else None)
        if env is not None:
            process = await Process(library, self.scratch, env).start()
            self.own.append(process)
            return process
        process = self.processes.get(key)
        if process is None or not process.alive:
            process = self.processes[key] = await Process(library, self.scratch).start()
        return process

    async def client(self, library, server, env=None):
        """A client that is not connected yet."""
        process = await self.process(library, server, env)
        client = Client(process, f"{library}-{next(self.names)}", server)
        process.clients[client.name] = client
        self.by_server.setdefault(id(server), []).append(client)
        return client

    async def leave(self, server):
        """Closes what is connected to a server, before it goes: a client that is left alone tries for ever.
        A driver that cannot close a client is ended, the next test gets a new one."""
        async def close(client):
            process = client.process
            if not process.alive or process.clients.pop(client.name, None) is None:
                return
            try:
                await client.close(timeout=CLOSE_SECONDS)
            except Refused as e:
                # Clients that were closed, signed out or never opened are not known any more.
                if e.kind == "timeout":
                    await process.stop()
        await asyncio.gather(*(close(c) for c in self.by_server.pop(id(server), [])))
        for process in [p for p in self.own if not p.clients]:
            await process.stop()
            self.own.remove(process)

    async def open(self, library, server, env=None, timeout=ANSWER_SECONDS, **options):
        """A connected client."""
        client = await self.client(library, server, env)
        answer = await client.open(server=server.contact, timeout=timeout, **options)
        if answer["authorized"]:
            client.me = answer["me"]
        return client

    async def stop(self):
        for process in [*self.processes.values(), *self.own]:
            try:
                await process.stop()
            except Exception as e:  # noqa: BLE001 - a driver that will not die must not hide results
                print(f"e2e: {process.library}: {e}", file=sys.stderr)
