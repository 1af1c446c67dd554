// SPDX-License-Identifier: Apache-2.0
// From one phase to the next: how a consultation begins, becomes a talk, is given up and ends. Pure.
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
  state.end_reason = EndReason::none;
  state.muted = state.on_hold = state.ringing = state.reassure = false;
  state.presence_overdue = state.farewell_read = state.giving_up = false;
  state.pending.reset();
  state.seats.clear();
  state.legs.clear();
  for (const SeatPlan& seat : plan.seats) {
    const std::size_t index = state.seats.size();
    state.seats.push_back(Seat{seat, false, false, false, false, {}});
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
  clear_timer(TimerKind::call);
  state.giving_up = false;
  if (state.phase != Phase::calling) return;
  state.phase = Phase::talking;
  state.notice = Notice::none;
  state.reassure = false;
  clear_timer(TimerKind::reassure);
  if (!state.plan->events.empty()) actions.emplace_back(PostEvent{state.plan->events, "talking"});
}

bool Step::leg_of_seat_is(const Seat& seat, LegState wanted) const {
  const auto index = static_cast<std::size_t>(&seat - state.seats.data());
  return std::any_of(state.legs.begin(), state.legs.end(),
                     [&](const Leg& leg) { return leg.seat == index && leg.state == wanted; });
}

bool Step::nobody_there() const {
  return std::none_of(state.seats.begin(), state.seats.end(), [this](const Seat& seat) {
    return !seat.known || seat.present || leg_of_seat_is(seat, LegState::up);
  });
}

void Step::give_up_one_day() {
  if (state.phase != Phase::talking || in_touch()) return;
  if (nobody_there()) return end(EndReason::far_left, "ended");
  if (!std::exchange(state.giving_up, true)) set_timer(TimerKind::call, settings.call_for);
}

void Step::end(EndReason reason, const std::string& tell) {
  // The disk first: whatever hangs after it, and whenever the daemon dies, this press never opens anything again.
  actions.emplace_back(ForgetPress{});
  actions.emplace_back(CloseDevices{});
  if (!tell.empty() && !state.plan->events.empty()) actions.emplace_back(PostEvent{state.plan->events, tell});
  for (Leg& leg : state.legs) stop(leg, LegState::closed);
  state.phase = Phase::ending;
  state.end_reason = reason;
  state.notice = Notice::none;
  state.banner.clear();
  state.farewell_read = false;
  for (const TimerKind kind :
       {TimerKind::call, TimerKind::reassure, TimerKind::presence, TimerKind::notice, TimerKind::remember}) {
    clear_timer(kind);
  }
  set_timer(TimerKind::teardown, settings.teardown_within);
  set_timer(TimerKind::farewell, settings.farewell_for);
}

void Step::finish_ending() {
  if (!state.dropping.empty() || state.devices_open) return;
  clear_timer(TimerKind::teardown);
  if (!state.farewell_read && !state.pending) return;
  clear_timer(TimerKind::farewell);
  clear_timer(TimerKind::notice);
  const std::set<LegFault> faults = state.faults;
  for (const LegFault& fault : faults) clear(fault);
  state.phase = Phase::idle;
  state.plan.reset();
  state.seats.clear();
  state.legs.clear();
  state.end_reason = EndReason::none;
  state.muted = state.on_hold = false;
  state.media_ready = false;  // until the fresh process says so
  actions.emplace_back(ReplaceMedia{});
  if (!state.pending) return;
  const Plan plan = *state.pending;
  begin(plan);
}

}  // namespace madoguchi::session
