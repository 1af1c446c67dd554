// SPDX-License-Identifier: Apache-2.0
// A simulation of a V4L2 camera for tests, not a camera: a shared object that is preloaded into the camera process and
// answers for one node. What it does wrong is in memory that the test shares with it.
#pragma once

#include <atomic>
#include <cstdint>

namespace madoguchi::test {

struct StandIn {
  enum Picture : int { moving, repeated, dark, none, garbage, resized, prepared };
  std::atomic<int> open_error;    ///< errno of open(2); 0: it opens
  std::atomic<int> format_error;  ///< errno of VIDIOC_S_FMT, as of a camera that another program streams from
  std::atomic<bool> mjpeg;        ///< else YUY2, or
  std::atomic<bool> h264;         ///< 320x180 alone, from a file of access units, each behind its length
  std::atomic<bool> open_blocks, ioctl_blocks, unplugged;
  std::atomic<int> picture;
  std::atomic<std::uint32_t> opened;  ///< how often
};
static_assert(std::atomic<int>::is_always_lock_free);

/// Of the process that it is preloaded into: the node to answer for, and the file of the StandIn.
inline constexpr const char* kStandInNode = "MADOGUCHI_STAND_IN_NODE";
inline constexpr const char* kStandInUnits = "MADOGUCHI_STAND_IN_UNITS";
inline constexpr const char* kStandInControl = "MADOGUCHI_STAND_IN_CONTROL";

}  // namespace madoguchi::test
