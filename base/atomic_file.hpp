// SPDX-License-Identifier: Apache-2.0
// Files that are always the old or the new content, also after a power cut. Blocks on fsync: keep it off the loop.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace madoguchi {

/// Writes a temporary file in the same folder (O_EXCL, `mode` from the first byte), fsyncs it, renames it over `path`,
/// fsyncs the folder. On an error `path` is as it was and the temporary file is gone.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode = 0600);

/// The whole file; Errc::not_found, Errc::too_large beyond `cap`.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t cap = 16 * 1024 * 1024);

/// Removes a file and fsyncs the folder; one that is not there is fine.
Result<void> remove_file(const std::filesystem::path& path);

}  // namespace madoguchi
