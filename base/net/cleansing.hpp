// SPDX-License-Identifier: Apache-2.0
// Bytes that must not stay in memory: what is fetched holds people's names. Private to base/net.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace madoguchi {

/// Initialises libcurl so that it and OpenSSL overwrite what they free. Once, before their first use: an OpenSSL that was
/// used before keeps its own way. False: libcurl did not start.
bool start_curl();

/// A buffer of a fixed size: what grows leaves copies behind. Overwritten when it is emptied and at its end.
class PrivateBytes {
 public:
  PrivateBytes() = default;
  PrivateBytes(const PrivateBytes&) = delete;
  PrivateBytes& operator=(const PrivateBytes&) = delete;
  ~PrivateBytes() { cleanse(); }

  /// False: there is no room for all of them, and none was taken. Into an empty one any 16 KiB go.
  bool take(std::string_view bytes);
  void cleanse();
  void swap(PrivateBytes& other) noexcept;
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view bytes() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;  ///< made when it is first needed
  std::size_t size_ = 0;
};

}  // namespace madoguchi
