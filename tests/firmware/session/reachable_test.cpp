// SPDX-License-Identifier: Apache-2.0
// Every state that step() can get into, breadth first, with two seats, as far as the bound allows: what must hold in each,
// and after each event in each.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <unordered_set>

#include "firmware/session/lamp.hpp"
#include "tests/firmware/session/talk.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using madoguchi::test::kSlow;
using namespace madoguchi::session;

namespace {

constexpr std::size_t kStates = kSlow == 1 ? 60'000 : 20'000;  // sanitizers take four times as long, and find no more
constexpr std::size_t kStatesLong = 1'000'000;

/// The state, and what its surroundings would be by now.
struct World {
  State state;
  std::set<TimerKind> timers;   ///< of no leg
  std::set<std::size_t> rests;  ///< seats whose rejoin timer runs
  bool open = false;            ///< a camera process or a microphone
  bool media_muted = false;     ///< what the media process was told last; a fresh one was told nothing
  bool disk = false;            ///< a press is remembered

  [[nodiscard]] bool pressed() const {
    return state.phase == Phase::calling || state.phase == Phase::talking || state.pending.has_value();
  }
};

/// What no decision depends on is made the same, and epochs are numbered anew: else no two states would be equal.
void normalise(World& world) {
  State& state = world.state;
  std::uint32_t next = 0;
  for (Leg& leg : state.legs) {
    leg.failures = 0;
    if (leg.epoch != 0) leg.epoch = ++next;
    if (!leg.resource.empty()) leg.resource = "r";
  }
  std::set<std::uint32_t> dropping;
  for (std::size_t i = 0; i < std::min<std::size_t>(state.dropping.size(), 1); ++i) dropping.insert(++next);
  state.dropping = dropping;
  state.last_epoch = next;
  state.untold = 0;
  state.faults.clear();
  state.camera_fault.reset();
  state.notice = Notice::none;
  state.ringing = state.reassure = false;
  state.banner.clear();
  state.agenda = {};
  if (!state.pending) world.timers.erase(TimerKind::notice);
  for (const TimerKind kind : {TimerKind::notice, TimerKind::reassure}) world.timers.erase(kind);
}

std::string key_of(const World& world) {
  const State& s = world.state;
  std::string key;
  const auto add = [&key](auto value) { key += static_cast<char>('0' + static_cast<int>(value)); };
  add(s.phase);
  for (const bool flag : {s.media_ready, s.events_up, s.tell_due, s.presence_overdue, s.muted, s.on_hold,
                          s.devices_open, s.giving_up, s.farewell_read, s.pending.has_value(), s.shut_down, world.open,
                          world.media_muted, world.disk, !s.dropping.empty()}) {
    add(flag);
  }
  add(s.end_reason);
  for (const Seat& seat : s.seats) {
    for (const bool flag : {seat.known, seat.present, seat.resting, seat.owed, seat.session == "s2"}) add(flag);
  }
  for (const Leg& leg : s.legs) {
    add(leg.state);
    add(leg.timer ? static_cast<int>(*leg.timer) + 1 : 0);
    for (const bool flag : {leg.peer, leg.unpublished, leg.picture_stands, leg.epoch != 0}) add(flag);
  }
  for (const TimerKind kind : world.timers) add(static_cast<int>(kind) + 20);
  for (const std::size_t seat : world.rests) add(seat + 60);
  return key;
}

std::vector<Event> events_of(const World& world) {
  using std::chrono::minutes;
  const State& state = world.state;
  std::vector<Event> events = {Pressed{two_seats()},
                               Pressed{},
                               LongPressed{},
                               MuteSet{true},
                               MuteSet{false},
                               MediaReady{},
                               MediaLost{},
                               CameraLost{},
                               Told{false},
                               EventsUp{},
                               EventsDown{},
                               SeatsSeen{{{"counsellor", true, "s1"}, {"specialist", false, ""}}},
                               SeatsSeen{{}},
                               SeatJoined{"counsellor", "s1"},
                               SeatJoined{"counsellor", "s2"},
                               SeatJoined{"specialist", "s1"},
                               SeatLeft{"counsellor"},
                               SeatLeft{"specialist"},
                               HoldSet{true},
                               HoldSet{false},
                               EndedByOffice{}};
  for (std::uint32_t i = 0; i < state.legs.size(); ++i) {
    const Leg& leg = state.legs[i];
    const LegKey key{i, leg.epoch};
    if (leg.timer) events.emplace_back(TimerRang{{*leg.timer, key}});
    if (leg.epoch == 0) continue;
    events.emplace_back(LegFailed{key, protocol::LegFailure::not_connected});
    if (leg.state == LegState::offering && leg.timer == TimerKind::offer) events.emplace_back(Offered{key, "sdp"});
    if (leg.state == LegState::offering) {
      events.emplace_back(Posted{key, "answer", "r"});
      for (const PostFailure failure : {PostFailure::not_found, PostFailure::busy, PostFailure::cut}) {
        events.emplace_back(PostFailed{key, failure, {}});
      }
    }
    if (leg.state == LegState::connecting) {
      events.emplace_back(LegFailed{key, protocol::LegFailure::fingerprint});
      events.emplace_back(Connected{key});
      events.emplace_back(FirstFrame{key});
    }
    if (leg.state == LegState::up) events.emplace_back(LegAge{key, minutes(1), minutes(1), minutes(1)});
  }
  if (state.phase == Phase::ending && state.devices_open) events.emplace_back(DevicesClosed{});
  for (const std::uint32_t epoch : state.dropping) events.emplace_back(Dropped{{0, epoch}});
  for (const TimerKind kind : world.timers) events.emplace_back(TimerRang{{kind, {}}});
  for (const std::size_t seat : world.rests) {
    events.emplace_back(TimerRang{{TimerKind::rejoin, {static_cast<std::uint32_t>(seat), 0}}});
  }
  return events;
}

/// The event and what it makes the surroundings do.
Actions apply(World& world, const Event& event) {
  static const Settings kSettings;
  if (const auto* rang = std::get_if<TimerRang>(&event)) {
    world.timers.erase(rang->timer.kind);
    if (rang->timer.kind == TimerKind::rejoin) world.rests.erase(rang->timer.key.leg);
    if (rang->timer.kind == TimerKind::teardown) world.open = false;  // the process is replaced, the camera's killed
  }
  if (std::holds_alternative<MediaReady>(event)) world.media_muted = false;
  if (std::holds_alternative<DevicesClosed>(event)) world.open = false;
  Actions actions = step(world.state, event, kSettings);
  for (const Action& action : actions) {
    if (const auto* set = std::get_if<SetTimer>(&action)) {
      if (set->timer.kind == TimerKind::rejoin) world.rests.insert(set->timer.key.leg);
      else if (set->timer.key == LegKey{}) world.timers.insert(set->timer.kind);
    }
    if (const auto* clear = std::get_if<ClearTimer>(&action); clear != nullptr && clear->timer.key == LegKey{}) {
      world.timers.erase(clear->timer.kind);
    }
    if (std::holds_alternative<OpenDevices>(action)) world.open = true;
    if (const auto* mute = std::get_if<SetMute>(&action)) world.media_muted = mute->muted;
    if (std::holds_alternative<RememberPress>(action)) world.disk = true;
    if (std::holds_alternative<ForgetPress>(action)) world.disk = false;
  }
  return actions;
}

template <class T>
bool has(const Actions& actions) {
  return std::any_of(actions.begin(), actions.end(), [](const Action& a) { return std::holds_alternative<T>(a); });
}

bool sets_call(const Actions& actions) {
  return std::any_of(actions.begin(), actions.end(), [](const Action& action) {
    const auto* set = std::get_if<SetTimer>(&action);
    return set != nullptr && set->timer.kind == TimerKind::call;
  });
}

bool in_touch(const State& state) {
  return std::any_of(state.legs.begin(), state.legs.end(),
                     [](const Leg& leg) { return leg.direction == Direction::play && leg.state == LegState::up; });
}

/// What must hold in every state: "" or what does not.
std::string wrong_with(const World& world) {
  const State& state = world.state;
  const bool consults = state.phase == Phase::calling || state.phase == Phase::talking;
  if (world.open && lamp_for(view(state), true, true).mode != board::Lamp::Mode::steady) return "open without the lamp";
  if (state.devices_open && !world.open) return "devices are thought open";
  if (world.open && state.phase == Phase::idle) return "open while idle";
  if (consults && state.media_ready && world.media_muted != (state.muted || state.on_hold))
    return "not as mute as said";
  if (consults && !in_touch(state) && world.timers.count(TimerKind::call) == 0) return "out of touch without a clock";
  if (world.disk != world.pressed()) return "the disk says something else";
  return {};
}

/// What must hold of a transition.
std::string wrong_with(const World& before, const Event& event, const Actions& actions, const World& after) {
  const State &was = before.state, &is = after.state;
  const bool begins = is.phase == Phase::calling && was.phase != Phase::calling;
  const bool pressed = std::holds_alternative<Pressed>(event);
  if (has<OpenDevices>(actions) && !pressed && !was.pending) return "opened without a press";
  if ((has<MakeOffer>(actions) || has<PostOffer>(actions)) && is.phase != Phase::calling &&
      is.phase != Phase::talking) {
    return "offered outside of a consultation";
  }
  if (sets_call(actions) && !begins && (was.giving_up || !is.giving_up)) return "the clock of a call was set anew";
  if (was.giving_up && !is.giving_up && is.phase == Phase::talking && !in_touch(is)) return "the clock was taken back";
  // The daemon dies after each of the actions, and comes back to what the disk says by then.
  bool disk = before.disk;
  for (const Action& action : actions) {
    if (std::holds_alternative<RememberPress>(action)) disk = true;
    if (std::holds_alternative<ForgetPress>(action)) disk = false;
    if (std::holds_alternative<ClearTimer>(action)) continue;  // nobody sees it
    if (disk && !before.pressed() && !after.pressed()) return "a press that was ended comes back";
    if (disk && !after.pressed() && std::holds_alternative<LongPressed>(event)) return "a long press is not kept first";
  }
  return {};
}

/// The daemon is ended in order, or dies, and starts again: it opens what was pressed and not ended, and nothing else.
std::string wrong_after_restart(const World& world) {
  World ended = world;
  if (!apply(ended, ShutDown{}).empty()) return "the shutdown does something";
  for (const Event& event : {Event(Pressed{two_seats()}), Event(LongPressed{}), Event(MediaReady{}), Event(MediaLost{}),
                             Event(DevicesClosed{}), Event(TimerRang{{TimerKind::call, {}}})}) {
    if (!apply(ended, event).empty()) return fmt::format("{} does something after the shutdown", name(event));
  }
  World again;
  apply(again, MediaReady{});
  if (world.disk) apply(again, Resumed{two_seats()});
  if (again.open != world.pressed()) return "after a restart something else is open";
  return {};
}

/// Children die and timers ring, and nothing else happens any more.
bool comes_to_rest(World world) {
  for (const Event& loss : {Event(MediaLost{}), Event(CameraLost{})}) apply(world, loss);
  for (int round = 0; round < 60; ++round) {
    if (world.state.phase == Phase::idle && !world.open) return true;
    std::vector<Event> rings;
    for (const Event& event : events_of(world)) {
      if (std::holds_alternative<TimerRang>(event)) rings.push_back(event);
    }
    for (const Event& ring : rings) apply(world, ring);
  }
  return false;
}

}  // namespace

