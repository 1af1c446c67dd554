// SPDX-License-Identifier: Apache-2.0
// Byte by byte over UTF-8. Pure.
#include "firmware/schedule/feed/receipt.hpp"

#include <algorithm>
#include <array>

#include "firmware/schedule/agenda.hpp"

namespace madoguchi::schedule {

namespace {

constexpr std::string_view kWord = "受付番号";
constexpr std::array<std::string_view, 11> kBetween = {" ",  "\t",  "　",  ":", "：",    "#",
                                                       "＃", "No.", "no.", "№", "Ｎｏ．"};

bool drop(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

/// The digit at the start of `text`, which it takes away; '\0' for none.
char take_digit(std::string_view& text) {
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    const char digit = text.front();
    text.remove_prefix(1);
    return digit;
  }
  // U+FF10 to U+FF19
  if (text.starts_with("\xef\xbc") && text.size() >= 3 && text[2] >= '\x90' && text[2] <= '\x99') {
    const char digit = static_cast<char>('0' + (text[2] - '\x90'));
    text.remove_prefix(3);
    return digit;
  }
  return '\0';
}

}  // namespace

std::string receipt_in(std::string_view text) {
  for (auto at = text.find(kWord); at != std::string_view::npos; at = text.find(kWord, at + kWord.size())) {
    std::string_view rest = text.substr(at + kWord.size());
    while (std::any_of(kBetween.begin(), kBetween.end(), [&rest](std::string_view each) { return drop(rest, each); })) {
    }
    std::string digits;
    for (char digit = take_digit(rest); digit != '\0'; digit = take_digit(rest)) digits += digit;
    if (is_receipt(digits)) return digits;
  }
  return {};
}

}  // namespace madoguchi::schedule
