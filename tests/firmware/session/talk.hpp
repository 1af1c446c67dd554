// SPDX-License-Identifier: Apache-2.0
// A consultation driven event by event, for the tables: what was wanted, in words.
#pragma once

#include <fmt/format.h>

#include <string>

#include "firmware/session/state.hpp"

namespace madoguchi::session {

inline Plan desk_plan() {
  Plan plan;
  plan.consultation = "c1";
  plan.events = "http://desk/events/r";
  plan.seats = {{"counsellor", "相談員", "http://desk/whip/r/counsellor", "http://desk/whep/r/counsellor"}};
  return plan;
}

/// The counsellor's seat and a specialist's.
inline Plan two_seats() {
  Plan plan = desk_plan();
  plan.seats.push_back({"specialist", "専門家", "http://desk/whip/r/specialist", "http://desk/whep/r/specialist"});
  return plan;
}

/// A plain media server: no events.
inline Plan plain_plan() {
  Plan plan = desk_plan();
  plan.events.clear();
  return plan;
}

inline std::string brief(const Action& action) {
  const std::string_view what = name(action);
  if (const auto* timer = std::get_if<SetTimer>(&action)) {
    return fmt::format("+{}", name(timer->timer.kind));
  }
  if (const auto* timer = std::get_if<ClearTimer>(&action)) return fmt::format("-{}", name(timer->timer.kind));
  if (const auto* make = std::get_if<MakeOffer>(&action)) return fmt::format("make-offer:{}", make->key.leg);
  if (const auto* post = std::get_if<PostOffer>(&action)) return fmt::format("post-offer:{}", post->key.leg);
  if (const auto* drop = std::get_if<DropLeg>(&action)) return fmt::format("drop-leg:{}", drop->key.leg);
  if (const auto* fault = std::get_if<RaiseFault>(&action)) return fmt::format("raise:{}", info(fault->fault).code);
  if (const auto* fault = std::get_if<ClearFault>(&action)) return fmt::format("clear:{}", info(fault->fault).code);
  if (const auto* event = std::get_if<PostEvent>(&action)) return fmt::format("tell:{}", event->type);
  if (const auto* mute = std::get_if<SetMute>(&action)) return mute->muted ? "mute" : "unmute";
  if (const auto* ignored = std::get_if<Ignored>(&action)) {
    return ignored->why == Ignored::Why::illegal ? "illegal" : "stale";
  }
  return std::string(what);
}

class Talk {
 public:
  State state;
  Settings settings;
  Actions last;

  /// Applies the event; the wanted actions in words, without the clearing of timers.
  std::string operator()(const Event& event) {
    last = step(state, event, settings);
    std::string words;
    for (const Action& action : last) {
      if (std::holds_alternative<ClearTimer>(action)) continue;
      if (!words.empty()) words += ' ';
      words += brief(action);
    }
    return words;
  }

  [[nodiscard]] LegKey key(std::uint32_t leg) const { return {leg, state.legs.at(leg).epoch}; }
  [[nodiscard]] std::chrono::milliseconds delay(TimerKind kind) const {
    for (const Action& action : last) {
      const auto* timer = std::get_if<SetTimer>(&action);
      if (timer != nullptr && timer->timer.kind == kind) return timer->delay;
    }
    return std::chrono::milliseconds(-1);
  }
  [[nodiscard]] std::string legs() const {
    std::string words;
    for (const Leg& leg : state.legs) words += fmt::format("{}{}", words.empty() ? "" : " ", name(leg.state));
    return words;
  }

  // Ways into each phase.
  void ready() { (*this)(MediaReady{}); }
  void call() {
    ready();
    (*this)(Pressed{desk_plan()});
  }
  void offer(std::uint32_t leg) { (*this)(Offered{key(leg), "offer"}); }
  void answer(std::uint32_t leg) { (*this)(Posted{key(leg), "answer", fmt::format("http://desk/resource/{}", leg)}); }
  void connect_both() {
    (*this)(SeatsSeen{{{"counsellor", true, "s1"}}});
    for (const std::uint32_t leg : {0U, 1U}) {
      offer(leg);
      answer(leg);
      (*this)(Connected{key(leg)});
    }
    (*this)(TimerRang{{TimerKind::rejoin, {0, 0}}});
    (*this)(FirstRtp{key(0)});
    (*this)(FirstFrame{key(1)});
    (*this)(TimerRang{{TimerKind::notice, {}}});  // the words at the start have gone
  }
  void talk() {
    call();
    connect_both();
  }
  void end() {
    talk();
    (*this)(LongPressed{});
  }
  void out_of_service() {
    ready();
    (*this)(ServiceSet{false});
  }
};

}  // namespace madoguchi::session
