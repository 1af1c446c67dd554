// SPDX-License-Identifier: Apache-2.0
// Names as people type them, and what can be one. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace madoguchi::desk {

constexpr std::size_t kMostName = 100;  ///< bytes

constexpr std::size_t kMostListener = 20;  ///< characters of who listens, which a hall's screen has room for

/// How many characters it has; of UTF-8.
std::size_t characters(std::string_view text);

/// Well-formed UTF-8 (RFC 3629): no surrogates, nothing longer than it must be, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// Without the blanks at its ends: spaces, tabs, line ends, and the wide space of a Japanese keyboard.
std::string_view trimmed(std::string_view text);

/// Trimmed, with A to Z in lower case: what is the same name to who types it.
std::string folded(std::string_view name);

/// Trimmed. Errc::invalid, and `what` it is, where that is empty, longer than `most` bytes, not UTF-8 or has control
/// characters: a page could neither show it nor send it back.
Result<std::string> plain_name(std::string_view what, std::string_view text, std::size_t most = kMostName);

}  // namespace madoguchi::desk
