// SPDX-License-Identifier: Apache-2.0
// What people see of a state. Pure.
#include <algorithm>

#include "firmware/session/state.hpp"

namespace madoguchi::session {

namespace {

std::optional<Fault> worst(const std::set<LegFault>& faults) {
  const auto found = std::max_element(faults.begin(), faults.end(), [](const LegFault& a, const LegFault& b) {
    return info(a.fault).severity < info(b.fault).severity;
  });
  return found == faults.end() ? std::nullopt : std::optional(found->fault);
}

std::string ended_card(EndReason reason) {
  switch (reason) {
    case EndReason::far_left: return "ended-left";
    case EndReason::by_office: return "ended-office";
    case EndReason::cancelled: return "ended-cancelled";
    case EndReason::no_answer: return "ended-no-answer";
    case EndReason::lost: return "ended-lost";
    case EndReason::not_found: return "ended-not-found";
    case EndReason::unverified: return "ended-unverified";
    case EndReason::none:
    case EndReason::by_room: break;
  }
  return "ended";
}

std::string idle_card(const State& state) {
  if (state.notice == Notice::nothing_open) {
    if (state.agenda.clock_wrong) return "clock-wrong";
    if (state.agenda.start) return "too-early";
    return state.agenda.unread ? "nothing-known" : "nothing-open";
  }
  if (state.farewell) return ended_card(state.farewell->reason);
  if (!state.media_ready) return "starting";
  if (state.agenda.open_now) return "ready";
  if (state.agenda.clock_wrong) return "clock-wrong";
  if (state.agenda.start) return "next";
  return state.agenda.unread ? "bookings-unread" : "no-bookings";
}

std::string calling_card(const State& state, const std::optional<Fault>& fault) {
  if (fault && info(*fault).severity == Severity::error) return "trouble";
  // Hands can mend it while the call goes on; what comes back by itself in a moment is not worth a card.
  if (state.camera_fault && info(*state.camera_fault).severity == Severity::error) return "camera-trouble";
  if (state.notice == Notice::already_calling || state.reassure) return "calling-long";
  const bool somebody = std::any_of(state.seats.begin(), state.seats.end(), [](const Seat& s) { return s.present; });
  if (somebody) return "connecting";
  const bool nobody = std::all_of(state.seats.begin(), state.seats.end(), [](const Seat& s) { return s.known; });
  return nobody && !state.ringing ? "calling-absent" : "calling";
}

/// The far side is heard, and no picture of it moves any more.
bool picture_stands(const State& state) {
  const auto moves = [](const Leg& leg) {
    return leg.direction == Direction::play && leg.state == LegState::up && !leg.picture_stands;
  };
  return std::none_of(state.legs.begin(), state.legs.end(), moves);
}

bool is_weak(const State& state) {
  return std::any_of(state.legs.begin(), state.legs.end(), [](const Leg& leg) {
    return leg.direction == Direction::play && leg.state == LegState::up && leg.weak;
  });
}

/// Nobody's picture has come in this talk.
bool sound_only(const State& state) {
  return std::none_of(state.legs.begin(), state.legs.end(), [](const Leg& leg) {
    return leg.direction == Direction::play && leg.state == LegState::up && leg.picture_seen;
  });
}

/// Just connected: its first picture may be on the way.
bool picture_awaited(const State& state) {
  return sound_only(state) && std::any_of(state.legs.begin(), state.legs.end(), [](const Leg& leg) {
           return leg.direction == Direction::play && leg.state == LegState::up && leg.reports_up < kPictureless;
         });
}

/// What the card over the far side's picture is about: one thing, the most urgent first.
std::string talking_card(const State& state) {
  if (state.notice == Notice::hold_to_end) return "hold-to-end";
  if (state.staff_wanted) return "staff-wanted";
  if (state.on_hold) return "on-hold";
  if (state.muted) return "muted";
  if (state.camera_fault) return "camera-trouble";
  if (state.far_paused.sound && state.far_paused.picture) return "far-paused";
  if (state.far_paused.sound) return "far-silent";
  if (!state.banner.empty()) return "banner";
  if (state.far_paused.picture) return "far-hidden";
  if (picture_stands(state)) return "picture-stands";
  if (state.notice == Notice::talk_begins) return "talk-begins";
  if (picture_awaited(state)) return "reconnecting";
  if (sound_only(state)) return "sound-only";
  return is_weak(state) ? "weak" : "talking";
}

}  // namespace

View view(const State& state) {
  View result;
  result.fault = worst(state.faults);
  result.pulse = state.notice != Notice::none && state.notice != Notice::talk_begins;
  switch (state.phase) {
    case Phase::idle:
      result.card = idle_card(state);
      if (result.card == "bookings-unread" || result.card == "nothing-known") result.fault = state.agenda.why_unread;
      break;
    case Phase::out_of_service:
      result.card = "out-of-service";
      result.fault = state.service_fault;
      break;
    case Phase::calling:
      result.pulse = true;
      result.card = calling_card(state, result.fault);
      if (result.card == "camera-trouble") result.fault = state.camera_fault;
      break;
    case Phase::talking:
      if (!any_up(state, Direction::play)) {
        result.pulse = true;
        const bool handed =
            std::any_of(state.seats.begin(), state.seats.end(), [](const Seat& seat) { return seat.handing_over; });
        result.card = handed ? "handing-over" : "reconnecting";
        break;
      }
      // Where nothing is to be seen of the far side, words fill the screen instead of black.
      result.over_picture = !state.on_hold && !state.far_paused.picture && !sound_only(state);
      result.listeners = state.listeners;
      result.card = talking_card(state);
      if (result.card == "camera-trouble") result.fault = state.camera_fault;
      result.banner = state.banner;
      break;
    case Phase::ending:
      result.card = state.pending ? "calling" : ended_card(state.end_reason);
      result.pulse = result.pulse || state.pending.has_value();
      break;
  }
  return result;
}

}  // namespace madoguchi::session
