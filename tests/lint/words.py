# SPDX-License-Identifier: Apache-2.0
"""What every file owes its reader: the licence, what it is, a bearable length, a name that says what it holds. And what no
file may hold: sleeps, a second clock, one machine's paths, where packages happen to come from, promises to finish later."""

import re
import sys

from project_tree import CPP_SUFFIXES, Finding, line_of, read_tree, report, root_argument, without_comments

LICENCE = "SPDX-License-Identifier: Apache-2.0"
MOST_LINES = 500

SCRIPTS = (".py", ".sh", ".js", ".mjs", ".cjs", ".css", ".bash")
TOLD = CPP_SUFFIXES + SCRIPTS  # these begin with a paragraph
LICENSED = TOLD + (".html", ".toml", ".cmake", ".service", ".socket", ".rules", ".yml", ".yaml", ".1", ".8")
LICENSED_NAMES = {"CMakeLists.txt", ".clang-format", ".clang-tidy", "packages"}
FREE_TEXT = (".json", ".ics", ".sdp", ".svg", ".csv", ".pem", ".patch")  # written by programs, or byte for byte as found

FORBIDDEN_NAMES = re.compile(r"(?:^|[_.-])(managers?|helpers?|utils?|common|misc)(?=[_.-]|$)", re.IGNORECASE)
FORBIDDEN_TYPES = re.compile(r"\b(?:class|struct)\s+(\w*(?:Manager|Helper|Util|Utils))\b")

CPP_SLEEP = re.compile(r"\bthis_thread\s*::\s*sleep_|\b(?:usleep|nanosleep|clock_nanosleep)\s*\(|::\s*sleep\s*\("
                       r"|(?<![\w:.>])sleep\s*\(\s*\d|\bpoll\s*\(\s*(?:nullptr|NULL)\b|\bsleep_until\s*\("
                       r"|\bg_usleep\s*\(|\bsleep_for\s*\(\s*(?:std::|\d|chrono)")
SHELL_SLEEP = re.compile(r"(?:^|[;&|({]|\b(?:do|then|else)\b)\s*sleep\s+[\d.$\"]", re.MULTILINE)
PYTHON_SLEEP = re.compile(r"\b(?:time|asyncio|trio|gevent)\.sleep\s*\(|\bfrom\s+time\s+import\b[^\n]*\bsleep\b")
SCRIPT_SLEEP = re.compile(r"\bwaitForTimeout\s*\(|timers/promises|\bAtomics\.wait\s*\("
                          r"|new\s+Promise\s*\(\s*\(?\s*(\w+)\s*(?:,\s*\w+\s*)?\)?\s*=>\s*\{?\s*setTimeout\s*\(\s*\1\b")

# One clock in the product: base/clock's, passed in or asked there. Asio's timers count by it; pages have their browser's.
CLOCK = re.compile(r"\b(?:system_clock|steady_clock|high_resolution_clock|utc_clock)\s*::\s*now\b|\bclock_gettime\s*\("
                   r"|\bgettimeofday\s*\(|\btime\s*\(\s*(?:nullptr|NULL|0|&\w+)\s*\)|\btimespec_get\s*\("
                   r"|\bg_get_(?:real|monotonic|current)_time\b|\bg_date_time_new_now"
                   r"|\b(?:strftime|datetime|julianday|unixepoch)\s*\(|['\"]now['\"]|\bCURRENT_(?:TIME|DATE)")
CLOCKS_OWN = "base/clock.cpp"

# CTest splits a name at a semicolon, and Catch2 reads a leading dash as an option: such a case passes without running.
UNRUNNABLE = re.compile(r'\bTEST_CASE\(\s*"(?:-|[^"\n]*;)')

# Written so that this file does not match itself.
EVERYWHERE = [
    ("unfinished", re.compile(r"\b(?:TO[D]O|FIX[M]E|HA[C]K)\b"), "finish it, or say in the README that it is not there"),
    ("registry", re.compile(r"\b(?:registry\.npm[j]s|registry\.yar[n]pkg|py[p]i\.org|files\.pythonho[s]ted|crates\.[i]o"
                            r"|proxy\.golan[g]|deb\.debia[n]|ftp\.[\w.]*debia[n]|snapshot\.debia[n]|docker\.[i]o|gh[c]r\.io"
                            r"|rubygem[s]\.org)"),
     "leave out where packages are fetched from; that is the machine's own setting"),
    ("machine-path", re.compile(r"(?<![\w.])/(?:wor[k]|hom[e]|roo[t]|User[s])/[\w.~-]|/tmp/[b]rief"),
     "this path is one machine's; derive it, or take it as an argument"),
    ("organisation", re.compile(r"\b(?:[Ss]ession|[Hh]elper|[Aa]gent|[Ii]ssue|[Ss]print|[Mm]ilestone)[ -]#?\d+\b"
                                r"|\b[Ff]ounder[s]?\b|\b[Ss]ub-?agent|\b(?:DESIG[N]|STYL[E]|FACT[S])\.md\b"),
     "how the work was organised is of no use to a reader; say what holds"),
]


