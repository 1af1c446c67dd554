# SPDX-License-Identifier: Apache-2.0
"""provisioning/demo.sh beside one that runs already: it says so, and leaves the other's files alone."""

import fcntl
import pathlib
import socket
import subprocess
import tempfile
import unittest

DEMO = pathlib.Path(__file__).resolve().parents[2] / "provisioning/demo.sh"


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="madoguchi-test-")
        self.addCleanup(self.folder.cleanup)
        self.state = pathlib.Path(self.folder.name) / "state"
        self.state.mkdir()
        (self.state / "desk.out").write_text("the first one's")

    def run_demo(self, port):
        done = subprocess.run([DEMO, "--state", self.state, "--port", str(port)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)
        self.assertEqual(1, done.returncode)
        self.assertEqual("the first one's", (self.state / "desk.out").read_text())
        return done.stderr

    def test_its_state_is_in_use(self):
        with open(f"{self.state}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("another demo uses", self.run_demo(0))

    def test_its_port_is_in_use(self):
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            first.listen()
            self.assertIn("something listens on port", self.run_demo(first.getsockname()[1]))


class MovedTree(unittest.TestCase):
    def check(self, home):
        root = DEMO.parents[1]
        with tempfile.TemporaryDirectory(prefix="moved-", dir=root / "build") as folder:
            if home:
                (pathlib.Path(folder) / "CMakeCache.txt").write_text(f"CMAKE_HOME_DIRECTORY:INTERNAL={home}\n")
            script = root / "provisioning/moved-tree.sh"
            return folder, subprocess.run([script, pathlib.Path(folder).relative_to(root)], capture_output=True,
                                          text=True, timeout=60, check=False)

    def test_a_build_folder_of_another_place_is_to_be_removed(self):
        folder, done = self.check("/nowhere/madoguchi")
        self.assertEqual(1, done.returncode)
        self.assertIn("moved here from /nowhere/madoguchi", done.stderr)
        self.assertIn(f"rm -r {folder}", done.stderr)

    def test_one_of_this_place_and_none_at_all_are_well(self):
        for home in (DEMO.parents[1], None):
            self.assertEqual(0, self.check(home)[1].returncode)


if __name__ == "__main__":
    unittest.main()
