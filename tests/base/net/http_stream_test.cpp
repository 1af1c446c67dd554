// SPDX-License-Identifier: Apache-2.0
// Bodies that never end by themselves, as server-sent events are: handed on as they come, silence, ends, cancellation.
#include "tests/base/net/http_bench.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

/// A stream under way.
struct Streaming {
  explicit Streaming(HttpBench& bench, Millis idle = kLong, Millis head_within = kLong) {
    HttpRequest request = bench.request("GET", "/events");
    request.deadline = head_within;
    std::function<void(const HttpResponse&)> on_head = [this](const HttpResponse& head) {
      type = head.header("content-type").value_or("");
      ++heads;
    };
    std::function<bool(std::string_view)> on_data = [this](std::string_view bytes) {
      data += bytes;
      return go_on;
    };
    auto work = bench.client->stream(std::move(request), on_head, on_data, idle);
    running.emplace(bench.io, std::move(work));
  }
  int heads = 0;
  bool go_on = true;
  std::string type, data;
  std::optional<Running> running;
};

ServerReply events(std::string body = {}) {
  return ServerReply(200, std::move(body)).does(ServerReply::stream).with("Content-Type", "text/event-stream");
}

}  // namespace

TEST_CASE("a stream's head is told first, then its bytes as they come, then its end") {
  HttpBench bench;
  bench.server.script(events());
  Streaming stream(bench);
  REQUIRE(bench.waits([&] { return bench.server.streams() == 1 && stream.heads == 1; }));
  CHECK(stream.type == "text/event-stream");
  CHECK(stream.data.empty());
  bench.server.push("data: 1\n\n");
  REQUIRE(bench.waits([&] { return stream.data == "data: 1\n\n"; }));
  bench.server.push(": keep\n");
  REQUIRE(bench.waits([&] { return stream.data == "data: 1\n\n: keep\n"; }));
  CHECK_FALSE(stream.running->response);
  bench.server.finish();
  REQUIRE(bench.waits([&] { return stream.running->response.has_value(); }));
  REQUIRE(*stream.running->response);
  CHECK((*stream.running->response)->status == 200);
  CHECK(stream.heads == 1);
}

