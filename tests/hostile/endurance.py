# SPDX-License-Identifier: Apache-2.0
"""kill -9, a full disk, a clock that jumps."""

import os
import random
import subprocess
import threading
import time

from programs import BIN, Box, Desk, Scratch, bookings_of, day_of, stamp, until


def killed_desk(book, rounds):
    kind = "kill -9: bookings that the desk has taken"
    with Scratch() as folder:
        desk = Desk(folder)
        desk.start()
        desk.login()
        rng = random.Random(9)
        known, slot = set(), 0
        for _ in range(rounds):
            killer = threading.Timer(rng.uniform(0.05, 0.6), desk.kill)
            killer.start()
            while True:
                slot += 1
                try:
                    status, reply = desk.ask("POST", "/api/bookings", {"hall": "chuo", "start": stamp(3600 + slot * 360),
                                                                       "minutes": 5, "reference": ""})
                except OSError:
                    break
                if status == 201:
                    known.add((reply["receipt"], reply["start"]))
                elif status != 409:
                    book.note(kind, False, f"booking: {status} {reply}")
            killer.join()
            if not desk.start():
                book.note(kind, False, "it does not start again: " + desk.log()[-300:])
                return
        listed = bookings_of(desk, {day_of(start) for _, start in known})
        for each in known:
            book.note(kind, each in listed, f"{each} is lost")
        desk.kill()


def killed_box(book, rounds):
    kind = "kill -9: the box"
    with Scratch() as folder:
        desk = Desk(folder)
        desk.command("book", "chuo", stamp(-60), "60")
        desk.start()
        rng = random.Random(11)
        pressed = False
        for i in range(rounds):
            box = Box(folder, desk)
            if not box.start():
                book.note(kind, False, "it does not start: " + box.log()[-300:])
                break
            status = box.status()
            # Before a press nothing looks; after one it goes on.
            quiet = status["camera"]["pid"] == 0 and status["phase"] == "idle"
            book.note("kill -9: nothing opens before a press", pressed or quiet,
                      f"phase {status['phase']}, camera {status['camera']['pid']}")
            until("the booking", lambda box=box: pressed or box.status()["card"]["code"] == "ready")
            if i == rounds // 2:
                box.ask("press")
                until("the press on disk", (box.state / "press.json").exists)
                pressed = True
            began, wait = time.monotonic(), rng.uniform(0, 0.7)
            until("a moment", lambda began=began, wait=wait: time.monotonic() - began >= wait)
            box.kill()
            left = sorted(path.name for path in box.state.iterdir())
            book.note(kind, not any("damaged" in name for name in left), f"left {left}")
        box = Box(folder, desk)
        box.start()
        until("the call to go on", lambda: box.status()["phase"] == "calling")
        litter = [path.name for path in box.state.iterdir() if path.name.endswith(".part")]
        book.note(kind, len(litter) <= 1, f"half written files are left: {litter}")
        box.kill()
        desk.kill()


def fill(folder):
    file = os.open(folder / "ballast", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(file, bytes(4096)) > 0:
            pass
    except OSError:
        pass
    finally:
        os.close(file)


def full_disk(book):
    """In a mount namespace of its own: `folder` is a disk of 3 MiB."""
    with Scratch() as folder, Scratch() as outside:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "hostile", folder], check=True)
        kind = "full disk: the desk"
        desk = Desk(outside, data=folder / "desk")
        desk.start()
        desk.login()
        booking = {"hall": "chuo", "start": stamp(86400), "minutes": 5, "reference": ""}
        status, first = desk.ask("POST", "/api/bookings", booking)
        book.note(kind, status == 201, f"with room: {status} {first}")
        fill(folder)
        known, refused = {(first["receipt"], first["start"])}, 0
        for i in range(60):
            status, reply = desk.ask("POST", "/api/bookings", {**booking, "start": stamp(90000 + i * 600)})
            if status == 201:
                known.add((reply["receipt"], reply["start"]))
            else:
                refused += 1
                book.note(kind, status in (500, 503, 507) and "error" in reply, f"{status} {reply}")
        book.note(kind, refused > 0, "nothing was refused: the disk was not full")
        listed = bookings_of(desk, {day_of(start) for _, start in known})
        book.note(kind, listed == known, f"{len(listed)} listed, {len(known)} taken")
        (folder / "ballast").unlink()
        status, reply = desk.ask("POST", "/api/bookings", {**booking, "start": stamp(200000)})
        book.note(kind, status == 201, f"with room again: {status} {reply}")
        desk.command("book", "chuo", stamp(-60), "60")

        kind = "full disk: the box"
        box = Box(outside, desk, state=folder / "box")
        box.start()
        until("the booking", lambda: box.status()["card"]["code"] == "ready")
        fill(folder)
        box.ask("press")
        book.note(kind, until("the call", lambda: box.status()["phase"] in ("calling", "talking")), "no call")
        book.note(kind, until("the fault", lambda: "disk-full" in box.faults()), "no fault")
        box.kill()
        book.note(kind, box.start(), "it does not start on a full disk: " + box.log()[-300:])
        (folder / "ballast").unlink()
        until("the booking", lambda: box.status()["card"]["code"] != "starting")
        if box.status()["phase"] == "idle":
            box.ask("press")
        box.ask("press", "--long")
        until("the end", lambda: box.status()["phase"] == "idle")
        book.note(kind, until("no fault", lambda: "disk-full" not in box.faults()), "the fault stays")
        box.kill()
        desk.kill()


def clock_jumps(book):
    shim = BIN / "libclock-shim.so"
    if "libasan" in subprocess.run(["ldd", BIN / "madoguchid"], capture_output=True, text=True, check=False).stdout:
        book.skip("clock jumps", "skipped: nothing can be preloaded under a sanitizer")
        return
    hour, day = 3600, 86400
    with Scratch() as folder:
        clock = folder / "clock"
        clock.write_text("0")
        env = {"LD_PRELOAD": str(shim), "MADOGUCHI_CLOCK_SHIM": str(clock)}
        desk = Desk(folder, env)
        desk.start()
        desk.login()
        status, booking = desk.ask("POST", "/api/bookings",
                                   {"hall": "chuo", "start": stamp(day), "minutes": 30, "reference": ""})
        known, days = {(booking["receipt"], booking["start"])}, {day_of(booking["start"])}
        box = Box(folder, desk, env=env)
        box.start()
        until("the booking", lambda: box.status()["card"]["code"] == "next")
        for jump in (5 * hour, -5 * hour, 400 * day, -400 * day, -20 * 365 * day, 15 * 365 * day, 60, -60):
            clock.write_text(str(jump))
            words = f"by {jump} s: "
            before = jump < -100 * day  # before the programs were built
            try:
                until("the box to see it", lambda before=before: ("clock-wrong" in box.faults()) == before)
                book.note("clock jumps: the box says so, and answers", True, "")
            except RuntimeError as error:
                book.note("clock jumps: the box says so, and answers", False, words + f"{error}: {box.faults()}")
            try:
                alive = desk.ask("GET", "/")[0] == 200
            except OSError:
                alive = False
            book.note("clock jumps: the desk answers", alive, words + desk.log()[-200:])
            clock.write_text("0")
            me = desk.ask("GET", "/api/me")[0]
            listed = bookings_of(desk, days) if me == 200 else set()
            book.note("clock jumps: no login and no booking is lost", me == 200 and listed == known,
                      words + f"/api/me {me}, {len(listed)} bookings")
            until("the right clock", lambda: "clock-wrong" not in box.faults())
        until("the booking again", lambda: box.status()["card"]["code"] == "next")
        box.kill()
        desk.kill()
