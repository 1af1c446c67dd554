// SPDX-License-Identifier: Apache-2.0
// Asking for the reset of a USB port: a file for the privileged unit that watches for it. Any thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace madoguchi::board {

/// Writes `port` ("1-1.2") into FOLDER/usb-reset.request, aside first and then renamed. Errc::invalid for what is no port;
/// Errc::busy while an earlier request waits.
Result<void> ask_usb_reset(const std::filesystem::path& folder, const std::string& port);

}  // namespace madoguchi::board