TEST_CASE("a stream may carry more than any cap, as long as each part is taken") {
  HttpBench bench;
  bench.server.script(events());
  Streaming stream(bench);
  REQUIRE(bench.waits([&] { return bench.server.streams() == 1; }));
  std::size_t sent = 0;
  for (int i = 0; i < 40; ++i) {
    bench.server.push(std::string(60'000, 'x'));
    sent += 60'000;
    REQUIRE(bench.waits([&] { return stream.data.size() == sent; }));
  }
  CHECK(sent > HttpRequest("GET", *Url::parse("http://localhost/"), 1s).body_cap);
}

TEST_CASE("a stream that the receiver has enough of ends, and its connection too") {
  HttpBench bench;
  bench.server.script(events());
  Streaming stream(bench);
  REQUIRE(bench.waits([&] { return bench.server.streams() == 1; }));
  stream.go_on = false;
  bench.server.push("data: too much\n\n");
  REQUIRE(bench.waits([&] { return stream.running->response.has_value(); }));
  CHECK(*stream.running->response);
  CHECK(bench.all_closed());
}

TEST_CASE("a stream that is silent for too long ends as timed out, any byte puts that off") {
  HttpBench bench;
  bench.server.script(events());
  Streaming stream(bench, 400ms);
  REQUIRE(bench.waits([&] { return bench.server.streams() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  auto last = before;
  // A byte each 20 ms or so, for twice the silence that is allowed.
  while (std::chrono::steady_clock::now() - before < 800ms) {
    last = std::chrono::steady_clock::now();
    bench.server.push(":");
    const std::size_t size = stream.data.size();
    REQUIRE(bench.waits([&] { return stream.data.size() > size || stream.running->response; }));
    if (stream.running->response) break;
  }
  CHECK_FALSE(stream.running->response);
  REQUIRE(bench.waits([&] { return stream.running->response.has_value(); }));
  REQUIRE_FALSE(*stream.running->response);
  CHECK(stream.running->response->error().code == Errc::timeout);
  CHECK(stream.running->response->error().message.find("silent") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - last >= 390ms);
  CHECK(bench.all_closed());
}

TEST_CASE("a stream whose head does not come in time is timed out, whatever silence is allowed later") {
  for (const auto how : {ServerReply::late, ServerReply::slow_head}) {
    HttpBench bench;
    bench.server.script(ServerReply(200).does(how));
    Streaming stream(bench, kLong, 300ms);
    REQUIRE(bench.waits([&] { return stream.running->response.has_value(); }));
    REQUIRE_FALSE(*stream.running->response);
    CHECK(stream.running->response->error().code == Errc::timeout);
    CHECK(stream.heads == 0);
  }
}

TEST_CASE("a stream outlives the deadline of its head") {
  HttpBench bench;
  bench.server.script(events());
  Streaming stream(bench, kLong, 300ms);
  REQUIRE(bench.waits([&] { return stream.heads == 1; }));
  const auto later = std::chrono::steady_clock::now() + 600ms;
  REQUIRE(bench.waits([&] { return std::chrono::steady_clock::now() > later; }));
  CHECK_FALSE(stream.running->response);
  bench.server.push("still here");
  CHECK(bench.waits([&] { return stream.data == "still here"; }));
}

TEST_CASE("any status but 200 is the response, and nobody hears a head") {
  for (const int status : {204, 307, 401, 404, 503}) {
    CAPTURE(status);
    HttpBench bench;
    bench.server.script(ServerReply(status, status == 204 ? "" : "why").with("Retry-After", "7"));
    const auto response = bench.stream(bench.request("GET", "/events"), kLong);
    REQUIRE(response);
    CHECK(response->status == status);
    CHECK(response->header("retry-after") == "7");
    CHECK(bench.heads.empty());
    CHECK(bench.data.empty());
  }
}

TEST_CASE("a stream that is cut is told apart from one that ended") {
  struct Row {
    ServerReply reply;
    Errc code;
  };
  const Row rows[] = {{ServerReply(200, std::string(1000, 'x')).does(ServerReply::cut), Errc::cut},
                      {ServerReply(200, std::string(1000, 'x')).does(ServerReply::cut_reset), Errc::cut},
                      {ServerReply(200).does(ServerReply::close), Errc::empty}};
  for (const Row& row : rows) {
    HttpBench bench;
    bench.server.script(row.reply);
    const auto response = bench.stream(bench.request("GET", "/events"), kLong);
    REQUIRE_FALSE(response);
    CHECK(name(response.error().code) == name(row.code));
  }
  HttpBench bench;
  bench.server.script(events("data: 1\n\n"));
  Streaming stream(bench);
  REQUIRE(bench.waits([&] { return stream.data == "data: 1\n\n" && bench.server.streams() == 1; }));
  bench.server.drop();
  REQUIRE(bench.waits([&] { return stream.running->response.has_value(); }));
  REQUIRE_FALSE(*stream.running->response);
  CHECK(name(stream.running->response->error().code) == name(Errc::cut));
}

TEST_CASE("what came before the end is handed on before it") {
  HttpBench bench;
  bench.server.script(ServerReply(200, "all at once"));
  const auto response = bench.stream(bench.request("GET", "/events"), kLong);
  REQUIRE(response);
  CHECK(bench.heads == std::vector<int>{200});
  CHECK(bench.data == "all at once");
}

TEST_CASE("a cancelled stream ends at once, and its connection with it") {
  HttpBench bench;
  bench.server.script(events());
  Streaming stream(bench);
  REQUIRE(bench.waits([&] { return bench.server.streams() == 1 && stream.heads == 1; }));
  stream.running->signal.emit(asio::cancellation_type::terminal);
  REQUIRE(bench.waits([&] { return stream.running->aborted; }));
  CHECK(bench.all_closed());
}

TEST_CASE("a client that ends takes its streams with it") {
  HttpBench bench;
  bench.server.script(events());
  Streaming stream(bench);
  REQUIRE(bench.waits([&] { return bench.server.streams() == 1; }));
  bench.client.reset();
  REQUIRE(bench.waits([&] { return stream.running->response.has_value(); }));
  CHECK(stream.running->response->error().code == Errc::cancelled);
}
