# SPDX-License-Identifier: Apache-2.0
"""The three floors: who may include and link whom. firmware stands on media/protocol.hpp, board and provisioning, all of
them on base; inside firmware the composition root stands over session and config, and those over schedule, signalling,
health and control. Public headers show no GStreamer, curl, SQLite or toml++."""

import re
import sys

from project_tree import Finding, is_cpp, line_of, read_tree, report, root_argument, without_comments

LOW_ROOMS = {"firmware/schedule", "firmware/signalling", "firmware/health", "firmware/control"}
HIGH_ROOMS = {"firmware/session", "firmware/config"}
FIRMWARE = "firmware"  # the composition root
PROGRAM_FOLDERS = ("provisioning/desk/", "provisioning/office/")  # programs of their own: no public header in there
UNDER_FIRMWARE = {"base", "board", "provisioning"}

# Which rooms a room may know, besides itself. media is not here: of it firmware sees the protocol alone.
ARROWS = {
    "base": set(),
    "media": {"base"},
    "board": {"base"},
    "provisioning": {"base"},
    FIRMWARE: UNDER_FIRMWARE | LOW_ROOMS | HIGH_ROOMS,
    "firmware/session": UNDER_FIRMWARE | LOW_ROOMS,
    "firmware/config": UNDER_FIRMWARE | LOW_ROOMS,
    **{room: UNDER_FIRMWARE for room in LOW_ROOMS},
}
ROOMS = set(ARROWS)
TOP_FOLDERS = {"base", "media", "board", "provisioning", "firmware"}

# Libraries that stay inside a room: how an include of them looks, and the only rooms that may.
LIBRARIES = {
    "GStreamer": (re.compile(r"gst/"), {"media"}),
    "curl": (re.compile(r"curl/|curl\.h"), {"base", "firmware/signalling", "provisioning"}),
    "SQLite": (re.compile(r"sqlite3\.h"), {"firmware/health", "provisioning"}),
    "toml++": (re.compile(r"toml\+\+/|toml\.h"), {"base", "firmware/config"}),
}
PACKAGES = {"PkgConfig::gst": "GStreamer", "PkgConfig::pangocairo": "GStreamer", "PkgConfig::curl": "curl",
            "PkgConfig::sqlite3": "SQLite", "PkgConfig::tomlplusplus": "toml++"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)
CALL = re.compile(r"\b(add_library|add_executable|target_link_libraries)\s*\(([^)]*)\)")


def room_of(path):
    """The room of a file, None outside the rooms, "?" for a file under firmware/ that no room holds."""
    parts = path.split("/")
    if parts[0] not in TOP_FOLDERS or len(parts) < 2:
        return None
    if parts[0] != "firmware":
        return parts[0]
    if len(parts) == 2:
        root = re.fullmatch(r"daemon\.cpp|box(_\w+)?\.[hc]pp|CMakeLists\.txt", parts[1])
        return FIRMWARE if root else "?"
    room = "/".join(parts[:2])
    return room if room in ROOMS else "?"


def may_include(room, header):
    """None when the arrow goes down, else what to do."""
    target = room_of(header)
    if target is None:
        return None if "/" in header else "write the path from the repository's root"
    if target == room:
        return None
    if target == "media":
        if room.startswith("firmware") and header == "media/protocol.hpp":
            return None
        return "only firmware may see media, and of it media/protocol.hpp alone"
    if header.startswith(PROGRAM_FOLDERS):
        return "that is a program of its own; take what both need down to base"
    if room == "firmware/config" and re.fullmatch(r"firmware/session/(\w+_)?settings\.hpp", header):
        return None  # config fills the Settings that each room declares
    if target in ARROWS[room]:
        return None
    return f"{room} may not know {target}; move what both need down, or build it together in the composition root"


def includes(text):
    """(line, path, is_quoted) of each include that is not commented out."""
    bare = without_comments(text, keep_strings=True)
    for match in INCLUDE.finditer(bare):
        yield line_of(bare, match.start()), match.group(1) or match.group(2), match.group(1) is not None


