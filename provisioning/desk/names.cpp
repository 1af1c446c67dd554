// SPDX-License-Identifier: Apache-2.0
// Byte by byte over UTF-8. Pure.
#include "provisioning/desk/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace madoguchi::desk {

namespace {

constexpr std::string_view kBlanks[] = {" ", "\t", "\r", "\n", "\u3000"};

/// The length of the character at its beginning, 0: there is none.
std::size_t character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  const bool too_long = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return too_long || surrogate || beyond ? 0 : length;
}

}  // namespace

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      if (text.substr(0, blank.size()) == blank) {
        text.remove_prefix(blank.size());
        again = true;
      }
      if (text.size() >= blank.size() && text.substr(text.size() - blank.size()) == blank) {
        text.remove_suffix(blank.size());
        again = true;
      }
    }
  }
  return text;
}

std::string folded(std::string_view name) {
  std::string text(trimmed(name));
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

Result<std::string> plain_name(std::string_view what, std::string_view text, std::size_t most) {
  const std::string_view name = trimmed(text);
  if (name.empty()) return fail(Errc::invalid, fmt::format("{}: there is nothing in it", what));
  if (!is_utf8(name)) {
    return fail(Errc::invalid, fmt::format("{}: this is not UTF-8; set the terminal to UTF-8 and type it again", what));
  }
  if (name.size() > most) return fail(Errc::invalid, fmt::format("{}: at most {} bytes", what, most));
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) {
    return fail(Errc::invalid, fmt::format("{}: no tabs, line ends or other control characters", what));
  }
  return std::string(name);
}

}  // namespace madoguchi::desk
