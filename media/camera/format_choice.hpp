// SPDX-License-Identifier: Apache-2.0
// Which of a camera's formats, sizes and rates to take. Pure; in the camera process and in tests.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace madoguchi::camera {

enum class PixelFormat { i420, nv12, yuy2, mjpeg, h264 };
std::string_view name(PixelFormat format);

/// One line of what a device can.
struct Mode {
  PixelFormat format{};
  int width = 0, height = 0;
  double fps = 0;
  bool operator==(const Mode&) const = default;
};

/// How much of a processor there is for decoding: a small one has a single core, or slow ones.
enum class Processor { small, usual };
Processor this_processor();

/// The mode whose picture comes nearest to the wanted one at the least work; nullopt when none is usable. Too few pictures
/// a second are worse than too few lines, and a small processor takes fewer lines rather than decode many.
std::optional<Mode> choose_mode(std::span<const Mode> modes, int width, int height, int fps, Processor processor);

}  // namespace madoguchi::camera
