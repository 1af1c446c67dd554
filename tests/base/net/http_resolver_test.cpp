// SPDX-License-Identifier: Apache-2.0
// A name server that does not answer: the loop, the deadline and a cancellation must not wait for it. This program's own
// getaddrinfo stands before the C library's, and hangs on a name until it is let go.
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "tests/base/net/http_bench.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

struct Resolver {
  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = true;
  int asked = 0, inside = 0;

  int resolve() {
    std::unique_lock lock(mutex);
    ++asked;
    ++inside;
    changed.wait(lock, [this] { return !hangs; });
    --inside;
    changed.notify_all();
    return EAI_AGAIN;
  }
  int times_asked() {
    const std::lock_guard lock(mutex);
    return asked;
  }
  /// Nobody may still be inside when the test's objects go.
  void let_go() {
    std::unique_lock lock(mutex);
    hangs = false;
    changed.notify_all();
    changed.wait(lock, [this] { return inside == 0; });
    hangs = true;
  }
};

Resolver& resolver() {
  static auto* const instance = new Resolver;  // for threads that outlive main()
  return *instance;
}

}  // namespace

extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) { return resolver().resolve(); }

TEST_CASE("a deadline holds while the name server hangs, and the loop goes on") {
  HttpBench bench;
  HttpRequest request = bench.request_to("GET", "https://hanging.example/");
  request.deadline = 300ms;
  const int before = resolver().times_asked();
  const auto start = std::chrono::steady_clock::now();
  const Running running(bench, request);
  // Lets it go after ten seconds: a test that fails must end, too.
  std::thread rescue([] {
    Resolver& held = resolver();
    std::unique_lock lock(held.mutex);
    held.changed.wait_for(lock, 10s, [&held] { return !held.hangs; });
    held.hangs = false;
    held.changed.notify_all();
  });
  CHECK(bench.waits([&] { return running.response.has_value(); }));
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(resolver().times_asked() == before + 1);  // it was really under way
  REQUIRE(running.response);
  REQUIRE_FALSE(*running.response);
  CHECK(name(running.response->error().code) == name(Errc::timeout));
  CHECK(took < 5s);
  resolver().let_go();
  rescue.join();
}

TEST_CASE("a cancelled request does not wait for the name server") {
  HttpBench bench;
  const int before = resolver().times_asked();
  Running running(bench, bench.request_to("GET", "https://hanging.example/"));
  std::thread rescue([] {
    Resolver& held = resolver();
    std::unique_lock lock(held.mutex);
    held.changed.wait_for(lock, 10s, [&held] { return !held.hangs; });
    held.hangs = false;
    held.changed.notify_all();
  });
  REQUIRE(bench.waits([&] { return resolver().times_asked() == before + 1; }));
  const auto start = std::chrono::steady_clock::now();
  running.signal.emit(asio::cancellation_type::terminal);
  CHECK(bench.waits([&] { return running.aborted; }));
  bench.client.reset();
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  resolver().let_go();
  rescue.join();
}
