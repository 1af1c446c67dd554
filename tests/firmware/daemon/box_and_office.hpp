// SPDX-License-Identifier: Apache-2.0
// A real box at a scripted office, and ways into each phase of a consultation.
#pragma once

#include "tests/support/box_under_test.hpp"
#include "tests/support/scripted_office.hpp"

namespace madoguchi::test {

inline constexpr const char* kQuickSession = R"([session]
farewell_for = "100ms"
ended_for = "200ms"
retry_first = "100ms"
retry_most = "500ms"
answer_floor = "100ms"
[signalling]
events_retry_first = "100ms"
events_retry_most = "500ms"
)";

struct BoxAndOffice {
  asio::io_context io;
  ScriptedOffice office{io};
  BoxUnderTest box;

  explicit BoxAndOffice(const std::string& media = {}, const std::string& camera = {})
      : box(io, options(office, media, camera)) {}

  static BoxOptions options(const ScriptedOffice& office, const std::string& media = {},
                            const std::string& camera = {}) {
    BoxOptions options;
    options.origin = office.origin();
    options.token = "box-token-5e1f0c";
    options.calendar = office.calendar();
    options.extra = kQuickSession;
    options.media = media;
    options.camera = camera;
    return options;
  }

  bool until(const std::function<bool()>& holds, Millis within = std::chrono::seconds(20)) {
    return test::until(io, holds, within * kSlow);
  }
  /// Idle, with a consultation open and the office's stream up.
  bool idle() {
    return box.until_card("ready", std::chrono::seconds(20)) && until([this] { return office.streams() > 0; });
  }
  bool calling() {
    office.seat(false);
    if (!idle()) return false;
    box.press();
    return box.until_phase("calling", std::chrono::seconds(10));
  }
  bool talking() {
    if (!idle()) return false;
    office.seat(true);
    box.press();
    return talks();
  }
  bool talks() {
    return box.until_up("play", std::chrono::seconds(20)) && box.until_up("publish", std::chrono::seconds(20)) &&
           box.until_phase("talking", std::chrono::seconds(5));
  }
  std::vector<pid_t> cameras() const { return children_of(box.pid(), "madoguchi-camera"); }
};

}  // namespace madoguchi::test
