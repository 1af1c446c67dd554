// SPDX-License-Identifier: Apache-2.0
// A camera that is not there: a test picture on a timer. In the camera process.
#pragma once

#include "base/unique_fd.hpp"
#include "media/camera/source.hpp"
#include "media/camera/test_picture.hpp"

namespace madoguchi::camera {

class SimulatedSource final : public CameraSource {
 public:
  static OrFailed<std::unique_ptr<CameraSource>> open(int width, int height, int fps);

  [[nodiscard]] int descriptor() const override { return timer_.get(); }
  OrFailed<std::optional<std::int64_t>> take(std::span<std::byte> room) override;
  [[nodiscard]] std::string mode() const override { return "simulated"; }

 private:
  SimulatedSource(UniqueFd timer, int width, int height) : timer_(std::move(timer)), picture_(width, height) {}
  UniqueFd timer_;
  TestPicture picture_;
};

}  // namespace madoguchi::camera
