# SPDX-License-Identifier: Apache-2.0
"""The real desk and the real box, each in a folder of its own, started, asked and killed."""

import datetime
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

BIN = Path(os.environ["MADOGUCHI_BIN"])
PASSWORD = "lantern-12-orchid"
WITHIN = 30  # seconds, for whatever is waited for


def until(what, holds, within=WITHIN):
    """The first value that is not false; RuntimeError says what did not come."""
    end = time.monotonic() + within
    wait = threading.Event()
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come within {within} s")
        wait.wait(0.02)


class Running:
    """A program under way; its words are in files."""

    def __init__(self, folder, name, arguments, env=None):
        self.log = Path(folder) / f"{name}.log"
        self.out = Path(folder) / f"{name}.out"
        with open(self.log, "ab") as log, open(self.out, "wb") as out:
            self.process = subprocess.Popen([BIN / name, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                            env={**os.environ, **(env or {})})

    def ended(self):
        return self.process.poll() is not None

    def kill(self, number=signal.SIGKILL):
        if not self.ended():
            self.process.send_signal(number)
        try:
            self.process.wait(WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.process.returncode


class Desk:
    """A desk with one hall and one counsellor."""

    def __init__(self, folder, env=None, data=None):
        self.data = Path(data or Path(folder) / "desk")
        self.folder, self.env, self.port, self.running = folder, env, 0, None
        self.hall = json.loads(self.command("add-hall", "chuo", "中央公民館"))
        self.command("add-counsellor", "tanaka", stdin=PASSWORD)
        self.cookie = self.csrf = ""

    def command(self, *arguments, stdin=""):
        done = subprocess.run([BIN / "madoguchi-desk", "--data", self.data, "--json", *arguments], input=stdin + "\n",
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"madoguchi-desk {arguments[0]}: {done.stderr}")
        return done.stdout

    def start(self):
        """True: it serves. False: it ended, and says why in log()."""
        self.running = Running(self.folder, "madoguchi-desk",
                               ["--data", str(self.data), "serve", "--listen", f"127.0.0.1:{self.port}"], self.env)

        def said():
            return self.running.ended() or re.search(r"http://127\.0\.0\.1:(\d+)/", self.running.out.read_text())

        match = until("the desk's address", said)
        if match is True:
            return False
        self.port = int(match.group(1))
        return True

    def log(self):
        return self.running.log.read_text(errors="replace")

    def kill(self, number=signal.SIGKILL):
        return self.running.kill(number)

    def ask(self, method, path, body=None, headers=None):
        """(status, object); OSError when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN)
        try:
            every = {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json", **(headers or {})}
            if self.cookie:
                every.update({"Cookie": self.cookie, "X-CSRF-Token": self.csrf})
            connection.request(method, path, None if body is None else json.dumps(body), every)
            reply = connection.getresponse()
            text = reply.read()
            for name, value in reply.getheaders():
                if name.lower() == "set-cookie" and value.startswith("madoguchi="):
                    self.cookie = value.split(";")[0]
            return reply.status, json.loads(text) if text.startswith((b"{", b"[")) else {}
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def login(self):
        self.cookie = ""
        status, reply = self.ask("POST", "/api/login", {"name": "tanaka", "password": PASSWORD})
        if status != 200:
            raise RuntimeError(f"login: {status} {reply}")
        self.csrf = reply["csrf"]


class Box:
    """A box at an office; without one, at an address where nobody is."""

    def __init__(self, folder, desk=None, state=None, env=None):
        self.folder, self.env, self.running = Path(folder), env, None
        self.state = Path(state or self.folder / "box")
        self.socket = self.folder / "control.sock"
        origin = f"http://127.0.0.1:{desk.port}" if desk else "http://127.0.0.1:9"
        calendar = origin + (desk.hall["calendar_path"] if desk else "/hall.ics")
        self.config = self.folder / "box.toml"
        self.config.write_text(f"""[box]
hall = "中央公民館"
telephone = "0123-45-6789"
show_bookings = true
state = "{self.state}"
socket = "{self.socket}"
programs = "{BIN}"
synchronised_clock = false
[[office]]
origin = "{origin}"
token = "{desk.hall["token"] if desk else "t"}"
[[feed]]
name = "hall"
url = "{calendar}"
every = "1s"
[[link]]
feeds = ["hall"]
link = "{origin}/rooms/(?P<room>[0-9a-z]+)"
events = "{origin}/events/{{room}}"
[[link.seat]]
id = "counsellor"
publish = "{origin}/whip/{{room}}/counsellor"
play = "{origin}/whep/{{room}}/counsellor"
[media]
loopback = true
""")

    def start(self):
        self.running = Running(self.folder, "madoguchid", ["--config", str(self.config)], self.env)
        until("the box's answer", lambda: self.running.ended() or self.status())
        return not self.running.ended()

    def log(self):
        return self.running.log.read_text(errors="replace")

    def kill(self, number=signal.SIGKILL):
        return self.running.kill(number)

    def ask(self, *arguments, within=WITHIN):
        try:
            done = subprocess.run([BIN / "madoguchi", "--socket", self.socket, "--json", *arguments],
                                  capture_output=True, text=True, timeout=within, check=False)
        except subprocess.TimeoutExpired:
            return None
        return json.loads(done.stdout) if done.stdout.startswith("{") else None

    def status(self):
        return self.ask("status")

    def faults(self):
        return [fault["code"] for fault in (self.status() or {"faults": []})["faults"]]

    def visit(self):
        """A raw visitor of the control socket."""
        visitor = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        visitor.settimeout(WITHIN)
        visitor.connect(str(self.socket))
        return visitor


class Scratch:
    """A folder for as long as it is used; short, for the control socket's sake."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="hostile-"))
        return self.path

    def __exit__(self, *failure):
        shutil.rmtree(self.path, ignore_errors=True)


def stamp(ahead):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead)).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def bookings_of(desk, days):
    """Receipts that the desk lists."""
    found = set()
    for day in sorted(days):
        status, reply = desk.ask("GET", f"/api/bookings?day={day}")
        if status != 200:
            raise RuntimeError(f"bookings of {day}: {status} {reply}")
        found.update((each["receipt"], each["start"]) for each in reply)
    return found


def day_of(start):
    """Japan's day of an RFC 3339 time."""
    time_ = datetime.datetime.fromisoformat(start.replace("Z", "+00:00"))
    return (time_ + datetime.timedelta(hours=9)).strftime("%Y-%m-%d")
