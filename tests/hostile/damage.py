# SPDX-License-Identifier: Apache-2.0
"""Files that were spoilt: nothing is overwritten, and the words say what is wrong."""

import json
import random
import shutil
import signal
import time

from programs import Box, Desk, Scratch, bookings_of, day_of, stamp, until

STATE_FILES = ("agenda-hall.json", "resources.json", "press.json", "clock.json")


def damages(content, number, seed):
    """`number` spoilt versions of these bytes, each with its name; None stands for what is no file at all."""
    rng = random.Random(seed)
    fixed = [("empty", b""), ("zeros", bytes(len(content))), ("half", content[:len(content) // 2]),
             ("a byte less", content[:-1]), ("of another program", b"\x7fELF\x02\x01\x01"), ("a list", b"[]"),
             ("null", b"null"), ("another object", b'{"version":99,"what":"else"}'), ("twice", content + content),
             ("not UTF-8", b'{"\xff\xfe":1}'), ("deep", b"[" * 5000), ("large", b" " * (20 << 20)), ("a folder", None)]
    found = fixed[:number]
    while len(found) < number:
        spoilt = bytearray(content)
        for _ in range(rng.randint(1, 20)):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        found.append(("bytes changed", bytes(spoilt)))
    return found


def damaged_box(book, number):
    with Scratch() as folder:
        desk = Desk(folder)
        desk.command("book", "chuo", stamp(-60), "60")
        desk.start()
        box = Box(folder, desk)
        box.start()
        until("the booking", lambda: box.status()["card"]["code"] == "ready")
        box.ask("press")
        good = box.state
        until("the press on disk", (good / "press.json").exists)
        box.kill()
        (good / "resources.json").write_text(json.dumps(
            {"resources": [{"url": f"http://127.0.0.1:{desk.port}/whip/r/1", "since": int(time.time())}]}))
        (good / "clock.json").write_text(json.dumps({"wall": int(time.time() * 1000) - 60_000}))
        each = max(1, number // len(STATE_FILES))
        for index, name in enumerate(STATE_FILES):
            for what, spoilt in damages((good / name).read_bytes(), each, index):
                state = folder / "spoilt"
                shutil.copytree(good, state, ignore=shutil.ignore_patterns("lock"))
                if name != "press.json":
                    (state / "press.json").unlink()
                (state / name).unlink(missing_ok=True)
                if spoilt is None:
                    (state / name).mkdir()
                else:
                    (state / name).write_bytes(spoilt)
                one = Box(folder, desk, state)
                words = f"{name}, {what}: "
                if not one.start():
                    book.note("damaged: files of the box", False, words + "it ended: " + one.log()[-300:])
                else:
                    status = one.status()
                    aside = state / f"{name}.damaged-1"
                    told = "state-damaged" in [fault["code"] for fault in status["faults"]]
                    kept = aside.is_dir() if spoilt is None else aside.is_file() and aside.read_bytes() == spoilt
                    card = json.dumps(status["card"], ensure_ascii=False)
                    unusable = what != "bytes changed"  # those may be as good as before
                    good_end = told == kept == aside.exists() and (told or not unusable) and "ケーブル" not in card
                    book.note("damaged: files of the box", good_end,
                              words + f"told {told}, kept {kept}, card {status['card']['code']}")
                one.kill()
                shutil.rmtree(state)
        desk.kill()


def damaged_desk(book, number):
    kind = "damaged: files of the desk"
    with Scratch() as folder:
        desk = Desk(folder)
        desk.start()
        desk.login()
        desk.kill(signal.SIGTERM)  # the login is in the file itself then, the bookings in its log
        desk.start()
        known = set()
        for i in range(40):
            status, reply = desk.ask("POST", "/api/bookings",
                                     {"hall": "chuo", "start": stamp(86400 + i * 600), "minutes": 5, "reference": "r"})
            if status != 201:
                raise RuntimeError(f"booking: {status} {reply}")
            known.add((reply["receipt"], reply["start"]))
        days = {day_of(start) for _, start in known}
        desk.kill()
        good = {path.name: path.read_bytes() for path in desk.data.iterdir() if path.is_file()}
        rng = random.Random(7)
        for i in range(number):
            name = "desk.sqlite3-wal" if i % 3 == 2 and good.get("desk.sqlite3-wal") else "desk.sqlite3"
            content = bytearray(good[name])
            if i % 4 == 0:
                what, content = "cut", content[:rng.randrange(len(content))]
            elif i % 4 == 1:
                at = rng.randrange(len(content)) // 4096 * 4096
                what = f"a page of zeros at {at}"
                content[at:at + 4096] = bytes(len(content[at:at + 4096]))
            elif i % 4 == 2:
                at = rng.randrange(len(content)) // 512 * 512
                what = f"noise at {at}"
                content[at:at + 512] = rng.randbytes(len(content[at:at + 512]))
            else:
                what, content = "another file", bytearray(rng.randbytes(5000))
            for path in desk.data.iterdir():
                if path.is_file():
                    path.unlink()
            for other, bytes_ in good.items():
                (desk.data / other).write_bytes(bytes(content) if other == name else bytes_)
            serves = desk.start()
            words = f"{name}, {what}: "
            if serves:
                # A log that was cut is a log that ends earlier: what is listed was booked, and nothing else is.
                listed = bookings_of(desk, days)
                whole = listed == known if name == "desk.sqlite3" else listed <= known
                book.note(kind, whole, words + f"{len(listed)} of {len(known)} bookings, {len(listed - known)} strange")
            else:
                said = "damaged" in desk.log() or "desk.sqlite3" in desk.log()
                left = (desk.data / name).read_bytes() == bytes(content)
                book.note(kind, said and left, words + f"said so {said}, left as it was {left}: {desk.log()[-200:]}")
            desk.kill()
            desk.running.log.unlink()
