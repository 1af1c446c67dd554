# SPDX-License-Identifier: Apache-2.0
"""What a box and a desk must survive: floods, damaged files, a full disk, kill -9, a clock that jumps. Real programs (in
MADOGUCHI_BIN) on loopback; only the wall clock is a simulation (clock_shim.cpp). Prints what was tried and what failed, by
kind; exit status 1 when something failed."""

import argparse
import json
import signal
import subprocess
import sys
import time

from damage import damaged_box, damaged_desk
from endurance import clock_jumps, full_disk, killed_box, killed_desk
from floods import flood_box, flood_desk, flood_office


class Book:
    """Tried and failed, by kind."""

    def __init__(self):
        self.kinds = {}

    def note(self, kind, good, words):
        row = self.kinds.setdefault(kind, [0, 0, ""])
        row[0] += 1
        if not good:
            row[1] += 1
            print(f"FAILED {kind}: {words}", file=sys.stderr, flush=True)

    def skip(self, kind, why):
        self.kinds.setdefault(kind, [0, 0, ""])[2] = why

    def merge(self, kinds):
        for kind, (tried, failed, skipped) in kinds.items():
            row = self.kinds.setdefault(kind, [0, 0, ""])
            self.kinds[kind] = [row[0] + tried, row[1] + failed, row[2] or skipped]

    def table(self):
        width = max(len(kind) for kind in self.kinds)
        lines = [f"{'kind':<{width}}  tried  failed"]
        for kind, (tried, failed, skipped) in self.kinds.items():
            lines.append(f"{kind:<{width}}  {tried:>5}  {failed:>6}" + (f"  {skipped}" if skipped else ""))
        return "\n".join(lines)

    def failed(self):
        return sum(failed for _, failed, _ in self.kinds.values())


def full_disk_apart(book):
    """Mounting needs a namespace: as root, or as root of one's own user namespace."""
    inside = [sys.executable, "-B", __file__, "--inside", "full-disk"]
    for how in (["unshare", "-m"], ["unshare", "-Urm"]):
        if subprocess.run([*how, "mount", "-t", "tmpfs", "x", "/mnt"], capture_output=True, check=False).returncode != 0:
            continue
        done = subprocess.run([*how, *inside], stdout=subprocess.PIPE, text=True, timeout=300, check=False)
        if done.returncode not in (0, 1):
            book.note("full disk", False, f"exit status {done.returncode}")
        else:
            book.merge(json.loads(done.stdout))
        return
    book.skip("full disk", "skipped: this user may not mount")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="what fits into CI")
    parser.add_argument("--long", action="store_true", help="200 kills of each")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    book = Book()
    if options.inside:
        try:
            full_disk(book)
        except (OSError, RuntimeError, KeyError, TypeError, subprocess.CalledProcessError) as error:
            book.note("full disk", False, f"it went wrong: {error!r}")
        print(json.dumps(book.kinds))
        return 1 if book.failed() else 0
    kills = 200 if options.long else 5 if options.short else 20
    steps = (flood_box, flood_office, flood_desk, lambda b: damaged_box(b, 16 if options.short else 80),
             lambda b: damaged_desk(b, 12 if options.short else 60), full_disk_apart,
             lambda b: killed_desk(b, kills), lambda b: killed_box(b, kills), clock_jumps)
    names = ("floods of the box", "floods of its office", "floods of the desk", "damaged files of the box",
             "damaged files of the desk", "full disk", "kill -9 of the desk", "kill -9 of the box", "clock jumps")
    for name, step in zip(names, steps):
        began = time.monotonic()
        try:
            step(book)
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, subprocess.TimeoutExpired) as error:
            book.note(name, False, f"it went wrong: {error!r}")
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(book.table())
    return 1 if book.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
