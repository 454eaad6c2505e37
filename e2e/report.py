#!/usr/bin/env python3
"""Compares the last runs with the committed baseline, and writes RESULTS.md.

A test that newly fails is an error. One that newly passes or newly exists is named: the baseline is then
out of date, which `--strict` takes for an error too, and `report.py --accept` mends. An engine that has no
baseline yet is only counted.
"""

import argparse
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness.results import ENGINES, FOLDER  # noqa: E402
from harness.table import FORMS, LACKING, LIBRARIES, TRANSPORTS  # noqa: E402

BASELINE, RESULTS = HERE / "baseline.json", HERE / "RESULTS.md"
LAYERS = {"telethon": 229, "kurigram": 229, "pyrogram": 158, "mtcute": 227, "grammers": 230,
          "tdlib": 232, "gramjs": 198}


def load(path):
    return json.loads(path.read_text()) if path.exists() else {}


def runs():
    return {engine: run for engine in ENGINES if (run := load(FOLDER / f"{engine}.json"))}


def differences(baseline, run):
    known, seen = baseline.get(run["engine"], {}), run["outcomes"]
    for name in sorted(seen.keys() | (known.keys() if run["whole"] else set())):
        before, now = known.get(name, "absent"), seen.get(name, "absent")
        if before != now:
            yield name, before, now


def title(function):
    words = function.removeprefix("test_").replace("_", " ")
    return words[0].upper() + words[1:]


def parsed(name):
    """(file, function, library, rest) of a test's name."""
    file, function = name.split("::", 1)
    function, _, params = function.partition("[")
    params = params.rstrip("]")
    library = next((lib for lib in LIBRARIES if re.match(rf"{lib}\b", params)), None)
    rest = params.removeprefix(library).lstrip("-") if library else params
    return file.removeprefix("test_").removesuffix(".py"), function, library, rest


def cell(outcomes):
    """`outcomes`: engine -> outcome, of one test."""
    values = set(outcomes.values())
    if not values:
        return ""
    if values == {"pass"}:
        return "✓"
    bad = [engine for engine, value in outcomes.items() if value != "pass"]
    return "✗" if len(bad) == len(outcomes) else f"✗ {', '.join(bad)}"


def version(library):
    lock = (HERE / "node" / "package-lock.json").read_text()
    pins = (HERE / "requirements-main.txt").read_text() + (HERE / "requirements-pyrogram.txt").read_text()
    if library in ("mtcute", "gramjs"):
        package = {"mtcute": "@mtcute/node", "gramjs": "telegram"}[library]
        return json.loads(lock)["packages"][f"node_modules/{package}"]["version"]
    if library == "grammers":
        return re.search(r'grammers-client = "=([\d.]+)"', (HERE / "grammers" / "Cargo.toml").read_text())[1]
    return re.search(rf"(?im)^{ {'tdlib': 'tdjson'}.get(library, library) }==([\d.]+)", pins)[1]


def render(baseline):
    baseline = dict(sorted(baseline.items()))
    names = {name for outcomes in baseline.values() for name in outcomes}
    by_file, alone = {}, {}
    for name in sorted(names):
        file, function, library, rest = parsed(name)
        outcomes = {e: o[name] for e, o in baseline.items() if name in o}
        if library:
            row = by_file.setdefault(file, {}).setdefault((function, rest), {})
            row[library] = cell(outcomes)
        else:
            alone.setdefault(file, []).append((function, rest, cell(outcomes)))
    lines = [
        "# What foreign clients were seen doing against this server", "",
        "Written by `e2e/report.py` from `e2e/baseline.json`; `make test` runs it all again, on SQLite and on",
        "PostgreSQL, and fails when something that is here does not pass any more. ✓: passes on both engines.",
        "–: the library cannot do it; why is said at the end.", "",
        "| library | version | layer | transports |", "|---|---|---|---|",
    ]
    for lib in LIBRARIES:
        lines.append(f"| {lib} | {version(lib)} | {LAYERS[lib]} | {', '.join(TRANSPORTS[lib])} |")
    total = {e: (sum(o == "pass" for o in outcomes.values()), len(outcomes)) for e, outcomes in baseline.items()}
    lines += ["", "Tests: " + "; ".join(f"{e}: {good} of {all_} pass" for e, (good, all_) in total.items()) + "."]
    for file in sorted(by_file):
        if file == "transports":
            continue
        lines += ["", f"## {title(file)}", "", "| | " + " | ".join(LIBRARIES) + " |",
                  "|---|" + "---|" * len(LIBRARIES)]
        for (function, rest), row in by_file[file].items():
            label = title(function) + (f" ({rest})" if rest else "")
            lines.append(f"| {label} | " + " | ".join(row.get(lib, "–") for lib in LIBRARIES) + " |")
    if "transports" in by_file:
        lines += ["", "## Transports", "", "Each: sign up, a second device, a chat with another library's user.", "",
                  "| library | transport | |", "|---|---|---|"]
        for (function, rest), row in sorted(by_file["transports"].items()):
            for lib, mark in row.items():
                lines.append(f"| {lib} | {rest} | {mark} |")
    lines += ["", "## Without a library of its own", "", "| | |", "|---|---|"]
    for file, rows in sorted(alone.items()):
        for function, rest, mark in rows:
            label = f"{title(file)}: {title(function).lower()}" + (f" ({rest})" if rest else "")
            lines.append(f"| {label} | {mark} |")
    lines += ["", "## What a library cannot do", ""]
    for command, why in sorted({**LACKING, **FORMS}.items()):
        for lib, reason in why.items():
            lines.append(f"- {command}, {lib}: {reason}")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accept", action="store_true", help="take the last runs as the new baseline")
    parser.add_argument("--strict", action="store_true", help="any difference from the baseline is an error")
    options = parser.parse_args()
    baseline, found = load(BASELINE), runs()
    if not found:
        sys.exit("e2e: nothing has been run")
    changed = worse = 0
    for engine, run in found.items():
        counts = {o: sum(v == o for v in run["outcomes"].values()) for o in ("pass", "fail", "skip")}
        print(f"e2e on {engine}: {counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
        if engine not in baseline and not options.accept:
            print(f"  no baseline for {engine} yet")
            continue
        for name, before, now in differences(baseline, run):
            changed += 1
            worse += before == "pass"
            print(f"  {name}: was {before}, now {now}")
        if options.accept:
            kept = {} if run["whole"] else dict(baseline.get(engine, {}))
            baseline[engine] = dict(sorted({**kept, **run["outcomes"]}.items()))
    if options.accept:
        BASELINE.write_text(json.dumps(baseline, indent=1, sort_keys=True) + "\n")
        RESULTS.write_text(render(baseline))
        print("e2e: baseline and RESULTS.md written")
    elif worse or (changed and options.strict):
        sys.exit(f"e2e: {changed} outcomes differ from the baseline (report.py --accept takes them)")
    elif load(BASELINE) and RESULTS.read_text() != render(baseline):
        sys.exit("e2e: RESULTS.md does not match baseline.json (report.py --accept writes it)")


if __name__ == "__main__":
    main()
