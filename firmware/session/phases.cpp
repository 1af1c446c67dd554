// SPDX-License-Identifier: Apache-2.0
// How a consultation begins and becomes a talk. Pure.
#include <algorithm>
#include <utility>

#include "firmware/session/legs.hpp"

namespace madoguchi::session {

namespace {
constexpr std::chrono::minutes kRememberEvery{1};  // well within kGoesOnWithin
}  // namespace

void Step::begin(const Plan& plan) {
  state.phase = Phase::calling;
  state.plan = plan;
  state.notice = Notice::none;
  state.banner.clear();
  state.far_paused = {};
  state.farewell.reset();
  clear_timer(TimerKind::ended);
  state.listeners.clear();
  state.staff_wanted = false;
  state.end_reason = EndReason::none;
  state.muted = state.on_hold = state.ringing = state.reassure = false;
  state.presence_overdue = state.farewell_read = state.giving_up = false;
  state.pending.reset();
  state.seats.clear();
  state.legs.clear();
  for (const SeatPlan& seat : plan.seats) {
    const std::size_t index = state.seats.size();
    state.seats.push_back(Seat{seat, false, false, false, false, false, {}});
    for (const Direction direction : {Direction::publish, Direction::play}) {
      if ((direction == Direction::publish ? seat.publish : seat.play).empty()) continue;
      Leg leg;
      leg.seat = index;
      leg.direction = direction;
      state.legs.push_back(leg);
    }
  }
  state.devices_open = true;
  clear_timer(TimerKind::notice);
  remember();
  actions.emplace_back(OpenDevices{});
  if (plan.events.empty()) {
    start_legs();
  } else {
    // The stream, when it is open already, repeats its snapshot at once: seats that are there are offered to then.
    set_timer(TimerKind::presence, settings.presence_within);
    actions.emplace_back(OpenEvents{plan.events});
    actions.emplace_back(PostEvent{plan.events, "calling"});
  }
  // From the press on: whatever comes and goes meanwhile, only the far side's media stops it.
  set_timer(TimerKind::call, settings.call_for);
  set_timer(TimerKind::reassure, settings.reassure_after);
}

void Step::remember() {
  actions.emplace_back(RememberPress{*state.plan});
  set_timer(TimerKind::remember, kRememberEvery);
}

bool Step::is_talk(const Leg& leg) const {
  return leg.direction == Direction::play || state.seats[leg.seat].plan.play.empty();
}

bool Step::in_touch() const {
  return std::any_of(state.legs.begin(), state.legs.end(),
                     [this](const Leg& leg) { return leg.state == LegState::up && is_talk(leg); });
}

void Step::leg_up(Leg& leg) {
  clear_timer(leg);
  leg.state = LegState::up;
  leg.failures = 0;
  leg.unpublished = false;
  for (const Fault fault : {Fault::connection_failed, Fault::connection_lost, Fault::office_answer_invalid,
                            Fault::office_answer_inactive, Fault::offer_failed}) {
    clear(fault, &leg);
  }
  if (!is_talk(leg)) return;
  const bool another = std::exchange(state.seats[leg.seat].handing_over, false);
  clear_timer(TimerKind::call);
  state.giving_up = false;
  if (another || state.phase == Phase::calling) {
    state.notice = Notice::talk_begins;
    set_timer(TimerKind::notice, settings.notice_for);
  }
  if (state.phase != Phase::calling) return;
  state.phase = Phase::talking;
  state.reassure = false;
  clear_timer(TimerKind::reassure);
  if (!state.plan->events.empty()) actions.emplace_back(PostEvent{state.plan->events, "talking"});
}

bool Step::leg_of_seat_is(const Seat& seat, LegState wanted) const {
  const auto index = static_cast<std::size_t>(&seat - state.seats.data());
  return std::any_of(state.legs.begin(), state.legs.end(),
                     [&](const Leg& leg) { return leg.seat == index && leg.state == wanted; });
}

}  // namespace madoguchi::session
