"""Keeps what each test did, for report.py: one file per engine, in .work/results."""

import json

from . import places

FOLDER = places.WORK / "results"
ENGINES = ("sqlite", "postgres")


def pytest_addoption(parser):
    parser.addoption("--engine", choices=ENGINES, default="sqlite", help="the server's database engine")


def pytest_configure(config):
    config.addinivalue_line("markers", "server_needs_nothing: does not start a server")
    # Workers of xdist send their reports to the one process that keeps them.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config), "e2e-recorder")


class Recorder:
    def __init__(self, config):
        self.config, self.outcomes, self.seconds = config, {}, {}

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.removeprefix("tests/").split("@")[0]
        if name.startswith("e2e/"):
            name = name.removeprefix("e2e/tests/")
        self.seconds[name] = self.seconds.get(name, 0) + report.duration
        if report.failed:
            self.outcomes[name] = "fail"
        elif report.skipped:
            self.outcomes.setdefault(name, "skip")
        elif report.when == "call":
            self.outcomes.setdefault(name, "pass")

    def pytest_sessionfinish(self):
        engine = self.config.getoption("--engine")
        chosen = self.config.getoption("keyword") or self.config.getoption("markexpr")
        # `config.args` names the default folder when the command line names none.
        whole = not chosen and self.config.args_source.name != "ARGS"
        FOLDER.mkdir(parents=True, exist_ok=True)
        row = {"engine": engine, "whole": whole, "outcomes": self.outcomes, "seconds": self.seconds}
        (FOLDER / f"{engine}.json").write_text(json.dumps(row, indent=1, sort_keys=True) + "\n")
