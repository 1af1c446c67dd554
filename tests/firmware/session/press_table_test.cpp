// SPDX-License-Identifier: Apache-2.0
// Every kind of press in every state of a consultation: edges through the press machine into step(). The letter of the
// phase afterwards, the notice that people see, and "again" where a new call waits for the end of the old. Pure.
#include <functional>

#include "board/linux/press_machine.hpp"
#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::session;
using board::PressMachine;
using board::PressSettings;
using board::Said;

namespace {

struct Edge {
  std::chrono::milliseconds at;
  bool down;
};
struct Kind {
  const char* name;
  bool down_at_start;
  std::vector<Edge> edges;
};
const std::vector<Kind> kKinds = {
    {"short", false, {{100ms, true}, {300ms, false}}},
    {"double", false, {{100ms, true}, {200ms, false}, {350ms, true}, {450ms, false}}},
    {"bounced", false, {{100ms, true}, {104ms, false}, {109ms, true}, {300ms, false}, {306ms, true}, {310ms, false}}},
    {"spike", false, {{100ms, true}, {108ms, false}}},
    {"long", false, {{100ms, true}, {2s, false}}},
    {"stuck", false, {{100ms, true}}},
    {"held at the start", true, {{3s, false}}},
};

struct Place {
  const char* name;
  bool open;  ///< a consultation could be begun
  std::function<void(Talk&)> enter;
  /// For each kind, in their order.
  std::vector<std::string> wanted;
};

// clang-format off
const std::vector<Place> kPlaces = {
    // short, double, bounced, spike, long, stuck, held at the start
    {"idle, open", true, [](Talk& t) { t.ready(); },
     {"calling", "calling", "calling", "idle", "calling", "calling", "idle"}},
    {"idle, nothing open", false, [](Talk& t) { t.ready(); },
     {"idle nothing-open", "idle nothing-open", "idle nothing-open", "idle", "idle nothing-open", "idle nothing-open", "idle"}},
    {"idle, no media process", true, [](Talk&) {},
     {"calling", "calling", "calling", "idle", "calling", "calling", "idle"}},
    {"calling", true, [](Talk& t) { t.call(); },
     {"calling already-calling", "calling already-calling", "calling already-calling", "calling", "ending", "ending", "calling"}},
    {"talking", true, [](Talk& t) { t.talk(); },
     {"talking hold-to-end", "talking hold-to-end", "talking hold-to-end", "talking", "ending", "ending", "talking"}},
    {"talking, muted", true, [](Talk& t) { t.talk(); t(MuteSet{true}); },
     {"talking hold-to-end", "talking hold-to-end", "talking hold-to-end", "talking", "ending", "ending", "talking"}},
    {"talking, on hold", true, [](Talk& t) { t.talk(); t(HoldSet{true}); },
     {"talking hold-to-end", "talking hold-to-end", "talking hold-to-end", "talking", "ending", "ending", "talking"}},
    {"talking, media process lost", true, [](Talk& t) { t.talk(); t(MediaLost{}); },
     {"talking hold-to-end", "talking hold-to-end", "talking hold-to-end", "talking", "ending", "ending", "talking"}},
    {"ending, open", true, [](Talk& t) { t.end(); },
     {"ending again", "ending again", "ending again", "ending", "ending", "ending", "ending"}},
    {"ending, nothing open", false, [](Talk& t) { t.end(); },
     {"ending nothing-open", "ending nothing-open", "ending nothing-open", "ending", "ending", "ending", "ending"}},
    {"out of service", true, [](Talk& t) { t.out_of_service(); },
     {"out-of-service out-of-service", "out-of-service out-of-service", "out-of-service out-of-service",
      "out-of-service", "out-of-service out-of-service", "out-of-service out-of-service", "out-of-service"}},
};
// clang-format on

std::string press(const Kind& kind, const Place& place) {
  Talk talk;
  place.enter(talk);
  PressMachine machine{PressSettings{}};
  const BootTime start(1h);
  machine.found(0, kind.down_at_start, 20ms, start);
  const auto tell = [&](const std::vector<Said>& said) {
    for (const Said each : said) {
      const auto plan = place.open ? std::optional(desk_plan()) : std::nullopt;
      if (each == Said::short_press) talk(Pressed{plan});
      if (each == Said::long_press) talk(LongPressed{plan});
    }
  };
  const auto run_to = [&](BootTime until) {
    while (machine.due() && *machine.due() <= until) tell(machine.pass(*machine.due()));
  };
  for (const Edge& edge : kind.edges) {
    run_to(start + edge.at);
    tell(machine.level(0, edge.down, start + edge.at));
  }
  run_to(start + 20s);
  std::string words(name(talk.state.phase));
  if (talk.state.notice != Notice::none) words += " " + std::string(name(talk.state.notice));
  if (talk.state.pending) words += " again";
  return words;
}

}  // namespace

TEST_CASE("every kind of press in every state") {
  for (const Place& place : kPlaces) {
    REQUIRE(place.wanted.size() == kKinds.size());
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      CAPTURE(place.name, kKinds[i].name);
      CHECK(press(kKinds[i], place) == place.wanted[i]);
    }
  }
}

TEST_CASE("each press that means something makes the lamp pulse") {
  for (const Place& place : kPlaces) {
    Talk talk;
    place.enter(talk);
    talk(Pressed{place.open ? std::optional(desk_plan()) : std::nullopt});
    CAPTURE(place.name);
    CHECK(view(talk.state).pulse);
  }
}
