# SPDX-License-Identifier: Apache-2.0
"""What all checkers share: the tracked files of the project, a finding as one line, C++ text without its comments and
literals. Standard library only."""

import os
import subprocess
import sys
from dataclasses import dataclass

SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}
CPP_SUFFIXES = (".cpp", ".hpp", ".h", ".c", ".cc")


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    advice: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.advice}"


def tracked_files(root):
    """Paths relative to root, as git knows them; every file where there is no git (an unpacked archive)."""
    command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(name for name in names if os.path.isfile(os.path.join(root, name)))


def read_tree(root, wanted):
    """{path: text} of the tracked text files for which wanted(path) holds."""
    texts = {}
    for path in tracked_files(root):
        if not wanted(path):
            continue
        with open(os.path.join(root, path), "rb") as file:
            content = file.read()
        if b"\0" in content:
            continue
        texts[path] = content.decode("utf-8", errors="replace")
    return texts


def is_cpp(path):
    return path.endswith(CPP_SUFFIXES)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def without_comments(text, keep_strings=False):
    """The same length and lines: comments, and unless kept the insides of string and character literals, are blanks."""
    out = list(text)

    def blank(begin, end):
        for index in range(begin, end):
            if out[index] != "\n":
                out[index] = " "

    at = 0
    while at < len(text):
        two = text[at:at + 2]
        if two == "//":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            blank(at, end)
        elif two == "/*":
            end = text.find("*/", at + 2)
            end = len(text) if end < 0 else end + 2
            blank(at, end)
        elif text[at] == '"':
            end = _end_of_string(text, at)
            if not keep_strings:
                blank(at + 1, end - 1)
        elif text[at] == "'" and not (at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")):
            end = at + 1
            while end < len(text) and text[end] != "'" and text[end] != "\n":
                end += 2 if text[end] == "\\" else 1
            end += 1
            blank(at + 1, min(end - 1, len(text)))
        else:
            end = at + 1
        at = end
    return "".join(out)


def _end_of_string(text, at):
    """One past the closing quote of the literal that opens at `at`, raw ones too."""
    if at > 0 and text[at - 1] == "R":
        paren = text.find("(", at)
        close = text.find(")" + text[at + 1:paren] + '"', paren)
        return len(text) if close < 0 else close + (paren - at) + 1
    end = at + 1
    while end < len(text) and text[end] != '"' and text[end] != "\n":
        end += 2 if text[end] == "\\" else 1
    return min(end + 1, len(text))


def report(findings):
    """Prints the findings; the exit status."""
    for finding in sorted(findings):
        print(finding)
    return 1 if findings else 0


def root_argument():
    """The project's root: the only argument, or two folders above this file."""
    if len(sys.argv) > 1:
        return sys.argv[1]
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
