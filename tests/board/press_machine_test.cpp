// SPDX-License-Identifier: Apache-2.0
// What fingers, bounces, spikes and stuck contacts become. A table of edges and times; virtual time, pure.
#include "board/linux/press_machine.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::board;

namespace {

struct Edge {
  int at_ms;
  std::size_t button;
  bool down;
};

struct Row {
  std::string what;
  std::vector<Edge> edges;
  std::string wanted;  ///< what was said, each with the millisecond
  std::vector<bool> down_at_start = {false, false};
};

/// Plays the edges, and the alarms between them, as the board does; 20 ms of bounce.
std::string play(const Row& row) {
  PressMachine machine{PressSettings{}};
  const BootTime start(1h);
  std::string said;
  const auto add = [&](const std::vector<Said>& words, BootTime when) {
    for (const Said each : words) {
      if (!said.empty()) said += ' ';
      said += std::string(name(each)) + "@" +
              std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(when - start).count());
    }
  };
  for (std::size_t i = 0; i < row.down_at_start.size(); ++i) machine.found(i, row.down_at_start[i], 20ms, start);
  const auto run_to = [&](BootTime until) {
    while (machine.due() && *machine.due() <= until) {
      const BootTime when = *machine.due();
      add(machine.pass(when), when);
      REQUIRE((!machine.due() || *machine.due() > when));  // no alarm that rings for ever
    }
  };
  for (const Edge& edge : row.edges) {
    const BootTime when = start + std::chrono::milliseconds(edge.at_ms);
    run_to(when);
    add(machine.level(edge.button, edge.down, when), when);
  }
  run_to(start + 1min);
  return said;
}

// clang-format off
const std::vector<Row> kRows = {
    {"a press", {{100, 0, true}, {300, 0, false}}, "touched@120 short@320 released@320"},
    {"a tap just longer than the bounce", {{100, 0, true}, {121, 0, false}}, "touched@120 short@141 released@141"},
    {"a spike is no press", {{100, 0, true}, {110, 0, false}}, ""},
    {"a bounce at both ends is one press",
     {{100, 0, true}, {105, 0, false}, {110, 0, true}, {300, 0, false}, {304, 0, true}, {309, 0, false}},
     "touched@130 short@329 released@329"},
    {"a short gap in a press is a bounce", {{100, 0, true}, {200, 0, false}, {210, 0, true}, {300, 0, false}},
     "touched@120 short@320 released@320"},
    {"a long press is told while it lasts, and its end is no short one", {{100, 0, true}, {1500, 0, false}},
     "touched@120 long@1100 released@1520"},
    {"just not long", {{100, 0, true}, {1099, 0, false}}, "touched@120 short@1119 released@1119"},
    {"two in a row are one", {{100, 0, true}, {200, 0, false}, {400, 0, true}, {500, 0, false}},
     "touched@120 short@220 released@220 again@420 released@520"},
    {"hammering is one press",
     {{100, 0, true}, {200, 0, false}, {350, 0, true}, {450, 0, false}, {600, 0, true}, {700, 0, false}},
     "touched@120 short@220 released@220 again@370 released@470 again@620 released@720"},
    {"the second is a press of its own when it comes later", {{100, 0, true}, {200, 0, false}, {600, 0, true}, {700, 0, false}},
     "touched@120 short@220 released@220 touched@620 short@720 released@720"},
    {"a knock and then holding is short and long", {{100, 0, true}, {200, 0, false}, {300, 0, true}, {2000, 0, false}},
     "touched@120 short@220 released@220 again@320 long@1300 released@2020"},
    {"a knock right after a long one does not call anew",
     {{100, 0, true}, {1500, 0, false}, {1700, 0, true}, {1800, 0, false}},
     "touched@120 long@1100 released@1520 again@1720 released@1820"},
    {"stuck after 15 s, and freed", {{100, 0, true}, {20000, 0, false}},
     "touched@120 long@1100 stuck@15100 released@15100 freed@20020"},
    {"stuck for ever", {{100, 0, true}}, "touched@120 long@1100 stuck@15100 released@15100"},
    {"down when it was found: no press, ever", {{2000, 0, false}}, "released@2020", {true, false}},
    {"down when it was found, and stuck", {{20000, 0, false}}, "stuck@15000 released@15000 freed@20020", {true, false}},
    {"down when it was found; the next press counts", {{500, 0, false}, {1500, 0, true}, {1700, 0, false}},
     "released@520 touched@1520 short@1720 released@1720", {true, false}},
    {"two fingers on two buttons are one press",
     {{100, 0, true}, {150, 1, true}, {300, 0, false}, {350, 1, false}},
     "touched@120 again@170 short@320 released@370"},
    {"one button stuck, the other works", {{100, 0, true}, {20000, 1, true}, {20200, 1, false}},
     "touched@120 long@1100 stuck@15100 released@15100 touched@20020 short@20220 released@20220"},
    {"both stuck is one fault, until the last is free", {{100, 0, true}, {200, 1, true}, {30000, 0, false}, {31000, 1, false}},
     "touched@120 again@220 long@1100 long@1200 stuck@15100 released@15200 freed@31020"},
};
// clang-format on

}  // namespace

TEST_CASE("edges of a button become presses") {
  for (const Row& row : kRows) {
    CAPTURE(row.what);
    CHECK(play(row) == row.wanted);
  }
}

TEST_CASE("a device that vanishes under a finger has not been pressed") {
  PressMachine machine{PressSettings{}};
  const BootTime start(1h);
  machine.found(0, false, 0ms, start);
  CHECK(machine.level(0, true, start + 1s) == std::vector{Said::touched});
  CHECK(machine.gone(0, start + 1100ms) == std::vector{Said::released});
  CHECK_FALSE(machine.due());
  CHECK(machine.level(0, false, start + 1200ms).empty());  // nothing is there
  machine.found(0, true, 0ms, start + 2s);                 // it comes back with the finger still on it
  CHECK(machine.level(0, false, start + 2500ms) == std::vector{Said::released});
}

TEST_CASE("a stuck button that is pulled out is free") {
  PressMachine machine{PressSettings{}};
  const BootTime start(1h);
  machine.found(0, true, 0ms, start);
  CHECK(machine.pass(start + 15s) == std::vector{Said::stuck, Said::released});
  CHECK(machine.is_stuck());
  CHECK(machine.gone(0, start + 20s) == std::vector{Said::freed});
  CHECK_FALSE(machine.is_stuck());
}

TEST_CASE("edges that a busy loop reads late are judged by the order of what happened") {
  PressMachine machine{PressSettings{}};
  const BootTime start(1h);
  machine.found(0, false, 20ms, start);
  CHECK(machine.level(0, true, start + 1s).empty());
  // Nobody called pass() meanwhile: it was accepted, and long, before this release.
  CHECK(machine.level(0, false, start + 3s) == std::vector{Said::touched, Said::long_press});
  CHECK(machine.pass(start + 3020ms) == std::vector{Said::released});
}
