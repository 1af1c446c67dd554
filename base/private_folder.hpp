// SPDX-License-Identifier: Apache-2.0
// Folders and locks of one program: what is in such a folder is nobody else's to read, and only one process at a time is
// the one that it belongs to. Blocks on the disk.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace madoguchi {

/// Makes the folder (0700) where it is missing. One that is there never gets another mode: Errc::permission when others may
/// enter it or, but for root, when it is another user's; the message says how to mend that.
Result<void> private_folder(const std::filesystem::path& folder);

/// Takes the lock of this file (made, 0600, where it is missing) for as long as the descriptor lives. Errc::busy: another
/// process has it, even one that hangs.
Result<UniqueFd> lock_file(const std::filesystem::path& file);

}  // namespace madoguchi
