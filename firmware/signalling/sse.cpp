// SPDX-License-Identifier: Apache-2.0
// Lines end with LF, CR or CR LF; an empty line ends an event. Pure.
#include "firmware/signalling/sse.hpp"

#include <utility>

namespace madoguchi::signalling {

namespace {
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
}

bool SseParser::feed(std::string_view bytes, const std::function<void(const std::string& data)>& event) {
  for (const char c : bytes) {
    if (mark_ < kByteOrderMark.size()) {  // a stream may begin with one
      mark_ = c == kByteOrderMark[mark_] ? mark_ + 1 : kByteOrderMark.size();
      if (static_cast<unsigned char>(c) >= 0x80) continue;
    }
    const bool second_half = after_cr_ && c == '\n';
    after_cr_ = c == '\r';
    if (second_half) continue;
    if (c == '\r' || c == '\n') {
      line(event);
      continue;
    }
    if (line_.size() + data_.size() >= kMaxEvent) return false;
    line_ += c;
  }
  return true;
}

void SseParser::line(const std::function<void(const std::string& data)>& event) {
  const std::string text = std::exchange(line_, {});
  if (text.empty()) {
    const std::string data = std::exchange(data_, {});
    if (std::exchange(has_data_, false)) event(data);
    return;
  }
  if (text.rfind("data", 0) != 0 || (text.size() > 4 && text[4] != ':')) return;  // comments and other fields
  std::string_view value = text.size() > 4 ? std::string_view(text).substr(5) : std::string_view();
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
}

}  // namespace madoguchi::signalling
