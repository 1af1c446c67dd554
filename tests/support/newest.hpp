// SPDX-License-Identifier: Apache-2.0
// The newest frame of a frame memory, as a test wants it.
#pragma once

#include <vector>

#include "media/frames.hpp"

namespace madoguchi::test {

struct Frame : protocol::FrameInfo {
  std::vector<std::byte> pixels;
};

/// Keeps the last good frame where there is none, or a torn one; false then.
inline bool newest(const protocol::FrameReader& reader, Frame& frame) {
  protocol::FrameInfo info = frame;
  std::vector<std::byte> pixels(reader.frame_size());
  if (!reader.copy(pixels, info)) return false;
  if (info.number == frame.number) return true;
  static_cast<protocol::FrameInfo&>(frame) = info;
  frame.pixels = std::move(pixels);
  return true;
}

}  // namespace madoguchi::test
