// SPDX-License-Identifier: Apache-2.0
// Whether a camera that gives pictures gives good ones: the same for too long, or dark. Pure: time is passed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace madoguchi::camera {

class PictureWatch {
 public:
  using Nanos = std::chrono::nanoseconds;
  /// Mean luma (16 is black) below which a picture is dark, and from which it is light again; a covered lens gives 16 to 20.
  static constexpr double kDarkBelow = 24, kLightFrom = 30;
  static constexpr std::chrono::seconds kDarkAfter{5};

  PictureWatch(int width, int height) : width_(width), height_(height) {}

  /// A picture at a moment; each eighth line is looked at.
  void see(std::span<const std::byte> i420, Nanos now);
  /// For how long all pictures have been the same to the last bit. A sensor's noise makes even a still room differ; what is
  /// dark counts as dark alone, since a camera may well compress it to nothing.
  [[nodiscard]] Nanos same_for() const { return looks_dark_ ? Nanos(0) : now_ - changed_; }
  /// For kDarkAfter at least.
  [[nodiscard]] bool dark() const { return dark_; }

 private:
  int width_, height_;
  bool first_ = true, dark_ = false, looks_dark_ = false;
  std::uint64_t hash_ = 0;
  Nanos now_{}, changed_{}, dark_since_{};
};

}  // namespace madoguchi::camera
