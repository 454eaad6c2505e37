"""Real `chatters` processes."""

import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import time

from . import places

START_SECONDS = 30
STOP_SECONDS = 20
PROXY_SECRET = "0123456789abcdef0123456789abcdef"


class Server:
    """One server: started, stopped, killed and started again on the same port and data."""

    def __init__(self, folder, database=None, flags=(), config="", env=None, server_key=None):
        self.folder = pathlib.Path(folder)
        keys = self.folder / "keys"
        keys.mkdir(parents=True, exist_ok=True)
        self.data, self.root_key = self.folder / "data", keys / "root.key"
        self.database, self.flags, self.config, self.env = database, list(flags), config, env or {}
        if server_key:
            # One identity for all servers of a run: TDLib has to be patched once a key.
            shutil.copy(server_key, keys / "server_key.pem")
        self.process, self.ready, self.starts = None, None, 0

    def command(self, *words):
        return [str(places.server_binary()), *words, "--data", str(self.data)]

    async def start(self):
        ready_file = self.folder / f"ready-{self.starts}.json"
        self.starts += 1
        port = self.ready["port"] if self.ready else 0
        line = self.command("serve") + [
            "--root-key", str(self.root_key), "--listen", f"127.0.0.1:{port}",
            "--ready-file", str(ready_file), "--proxy-secret", PROXY_SECRET, *self.flags,
        ]
        if self.database:
            line += ["--database", self.database]
        if self.config:
            (self.folder / "chatters.toml").write_text(self.config)
            line += ["--config", str(self.folder / "chatters.toml")]
        self.log = open(self.folder / "server.log", "ab")
        self.process = await asyncio.create_subprocess_exec(
            *line, stdout=self.log, stderr=self.log, env=os.environ | self.env,
            stdin=asyncio.subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not ready_file.exists() or not ready_file.read_text().strip().endswith("}"):
            if self.process.returncode is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server was not ready in {START_SECONDS} s: {self.tail()}")
            await asyncio.sleep(0.02)
        self.ready = json.loads(ready_file.read_text())
        return self

    async def stop(self):
        """SIGTERM: the server closes in order."""
        if self.process and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except asyncio.TimeoutError:
                await self.kill()
                raise AssertionError(f"the server did not stop in {STOP_SECONDS} s") from None
            assert self.process.returncode == 0, f"SIGTERM ended with {self.process.returncode}"

    async def kill(self):
        """SIGKILL: nothing is said, nothing is flushed."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def tail(self, size=3000):
        path = self.folder / "server.log"
        return path.read_text(errors="replace")[-size:] if path.exists() else ""

    @property
    def fingerprint(self):
        return str(self.ready["fingerprint"])

    @property
    def port(self):
        return self.ready["port"]

    @property
    def server_key(self):
        return self.folder / "keys" / "server_key.pem"

    @property
    def contact(self):
        """What a client has to know of the server."""
        r = self.ready
        return {
            "host": r["address"], "port": r["port"], "dc": r["dc"], "fingerprint": self.fingerprint,
            "pem": r["public_key"], "modulus": r["modulus"], "secret": PROXY_SECRET,
        }

    async def codes(self, phone):
        """Sign-in codes that wait for this number, oldest first, from `chatters codes`."""
        child = await asyncio.create_subprocess_exec(
            *self.command("codes"), "--json", stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE)
        out, err = await child.communicate()
        assert child.returncode == 0, err.decode(errors="replace")
        rows = [json.loads(line) for line in out.decode().splitlines() if line.strip()]
        digits = re.sub(r"\D", "", phone)
        return [r["code"] for r in sorted(rows, key=lambda r: r["at"]) if re.sub(r"\D", "", r["phone"]) == digits]

    async def code(self, phone, timeout=5):
        deadline = time.monotonic() + timeout
        while True:
            if codes := await self.codes(phone):
                return codes[-1]
            assert time.monotonic() < deadline, "no sign-in code appeared"
            await asyncio.sleep(0.05)

