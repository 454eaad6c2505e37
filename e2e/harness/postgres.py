"""A PostgreSQL server of the suite's own: a private folder, a free port, a user that is not root."""

import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

START_SECONDS = 30


def binaries():
    """The newest installation's folder: Debian keeps them out of PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=version_of)
    if found:
        return pathlib.Path(found[-1]).parent
    initdb = shutil.which("initdb")
    if initdb:
        return pathlib.Path(initdb).resolve().parent
    raise RuntimeError("PostgreSQL is not installed (Debian: apt-get install postgresql)")


def version_of(path):
    return float(path.split("/")[4])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    def __init__(self):
        self.bin = binaries()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="chatters-e2e-pg-"))
        self.port = free_port()
        self.databases = 0
        self.user = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            self.user = pwd.getpwnam("postgres")
            os.chown(self.root, self.user.pw_uid, self.user.pw_gid)

    def run(self, *command, check=True):
        extra = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        return subprocess.run([str(part) for part in command], check=check, cwd=self.root,
                              capture_output=True, text=True, **extra)

    def start(self):
        data = self.root / "data"
        self.run(self.bin / "initdb", "-D", data, "-U", "chatters", "--auth=trust", "-E", "UTF8",
                 "--locale=C", "--no-sync")
        options = f"-p {self.port} -k {self.root} -c listen_addresses=127.0.0.1 -c max_connections=300"
        self.run(self.bin / "pg_ctl", "-D", data, "-l", self.root / "log", "-w", "-t", START_SECONDS,
                 "-o", options, "start")
        return self

    def database(self):
        """The address of a fresh database."""
        self.databases += 1
        name = f"chatters_{self.databases}"
        for _ in range(50):
            made = self.run(self.bin / "createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "chatters",
                            name, check=False)
            if made.returncode == 0:
                return f"postgres://chatters@127.0.0.1:{self.port}/{name}"
            time.sleep(0.1)
        raise RuntimeError(made.stderr)

    def stop(self):
        self.run(self.bin / "pg_ctl", "-D", self.root / "data", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.root, ignore_errors=True)
