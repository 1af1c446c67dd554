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


if __name__ == "__main__":
    unittest.main()
