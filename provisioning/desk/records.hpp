// SPDX-License-Identifier: Apache-2.0
// The store on a thread of its own: another process that holds the file's lock, or a slow disk, makes who asks wait, and
// nobody else. Owned by the desk's loop, which alone calls it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "base/off_loop.hpp"
#include "base/result.hpp"
#include "provisioning/desk/store.hpp"

namespace madoguchi::desk {

struct RecordsSettings {
  std::size_t most_waiting = 64;           ///< one more is refused
  std::chrono::milliseconds within{5000};  ///< work that has not begun by then never does
};

class Records {
 public:
  /// The store is the thread's alone as long as this lives.
  explicit Records(Store& store, RecordsSettings settings = {}) : store_(store), settings_(settings) {}
  ~Records() { pool_.join(); }
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  /// One piece of work after the other, in the order of the calls; what belongs together is one piece. It sees values and
  /// the store, never the loop's state. Errc::busy: nothing of it was done, the file is held or too many wait.
  template <class T>
  boost::asio::awaitable<Result<T>> ask(std::function<Result<T>(Store&)> work);

  /// Asked and not yet answered on the loop.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  /// Counted in while a coroutine waits, also when that is cancelled.
  struct Place {
    explicit Place(std::size_t& places) : count(places) { ++count; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --count; }
    std::size_t& count;
  };

  Store& store_;
  RecordsSettings settings_;
  std::size_t waiting_ = 0;
  boost::asio::thread_pool pool_{1};
};

template <class T>
boost::asio::awaitable<Result<T>> Records::ask(std::function<Result<T>(Store&)> work) {
  if (waiting_ >= settings_.most_waiting) co_return fail(Errc::busy, "too many wait for the desk's file");
  const Place place(waiting_);
  const auto begins_by = steady_now() + settings_.within;
  std::function<Result<T>()> on_thread = [&store = store_, begins_by, work = std::move(work)]() -> Result<T> {
    if (steady_now() > begins_by) return fail(Errc::busy, "the desk's file was held for too long");
    return work(store);
  };
  co_return co_await off_loop<Result<T>>(pool_, std::move(on_thread));
}

}  // namespace madoguchi::desk
