// SPDX-License-Identifier: Apache-2.0
// A hash and a mean over each eighth line of the luma.
#include "media/camera/picture_watch.hpp"

#include <cstring>
#include <numeric>

namespace madoguchi::camera {

void PictureWatch::see(std::span<const std::byte> i420, Nanos now) {
  const auto width = static_cast<std::size_t>(width_);
  std::uint64_t hash = 0xcbf29ce484222325ULL, sum = 0, counted = 0;
  for (std::size_t y = 0; y < static_cast<std::size_t>(height_); y += 8) {
    const std::byte* line = i420.data() + y * width;
    for (std::size_t x = 0; x + 8 <= width; x += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, line + x, sizeof eight);
      hash = (hash ^ eight) * 0x9e3779b97f4a7c15ULL;
      hash ^= hash >> 29;
    }
    for (std::size_t x = 0; x < width; ++x) sum += std::to_integer<std::uint64_t>(line[x]);
    counted += width;
  }
  const double mean = static_cast<double>(sum) / static_cast<double>(counted);
  now_ = now;
  if (first_ || hash != hash_ || looks_dark_) changed_ = now;
  hash_ = hash;
  const bool was = looks_dark_ && !first_;
  looks_dark_ = mean < (was ? kLightFrom : kDarkBelow);
  if (looks_dark_ && !was) dark_since_ = now;
  dark_ = looks_dark_ && now - dark_since_ >= kDarkAfter;
  first_ = false;
}

}  // namespace madoguchi::camera
