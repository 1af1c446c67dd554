// SPDX-License-Identifier: Apache-2.0
// From a device's name to its source. In the camera process.
#include "media/camera/source.hpp"

#include <fmt/format.h>

#include "media/camera/simulated_source.hpp"
#include "media/camera/v4l2_source.hpp"
#include "media/frames.hpp"

namespace madoguchi::camera {

OrFailed<UniqueFd> open_device(const protocol::CameraHello& hello) {
  if (!protocol::frame_size_is_sane(hello.width, hello.height) || hello.fps < 1 || hello.fps > 60) {
    return tl::unexpected(protocol::CameraFailed{
        "broken", fmt::format("pictures of {}x{} at {} a second are not possible: even sizes from 16 to 4096, 1 to 60 "
                              "a second",
                              hello.width, hello.height, hello.fps)});
  }
  if (hello.device == "simulated") return UniqueFd();
  if (hello.device.starts_with("/")) return open_node(hello.device);
  return tl::unexpected(protocol::CameraFailed{
      "unplugged", hello.device.empty() ? std::string("no camera is plugged in, or none that a rule names")
                                        : fmt::format("there is no camera \"{}\"", hello.device)});
}

OrFailed<std::unique_ptr<CameraSource>> open_source(const protocol::CameraHello& hello, UniqueFd node) {
  if (!node.valid()) return SimulatedSource::open(hello.width, hello.height, hello.fps);
  return V4l2Source::open(std::move(node), hello.width, hello.height, hello.fps);
}

}  // namespace madoguchi::camera
