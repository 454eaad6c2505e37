#!/usr/bin/env python3
"""Reads values that our encoder wrote with other libraries, and compares what they write back.

    make test-wire

For each file of requirements/ (LAYER-MODULE.txt: the library, then what it needs, all pinned) it makes a
virtual environment in the target folder, installs them there, has the example `samples` write random values
of every definition of the layer, and reads them with the library. Exits with 1 if a value comes back as other bytes than it
went. Wants cargo, network access for pip on the first run, and nothing else.

    check.py MODULE SAMPLES      compares one file, inside the environment (what the above calls)
"""

import io
import os
import shlex
import subprocess
import sys
import venv
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent


def family(package):
    """Pyrogram and its forks."""
    core = __import__(f"{package}.raw.core", fromlist=["TLObject", "Vector"])
    # A vector whose elements take four or eight bytes each up to the end of the message is read as
    # numbers, for the sake of methods that give bare vectors. Fields are never that.
    core.Vector.read_bare = staticmethod(lambda stream, size, *rest: core.TLObject.read(stream))

    def rewrite(data):
        stream = io.BytesIO(data)
        value = core.TLObject.read(stream)
        if stream.read(1):
            raise ValueError("bytes are left over")
        forget_missing(value)
        return value.write()

    def forget_missing(value):
        """A missing vector is read as [], which is then written although its flag is not."""
        if isinstance(value, list):
            for element in value:
                forget_missing(element)
        elif isinstance(value, core.TLObject) and hasattr(value, "__slots__"):
            for name in value.__slots__:
                field = getattr(value, name)
                if type(field) is list and not field:
                    setattr(value, name, None)
                else:
                    forget_missing(field)

    return rewrite


def telethon():
    from telethon.extensions import BinaryReader

    def rewrite(data):
        reader = BinaryReader(data)
        value = reader.tgread_object()
        if reader.tell_position() != len(data):
            raise ValueError("bytes are left over")
        return bytes(value)

    return rewrite


def is_known(library, data):
    """What a library does not give back although it read it right."""
    # Telethon's Message takes messageMediaEmpty#3ded6320 for no media at all.
    return library == "telethon" and bytes.fromhex("2063ed3d") in data


def compare(library, path):
    rewrite = telethon() if library == "telethon" else family(library)
    count = known = 0
    failures = Counter()
    reasons = {}
    for line in Path(path).read_text(encoding="ascii").splitlines():
        name, text = line.split("\t")
        data = bytes.fromhex(text)
        count += 1
        if is_known(library, data):
            known += 1
            continue
        try:
            why = None if rewrite(data) == data else "other bytes"
        except Exception as error:  # whatever a library raises is a finding
            why = f"{type(error).__name__}: {error}"
        if why:
            failures[name] += 1
            reasons.setdefault(name, why[:200])
    for name, times in sorted(failures.items()):
        print(f"  {name} ({times}): {reasons[name]}")
    print(f"  {count} values, {known} passed over, {sum(failures.values())} differ")
    return 1 if failures or known > count // 20 or not count else 0


def everything():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tl-proof"
    target.mkdir(parents=True, exist_ok=True)
    failed = []
    values = libraries = 0
    for requirements in sorted((HERE / "requirements").glob("*.txt")):
        layer, module = requirements.stem.split("-")
        pinned = requirements.read_text().strip()
        library = pinned.splitlines()[0]
        print(f"layer {layer}: {library}", flush=True)
        place = target / requirements.stem
        python = place / "bin" / "python"
        stamp = place / "installed.txt"
        if not stamp.exists() or stamp.read_text().strip() != pinned:
            venv.create(place, clear=True, with_pip=True)
            install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*install, "-r", requirements], check=True)
            stamp.write_text(pinned)
        samples = target / f"{layer}.txt"
        cargo = [*shlex.split(os.environ.get("CARGO", "cargo")), "run", "--quiet", "-p", "tl-proof"]
        subprocess.run([*cargo, "--example", "samples", "--", layer, samples], check=True, cwd=ROOT)
        if subprocess.run([python, __file__, module, samples]).returncode:
            failed.append(library)
        values += len(samples.read_text(encoding="ascii").splitlines())
        libraries += 1
    print(f"{values} values of {libraries} libraries compared")
    if failed:
        print("differ: " + ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(compare(*sys.argv[1:]) if sys.argv[1:] else everything())
