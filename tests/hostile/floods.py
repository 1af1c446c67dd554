# SPDX-License-Identifier: Apache-2.0
"""Visitors, an office and callers without end: somebody else is answered in the middle of it."""

import http.server
import json
import random
import socket
import threading
import time

from programs import WITHIN, Box, Desk, Scratch, stamp, until

FLOOD = 2  # seconds
SOON = 5  # seconds in which somebody who asks in the middle of a flood is answered


def answered(book, kind, ask):
    """Somebody else is answered in the middle of a flood, again and again for a while."""
    end = time.monotonic() + FLOOD
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            good = bool(ask())
        except (OSError, RuntimeError):
            good = False
        took = time.monotonic() - began
        book.note(kind, good and took < SOON, f"answered: {good}, after {took:.1f} s")


def keep_on(stop, work):
    def run():
        while not stop.is_set():
            try:
                work()
            except OSError:
                stop.wait(0.01)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def flood_box(book):
    with Scratch() as folder:
        box = Box(folder)
        box.start()
        for kind, command in (("flood: status at the control socket", "status"),
                              ("flood: screenshots at the control socket", "screenshot")):
            stop = threading.Event()

            def ask(command=command):
                visitor = box.visit()
                with visitor:
                    for _ in range(50):  # and reads no answer
                        visitor.send(json.dumps({"command": command}).encode())

            threads = [keep_on(stop, ask) for _ in range(16)]
            answered(book, kind, lambda: box.ask("agenda", within=2 * SOON))
            stop.set()
            for thread in threads:
                thread.join(WITHIN)
        book.note("flood: the box lives on", until("a status", box.status), "no status after the floods")
        box.kill()


class OneByte(http.server.BaseHTTPRequestHandler):
    """An office with an open booking, whose events stream is one byte and an end."""

    events = 0

    def do_GET(self):
        origin = f"http://127.0.0.1:{self.server.server_port}"
        if self.path.startswith("/events/") and "check" not in self.path:
            OneByte.events += 1
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b":")
            return
        if not self.path.startswith("/hall"):
            self.send_error(404)
            return
        compact = {"-": "", ":": ""}
        from_, to = (stamp(s).translate(str.maketrans(compact)) for s in (-300, 3600))
        body = (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//h//EN\r\nBEGIN:VEVENT\r\nUID:1@h\r\nDTSTAMP:{from_}\r\n"
                f"DTSTART:{from_}\r\nDTEND:{to}\r\nURL:{origin}/rooms/abc\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/calendar")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def flood_office(book):
    kind = "flood: an office that sends one byte and closes"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OneByte)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Scratch() as folder:
        box = Box(folder)
        text = box.config.read_text().replace("http://127.0.0.1:9", f"http://127.0.0.1:{server.server_port}")
        box.config.write_text(text)
        box.start()
        until("the first try", lambda: OneByte.events > 0)
        began, before = time.monotonic(), OneByte.events
        until("a while", lambda: time.monotonic() - began > 6)
        # Back-off from half a second: 0.5, 1, 2, 4.
        book.note(kind, OneByte.events - before <= 5, f"asked {OneByte.events - before} times in 6 s")
        lines = box.log().count("event=events-down")
        book.note(kind, lines == 1, f"{lines} lines in the log")
        book.note(kind, box.status() is not None, "no status")
        box.kill()
    server.shutdown()


def flood_desk(book):
    with Scratch() as folder:
        desk = Desk(folder)
        desk.start()
        desk.login()
        idle = []
        for i in range(200):
            connection = socket.create_connection(("127.0.0.1", desk.port), WITHIN)
            if i % 2:
                connection.send(b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Le")
            idle.append(connection)
        answered(book, "flood: 200 connections that never ask", lambda: desk.ask("GET", "/api/me")[0] == 200)
        for connection in idle:
            connection.close()
        stop = threading.Event()
        rng = random.Random(4)
        good = b"GET /api/me HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: madoguchi=x\r\nContent-Length: 0\r\n\r\n"

        def mutate():
            request = bytearray(good)
            for _ in range(rng.randint(1, 12)):
                request[rng.randrange(len(request))] = rng.randrange(256)
            with socket.create_connection(("127.0.0.1", desk.port), WITHIN) as connection:
                connection.sendall(bytes(request) * rng.randint(1, 20))

        threads = [keep_on(stop, mutate) for _ in range(4)]
        answered(book, "flood: mutated requests", lambda: desk.ask("GET", "/api/me")[0] == 200)
        stop.set()
        for thread in threads:
            thread.join(WITHIN)
        stop = threading.Event()

        def guess():
            desk_of_thief = Desk.__new__(Desk)
            desk_of_thief.port, desk_of_thief.cookie = desk.port, ""
            desk_of_thief.ask("POST", "/api/login", {"name": "tanaka", "password": "wrong"})

        threads = [keep_on(stop, guess) for _ in range(4)]
        answered(book, "flood: wrong passwords", lambda: desk.ask("GET", "/api/me")[0] == 200)
        stop.set()
        for thread in threads:
            thread.join(WITHIN)
        book.note("flood: the desk lives on", not desk.running.ended(), desk.log()[-400:])
        desk.kill()
