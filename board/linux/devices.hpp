// SPDX-License-Identifier: Apache-2.0
// The table of `madoguchi devices`: a row for each device of the machine that a box could use. Each kind of device adds its
// rows by a function of its own, which looks and never streams.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace madoguchi::board {

/// Where the kernel and udev tell about devices; others in tests.
struct DeviceRoots {
  std::filesystem::path sys = "/sys", dev = "/dev", proc = "/proc", udev = "/run/udev/data";
};

struct DeviceRow {
  std::string kind;   ///< "camera"
  std::string name;   ///< for people
  std::string rule;   ///< the line of the configuration that names it for good
  std::string state;  ///< "free", "in use by ffmpeg (pid 123)"
  std::string node;   ///< "/dev/video0"
};

std::vector<DeviceRow> camera_rows(const DeviceRoots& roots);

/// Of all kinds.
std::vector<DeviceRow> device_rows(const DeviceRoots& roots);

}  // namespace madoguchi::board
