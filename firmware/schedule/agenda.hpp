// SPDX-License-Identifier: Apache-2.0
// The consultations that a box knows: times, status, seats; no names. Plain values, no I/O.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace madoguchi::schedule {

struct Seat {
  std::string id;             ///< "counsellor"
  std::string role;           ///< "相談員"
  std::string publish, play;  ///< absolute URLs, "" = none
};

enum class Status { confirmed, tentative, cancelled };
std::string_view name(Status status);

struct Consultation {
  std::string id;    ///< 16 hex digits out of feed, UID and occurrence
  std::string feed;  ///< its name
  WallTime start{}, end{};
  Status status = Status::confirmed;
  std::vector<Seat> seats;
  std::string events;        ///< absolute URL, "" = none
  std::string receipt = {};  ///< its receipt number, is_receipt(), "" = none
  int sequence = 0;          ///< RFC 5545 SEQUENCE: it goes up when the booking is another than it was
};

/// 1 to 12 digits.
bool is_receipt(std::string_view text);

/// A press joins from so long before the start until the end.
inline constexpr std::chrono::minutes kWindowBefore{30};

struct Agenda {
  std::vector<Consultation> consultations;  ///< sorted by start

  /// The one that a press at `now` joins: one that runs before one that is ahead; of those that run the latest to have
  /// started, of those ahead the nearest. Never a cancelled one, never one without a seat. One whose id is in `held`
  /// (it was talked and ended before its time) only when there is no other.
  [[nodiscard]] const Consultation* open_at(WallTime now, std::chrono::milliseconds before = kWindowBefore,
                                            const std::set<std::string>& held = {}) const;
  /// The nearest that is not open yet.
  [[nodiscard]] const Consultation* next_after(WallTime now, std::chrono::milliseconds before = kWindowBefore) const;
  [[nodiscard]] const Consultation* find(std::string_view id) const;
};

/// As the reading child writes it and as it lies on disk. The URLs in it may be secret.
json::bj::object to_json(const Agenda& agenda);
Result<Agenda> agenda_from_json(const json::bj::object& object);

}  // namespace madoguchi::schedule
