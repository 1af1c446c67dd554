// SPDX-License-Identifier: Apache-2.0
// The media process's sandbox. Pure.
#include "media/sandbox.hpp"

#include <cstdlib>

namespace madoguchi::media {

Sandbox media_sandbox() {
  Sandbox result;
  result.read = {"/usr",
                 "/lib",
                 "/lib64",
                 "/bin",
                 "/etc/fonts",
                 "/etc/ld.so.cache",
                 "/etc/localtime",
                 "/etc/resolv.conf",
                 "/etc/hosts",
                 "/etc/nsswitch.conf",
                 "/etc/gai.conf",
                 "/proc/self",
                 "/proc/cpuinfo",
                 "/proc/meminfo",
                 "/sys/devices/system/cpu",
                 "/dev/urandom",
                 "/dev/null",
                 "/proc/sys/kernel",
                 "/etc/alternatives"};
  if (const char* registry = std::getenv("GST_REGISTRY")) result.read.emplace_back(registry);
  if (const char* libraries = std::getenv("LD_LIBRARY_PATH")) result.read.emplace_back(libraries);
  result.read_write = {"/dev/dri"};
  result.network = true;
  result.local_sockets = true;  // the sound server, and who resolves names for the C library
  return result;
}

}  // namespace madoguchi::media
