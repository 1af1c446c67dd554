// SPDX-License-Identifier: Apache-2.0
// Runs what can block (fsync, a password hash) on a pool's thread and resumes on the caller's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <type_traits>

namespace madoguchi {

namespace detail {
template <class T>
boost::asio::awaitable<T> call(std::function<T()> work) {
  co_return work();
}
}  // namespace detail

/// `work` may not touch the loop's state; it runs to its end even when the caller is cancelled.
template <class T>
boost::asio::awaitable<T> off_loop(boost::asio::thread_pool& pool, std::function<T()> work) {
  auto job = detail::call<T>(std::move(work));
  // No cancellation goes to the pool: Asio would deliver it there after the work, to a frame that is gone.
  auto resume = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable);
  co_return co_await boost::asio::co_spawn(pool, std::move(job), std::move(resume));
}

}  // namespace madoguchi
