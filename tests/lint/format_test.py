# SPDX-License-Identifier: Apache-2.0
"""Which clang-format may judge, what its complaints become, and one badly formatted file through the real program."""

import os
import subprocess
import sys
import tempfile
import unittest
from types import SimpleNamespace

import format as checker

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def answering(versions):
    return lambda command, **_: SimpleNamespace(stdout=versions[command[0]])


class Format(unittest.TestCase):
    def test_only_one_release_judges(self):
        other = answering({"clang-format": "Debian clang-format version 19.1.7"})
        self.assertIsNone(checker.find_judge(lambda name: name if name == "clang-format" else None, other))
        self.assertIsNone(checker.find_judge(lambda name: None))
        right = answering({"clang-format": "Debian clang-format version 14.0.6"})
        self.assertEqual("clang-format", checker.find_judge(lambda name: name if name == "clang-format" else None, right))

    def test_the_named_release_comes_first(self):
        run = answering({"clang-format-14": "clang-format version 14.0.6", "clang-format": "clang-format version 19.1.7"})
        self.assertEqual("clang-format-14", checker.find_judge(lambda name: name, run))

    def test_one_finding_a_file(self):
        output = "\n".join(["/r/a.cpp:3:7: error: code should be clang-formatted [-Wclang-format-violations]", "  int  x;",
                            "/r/a.cpp:9:1: error: code should be clang-formatted [-Wclang-format-violations]"])
        found = checker.findings_of(output, "/r")
        self.assertEqual([("a.cpp", 3)], [(each.path, each.line) for each in found])
        self.assertIn("2 line(s)", found[0].advice)

    def test_the_real_program(self):
        if checker.find_judge() is None:
            self.skipTest(f"clang-format {checker.JUDGE} is not installed")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(ROOT, ".clang-format"), encoding="utf-8") as style:
                rules = style.read()
            for name, text in [(".clang-format", rules), ("good.cpp", "int f() { return 1; }\n"),
                               ("bad.cpp", "int  f( ) {return 1;}\n")]:
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            command = [sys.executable, "-B", checker.__file__, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(1, done.returncode, done.stdout + done.stderr)
            self.assertIn("bad.cpp:1: format: ", done.stdout)
            self.assertNotIn("good.cpp", done.stdout)
            os.remove(os.path.join(folder, "bad.cpp"))
            self.assertEqual(0, subprocess.run(command, capture_output=True, check=False).returncode)


if __name__ == "__main__":
    unittest.main()
