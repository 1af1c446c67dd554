// SPDX-License-Identifier: Apache-2.0
// Pictures from a camera that gives H.264 alone. What it gives is not trusted: the decoder runs inside the sandbox. In the
// camera process, on its only thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "media/camera/picture.hpp"

namespace madoguchi::camera {

class H264Decoder {
 public:
  H264Decoder();
  ~H264Decoder();
  H264Decoder(const H264Decoder&) = delete;
  H264Decoder& operator=(const H264Decoder&) = delete;

  /// One access unit as a byte stream (annex B). Its picture, which lives until the next call; nullopt when it gives none:
  /// before the first key picture, or nonsense.
  std::optional<PlanarPicture> decode(std::span<const std::byte> unit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace madoguchi::camera
