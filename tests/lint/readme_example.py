# SPDX-License-Identifier: Apache-2.0
"""The README's example of a configuration is good, asked of madoguchid itself; and a key that does not exist would have
been found. Arguments: the program, the project's root."""

import os
import re
import subprocess
import sys
import tempfile


PROGRAMS = ("madoguchi-feed", "madoguchi-media", "madoguchi-camera")


def example(readme):
    """The first TOML block, with a token in place of the file that this machine does not have, and with {programs}."""
    block = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)
    if block is None:
        raise SystemExit("README.md:1: example: there is no ```toml block")
    text = re.sub(r"(?m)^token_file = .*$", 'token = "example"', block.group(1))
    return re.sub(r"(?m)^programs = .*$", 'programs = "{programs}"', text)


def verdict(program, text):
    """(exit status, words) of the daemon on that text."""
    with tempfile.TemporaryDirectory() as folder:
        for name in PROGRAMS:  # where it is not installed
            os.symlink("/bin/true", os.path.join(folder, name))
        text = text.replace("{programs}", folder)
        path = os.path.join(folder, "box.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([program, "--check-config", path], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    program, root = sys.argv[1:]
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        text = example(file.read())
    status, words = verdict(program, text)
    if status != 0:
        print(f"README.md:1: example: the daemon refuses it:\n{words}")
        return 1
    status, words = verdict(program, text.replace("hall = ", "hal = "))
    if status != 2 or 'unknown key "hal"' not in words:
        print(f"README.md:1: example: a wrong key was not found (exit status {status}):\n{words}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
