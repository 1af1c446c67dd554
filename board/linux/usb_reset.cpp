// SPDX-License-Identifier: Apache-2.0
// The name of a port as the kernel writes it: BUS-PORT, then a .PORT for each hub on the way.
#include "board/linux/usb_reset.hpp"

#include <algorithm>

#include "base/atomic_file.hpp"

namespace madoguchi::board {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_port(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == text.npos || !is_number(text.substr(0, dash))) return false;
  for (text.remove_prefix(dash + 1);;) {
    const auto dot = text.find('.');
    if (!is_number(text.substr(0, dot))) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

Result<void> ask_usb_reset(const std::filesystem::path& folder, const std::string& port) {
  if (!is_port(port)) return fail(Errc::invalid, "\"" + port + "\" is no USB port");
  const auto request = folder / "usb-reset.request";
  std::error_code error;
  if (std::filesystem::exists(request, error)) return fail(Errc::busy, "an earlier request still waits");
  return write_file_atomically(request, port + "\n", 0600);
}

}  // namespace madoguchi::board
