# SPDX-License-Identifier: Apache-2.0
"""Arrows upwards and sidewards must be refused, the design's own must pass."""

import unittest

from include_arrows import check, room_of

# file, what it includes
REFUSED = [
    ("base/log.cpp", "firmware/box.hpp"),
    ("base/log.cpp", "media/protocol.hpp"),
    ("board/board.hpp", "media/protocol.hpp"),
    ("board/fake/fake_board.cpp", "provisioning/identity.hpp"),
    ("board/fake/fake_board.cpp", "firmware/schedule/settings.hpp"),
    ("media/media.cpp", "board/board.hpp"),
    ("media/media.cpp", "firmware/session/state.hpp"),
    ("provisioning/desk/main.cpp", "media/protocol.hpp"),
    ("provisioning/desk/main.cpp", "firmware/schedule/agenda.hpp"),
    ("firmware/box.cpp", "media/peer.hpp"),
    ("firmware/box.cpp", "media/frames.hpp"),
    ("firmware/box.cpp", "provisioning/desk/store.hpp"),
    ("firmware/session/step.cpp", "firmware/box.hpp"),
    ("firmware/session/step.cpp", "firmware/config/config.hpp"),
    ("firmware/config/config.cpp", "firmware/session/runner.hpp"),
    ("firmware/config/config.cpp", "firmware/box.hpp"),
    ("firmware/schedule/feeds.cpp", "firmware/signalling/whip.hpp"),
    ("firmware/signalling/whip.cpp", "firmware/health/report.hpp"),
    ("firmware/health/report.cpp", "firmware/control/control.hpp"),
    ("firmware/control/madoguchi.cpp", "firmware/session/state.hpp"),
    ("firmware/control/madoguchi.cpp", "firmware/config/config.hpp"),
    ("base/log.cpp", "tests/support/catch.hpp"),
    ("base/log.cpp", "log.hpp"),
    ("base/net/url.cpp", "../log.hpp"),
]

PASS = [
    ("firmware/daemon.cpp", "firmware/box.hpp"),
    ("firmware/box.hpp", "firmware/session/runner.hpp"),
    ("firmware/box.hpp", "firmware/config/config.hpp"),
    ("firmware/box_status.cpp", "board/fake/fake_board.hpp"),
    ("firmware/box.cpp", "provisioning/identity.hpp"),
    ("firmware/session/events.hpp", "media/protocol.hpp"),
    ("firmware/session/lamp.cpp", "board/board.hpp"),
    ("firmware/session/runner.cpp", "firmware/schedule/agenda.hpp"),
    ("firmware/config/config.hpp", "firmware/session/settings.hpp"),
    ("firmware/config/config.hpp", "firmware/session/children_settings.hpp"),
    ("firmware/config/config.cpp", "firmware/schedule/link_rules.hpp"),
    ("firmware/schedule/feed/main.cpp", "firmware/schedule/agenda.hpp"),
    ("media/camera/main.cpp", "media/frames.hpp"),
    ("media/media.cpp", "base/faults.hpp"),
    ("tests/media/frames_test.cpp", "media/frames.hpp"),
    ("tests/support/box_under_test.cpp", "firmware/box.hpp"),
]


def including(path, header):
    return {path: f'#pragma once\n#include <string>\n#include "{header}"\n'}


class Arrows(unittest.TestCase):
    def test_refused(self):
        for path, header in REFUSED:
            with self.subTest(f"{path} -> {header}"):
                found = check(including(path, header))
                self.assertEqual([(path, 3, "arrow")], [(each.path, each.line, each.rule) for each in found])

    def test_pass(self):
        for path, header in PASS:
            with self.subTest(f"{path} -> {header}"):
                self.assertEqual([], check(including(path, header)))

    def test_comments_are_no_includes(self):
        self.assertEqual([], check({"base/a.cpp": '// #include "firmware/box.hpp"\n/*\n#include "media/peer.hpp"\n*/\n'}))

    def test_every_file_has_a_room(self):
        self.assertEqual("firmware", room_of("firmware/box_children.cpp"))
        self.assertEqual(["room"], [each.rule for each in check({"firmware/extras.cpp": ""})])
        self.assertEqual(["room"], [each.rule for each in check({"firmware/misc/extra.cpp": ""})])


