// SPDX-License-Identifier: Apache-2.0
// All kinds of devices, one after the other.
#include "board/linux/devices.hpp"

namespace madoguchi::board {

std::vector<DeviceRow> device_rows(const DeviceRoots& roots) {
  std::vector<DeviceRow> rows;
  for (const auto list : {camera_rows}) {
    for (DeviceRow& row : list(roots)) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace madoguchi::board
