"""Fixtures: servers, driver processes, and pairs of people in one chat."""

import contextlib
import dataclasses
import itertools
import os
import pathlib
import shutil
import tempfile

import pytest
import pytest_asyncio

from harness import people, places
from harness.driver import Client, Pool
from harness.postgres import Postgres
from harness.server import Server
from harness.table import LIBRARIES, OTHER


def pytest_report_header():
    return f"e2e: server {places.server_binary()}, seed {people.seed()} (E2E_SEED repeats it)"


def pytest_sessionstart(session):
    if not places.server_binary().exists() and not session.config.option.collectonly:
        pytest.exit(f"no server at {places.server_binary()} (make test-e2e builds one)", returncode=4)


def pytest_collection_modifyitems(items):
    """Tests of one file and library stay on one worker: they share a server and its people."""
    for item in items:
        params = getattr(item, "callspec", None)
        library = params.params.get("lib", "") if params else ""
        item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{library}"))


def pytest_generate_tests(metafunc):
    """`lib` runs over all libraries, or over those that the test names by `only`."""
    if "lib" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("only")
        libraries = marker.args[0] if marker else LIBRARIES
        metafunc.parametrize("lib", libraries, scope="module")


def pytest_configure(config):
    config.addinivalue_line("markers", "only(libraries): the libraries that can do it (harness/table.py says why)")


@pytest.fixture(scope="session")
def scratch():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chatters-e2e-"))
    yield folder
    if not os.environ.get("E2E_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def engine(request):
    return request.config.getoption("--engine")


@pytest.fixture(scope="session")
def postgres(engine):
    if engine != "postgres":
        yield None
        return
    server = Postgres().start()
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="session")
async def pool(scratch):
    pool = Pool(scratch)
    yield pool
    await pool.stop()


@dataclasses.dataclass
class Servers:
    """Starts servers, and ends them when the tests are done."""

    scratch: pathlib.Path
    postgres: Postgres | None
    pool: Pool
    started: list = dataclasses.field(default_factory=list)
    numbers: itertools.count = dataclasses.field(default_factory=itertools.count)

    def prepare(self, flags=(), config="", clock=None, own_key=False):
        folder = self.scratch / f"server-{next(self.numbers)}"
        server_key = self.started[0].server_key if self.started and not own_key else None
        server = Server(
            folder, database=self.postgres.database() if self.postgres else None, flags=flags, config=config,
            env=clock.environment(everything=True) if clock else None, server_key=server_key)
        self.started.append(server)
        return server

    async def start(self, **options):
        return await self.prepare(**options).start()

    async def end(self, server):
        await self.pool.leave(server)
        await server.stop()


@pytest_asyncio.fixture(scope="session")
async def servers(scratch, postgres, pool):
    servers = Servers(scratch, postgres, pool)
    # The first one makes the identity that all share.
    first = await servers.start()
    await first.stop()
    yield servers
    for server in servers.started:
        with contextlib.suppress(ProcessLookupError):
            await server.kill()


@pytest_asyncio.fixture(scope="module")
async def server(servers, lib):
    """One server per file and library: what they share is only what a test shares."""
    server = await servers.start()
    yield server
    await servers.end(server)


@pytest_asyncio.fixture(scope="module")
async def plain_server(servers):
    """For tests that no library is under test in."""
    server = await servers.start()
    yield server
    await servers.end(server)


@pytest_asyncio.fixture
async def start_server(servers):
    """Starts servers that end with the test."""
    mine = []

    async def start(**options):
        mine.append(await servers.start(**options))
        return mine[-1]
    yield start
    for server in mine:
        await servers.end(server)


@dataclasses.dataclass
class Duo:
    """Two people in one chat: one of the library under test, on two devices, one of another library."""

    server: Server
    subject: Client
    second: Client
    peer: Client

    async def said(self, text, **options):
        """The subject says something: its message, and the same one in the peer's box."""
        sent = await self.subject.send(peer=self.peer.id, text=text, **options)
        event = await self.peer.wait("new_message", message__text=text, message__from=self.subject.id)
        return sent, event["message"]

    async def heard(self, text):
        """The peer says something: the message in the subject's box, and in the peer's."""
        sent = await self.peer.send(peer=self.subject.id, text=text)
        event = await self.subject.wait("new_message", message__text=text, message__from=self.peer.id)
        return event["message"], sent


@pytest_asyncio.fixture(scope="module")
async def duo(lib, server, pool):
    subject = await people.sign_up(await pool.open(lib, server, device="first"), "Ada", "Subject")
    peer = await people.sign_up(await pool.open(OTHER[lib], server), "Bob", "Peer")
    second = await people.sign_in(await pool.open(lib, server, device="second"), subject.phone, beside=subject)
    await people.befriend(subject, peer)
    await second.import_contact(phone=peer.phone, first="Bob", last="Peer")
    yield Duo(server, subject, second, peer)