class Libraries(unittest.TestCase):
    def rules(self, texts):
        return [each.rule for each in check(texts)]

    def test_library_in_a_foreign_room(self):
        self.assertEqual(["library"], self.rules({"firmware/box.cpp": "#include <gst/gst.h>\n"}))
        self.assertEqual(["library"], self.rules({"board/board.cpp": "#include <toml++/toml.h>\n"}))
        self.assertEqual(["library"], self.rules({"media/media.cpp": "#include <toml++/toml.hpp>\n"}))
        self.assertEqual(["library"], self.rules({"firmware/schedule/feeds.cpp": "#include <sqlite3.h>\n"}))
        self.assertEqual([], self.rules({"firmware/config/reader.cpp": "#include <toml++/toml.h>\n"}))
        self.assertEqual([], self.rules({"firmware/session/card_texts_gen.cpp": "#include <toml++/toml.h>\n"}))
        self.assertEqual(["library"], self.rules({"firmware/session/gen.cpp": "#include <toml++/toml.h>\n"}))

    def test_public_header(self):
        shown = {"base/net/client.hpp": "#include <curl/curl.h>\n"}
        self.assertEqual([], self.rules(shown | {"base/net/client.cpp": '#include "base/net/client.hpp"\n'}))
        self.assertEqual(["public-header"],
                         self.rules(shown | {"firmware/signalling/whip.cpp": '#include "base/net/client.hpp"\n'}))

    def test_public_header_through_another(self):
        texts = {"base/net/inner.hpp": "#include <curl/curl.h>\n",
                 "base/net/client.hpp": '#include "base/net/inner.hpp"\n',
                 "firmware/signalling/whip.cpp": '#include "base/net/client.hpp"\n'}
        found = check(texts)
        self.assertEqual([("base/net/inner.hpp", 1)], [(each.path, each.line) for each in found])

    def test_pipeline_headers_are_private(self):
        texts = {"media/peer.hpp": "#include <gst/gst.h>\n", "media/media.cpp": '#include "media/peer.hpp"\n',
                 "tests/support/answerer.cpp": '#include "media/peer.hpp"\n#include <gst/gst.h>\n'}
        self.assertEqual([], self.rules(texts))


class Links(unittest.TestCase):
    targets = {
        "base/CMakeLists.txt": "add_library(base STATIC a.cpp)\n",
        "media/CMakeLists.txt": "add_library(media_protocol STATIC p.cpp)\nadd_library(media STATIC m.cpp)\n",
        "board/CMakeLists.txt": "add_library(board STATIC b.cpp)\n",
        "firmware/session/CMakeLists.txt": "add_library(session STATIC s.cpp)\n",
        "firmware/schedule/CMakeLists.txt": "add_library(schedule STATIC s.cpp)\n",
        "firmware/config/CMakeLists.txt": "add_library(config STATIC c.cpp)\n",
    }

    def rules(self, path, line):
        texts = dict(self.targets)
        texts[path] = texts.get(path, "") + line + "\n"
        return [each.rule for each in check(texts)]

    def test_refused(self):
        for path, line in [
            ("base/CMakeLists.txt", "target_link_libraries(base PUBLIC board)"),
            ("media/CMakeLists.txt", "target_link_libraries(media PUBLIC board)"),
            ("board/CMakeLists.txt", "target_link_libraries(board PRIVATE media_protocol)"),
            ("firmware/schedule/CMakeLists.txt", "target_link_libraries(schedule PUBLIC base PRIVATE session)"),
            ("firmware/session/CMakeLists.txt", "target_link_libraries(session\n  PUBLIC base config)"),
            ("firmware/CMakeLists.txt", "target_link_libraries(box PUBLIC session media)"),
        ]:
            with self.subTest(line):
                self.assertEqual(["link"], self.rules(path, line))
        for path, line in [
            ("base/CMakeLists.txt", "target_link_libraries(base PUBLIC PkgConfig::curl)"),
            ("board/CMakeLists.txt", "target_link_libraries(board PRIVATE PkgConfig::tomlplusplus)"),
            ("firmware/CMakeLists.txt", "target_link_libraries(box PRIVATE PkgConfig::gst)"),
        ]:
            with self.subTest(line):
                self.assertEqual(["link-library"], self.rules(path, line))

    def test_pass(self):
        for path, line in [
            ("firmware/CMakeLists.txt", "target_link_libraries(box PUBLIC session config schedule board base)"),
            ("firmware/session/CMakeLists.txt", "target_link_libraries(session PUBLIC base media_protocol board)"),
            ("firmware/config/CMakeLists.txt", "target_link_libraries(config PUBLIC base PRIVATE PkgConfig::tomlplusplus)"),
            ("media/CMakeLists.txt", "target_link_libraries(media PUBLIC media_protocol PkgConfig::gst)"),
            ("firmware/session/CMakeLists.txt", "target_link_libraries(texts_gen PRIVATE PkgConfig::tomlplusplus)"),
            ("base/CMakeLists.txt", "# target_link_libraries(base PUBLIC board)"),
            ("tests/CMakeLists.txt", "target_link_libraries(answerer PUBLIC media board session)"),
        ]:
            with self.subTest(line):
                self.assertEqual([], self.rules(path, line))


if __name__ == "__main__":
    unittest.main()
