// SPDX-License-Identifier: Apache-2.0
// Every phase times every event: what it does there, in one table. '.' nothing, '!' illegal, '?' stale, else the phase
// that follows (i c t e o) when it changes, '*' when it acts and stays, 'v' when only what people see changes.
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <utility>

#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::session;

namespace {

char letter(Phase phase) {
  switch (phase) {
    case Phase::idle: return 'i';
    case Phase::calling: return 'c';
    case Phase::talking: return 't';
    case Phase::ending: return 'e';
    case Phase::out_of_service: return 'o';
  }
  return '-';
}

struct Row {
  const char* what;
  std::function<Event(const Talk&)> event;
  const char* outcome;  ///< in idle, calling, talking, ending, out of service
};

LegKey key(const Talk& talk, std::uint32_t leg) {
  return leg < talk.state.legs.size() ? talk.key(leg) : LegKey{leg, 1};
}

// clang-format off
const Row kRows[] = {
    {"pressed", [](const Talk&) { return Event(Pressed{desk_plan()}); }, "c****"},
    {"pressed, nothing open", [](const Talk&) { return Event(Pressed{}); }, "*****"},
    {"long-pressed", [](const Talk&) { return Event(LongPressed{}); }, "*ee!*"},
    {"resumed", [](const Talk&) { return Event(Resumed{desk_plan()}); }, "c!!!!"},
    {"shut-down", [](const Talk&) { return Event(ShutDown{}); }, "....."},
    {"mute-set", [](const Talk&) { return Event(MuteSet{true}); }, "!**!!"},
    {"media-ready", [](const Talk&) { return Event(MediaReady{}); }, "....."},
    {"media-lost", [](const Talk&) { return Event(MediaLost{}); }, "v.*.."},
    {"camera-up", [](const Talk&) { return Event(CameraUp{}); }, "....."},
    {"camera-lost", [](const Talk&) { return Event(CameraLost{Fault::camera_hung}); }, "..v.."},
    {"devices-closed", [](const Talk&) { return Event(DevicesClosed{}); }, "!!!.!"},
    {"offered", [](const Talk& t) { return Event(Offered{key(t, 0), "sdp"}); }, "?*!??"},
    {"leg-failed",
     [](const Talk& t) { return Event(LegFailed{key(t, 0), protocol::LegFailure::not_connected}); }, "?**??"},
    {"answer-repaired", [](const Talk& t) { return Event(AnswerRepaired{key(t, 0)}); }, "?**??"},
    {"connected", [](const Talk& t) { return Event(Connected{key(t, 0)}); }, "?!.??"},
    {"first-rtp", [](const Talk& t) { return Event(FirstRtp{key(t, 0)}); }, "?!.??"},
    {"first-frame", [](const Talk& t) { return Event(FirstFrame{key(t, 1)}); }, "?!.??"},
    {"leg-age", [](const Talk& t) { return Event(LegAge{key(t, 1), std::chrono::minutes(1)}); }, "..*.."},
    {"dropped", [](const Talk&) { return Event(Dropped{{0, 1}}); }, "....."},
    {"posted", [](const Talk& t) { return Event(Posted{key(t, 0), "answer", "http://desk/r"}); }, "?*???"},
    {"post-failed", [](const Talk& t) { return Event(PostFailed{key(t, 0), PostFailure::cut, {}}); }, "?*!??"},
    {"told", [](const Talk&) { return Event(Told{true}); }, "....."},
    {"told, not heard, and the stream is down", [](const Talk&) { return Event(Told{false}); }, "....."},
    {"events-up", [](const Talk&) { return Event(EventsUp{}); }, "....."},
    {"events-down", [](const Talk&) { return Event(EventsDown{}); }, ".**.."},
    {"seats-seen", [](const Talk&) { return Event(SeatsSeen{{{"counsellor", true, "s1"}}}); }, "....."},
    {"seat-joined", [](const Talk&) { return Event(SeatJoined{"counsellor", "s2"}); }, ".**.."},
    {"seat-joined, of another room", [](const Talk&) { return Event(SeatJoined{"stranger", "s2"}); }, ".!!.."},
    {"seat-left", [](const Talk&) { return Event(SeatLeft{"counsellor"}); }, ".*e.."},
    {"ringing", [](const Talk&) { return Event(Ringing{}); }, "....."},
    {"hold-set", [](const Talk&) { return Event(HoldSet{true}); }, "!**!!"},
    {"banner-set", [](const Talk&) { return Event(BannerSet{"x"}); }, "!.v!!"},
    {"far-paused", [](const Talk&) { return Event(FarPaused{true, true}); }, "!.v!!"},
    {"staff-wanted", [](const Talk&) { return Event(StaffWanted{true}); }, "!.v!!"},
    {"listeners-set", [](const Talk&) { return Event(ListenersSet{{"Welfare"}}); }, "!.v!!"},
    {"ended-by-office", [](const Talk&) { return Event(EndedByOffice{}); }, "!ee.!"},
    {"timer offer", [](const Talk& t) { return Event(TimerRang{{TimerKind::offer, key(t, 0)}}); }, "?*???"},
    {"timer post", [](const Talk& t) { return Event(TimerRang{{TimerKind::post, key(t, 0)}}); }, "?????"},
    {"timer connect", [](const Talk& t) { return Event(TimerRang{{TimerKind::connect, key(t, 0)}}); }, "?????"},
    {"timer retry", [](const Talk& t) { return Event(TimerRang{{TimerKind::retry, key(t, 0)}}); }, "?????"},
    {"timer tell", [](const Talk&) { return Event(TimerRang{{TimerKind::tell, {}}}); }, "*****"},
    {"timer remember", [](const Talk&) { return Event(TimerRang{{TimerKind::remember, {}}}); }, ".**.."},
    {"timer presence", [](const Talk&) { return Event(TimerRang{{TimerKind::presence, {}}}); }, "....."},
    {"timer call", [](const Talk&) { return Event(TimerRang{{TimerKind::call, {}}}); }, ".ee.."},
    {"timer reassure", [](const Talk&) { return Event(TimerRang{{TimerKind::reassure, {}}}); }, ".v..."},
    {"timer notice", [](const Talk&) { return Event(TimerRang{{TimerKind::notice, {}}}); }, "....."},
    {"timer teardown", [](const Talk&) { return Event(TimerRang{{TimerKind::teardown, {}}}); }, "....."},
    {"timer farewell", [](const Talk&) { return Event(TimerRang{{TimerKind::farewell, {}}}); }, "....."},
    {"timer ended", [](const Talk&) { return Event(TimerRang{{TimerKind::ended, {}}}); }, "....."},
    {"agenda-seen", [](const Talk&) { return Event(AgendaSeen{}); }, "....."},
    {"service-set, out", [](const Talk&) { return Event(ServiceSet{false}); }, "o...."},
    {"service-set, in", [](const Talk&) { return Event(ServiceSet{true}); }, "....i"},
};
// clang-format on

void enter(Talk& talk, int phase) {
  switch (phase) {
    case 0: return talk.ready();
    case 1:
      talk.call();
      talk(SeatsSeen{{{"counsellor", true, "s1"}}});
      return;
    case 2: return talk.talk();
    case 3: return talk.end();
    default: return talk.out_of_service();
  }
}

}  // namespace

