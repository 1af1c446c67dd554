// SPDX-License-Identifier: Apache-2.0
// Which halls ring, and the desks that hear it: every page that shows the list. On the desk's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace madoguchi::desk {

/// Takes one event for a stream; null after close().
using Sink = std::function<void(const json::bj::object& event)>;
using StreamId = std::uint64_t;

class Rings {
 public:
  /// `facts` of a room: {hall, hall_name, receipt, room}. `heard`: somebody hears this room's ring now.
  /// `anybody`: whose page rings aloud.
  Rings(const Clock& clock, std::function<json::bj::object(const std::string& room)> facts,
        std::function<void(const std::string& room)> heard, std::function<bool()> anybody = nullptr);

  /// Rings in progress are repeated at once.
  void open(StreamId desk, Sink sink);
  void close(StreamId desk) { desks_.erase(desk); }
  void tell(const json::bj::object& event);

  /// The same again changes nothing.
  void set(const std::string& room, bool rings);
  /// This room rings, and somebody is there to hear it.
  [[nodiscard]] bool is_heard(const std::string& room) const { return since_.contains(room) && anybody_(); }
  /// Perhaps somebody hears what rings, who did not before.
  void look_who_hears();

 private:
  [[nodiscard]] json::bj::object ring(const std::string& room) const;

  const Clock& clock_;
  std::function<json::bj::object(const std::string&)> facts_;
  std::function<void(const std::string&)> heard_;
  std::function<bool()> anybody_;
  std::map<std::string, WallTime> since_;  ///< the rooms that ring
  std::map<StreamId, Sink> desks_;
};

}  // namespace madoguchi::desk
