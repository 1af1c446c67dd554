// SPDX-License-Identifier: Apache-2.0
// What a server may answer: any bytes as an SDP answer. What is let through is let through again, and says the same.
// With libFuzzer (clang): tests/fuzz/run.sh answer. With any compiler: a program that goes through files once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "media/sdp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace madoguchi;
  if (size == 0) return 0;
  const auto direction = data[0] % 2 == 0 ? protocol::Direction::publish : protocol::Direction::play;
  static const std::vector<std::string> kMids = {"video0", "audio1"};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto checked = media::check_answer(text, direction, kMids);
  (void)media::with_start_bitrate(text, 2000);
  if (!checked) return 0;
  const auto again = media::check_answer(checked->sdp, direction, kMids);
  if (!again || again->payloads != checked->payloads || again->codec != checked->codec ||
      again->sdp.find("\r\na=setup:actpass\r\n") != std::string::npos) {
    std::abort();
  }
  for (std::size_t line = 0; line < checked->fingerprints.size(); ++line) {
    if (checked->fingerprints[line].empty() != again->fingerprints[line].empty()) std::abort();
  }
  return 0;
}
