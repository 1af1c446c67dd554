// SPDX-License-Identifier: Apache-2.0
// One room of the meeting point, as rooms.cpp and rooms_talk.cpp keep it. On the desk's loop.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "provisioning/desk/rooms.hpp"

namespace madoguchi::desk {

struct Rooms::Seat {
  std::string id;
  std::string session, who;  ///< "" = nobody
  bool announced = false;    ///< the box was told that it is taken
  StreamId stream = 0;       ///< 0 = its page's stream is not open
  Sink sink;
  std::function<void()> end_stream;
  std::unique_ptr<Alarm> grace;
};

struct Rooms::Room {
  /// A seat that its holder offers to colleagues.
  struct Handover {
    std::string seat, by;
    std::string to;  ///< "" = to all
    WallTime since{};
    std::unique_ptr<Alarm> until;
    // Who takes it, and sits there when her stream is open; "" = nobody yet.
    std::string next_session, next_who;
    std::unique_ptr<Alarm> next_until;
  };

  std::string id;
  RoomState state = RoomState::quiet;
  WallTime since{};  ///< it is so
  BootTime since_boot{};
  std::vector<Seat> seats;
  std::map<StreamId, Sink> boxes;
  std::unique_ptr<Alarm> box_grace;
  bool box_away = false;
  bool on_hold = false;
  bool sound_paused = false, picture_paused = false;  ///< by who sits there
  std::string banner;                                 ///< "" = none
  bool staff_called = false;
  std::vector<std::string> listeners;
  std::string help_by;  ///< who asks colleagues to come, "" = nobody
  std::unique_ptr<Handover> handover;

  [[nodiscard]] bool anybody() const {
    return std::any_of(seats.begin(), seats.end(), [](const Seat& seat) { return seat.announced; });
  }
  Seat* seat(const std::string& wanted) {
    const auto found = std::find_if(seats.begin(), seats.end(), [&](const Seat& each) { return each.id == wanted; });
    return found == seats.end() ? nullptr : &*found;
  }
};

}  // namespace madoguchi::desk
