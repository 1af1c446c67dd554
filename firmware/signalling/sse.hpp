// SPDX-License-Identifier: Apache-2.0
// Server-sent events out of a stream of bytes (WHATWG HTML, "Server-sent events", data and comments only). Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace madoguchi::signalling {

class SseParser {
 public:
  static constexpr std::size_t kMaxEvent = 16 * 1024;

  /// Calls `event` with the data of each complete event. False: an event larger than kMaxEvent; give the stream up.
  bool feed(std::string_view bytes, const std::function<void(const std::string& data)>& event);

 private:
  void line(const std::function<void(const std::string& data)>& event);
  std::string line_, data_;
  std::size_t mark_ = 0;  ///< bytes of a byte order mark seen so far
  bool has_data_ = false, after_cr_ = false;
};

}  // namespace madoguchi::signalling
