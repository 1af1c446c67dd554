// SPDX-License-Identifier: Apache-2.0
// The small machine of each leg, and the actions collected by one step(). Private to this room.
#pragma once

#include "firmware/session/state.hpp"

namespace madoguchi::session {

/// One call of step(): the state that it changes, the actions that it wants.
struct Step {
  State& state;
  const Settings& settings;
  Actions actions;

  void set_timer(TimerKind kind, std::chrono::milliseconds delay) { actions.emplace_back(SetTimer{{kind, {}}, delay}); }
  void clear_timer(TimerKind kind) { actions.emplace_back(ClearTimer{{kind, {}}}); }
  void ignored(Ignored::Why why, const Event& event) { actions.emplace_back(Ignored{why, std::string(name(event))}); }
  /// Of the consultation as a whole, or of one leg.
  void raise(Fault fault, const Leg* leg = nullptr);
  void clear(Fault fault, const Leg* leg = nullptr);
  void clear(const LegFault& fault);
  /// Nobody asks for this leg any more, so nothing of it is amiss.
  void clear_all(const Leg& leg);

  // legs.cpp
  /// The leg that `key` means, or nullptr when it is of an older epoch.
  Leg* find(const LegKey& key);
  [[nodiscard]] LegKey key_of(const Leg& leg) const;
  [[nodiscard]] std::size_t index_of(const Leg& leg) const;
  /// Starts every leg that can be and is not yet.
  void start_legs();
  void start(Leg& leg);
  /// Takes the peer down and deletes the resource; the leg becomes `then`.
  void stop(Leg& leg, LegState then);
  /// stop(), then start() after a pause: at least `at_least`, else the back-off.
  void retry(Leg& leg, LegState meanwhile, std::chrono::milliseconds at_least);
  void set_timer(Leg& leg, TimerKind kind, std::chrono::milliseconds delay);
  void clear_timer(Leg& leg);
  /// Somebody sits down, or is said to sit there still. Another session than before means that the page was loaded anew:
  /// its peers are gone.
  void taken(Seat& seat, const std::string& session);
  void left(Seat& seat);
  /// Whoever sat down meanwhile is offered to now.
  void rested(Seat& seat);

  /// What becomes of a leg whose POST came to nothing.
  void post_failed(Leg& leg, const PostFailed& event);

  // phases.cpp
  void begin(const Plan& plan);
  void remember();
  /// A talk is when the far side's media comes; with a seat that only listens, when ours goes.
  [[nodiscard]] bool is_talk(const Leg& leg) const;
  [[nodiscard]] bool in_touch() const;
  void leg_up(Leg& leg);
  [[nodiscard]] bool leg_of_seat_is(const Seat& seat, LegState wanted) const;

  // ending.cpp
  /// What the office did wrong at this leg's offers is over.
  void clear_office_faults(const Leg& leg);
  /// Every leg is closed; or what is left only waits for somebody to send, where nobody takes what we send.
  [[nodiscard]] bool hopeless() const;
  /// The far end is not who the office says: this seat is not talked to any more.
  void unverified(Leg& leg);
  /// Ends a talk; in a call, where nothing is posted any more, what the office did wrong before is over.
  void nobody_left();
  /// The office says that every seat is empty, and no media says otherwise.
  [[nodiscard]] bool nobody_there() const;
  /// A talk out of touch: it ends when nobody is there; else camera and microphone do not stay open for ever, whatever is
  /// tried meanwhile.
  void give_up_one_day();
  /// `tell` the office, unless it is "".
  void end(EndReason reason, const std::string& tell);
  void finish_ending();
};

}  // namespace madoguchi::session
