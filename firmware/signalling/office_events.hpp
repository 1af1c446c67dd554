// SPDX-License-Identifier: Apache-2.0
// What the office may tell a box about a consultation: a closed list (docs/desk-api.md). None can open a device. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace madoguchi::signalling {

struct SeatState {
  std::string seat;
  bool present = false;
  std::string session;
};
struct Seats {
  std::vector<SeatState> seats;
  std::vector<std::string> features;  ///< what the office understands of us beyond the first interface
};
struct SeatJoined {
  std::string seat, session;
};
struct SeatLeft {
  std::string seat;
  bool handover = false;  ///< a colleague sits down there at once
};
struct Ringing {
  std::string seat;
};
struct Hold {
  bool on = false;
};
struct Banner {
  std::string text;  ///< at most 120 characters, no control characters
};
/// What the far side does not send of its own will.
struct Paused {
  bool sound = false, picture = false;
};
/// The hall's staff are wanted.
struct Staff {
  bool on = false;
};
/// Who listens beside the counsellor.
struct Listeners {
  std::vector<std::string> names;  ///< as Banner::text, at most 20 characters each
};
struct Ended {
  std::string by;
};
using OfficeEvent = std::variant<Seats, SeatJoined, SeatLeft, Ringing, Hold, Banner, Paused, Staff, Listeners, Ended>;

/// Errc::unsupported for a type that is not in the list, invalid for one that lacks what it needs.
Result<OfficeEvent> parse_office_event(std::string_view json);

}  // namespace madoguchi::signalling
