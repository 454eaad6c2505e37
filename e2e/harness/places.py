"""Where things are, and how each driver is started."""

import os
import pathlib

E2E = pathlib.Path(__file__).resolve().parent.parent
REPO = E2E.parent
WORK = E2E / ".work"
PYTHON = WORK / "venv-main" / "bin" / "python"
PYROGRAM_PYTHON = WORK / "venv-pyrogram" / "bin" / "python"
CLOCK_SHIM = WORK / "clock.so"
GRAMMERS_TARGET = pathlib.Path(os.environ.get("E2E_GRAMMERS_TARGET", WORK / "grammers"))


def server_binary():
    """The `chatters` binary under test: CHATTERS_BIN, or what `make` builds."""
    named = os.environ.get("CHATTERS_BIN")
    if named:
        return pathlib.Path(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target"))
    return target / "debug" / "chatters"


DRIVERS = {
    "telethon": [PYTHON, E2E / "drivers" / "telethon_driver.py"],
    "kurigram": [PYTHON, E2E / "drivers" / "pyrogram_driver.py"],
    "pyrogram": [PYROGRAM_PYTHON, E2E / "drivers" / "pyrogram_driver.py"],
    "mtcute": ["node", E2E / "node" / "mtcute_driver.mjs"],
    "grammers": [GRAMMERS_TARGET / "debug" / "grammers-driver"],
    "tdlib": [PYTHON, E2E / "drivers" / "tdlib_driver.py"],
    "gramjs": ["node", E2E / "node" / "gramjs_driver.mjs"],
}