def shebang(text):
    return text.startswith("#!")


def kind_of(path, text):
    """The suffix that tells the language, ".sh" or ".py" for scripts without one."""
    name = path.rsplit("/", 1)[-1]
    if "." in name[1:]:
        return "." + name.rsplit(".", 1)[1]
    if shebang(text):
        return ".py" if "python" in text.split("\n", 1)[0] else ".sh"
    return ""


def check_head(path, text, kind):
    name = path.rsplit("/", 1)[-1]
    if kind not in LICENSED and name not in LICENSED_NAMES and not shebang(text):
        return []
    lines = text.split("\n")
    first = 1 if shebang(text) or lines[0].lower().startswith(("<!doctype", "<?xml")) else 0
    if first >= len(lines) or LICENCE not in lines[first]:
        return [Finding(path, first + 1, "licence", f'the first line says "{LICENCE}"')]
    if kind not in TOLD:
        return []
    paragraph = lines[first + 1] if first + 1 < len(lines) else ""
    told = re.match(r'\s*(?://|#(?!\s*(?:pragma|include))|/\*|\*|r?""")\s*\S.{10,}', paragraph)
    if told:
        return []
    return [Finding(path, first + 2, "paragraph", "say in a comment what this file is, who owns it, where it runs")]


def sleeps(path, text, kind):
    if kind in CPP_SUFFIXES:
        # base/clock's own coroutine waits on a Clock, and virtual time in tests: sleep_for(clock, ...)
        return CPP_SLEEP, without_comments(text)
    if not path.startswith(("tests/", ".ci/")):
        return None, text
    if kind in (".sh", ".bash"):
        return SHELL_SLEEP, re.sub(r"(?m)^\s*#.*$", lambda match: " " * len(match.group()), text)
    if kind == ".py":
        return PYTHON_SLEEP, text
    if kind in (".js", ".mjs", ".cjs", ".html"):
        return SCRIPT_SLEEP, text
    return None, text


def check_text(path, text, kind):
    findings = []
    pattern, searched = sleeps(path, text, kind)
    for match in pattern.finditer(searched) if pattern else ():
        begin = match.start() + len(match.group()) - len(match.group().lstrip())
        findings.append(Finding(path, line_of(text, begin), "sleep",
                                "wait for the thing itself, with a deadline, or on a FakeClock"))
    for rule, everywhere, advice in EVERYWHERE:
        for match in everywhere.finditer(text):
            findings.append(Finding(path, line_of(text, match.start()), rule, advice))
    if kind in CPP_SUFFIXES and not path.startswith("tests/") and path != CLOCKS_OWN:
        for match in CLOCK.finditer(without_comments(text, keep_strings=True)):
            findings.append(Finding(path, line_of(text, match.start()), "clock",
                                    "ask the Clock that was passed in, or base/clock.hpp"))
    if kind in CPP_SUFFIXES:
        bare = without_comments(text)
        for match in UNRUNNABLE.finditer(text):
            findings.append(Finding(path, line_of(text, match.start()), "test-name",
                                    "no semicolon in it and no dash before it: CTest would not run this case"))
        for match in FORBIDDEN_TYPES.finditer(bare):
            findings.append(Finding(path, line_of(bare, match.start()), "name", f"{match.group(1)}: name the noun it is"))
    if kind in FREE_TEXT:
        return findings
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip(" \t") != line:
            findings.append(Finding(path, number, "whitespace", "remove the blanks at the end"))
        if "\t" in line:
            findings.append(Finding(path, number, "tab", "indent with spaces"))
    if text and not text.endswith("\n"):
        findings.append(Finding(path, text.count("\n") + 1, "whitespace", "end the file with a new line"))
    return findings


def check_size_and_name(path, text, kind):
    findings = []
    lines = text.count("\n")
    if (kind in TOLD or kind in (".html", ".cmake")) and lines > MOST_LINES:
        findings.append(Finding(path, MOST_LINES + 1, "length", f"{lines} lines: look for the second noun"))
    for part in path.split("/"):
        named = FORBIDDEN_NAMES.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", part))
        if named:
            findings.append(Finding(path, 1, "name", f'"{named.group(1)}" says nothing; name the noun that it holds'))
    return findings


def check(texts):
    findings = []
    for path, text in texts.items():
        if path == "LICENSE":
            continue
        kind = kind_of(path, text)
        findings += check_head(path, text, kind) + check_text(path, text, kind) + check_size_and_name(path, text, kind)
    return findings


if __name__ == "__main__":
    sys.exit(report(check(read_tree(root_argument(), lambda path: True))))
