#!/usr/bin/env python3
"""Draws a flame graph as SVG.

    perf record -F 499 -g -p PID -o server.perf -- sleep 10
    perf script -i server.perf | bench/flame.py "title" > docs/flame.svg

The binary has to be built with frame pointers (RUSTFLAGS="-C force-frame-pointers=yes",
CFLAGS="-fno-omit-frame-pointer"). Each box is a function, as wide as its share of the samples; what it called
stands on it, the thread's name at the bottom. A box tells its name and share when it is pointed at.
"""

import html
import re
import sys

WIDTH, ROW, LEAST = 1200, 16, 0.6
FRAME = re.compile(r"^\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \(.*\)$")
NOISE = re.compile(r"^(core::|std::|alloc::|tokio::runtime|tokio::task|<core::|<alloc::|<std::|__libc_start|_start|main$|\[unknown\])")


def short(name):
    """The name without hashes of symbols and arguments of types."""
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    for _ in range(4):
        name = re.sub(r"<[^<>]*>", lambda m: "" if " as " not in m.group(0) else m.group(0)[1:].split(" as ")[0], name)
    return name


def stacks(lines):
    """Each sample: the thread, then its functions from the outermost one on."""
    thread, frames = None, []
    for line in lines:
        if line.strip() == "":
            if thread:
                yield [thread] + frames[::-1]
            thread, frames = None, []
        elif not line[0].isspace():
            thread = re.split(r"\s+\d+", line, maxsplit=1)[0].strip()
        elif (found := FRAME.match(line)) and not NOISE.match(found.group(1)):
            frames.append(short(found.group(1)))
    if thread:
        yield [thread] + frames[::-1]


def tree(samples):
    root = {"n": 0, "c": {}}
    for stack in samples:
        node = root
        node["n"] += 1
        for name in stack:
            node = node["c"].setdefault(name, {"n": 0, "c": {}})
            node["n"] += 1
    return root


def color(name):
    shade = sum(name.encode()) % 55
    if re.match(r"sqlite3|unix|pcache|btree|wal|vdbe|balance|pager", name, re.I):
        return f"rgb(110,{150 + shade},{210 + shade // 2})"
    if "::" in name:
        return f"rgb({225 + shade // 2},{150 + shade},90)"
    return f"rgb(150,{185 + shade},130)"


def boxes(node, name, x, depth, scale, total, out):
    width = node["n"] * scale
    if width < LEAST:
        return depth
    share = f"{100 * node['n'] / total:.1f} %"
    out.append((x, depth, width, name, share))
    deepest = depth
    for child, below in sorted(node["c"].items()):
        deepest = max(deepest, boxes(below, child, x, depth + 1, scale, total, out))
        x += below["n"] * scale
    return deepest


def main():
    root = tree(stacks(sys.stdin))
    total = max(root["n"], 1)
    out = []
    deepest = boxes(root, "all", 0, 0, WIDTH / total, total, out)
    height = (deepest + 3) * ROW
    title = html.escape(sys.argv[1] if len(sys.argv) > 1 else "")
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">')
    print(f'<rect width="{WIDTH}" height="{height}" fill="#fff"/><text x="6" y="13">{title} ({total} samples)</text>')
    for x, depth, width, name, share in out:
        y = height - (depth + 1) * ROW
        text = html.escape(name)
        print(f'<g><title>{text}: {share}</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" fill="{color(name)}"/>', end="")
        room = int((width - 6) / 6.7)
        if room >= 3:
            label = html.escape(name if len(name) <= room else name[: room - 1] + "…")
            print(f'<text x="{x + 3:.1f}" y="{y + 11}">{label}</text>', end="")
        print("</g>")
    print("</svg>")


if __name__ == "__main__":
    main()
