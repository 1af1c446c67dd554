// SPDX-License-Identifier: Apache-2.0
// Runs what can block (fsync, a password hash) on a pool's thread and resumes on the caller's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
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
  auto executor = pool.get_executor();
  auto job = detail::call<T>(std::move(work));
  co_return co_await boost::asio::co_spawn(executor, std::move(job), boost::asio::use_awaitable);
}

}  // namespace madoguchi
