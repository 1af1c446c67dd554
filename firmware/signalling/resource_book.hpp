// SPDX-License-Identifier: Apache-2.0
// The URLs of connections that the office keeps for us, on disk (0600) until they are ended: after a crash the next boot
// DELETEs them, else an office may refuse the newcomer. They may hold tokens: never printed. Writes off the loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace madoguchi::signalling {

class ResourceBook {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr std::chrono::hours kOldest{7 * 24};

  /// `pool` has one thread: an older list never overwrites a newer one.
  ResourceBook(const std::filesystem::path& folder, const Clock& clock, boost::asio::thread_pool& pool);

  /// Reads what an earlier life left, but for what no rule leads to: it may be planted, or a rule was taken out since. A
  /// file that cannot be read is set aside. Blocks, once at the start.
  void load(const std::function<bool(const std::string& url)>& leads_to);
  /// On disk when it ends.
  boost::asio::awaitable<Result<void>> remember(std::string resource);
  boost::asio::awaitable<Result<void>> forget(std::string resource);
  /// Ends each of an earlier life through `end`; what cannot be reached stays for the next time.
  boost::asio::awaitable<void> sweep(std::function<boost::asio::awaitable<Result<void>>(std::string)> end);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string url;
    std::int64_t since;  ///< seconds of the wall clock
  };
  boost::asio::awaitable<Result<void>> save();
  std::filesystem::path file_;
  const Clock& clock_;
  boost::asio::thread_pool& pool_;
  std::vector<Entry> entries_;
};

}  // namespace madoguchi::signalling
