// SPDX-License-Identifier: Apache-2.0
// How a consultation ends: who has left, what is hopeless, what is given up, and what is taken down. Pure.
#include <algorithm>
#include <utility>

#include "firmware/session/legs.hpp"

namespace madoguchi::session {

void Step::clear_office_faults(const Leg& leg) {
  for (const Fault fault : {Fault::office_not_found, Fault::office_busy, Fault::office_error, Fault::office_refused,
                            Fault::office_no_location, Fault::office_empty_reply, Fault::office_late, Fault::office_cut,
                            Fault::office_protocol, Fault::office_tls, Fault::office_host_unknown, Fault::office_down,
                            Fault::network_unreachable}) {
    clear(fault, &leg);
  }
}

bool Step::hopeless() const {
  const auto is_closed = [](const Leg& leg) { return leg.state == LegState::closed; };
  return std::any_of(state.legs.begin(), state.legs.end(), is_closed) &&
         std::all_of(state.legs.begin(), state.legs.end(),
                     [&](const Leg& leg) { return is_closed(leg) || leg.unpublished; });
}

void Step::unverified(Leg& leg) {
  raise(Fault::far_end_unverified, &leg);
  const std::size_t seat = leg.seat;
  for (Leg& each : state.legs) {
    if (each.seat == seat && each.state != LegState::closed) stop(each, LegState::closed);
  }
  if (hopeless()) return end(EndReason::unverified, state.phase == Phase::talking ? "ended" : "cancelled");
  give_up_one_day();
}

void Step::nobody_left() {
  if (state.phase == Phase::calling && nobody_there()) {
    for (const Leg& leg : state.legs) clear_office_faults(leg);
  }
  give_up_one_day();
}

bool Step::nobody_there() const {
  return std::none_of(state.seats.begin(), state.seats.end(), [this](const Seat& seat) {
    return !seat.known || seat.present || seat.handing_over || leg_of_seat_is(seat, LegState::up);
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
  state.far_paused = {};
  state.listeners.clear();
  state.staff_wanted = false;
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
  const std::string role = state.seats.empty() ? std::string() : state.seats.front().plan.role;
  state.farewell = Farewell{state.end_reason, state.plan ? state.plan->receipt : std::string(), role};
  state.plan.reset();
  state.seats.clear();
  state.legs.clear();
  state.end_reason = EndReason::none;
  state.muted = state.on_hold = false;
  state.media_ready = false;  // until the fresh process says so
  actions.emplace_back(ReplaceMedia{});
  // From here, not from the end of the talk: taking down may last longer than the card is to stand.
  if (!state.pending) return set_timer(TimerKind::ended, settings.ended_for);
  const Plan plan = *state.pending;
  begin(plan);
}

}  // namespace madoguchi::session
