// SPDX-License-Identifier: Apache-2.0
// Bodies that must not stay in memory: handed on piece by piece, the server held up meanwhile. On a loop.
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>

#include "tests/base/net/http_bench.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr std::size_t kMostInAPiece = 64 * 1024;

/// Takes pieces, after a while when it is slow.
struct Sink {
  std::string all;
  std::size_t largest = 0, pieces = 0;
  int turns = 0;                                                 ///< of the loop, before each is taken
  std::size_t enough = std::numeric_limits<std::size_t>::max();  ///< bytes after which no more are wanted
  asio::awaitable<bool> take(std::string_view piece) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (int i = 0; i < turns; ++i) co_await asio::post(executor, asio::use_awaitable);
    all += piece;
    largest = std::max(largest, piece.size());
    ++pieces;
    co_return all.size() < enough;
  }
  HttpRequest into(HttpRequest request) {
    request.body_to = [this](std::string_view piece) { return take(piece); };
    request.body_cap = 8 << 20;
    return request;
  }
};

}  // namespace

TEST_CASE("a body that must not stay in memory goes on piece by piece") {
  HttpBench bench;
  std::string body;
  for (int i = 0; body.size() < (2 << 20); ++i) body += std::to_string(i) + ',';
  for (const int turns : {0, 30}) {
    CAPTURE(turns);
    bench.server.script(ServerReply(200, body).with("ETag", "\"1\""));
    Sink sink;
    sink.turns = turns;
    const auto response = bench.send(sink.into(bench.request("GET", "/large")));
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->header("etag") == "\"1\"");
    CHECK(response->body.empty());
    CHECK((sink.all == body));
    CHECK(sink.largest <= kMostInAPiece);
    CHECK(sink.pieces >= body.size() / kMostInAPiece);
  }
}

TEST_CASE("of any other status nothing goes on, and nothing is kept") {
  HttpBench bench;
  Sink sink;
  for (const int status : {201, 404, 500}) {
    CAPTURE(status);
    bench.server.script(ServerReply(status, std::string(200'000, 'x')));
    const auto response = bench.send(sink.into(bench.request("GET", "/")));
    REQUIRE(response);
    CHECK(response->status == status);
    CHECK(response->body.empty());
    CHECK(sink.pieces == 0);
  }
}

TEST_CASE("what goes on piece by piece has its cap, ends where no more is wanted, and tells of a cut") {
  HttpBench bench;
  const std::string body(200'000, 'x');
  bench.server.script(ServerReply(200, body));
  Sink sink;
  HttpRequest capped = sink.into(bench.request("GET", "/"));
  capped.body_cap = body.size() - 1;
  const auto too_large = bench.send(std::move(capped));
  REQUIRE_FALSE(too_large);
  CHECK(name(too_large.error().code) == name(Errc::too_large));

  Sink picky;
  picky.enough = 1;
  const auto given_up = bench.send(picky.into(bench.request("GET", "/")));
  REQUIRE_FALSE(given_up);
  CHECK(name(given_up.error().code) == name(Errc::cancelled));
  CHECK(picky.pieces == 1);
  CHECK(bench.all_closed());

  bench.server.script(ServerReply(200, body).does(ServerReply::cut));
  Sink half;
  half.turns = 3;
  const auto cut = bench.send(half.into(bench.request("GET", "/")));
  REQUIRE_FALSE(cut);
  CHECK(name(cut.error().code) == name(Errc::cut));
}
