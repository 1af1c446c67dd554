// SPDX-License-Identifier: Apache-2.0
// madoguchi-feed as a process under the daemon's limits: a calendar in, its words and its end out. On the test's thread.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace madoguchi::test {

struct ChildEnd {
  int status = 0;  ///< as waitpid(2) gives it
  std::string out, err;
  [[nodiscard]] bool exited(int code) const;
  /// Of its stdout; an empty one where that is not JSON.
  [[nodiscard]] json::bj::object object() const;
};

/// Runs it on these bytes (header and calendar); throws when it does not end within its bound.
ChildEnd run_feed_child(const std::string& input);

/// The header that the daemon sends: the days around Monday 2026-04-06, Japan's time, one rule that makes
/// https://desk.example/rooms/ROOM into legs.
std::string feed_header(const std::string& feed = "hall");

/// A VCALENDAR around these lines, with CRLF.
std::string calendar(const std::string& lines);
/// A VEVENT of these lines with a UID and a stamp.
std::string event(const std::string& lines, const std::string& uid = "u1");

/// "2026-04-06T01:00Z/2026-04-06T02:00Z confirmed ROOM" for each consultation.
std::vector<std::string> consultations(const json::bj::object& object);
/// "1 no-link" for each event that was left out.
std::vector<std::string> skipped(const json::bj::object& object);

}  // namespace madoguchi::test