TEST_CASE("every event in every phase") {
  for (const Row& row : kRows) {
    std::string outcome;
    for (int phase = 0; phase < 5; ++phase) {
      Talk talk;
      enter(talk, phase);
      if (phase == 1 && std::string(row.what) == "posted") talk.offer(0);
      if (phase == 1 && std::string(row.what) == "seat-joined") talk(SeatJoined{"counsellor", "s1"});
      const Phase before = talk.state.phase;
      const View seen = view(talk.state);
      const std::string words = talk(row.event(talk));
      char result = '.';
      if (words.find("illegal") != std::string::npos) result = '!';
      else if (words.find("stale") != std::string::npos) result = '?';
      else if (talk.state.phase != before) result = letter(talk.state.phase);
      else if (!words.empty()) result = '*';
      else if (view(talk.state) != seen) result = 'v';
      outcome += result;
    }
    INFO(row.what);
    CHECK(outcome == row.outcome);
  }
}

TEST_CASE("the table knows every event") {
  std::map<std::string_view, int> seen;
  const Talk talk;
  for (const Row& row : kRows) ++seen[name(row.event(talk))];
  CHECK(seen.size() == std::variant_size_v<Event>);
}

TEST_CASE("whatever happens in whatever order, camera and microphone are open only under a clock") {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same walks each time
  for (int walk = 0; walk < 500; ++walk) {
    Talk talk;
    bool call_timer = false;
    std::string story;
    const auto apply = [&](const Event& event) {
      story += std::string(name(event)) + ' ';
      if (const auto* rang = std::get_if<TimerRang>(&event)) {
        if (rang->timer.kind == TimerKind::call && !std::exchange(call_timer, false)) return;
      }
      talk(event);
      for (const Action& action : talk.last) {
        const auto* set = std::get_if<SetTimer>(&action);
        const auto* cleared = std::get_if<ClearTimer>(&action);
        if (set != nullptr && set->timer.kind == TimerKind::call) call_timer = true;
        if (cleared != nullptr && cleared->timer.kind == TimerKind::call) call_timer = false;
      }
      bool up = false;
      for (const Leg& leg : talk.state.legs) up = up || leg.state == LegState::up;
      const bool talking = talk.state.phase == Phase::talking;
      if (talk.state.phase != Phase::calling && !(talking && !up)) return;
      INFO("walk " << walk << ": " << story);
      REQUIRE(call_timer);
    };
    apply(MediaReady{});
    apply(Pressed{desk_plan()});
    apply(SeatsSeen{{{"counsellor", true, "s1"}}});
    for (const std::uint32_t leg : {0U, 1U}) {
      apply(Offered{talk.key(leg), "sdp"});
      apply(Posted{talk.key(leg), "answer", "http://desk/r"});
      apply(Connected{talk.key(leg)});
    }
    apply(FirstFrame{talk.key(1)});
    REQUIRE(talk.state.phase == Phase::talking);
    for (int i = 0; i < 60; ++i) {
      const Row& row = kRows[random() % std::size(kRows)];
      const Event event = row.event(talk);
      if (std::holds_alternative<LongPressed>(event) || std::holds_alternative<EndedByOffice>(event) ||
          std::holds_alternative<ShutDown>(event)) {
        continue;
      }
      apply(event);
    }
  }
}
