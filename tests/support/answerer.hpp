// SPDX-License-Identifier: Apache-2.0
// A far end without a browser: answers a box's offers with webrtcbin, receives its picture and sound or sends a test
// picture and a tone. Threads of its own; every method may block a little and is called from one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "media/protocol.hpp"

namespace madoguchi::test {

struct AnswererOptions {
  protocol::Direction direction{};  ///< of the box's leg: publish = we receive, play = we send
  std::string codec = "h264";       ///< the one we choose: "h264", "vp8"
  double tone_hz = 660;             ///< what we send
  int width = 640, height = 360;    ///< what we send
};

struct AnswererStats {
  bool connected = false;     ///< its side of ICE and DTLS is up
  std::uint64_t packets = 0;  ///< of RTP that came
  std::uint64_t frames = 0;   ///< decoded
  int width = 0, height = 0;
  std::string h264;  ///< "constrained-baseline 3.1", as its parser reads what came
  double sound_hz = 0, sound_db = -100;
  double brightness = 0;  ///< mean luma of the newest picture
};

class Answerer {
 public:
  explicit Answerer(AnswererOptions options);
  ~Answerer();
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;

  /// The answer with all candidates. Errc::timeout after 3 s.
  Result<std::string> answer(const std::string& offer);
  [[nodiscard]] AnswererStats stats() const;
  /// As a far end that hung up behind a server: no RTP of this kind ("video", "audio") any more, RTCP goes on.
  void hold_back(const std::string& kind);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace madoguchi::test
