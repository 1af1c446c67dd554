# SPDX-License-Identifier: Apache-2.0
"""Files that must be refused, each by its rule, and ones that must pass. Forbidden words are written in two parts, so that
the checker passes over this file too."""

import unittest

from words import MOST_LINES, check

CPP = "// SPDX-License-Identifier: Apache-2.0\n// A file that says what it is and who owns it.\n"
HASH = "# SPDX-License-Identifier: Apache-2.0\n# A file that says what it is and who owns it.\n"
SHELL = "#!/usr/bin/env bash\n" + HASH

REFUSED = [
    ("licence", "base/a.cpp", "// A file that says what it is and who owns it.\nint a;\n"),
    ("licence", "base/a.cpp", ""),
    ("licence", "base/CMakeLists.txt", "add_library(a STATIC a.cpp)\n"),
    ("licence", "provisioning/run.sh", "#!/bin/sh\necho\n"),
    ("licence", ".ci/run", "#!/usr/bin/env bash\necho\n"),
    ("licence", "board/profiles/pi.toml", 'name = "pi"\n'),
    ("licence", "provisioning/desk/page/index.html", "<!doctype html>\n<title>x</title>\n"),
    ("paragraph", "base/a.cpp", "// SPDX-License-Identifier: Apache-2.0\n#include <string>\n"),
    ("paragraph", "base/a.hpp", "// SPDX-License-Identifier: Apache-2.0\n\n#pragma once\n"),
    ("paragraph", "tests/a.py", "# SPDX-License-Identifier: Apache-2.0\nimport sys\n"),
    ("paragraph", "tests/a.sh", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nset -eu\n"),
    ("sleep", "tests/a.cpp", CPP + "std::this_thread::sle" "ep_for(10ms);\n"),
    ("sleep", "base/a.cpp", CPP + "std::this_thread::sle" "ep_until(t);\n"),
    ("sleep", "tests/a.cpp", CPP + "usl" "eep(1000);\n"),
    ("sleep", "tests/a.cpp", CPP + "::sle" "ep(1);\n"),
    ("sleep", "tests/a.cpp", CPP + "using namespace std;\nsle" "ep_for(std::chrono::seconds(1));\n"),
    ("sleep", "tests/a.cpp", CPP + "::poll(nullptr, 0, 50);\n"),
    ("sleep", "tests/a.sh", SHELL + "sle" "ep 1\n"),
    ("sleep", "tests/a.sh", SHELL + "while ! up; do sle" "ep 0.1; done\n"),
    ("sleep", ".ci/run", SHELL + "true && sle" "ep $long\n"),
    ("sleep", "tests/a.py", HASH + "time.sle" "ep(1)\n"),
    ("sleep", "tests/a.py", HASH + "from time import sle" "ep\n"),
    ("sleep", "tests/a.mjs", CPP + "await new Promise(done => setTimeout(done, 100));\n"),
    ("sleep", "tests/a.mjs", CPP + "await new Promise((done) => { setTimeout(done, 100); });\n"),
    ("sleep", "tests/a.mjs", CPP + "await page.waitForTim" "eout(100);\n"),
    ("clock", "base/a.cpp", CPP + "auto now = std::chrono::system_clock::now();\n"),
    ("clock", "media/a.cpp", CPP + "const gint64 now = g_get_monotonic_time();\n"),
    ("clock", "board/a.hpp", CPP + "::clock_gettime(CLOCK_BOOTTIME, &now);\n"),
    ("clock", "firmware/a.cpp", CPP + "std::time_t now = std::time(nullptr);\n"),
    ("clock", "provisioning/a.cpp", CPP + "query(\"SELECT strftime('%s', ?)\");\n"),
    ("clock", "provisioning/a.cpp", CPP + "query(\"SELECT x FROM y WHERE z < CURRENT_TIMESTAMP\");\n"),
    ("unfinished", "base/a.cpp", CPP + "// TO" "DO: more\n"),
    ("unfinished", "README.md", "FIX" "ME\n"),
    ("registry", "tests/package-lock.json", '{"resolved": "https://regi' 'stry.npmjs.org/x"}\n'),
    ("registry", "provisioning/fetch.sh", SHELL + "curl https://p" "ypi.org/simple\n"),
    ("machine-path", "tests/a.py", HASH + 'ROOT = "/wo' 'rk/main"\n'),
    ("machine-path", "README.md", "cd /ho" "me/somebody\n"),
    ("organisation", "README.md", "Done in sess" "ion 3.\n"),
    ("organisation", "base/a.cpp", CPP + "// for iss" "ue #12\n"),
    ("organisation", "base/a.cpp", CPP + "// see DES" "IGN.md\n"),
    ("whitespace", "README.md", "A line \n"),
    ("whitespace", "README.md", "no end"),
    ("tab", "base/a.cpp", CPP + "\tint a;\n"),
    ("length", "base/a.cpp", CPP + "int a;\n" * MOST_LINES),
    ("name", "base/string_ut" "ils.cpp", CPP),
    ("name", "base/com" "mon/a.cpp", CPP),
    ("name", "provisioning/desk/PageMan" "ager.js", CPP),
    ("test-name", "tests/a.cpp", CPP + 'TEST_CASE("this; that") {}\n'),
    ("test-name", "tests/a.cpp", CPP + 'TEST_CASE("--help says all") {}\n'),
    ("name", "base/a.cpp", CPP + "class CallMan" "ager {};\n"),
]

PASS = [
    ("tests/a.cpp", CPP + 'TEST_CASE("this - that, and more") { CHECK(";"); }\n'),
    ("base/a.cpp", CPP + "int a;\n"),
    ("base/a.cpp", CPP + "int a;\n" * (MOST_LINES - 2)),
    ("base/CMakeLists.txt", "# SPDX-License-Identifier: Apache-2.0\nadd_library(a STATIC a.cpp)\n"),
    ("tests/a.py", '# SPDX-License-Identifier: Apache-2.0\n"""A file that says what it is."""\n'),
    ("tests/run.sh", SHELL + "echo\n"),
    ("docs/man/x.1", '.\\" SPDX-License-Identifier: Apache-2.0\n.TH X 1\n'),
    ("provisioning/desk/page/index.html", "<!doctype html>\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n"),
    ("provisioning/desk/page/a.js", CPP + "setTimeout(retry, 500);\n"),
    ("tests/a.mjs", CPP + "const late = setTimeout(() => stop('too late'), 5000);\n"),
    ("tests/a.cpp", CPP + "co_await sleep_for(clock, 10ms);\nco_await sleep_for(clock_, delay);\n"),
    ("tests/a.cpp", CPP + '// no usleep(1) here\nspec.arguments = {"sleep", "60"};\n'),
    ("tests/a.cpp", CPP + "::poll(&wait, 1, 50);\n"),
    ("tests/a.sh", SHELL + "# sleep 1 would be wrong\necho sleeping 1\n"),
    ("provisioning/demo.sh", SHELL + "wait_for_line\n"),
    ("README.md", "The session is pure. See /proc/self/task, /var/lib/madoguchi and docs/lessons.md.\n"),
    ("tests/data/one.ics", "BEGIN:VCALENDAR \r\n\tX\r\n"),
    ("LICENSE", "no end"),
    ("base/utility_bill.cpp", CPP),
    ("base/clock.cpp", CPP + "auto now = std::chrono::system_clock::now();\n"),
    ("tests/a.cpp", CPP + "auto now = std::chrono::system_clock::now();\n"),
    ("firmware/a.cpp", CPP + "// not system_clock::now()\nauto now = clock_.wall();\nshow_time(now);\n"),
    ("provisioning/desk/page/a.js", CPP + "const now = Date.now();\n"),
    ("base/a.cpp", CPP + "mkstemp(name_XXXXXX);\n"),
]


def rules(path, text):
    return {finding.rule for finding in check({path: text})}


class Words(unittest.TestCase):
    def test_refused(self):
        for rule, path, text in REFUSED:
            with self.subTest(rule=rule, path=path, text=text[-60:]):
                self.assertEqual({rule}, rules(path, text))

    def test_pass(self):
        for path, text in PASS:
            with self.subTest(path=path, text=text[-60:]):
                self.assertEqual(set(), rules(path, text))

    def test_says_where(self):
        found = check({"base/a.cpp": CPP + "int a;\nint b; \n"})
        self.assertEqual(["base/a.cpp:4: whitespace"], [": ".join(str(each).split(": ")[:2]) for each in found])


if __name__ == "__main__":
    unittest.main()
