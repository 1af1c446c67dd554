// SPDX-License-Identifier: Apache-2.0
// The HTTP client against servers that misbehave: each way is its own Errc, none outlives its deadline.
#include "base/net/http_client.hpp"
#include "tests/base/net/scripted_server.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 20s * kSlow;     // never reached in a test that passes
constexpr auto kShort = 200ms * kSlow;  // reached on purpose

Answer how(Answer::How how) {
  Answer answer;
  answer.how = how;
  answer.body = "a body of some length";
  return answer;
}

HttpRequest get(const std::string& url, Millis within = kLong) { return {"GET", *Url::parse(url), within}; }

}  // namespace

TEST_CASE("each way of a faulty server has its own name") {
  struct Row {
    Answer::How how;
    Errc expected;
    Millis within;
  };
  const Row rows[] = {
      {Answer::hang, Errc::timeout, kShort},     {Answer::hang_body, Errc::timeout, kShort},
      {Answer::close, Errc::empty, kLong},       {Answer::reset, Errc::empty, kLong},
      {Answer::cut_head, Errc::cut, kLong},      {Answer::cut, Errc::cut, kLong},
      {Answer::endless, Errc::too_large, kLong},
  };
  for (const Row& row : rows) {
    CAPTURE(row.how);
    asio::io_context io;
    ScriptedServer server(io);
    server.answer = [&row](const Asked&) { return how(row.how); };
    HttpClient client(io.get_executor(), {});
    const auto started = std::chrono::steady_clock::now();
    const auto response = await(io, client.send(get(server.url("/secret"), row.within)));
    const auto took = std::chrono::steady_clock::now() - started;
    REQUIRE_FALSE(response);
    CHECK(name(response.error().code) == name(row.expected));
    CHECK(response.error().message.find("secret") == std::string::npos);
    if (row.expected == Errc::timeout) CHECK(took >= row.within - 10ms);
    CHECK(took < row.within + 10 * kShort);
    CHECK(until(
        io, [&server] { return server.open() == 0; }, kLong));  // a failed connection is not kept
  }
}

TEST_CASE("what is not HTTP is a protocol error") {
  for (const std::string text : {"SSH-2.0-x\r\n\r\n", "hello", "\x16\x03\x01\x02"}) {
    CAPTURE(text);
    asio::io_context io;
    ScriptedServer server(io);
    server.answer = [&text](const Asked&) {
      Answer answer = how(Answer::raw);
      answer.body = text;
      return answer;
    };
    HttpClient client(io.get_executor(), {});
    const auto response = await(io, client.send(get(server.url("/"))));
    REQUIRE_FALSE(response);
    CHECK(name(response.error().code) == name(Errc::protocol));
  }
}

TEST_CASE("a body is taken up to its cap and not a byte beyond") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked& asked) {
    Answer answer;
    answer.body = std::string(asked.target == "/more" ? 101 : 100, 'x');
    return answer;
  };
  HttpClient client(io.get_executor(), {});
  HttpRequest fits = get(server.url("/fits"));
  fits.body_cap = 100;
  const auto whole = await(io, client.send(fits));
  REQUIRE(whole);
  CHECK(whole->body.size() == 100);
  HttpRequest more = get(server.url("/more"));
  more.body_cap = 100;
  const auto refused = await(io, client.send(more));
  REQUIRE_FALSE(refused);
  CHECK(name(refused.error().code) == name(Errc::too_large));
}

TEST_CASE("nobody there is unreachable") {
  asio::io_context io;
  std::string url;
  {
    ScriptedServer gone(io);
    url = gone.url("/");
  }
  HttpClient client(io.get_executor(), {});
  const auto refused = await(io, client.send(get(url)));
  REQUIRE_FALSE(refused);
  CHECK(name(refused.error().code) == name(Errc::unreachable));
}
