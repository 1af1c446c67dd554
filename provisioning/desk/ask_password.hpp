// SPDX-License-Identifier: Apache-2.0
// A password from whoever runs a command: from a terminal, or from a line of standard input.
#pragma once

#include <string>

#include "base/result.hpp"

namespace madoguchi::desk {

/// On a terminal it is asked twice, with the echo off, which is on again whatever happens; else it is the first line of
/// standard input. Errc::invalid: says what to do; the page could not send it, it is too short, or the second is another.
Result<std::string> ask_password();

}  // namespace madoguchi::desk
