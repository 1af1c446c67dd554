// SPDX-License-Identifier: Apache-2.0
// The cameras of this machine as sysfs and udev's database know them: nothing here opens a device, so nothing streams and
// no driver can block. Any thread; reads a few small files.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "board/linux/devices.hpp"

namespace madoguchi::board {

struct Camera {
  std::string node;      ///< "/dev/video0": changes as devices come and go
  std::string name;      ///< as the driver says it, cut at 31 bytes by the kernel
  std::string vendor;    ///< "046d:085e"; "" when it is no USB device
  std::string serial;    ///< "" when it has none; makers repeat them
  std::string usb_path;  ///< "1-1.2", the port; of others the name of their place, "vivid.0"
  bool usb = false;
};

/// What is given must agree: `serial` and `usb_path` wholly, `name` as a part.
struct CameraRule {
  std::string serial, usb_path, name;
};

/// Those that give pictures (no metadata nodes), by their numbers.
std::vector<Camera> list_cameras(const DeviceRoots& roots);
/// The first that the first fitting rule names; without a fitting rule the first of all. nullptr: there is none.
const Camera* choose_camera(std::span<const Camera> cameras, std::span<const CameraRule> rules);
/// A rule for this camera that survives a restart: its serial where no other here has it, else its port.
std::string stable_rule(const Camera& camera, std::span<const Camera> among);

struct Holder {
  pid_t pid = 0;
  std::string program;
};
/// Who has the node open, as far as this user may look.
std::vector<Holder> holders_of(const std::string& node, const DeviceRoots& roots);
/// "ffmpeg (pid 123)", "" for nobody.
std::string words(std::span<const Holder> holders);

}  // namespace madoguchi::board
