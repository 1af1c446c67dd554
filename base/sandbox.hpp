// SPDX-License-Identifier: Apache-2.0
// What a child gives up before its first thread starts: no_new_privs, Landlock for files, seccomp for the rest. It may
// send a signal to itself only.
// Called once, early in main(), of a single-threaded process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace madoguchi {

struct Sandbox {
  std::vector<std::filesystem::path> read;        ///< files and trees that may be read (and mapped executable)
  std::vector<std::filesystem::path> read_write;  ///< trees that may be written as well
  bool network = false;                           ///< may open IP sockets
  bool local_sockets = false;                     ///< may open AF_UNIX sockets; what was inherited works always
  bool processes = false;                         ///< may start other programs (execve)
};

struct SandboxReport {
  bool landlock = false;  ///< false: the kernel has none; the caller reports the fault `sandbox-missing`
  bool seccomp = false;
  int landlock_abi = 0;
};

/// A path that does not exist is skipped. An error means that nothing may be assumed: exit.
Result<SandboxReport> enter_sandbox(const Sandbox& sandbox);

}  // namespace madoguchi