def is_generator(name):
    """Runs while the project is built, never on a box: "card_texts_gen.cpp", "card_texts_gen"."""
    return re.search(r"_gen(\.cpp)?$", name) is not None


def check_includes(texts):
    findings = []
    for path, text in texts.items():
        room = room_of(path)
        if room is None or not is_cpp(path):
            continue
        if room == "?":
            findings.append(Finding(path, 1, "room", "this file is in no room of the design; move it into one"))
            continue
        for line, header, quoted in includes(text):
            if not quoted:
                for name, (pattern, rooms) in LIBRARIES.items():
                    if pattern.match(header) and room not in rooms and not is_generator(path):
                        findings.append(Finding(path, line, "library", f"{name} is not for {room}"))
                continue
            if header.startswith("tests/"):
                findings.append(Finding(path, line, "arrow", "a room never knows its tests"))
                continue
            wrong = "write the path from the repository's root" if ".." in header else may_include(room, header)
            if wrong:
                findings.append(Finding(path, line, "arrow", f'"{header}": {wrong}'))
    return findings


def check_public_headers(texts):
    """No header that another room reaches, through others too, includes a library of its room."""
    found = {path: list(includes(text)) for path, text in texts.items() if is_cpp(path) and room_of(path)}
    reached = {}  # header: the file of another room through which it is seen
    for path, each in found.items():
        room = room_of(path)
        waiting = [header for _, header, quoted in each if quoted]
        seen = set()
        while waiting:
            header = waiting.pop()
            if header in seen or header not in found:
                continue
            seen.add(header)
            if room_of(header) != room:
                reached.setdefault(header, path)
            waiting += [inner for _, inner, quoted in found[header] if quoted]
    findings = []
    for header, seen_from in reached.items():
        for line, library, quoted in found[header]:
            for name, (pattern, _) in LIBRARIES.items():
                if not quoted and pattern.match(library):
                    findings.append(Finding(header, line, "public-header",
                                            f"it is seen from {seen_from}: keep {name} in a source file"))
    return findings


def check_links(texts):
    """target_link_libraries goes the same ways as the includes."""
    homes = {}   # target: (room, file)
    links = []   # (path, line, target, visibility, library)
    for path, text in texts.items():
        if not path.endswith("CMakeLists.txt"):
            continue
        bare = re.sub(r"#[^\n]*", lambda match: " " * len(match.group()), text)
        for call in CALL.finditer(bare):
            words = call.group(2).split()
            if not words:
                continue
            if call.group(1) != "target_link_libraries":
                homes[words[0]] = room_of(path)
                continue
            visibility = "PUBLIC"
            for word in words[1:]:
                if word in ("PUBLIC", "PRIVATE", "INTERFACE"):
                    visibility = word
                else:
                    links.append((path, line_of(bare, call.start()), words[0], visibility, word))
    findings = []
    for path, line, target, visibility, library in links:
        room = room_of(path)
        if room is None:
            continue
        if library in PACKAGES:
            name = PACKAGES[library]
            if room not in LIBRARIES[name][1] and not is_generator(target):
                findings.append(Finding(path, line, "link-library", f"{target}: {name} is not for {room}"))
            elif visibility != "PRIVATE" and room != "media":
                findings.append(Finding(path, line, "link-library", f"{target}: link {library} as PRIVATE"))
            continue
        home = homes.get(library)
        if home is None or home == room or (library == "media_protocol" and room.startswith("firmware")):
            continue
        if home not in ARROWS.get(room, set()):
            findings.append(Finding(path, line, "link", f"{target} of {room} may not link {library} of {home}"))
    return findings


def check(texts):
    return check_includes(texts) + check_public_headers(texts) + check_links(texts)


def wanted(path):
    return is_cpp(path) or path.endswith("CMakeLists.txt")


if __name__ == "__main__":
    sys.exit(report(check(read_tree(root_argument(), wanted))))
