// SPDX-License-Identifier: Apache-2.0
// The one seam to the kernel's device calls: ioctl(2), which a test answers instead. Files are found under the roots of
// the Settings.
#pragma once

#include <sys/ioctl.h>

#include <functional>

namespace madoguchi::board {

/// As ioctl(2): -1 and errno.
using Ioctl = std::function<int(int fd, unsigned long request, void* argument)>;

inline Ioctl kernel_ioctl() {
  return [](int fd, unsigned long request, void* argument) { return ::ioctl(fd, request, argument); };
}

}  // namespace madoguchi::board
