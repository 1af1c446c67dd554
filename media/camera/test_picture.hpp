// SPDX-License-Identifier: Apache-2.0
// A picture that proves motion: colour bars that wander to the left, a clock in seven-segment digits, and at the foot a
// strip whose brightness rises and falls. No state but its size; in the camera process and in tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace madoguchi::camera {

class TestPicture {
 public:
  /// Even sizes.
  TestPicture(int width, int height);

  /// I420 into `room`, of frame_bytes(width, height). `moment` moves bars and strip, `time_of_day` is what the clock says.
  void draw(std::span<std::byte> room, std::chrono::nanoseconds moment, std::chrono::milliseconds time_of_day);

  /// Luma of the strip at a moment: 16 to 235 and back in two seconds.
  static std::uint8_t strip_luma(std::chrono::nanoseconds moment);
  /// First line of the strip; it reaches to the last.
  [[nodiscard]] int strip_top() const { return height_ - height_ / 8; }

 private:
  struct Plane {
    std::byte* data;
    int width, height;
    void fill(int left, int top, int right, int bottom, std::uint8_t value) const;
  };
  void draw_clock(const Plane& luma, const Plane& cb, const Plane& cr, std::string_view text) const;

  int width_, height_;
  std::vector<std::uint8_t> bars_y_, bars_u_, bars_v_;  ///< two rounds of the bars, so that any offset is one copy
};

}  // namespace madoguchi::camera
