# SPDX-License-Identifier: Apache-2.0
"""Every tracked C++ file is as clang-format leaves it. One release of clang-format judges, since each formats a little
differently; where that one is not installed the check is skipped (exit status 77)."""

import os
import re
import shutil
import subprocess
import sys

from project_tree import Finding, is_cpp, report, root_argument, tracked_files

JUDGE = "14"  # Debian 12's
SKIPPED = 77


def find_judge(which=shutil.which, run=subprocess.run):
    """The program to use, or None."""
    for name in (f"clang-format-{JUDGE}", "clang-format"):
        program = which(name)
        if program is None:
            continue
        version = run([program, "--version"], capture_output=True, text=True, check=False).stdout
        if re.search(rf"version {JUDGE}\.", version):
            return program
    return None


def findings_of(output, root):
    """The first complaint about each file, with how many there are."""
    first, counts = {}, {}
    for match in re.finditer(r"^(.+?):(\d+):\d+: (?:error|warning): code should be clang-formatted", output, re.MULTILINE):
        path = os.path.relpath(match.group(1), root)
        first.setdefault(path, int(match.group(2)))
        counts[path] = counts.get(path, 0) + 1
    return [Finding(path, line, "format", f"{counts[path]} line(s) differ; run clang-format -i {path}")
            for path, line in first.items()]


def main():
    root = root_argument()
    program = find_judge()
    if program is None:
        print(f"skipped: clang-format {JUDGE} is not installed, and no other release may judge")
        return SKIPPED
    files = [os.path.join(root, path) for path in tracked_files(root) if is_cpp(path)]
    done = subprocess.run([program, "--dry-run", "-Werror", "--style=file", *files], capture_output=True, text=True,
                          check=False)
    findings = findings_of(done.stderr, root)
    if done.returncode != 0 and not findings:
        print(done.stderr)
        return 1
    if findings:
        print(f"{len(findings)} of {len(files)} files differ")
    return report(findings)


if __name__ == "__main__":
    sys.exit(main())
