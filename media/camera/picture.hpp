// SPDX-License-Identifier: Apache-2.0
// From what a camera gives to the I420 of the frame memory. What comes from a camera is not trusted: sizes are checked
// before a byte is read. In the camera process, the fuzzer and tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "media/camera/format_choice.hpp"

namespace madoguchi::camera {

/// A picture as a driver left it.
struct RawPicture {
  PixelFormat format{};
  int width = 0, height = 0;
  int stride = 0;  ///< bytes of a line of its first plane; of no meaning for MJPEG
  std::span<const std::byte> bytes;
};

/// I420 in three places.
struct PlanarPicture {
  int width = 0, height = 0;
  int stride_y = 0, stride_uv = 0;
  const std::uint8_t *y = nullptr, *u = nullptr, *v = nullptr;
};

class PictureMaker {
 public:
  /// Of the pictures to make: even sizes.
  PictureMaker(int width, int height) : width_(width), height_(height) {}

  /// I420 into `room`, of frame_bytes(width, height); another shape is fitted between black bars. A JPEG is as large as it
  /// says. False: too short, or no picture; `room` is then undefined.
  bool make(const RawPicture& raw, std::span<std::byte> room);
  /// The same from three planes of a decoder, which vouches for their sizes.
  bool make(const PlanarPicture& picture, std::span<std::byte> room);

 private:
  bool convert(const RawPicture& raw, int width, int height, std::uint8_t* to) const;
  void fit(const PlanarPicture& from, std::uint8_t* to) const;
  int width_, height_;
  std::vector<std::uint8_t> between_;  ///< of the camera's size, where it is another
};

}  // namespace madoguchi::camera
