// SPDX-License-Identifier: Apache-2.0
// How often somebody may try a password. A browser in which a counsellor has logged in before bears a device cookie, and
// counts for itself: others' guesses do not lock her out. On the desk's loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace madoguchi::desk {

struct AttemptLimits {
  int most_of_pair = 5;    ///< wrong ones of one name from one caller (callers.hpp), and of one device
  int most_of_name = 20;   ///< of one name, wherever they come from
  int most_of_block = 20;  ///< of one caller, whatever the name
  std::chrono::seconds counts_for{60};
  /// The oldest is forgotten; more than can be tried in that time, at the speed of the hash.
  std::size_t most_remembered = 20000;
  // Passwords that are looked at or wait for it; one more is told to come again.
  std::size_t most_waiting = 8;              ///< from browsers that nobody knows
  std::size_t most_waiting_with_device = 8;  ///< besides those
};

/// Who tries. The name as folded() makes it, also of somebody who is not there: both are counted alike.
struct Attempt {
  std::string name, block;
  std::string device;  ///< of this name, "" = none
};

class Attempts {
 public:
  Attempts(Clock& clock, AttemptLimits limits) : clock_(clock), limits_(limits) {}

  /// How long it must wait; nullopt: it may be looked at.
  [[nodiscard]] std::optional<std::chrono::seconds> refused(const Attempt& attempt) const;
  /// Is there no place to wait in?
  [[nodiscard]] bool is_full(const Attempt& attempt) const;
  /// Counted as wrong before the slow part, so that many at once are no way around the limits. Each is followed by ends().
  void begins(const Attempt& attempt);
  void ends(const Attempt& attempt, bool right);

 private:
  struct Failures {
    int count = 0;
    BootTime last{};
  };
  struct Limited {
    std::string key;
    int most = 0;
  };
  /// By what it is counted.
  [[nodiscard]] std::vector<Limited> limits_of(const Attempt& attempt) const;
  [[nodiscard]] bool still_counts(const Failures& failures) const {
    return clock_.boot() - failures.last <= limits_.counts_for;
  }
  Failures& failures_of(const std::string& key);

  Clock& clock_;
  AttemptLimits limits_;
  std::map<std::string, Failures> failures_;
  std::size_t waiting_ = 0, waiting_with_device_ = 0;
};

}  // namespace madoguchi::desk
