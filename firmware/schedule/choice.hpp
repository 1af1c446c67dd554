// SPDX-License-Identifier: Apache-2.0
// Which consultation a press joins, and what the idle card says of it. Remembers what has been talked already. No I/O.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "firmware/schedule/agenda.hpp"

namespace madoguchi::schedule {

/// Of the consultation that is open, or of the next one.
struct Outlook {
  bool open_now = false;  ///< a press would join it, and it was not talked yet
  std::optional<WallTime> start, end;
};

class Choice {
 public:
  /// A press joins from so long before the start.
  explicit Choice(std::chrono::milliseconds window_before) : window_before_(window_before) {}

  /// What a press at `now` joins; nullptr: nothing is open. Valid as long as the agenda.
  [[nodiscard]] const Consultation* open(const Agenda& agenda, WallTime now) const;
  [[nodiscard]] Outlook outlook(const Agenda& agenda, WallTime now) const;

  /// The talk of this consultation has begun, and has ended: a talk that was ended early gives way to another booking that
  /// is open, and can be called again where there is none. One that the hall ended at `now` is what a press of the next
  /// minute returns to: it was let go too soon. A call that nobody answered changes nothing.
  void talking(const std::string& consultation) { talked_ = consultation; }
  void ended(const std::string& consultation, bool by_hall, WallTime now);
  /// What the agenda does not know any more needs no memory; nor what it knows as another: a talk that was a trial gives
  /// its booking back.
  void forget_all_but(const Agenda& agenda);

 private:
  std::chrono::milliseconds window_before_;
  std::string talked_;
  std::set<std::string> held_;
  std::map<std::string, int> sequences_;  ///< of those in held_, since the agenda was first seen after their end
  std::string returns_;                   ///< until then
  WallTime returns_until_{};
};

}  // namespace madoguchi::schedule