TEST_CASE("in every state that can be reached: the lamp, the press, the mute and the clock are true") {
  const std::size_t most = std::getenv("MADOGUCHI_LONG") != nullptr ? kStatesLong : kStates;
  std::unordered_set<std::string> seen;
  std::deque<World> next;
  World start;
  next.push_back(start);
  seen.insert(key_of(start));
  std::size_t transitions = 0, talks = 0;
  while (!next.empty()) {
    const World world = std::move(next.front());
    next.pop_front();
    if (world.state.phase == Phase::talking) ++talks;
    if (const std::string wrong = wrong_after_restart(world); !wrong.empty()) {
      CAPTURE(key_of(world));
      FAIL(wrong);
    }
    if (!comes_to_rest(world)) {
      CAPTURE(key_of(world));
      FAIL("it never comes to rest");
    }
    for (const Event& event : events_of(world)) {
      World after = world;
      const Actions actions = apply(after, event);
      ++transitions;
      std::string wrong = wrong_with(world, event, actions, after);
      if (wrong.empty()) wrong = wrong_with(after);
      if (!wrong.empty()) {
        INFO(name(event) << " in " << name(world.state.phase) << ", key " << key_of(world));
        FAIL(wrong);
      }
      normalise(after);
      if (seen.size() < most && seen.insert(key_of(after)).second) next.push_back(std::move(after));
    }
  }
  WARN(seen.size() << " states, " << transitions << " transitions");
  CHECK(talks > 100);
}

