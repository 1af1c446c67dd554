// SPDX-License-Identifier: Apache-2.0
// From a device's name to its source. In the camera process.
#include "media/camera/source.hpp"

#include <fmt/format.h>

#include "media/camera/simulated_source.hpp"
#include "media/frames.hpp"

namespace madoguchi::camera {

OrFailed<std::unique_ptr<CameraSource>> open_source(const protocol::CameraHello& hello) {
  // Each picture may carry a heartbeat, so a rate below 5 a second would look like a hung process.
  if (!protocol::frame_size_is_sane(hello.width, hello.height) || hello.fps < 5 || hello.fps > 60) {
    return tl::unexpected(protocol::CameraFailed{
        "broken", fmt::format("pictures of {}x{} at {} a second are not possible: even sizes from 16 to 4096, 5 to 60 "
                              "a second",
                              hello.width, hello.height, hello.fps)});
  }
  if (hello.device == "simulated") return SimulatedSource::open(hello.width, hello.height, hello.fps);
  return tl::unexpected(protocol::CameraFailed{
      "unplugged", fmt::format("there is no camera \"{}\": this version knows only \"simulated\"", hello.device)});
}

}  // namespace madoguchi::camera
