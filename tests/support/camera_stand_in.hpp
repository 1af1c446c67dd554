// SPDX-License-Identifier: Apache-2.0
// A test's side of the V4L2 stand-in (a simulation of a camera): its control memory, its node in a folder that the test may
// watch, and the environment of the camera process. On the test's thread.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/v4l2_stand_in.hpp"

namespace madoguchi::test {

class CameraStandIn {
 public:
  CameraStandIn();
  ~CameraStandIn();
  CameraStandIn(const CameraStandIn&) = delete;
  CameraStandIn& operator=(const CameraStandIn&) = delete;

  [[nodiscard]] StandIn& control() const { return *control_; }
  [[nodiscard]] std::string node() const { return (folder_ / "dev/video7").native(); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;
  /// The node goes, or comes back, as a plug does it.
  void pull() const;
  void plug() const;
  /// A folder of the real programs, in which the camera process has the stand-in.
  [[nodiscard]] std::filesystem::path programs() const;

 private:
  std::filesystem::path folder_;
  StandIn* control_ = nullptr;
};

}  // namespace madoguchi::test