TEST_CASE("the walk sees what it looks for") {
  World world;
  apply(world, MediaReady{});
  apply(world, Pressed{two_seats()});
  REQUIRE(wrong_with(world).empty());
  World dark = world;
  dark.state.phase = Phase::idle;
  CHECK_FALSE(wrong_with(dark).empty());
  World clockless = world;
  clockless.timers.clear();
  CHECK(wrong_with(clockless) == "out of touch without a clock");
  CHECK_FALSE(comes_to_rest(clockless));
  World loud = world;
  loud.state.muted = true;
  CHECK(wrong_with(loud) == "not as mute as said");
  World forgetful = world;
  forgetful.disk = false;
  CHECK(wrong_with(forgetful) == "the disk says something else");
  CHECK(wrong_after_restart(forgetful) == "after a restart something else is open");
  World ended = world;
  apply(ended, LongPressed{});
  CHECK(wrong_with(world, LongPressed{}, {CloseDevices{}, ForgetPress{}}, ended) == "a long press is not kept first");
  CHECK(wrong_with(ended, EventsUp{}, {RememberPress{}}, ended) == "a press that was ended comes back");
  CHECK(wrong_with(World{}, EventsUp{}, {OpenDevices{}}, world) == "opened without a press");
  CHECK(wrong_with(world, FirstRtp{}, {SetTimer{{TimerKind::call, {}}, {}}}, world) ==
        "the clock of a call was set anew");
}
