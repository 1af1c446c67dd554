// SPDX-License-Identifier: Apache-2.0
// Work off the loop: on another thread, its result and its exception back on ours, to its end whatever happens.
#include "base/off_loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr Millis kLong = 10s * kSlow;

struct Where {
  std::thread::id worked, resumed;
  int result = 0;
};

asio::awaitable<Where> work(asio::thread_pool& pool) {
  Where where;
  std::function<int()> job = [&where] {
    where.worked = std::this_thread::get_id();
    return 7;
  };
  where.result = co_await off_loop<int>(pool, std::move(job));
  where.resumed = std::this_thread::get_id();
  co_return where;
}

asio::awaitable<int> run_job(asio::thread_pool& pool, std::function<int()> job) {
  co_return co_await off_loop<int>(pool, std::move(job));
}

}  // namespace

TEST_CASE("work runs on the pool, and its caller goes on where it was") {
  asio::io_context io;
  asio::thread_pool pool(1);
  const Where where = await(io, work(pool));
  CHECK(where.result == 7);
  CHECK(where.worked != std::this_thread::get_id());
  CHECK(where.worked != std::thread::id());
  CHECK(where.resumed == std::this_thread::get_id());
}

TEST_CASE("the loop goes on while work blocks") {
  asio::io_context io;
  asio::thread_pool pool(1);
  std::promise<void> go_on;
  auto wait = go_on.get_future().share();
  std::function<int()> job = [wait] {
    wait.wait();
    return 1;
  };
  int result = 0;
  asio::co_spawn(io, run_job(pool, std::move(job)), [&result](std::exception_ptr, int value) { result = value; });
  int turns = 0;
  for (int i = 0; i < 100; ++i) asio::post(io, [&turns] { ++turns; });
  io.poll();
  CHECK(turns == 100);
  CHECK(result == 0);
  go_on.set_value();
  CHECK(until(
      io, [&result] { return result == 1; }, kLong));
}

TEST_CASE("an exception of the work is the caller's") {
  asio::io_context io;
  asio::thread_pool pool(1);
  std::function<int()> job = []() -> int { throw std::runtime_error("of the work"); };
  CHECK_THROWS_WITH(await(io, run_job(pool, std::move(job))), "of the work");
}

TEST_CASE("work runs to its end although its caller is cancelled, begun or not") {
  const bool begun = GENERATE(true, false);
  CAPTURE(begun);
  asio::io_context io;
  asio::thread_pool pool(1);
  std::promise<void> go_on;
  auto wait = go_on.get_future().share();
  std::atomic<bool> started = false;
  std::atomic<bool> finished = false;
  if (!begun) asio::post(pool, [wait] { wait.wait(); });  // the pool is busy with something else
  std::function<int()> job = [&started, &finished, wait] {
    started = true;
    wait.wait();
    finished = true;
    return 1;
  };
  bool ended = false;
  asio::cancellation_signal signal;
  auto handler = [&ended](std::exception_ptr, int) { ended = true; };
  asio::co_spawn(io, run_job(pool, std::move(job)), asio::bind_cancellation_slot(signal.slot(), handler));
  io.poll();
  if (begun)
    CHECK(until(
        io, [&started] { return started.load(); }, kLong));
  signal.emit(asio::cancellation_type::terminal);
  go_on.set_value();
  CHECK(until(
      io, [&ended] { return ended; }, kLong));
  pool.join();
  CHECK(finished);
}
