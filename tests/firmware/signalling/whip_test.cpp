// SPDX-License-Identifier: Apache-2.0
// One offer, one reply: what each reply means, a table. DELETE after it.
#include "firmware/signalling/whip.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace madoguchi::signalling;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 20s * kSlow;
constexpr auto kShort = 300ms * kSlow;
const FakeClock kClock{WallTime(std::chrono::seconds(784111777))};  // Sun, 06 Nov 1994 08:49:37 GMT
const char* const kAnswer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n";

using Headers = std::vector<std::pair<std::string, std::string>>;

ServerReply reply(int status, Headers headers = {}, std::string body = "no") {
  ServerReply answer;
  answer.status = status;
  answer.headers = std::move(headers);
  answer.body = std::move(body);
  return answer;
}

ServerReply created(const std::string& location, const std::string& type = "application/sdp",
                    const std::string& body = kAnswer) {
  return reply(201, {{"Content-Type", type}, {"Location", location}}, body);
}

ServerReply as(ServerReply::How how) {
  ServerReply answer = created("/r/1");
  answer.how = how;
  return answer;
}

using Posted = tl::expected<Answered, PostError>;

/// One offer to a server of its own that answers so.
Posted post_to(const ServerReply& answer, Millis within = kLong) {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [&answer](const ServerRequest&) { return answer; };
  HttpClient http(io.get_executor(), {});
  return await(io,
               post_offer(http, kClock, *Url::parse(server.url("/whip/room1?token=SECRET")), "v=0 offer", "", within));
}

}  // namespace

TEST_CASE("each reply to an offer that is no answer has its own name") {
  struct Row {
    const char* what;
    ServerReply answer;
    PostFailure expected;
  };
  const Row rows[] = {
      {"404", reply(404), PostFailure::not_found},
      {"409", reply(409), PostFailure::conflict},
      {"410", reply(410), PostFailure::gone},
      {"500", reply(500), PostFailure::server_error},
      {"502", reply(502), PostFailure::server_error},
      {"503", reply(503), PostFailure::busy},
      {"429", reply(429), PostFailure::busy},
      {"401", reply(401), PostFailure::refused},
      {"403", reply(403), PostFailure::refused},
      {"400", reply(400), PostFailure::protocol},
      {"406", reply(406, {{"Content-Type", "application/sdp"}, {"Location", "/r/1"}}, kAnswer),
       PostFailure::not_acceptable},
      {"200", reply(200, {{"Content-Type", "application/sdp"}, {"Location", "/r/1"}}, kAnswer), PostFailure::protocol},
      {"204", reply(204, {{"Location", "/r/1"}}, ""), PostFailure::protocol},
      {"a redirect of a POST that may not be followed", reply(302, {{"Location", "/other"}}), PostFailure::protocol},
      {"a redirect to elsewhere", reply(307, {{"Location", "https://other.example/"}}), PostFailure::protocol},
      {"no Location", reply(201, {{"Content-Type", "application/sdp"}}, kAnswer), PostFailure::no_location},
      {"an empty Location", created(""), PostFailure::no_location},
      {"a Location on another host", created("https://other.example/r/1"), PostFailure::no_location},
      {"a Location on another host, without a scheme", created("//other.example/r/1"), PostFailure::no_location},
      {"a Location on another port", created("http://127.0.0.1:1/r/1"), PostFailure::no_location},
      {"a Location that is no URL", created("http://"), PostFailure::no_location},
      {"a Location with a control character", created("/r\t1"), PostFailure::no_location},
      {"a Location with a byte beyond ASCII", created("/r/\xff"), PostFailure::no_location},
      {"a Location with a password", created("http://a:b@127.0.0.1/r/1"), PostFailure::no_location},
      {"html", created("/r/1", "text/html", "<html>"), PostFailure::answer_invalid},
      {"html that says SDP", created("/r/1", "application/sdp", "<html>"), PostFailure::answer_invalid},
      {"SDP that says html", created("/r/1", "text/html"), PostFailure::answer_invalid},
      {"another type that begins so", created("/r/1", "application/sdpfrag"), PostFailure::answer_invalid},
      {"no type", reply(201, {{"Location", "/r/1"}}, kAnswer), PostFailure::answer_invalid},
      {"an empty body", created("/r/1", "application/sdp", ""), PostFailure::answer_invalid},
      {"a huge body", created("/r/1", "application/sdp", "v=0" + std::string(70000, 'x')), PostFailure::answer_invalid},
      {"a byte that is no UTF-8", created("/r/1", "application/sdp", "v=0\r\ns=\xff\r\n"), PostFailure::answer_invalid},
      {"half a character", created("/r/1", "application/sdp", "v=0\r\ns=\xe7\xaa"), PostFailure::answer_invalid},
      {"a control", created("/r/1", "application/sdp", "v=0\r\ns=\x01\r\n"), PostFailure::answer_invalid},
      {"a NUL", created("/r/1", "application/sdp", std::string("v=0\r\n\0", 6)), PostFailure::answer_invalid},
      {"closed", as(ServerReply::close), PostFailure::empty_reply},
      {"reset", as(ServerReply::reset), PostFailure::empty_reply},
      {"cut in the head", as(ServerReply::cut_head), PostFailure::cut},
      {"cut in the body", as(ServerReply::cut), PostFailure::cut},
      {"hangs", as(ServerReply::hang), PostFailure::late},
      {"hangs in the body", as(ServerReply::hang_body), PostFailure::late},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const bool late = row.expected == PostFailure::late;
    const Posted posted = post_to(row.answer, late ? kShort : kLong);
    REQUIRE_FALSE(posted);
    CHECK(name(posted.error().failure) == name(row.expected));
    CHECK(posted.error().message.find("SECRET") == std::string::npos);
    CHECK_FALSE(posted.error().message.empty());
  }
}

TEST_CASE("an office that is not there, and one that is not who it says") {
  asio::io_context io;
  std::string gone;
  {
    ScriptedServer server(io);
    gone = server.url("/");
  }
  HttpClient http(io.get_executor(), {});
  const Posted away = await(io, post_offer(http, kClock, *Url::parse(gone), "v=0", "", kLong));
  REQUIRE_FALSE(away);
  CHECK(name(away.error().failure) == "down");
  const TestCa ca;
  ScriptedServer unknown(io, ca.issue());
  const Posted doubtful = await(io, post_offer(http, kClock, *Url::parse(unknown.url("/")), "v=0", "token", kLong));
  REQUIRE_FALSE(doubtful);
  CHECK(name(doubtful.error().failure) == "tls");
  CHECK(unknown.requests().empty());
  const Posted clear = await(io, post_offer(http, kClock, *Url::parse("http://192.0.2.1/"), "v=0", "token", kLong));
  REQUIRE_FALSE(clear);
  CHECK(name(clear.error().failure) == "protocol");
}

TEST_CASE("where the Location says the connection is") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient http(io.get_executor(), {});
  struct Row {
    std::string location, expected;
  };
  const Row rows[] = {
      {"/resource/7", "/resource/7"},
      {"resource/7", "/whip/resource/7"},
      {"room1/7", "/whip/room1/7"},
      {"?id=7", "/whip/room1?id=7"},
      {"../7", "/7"},
      {"/a b/7", "/a%20b/7"},
      {server.url("/abs/7?t=1"), "/abs/7?t=1"},
      {server.origin().substr(5) + "/7", "/7"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.location);
    server.answer = [&row](const ServerRequest&) { return created(row.location); };
    const Posted posted = await(io, post_offer(http, kClock, *Url::parse(server.url("/whip/room1")), "v=0", "", kLong));
    REQUIRE(posted);
    CHECK(posted->resource.to_string() == server.url(row.expected));
    CHECK(posted->sdp == kAnswer);
  }
}

TEST_CASE("a whole Location beyond ASCII is none: it would spoil the file that remembers it") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient http(io.get_executor(), {});
  for (const char* path : {"/7\xff", "/7/窓口"}) {
    CAPTURE(path);
    server.answer = [&](const ServerRequest&) { return created(server.url(path)); };
    const Posted posted = await(io, post_offer(http, kClock, *Url::parse(server.url("/whip/room1")), "v=0", "", kLong));
    REQUIRE_FALSE(posted);
    CHECK(name(posted.error().failure) == name(PostFailure::no_location));
  }
}

TEST_CASE("a Location is relative to the one that answered, after a redirect") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient http(io.get_executor(), {});
  server.answer = [](const ServerRequest& asked) {
    return asked.target == "/old" ? reply(307, {{"Location", "/new/room1"}}) : created("7");
  };
  const Posted posted =
      await(io, post_offer(http, kClock, *Url::parse(server.url("/old")), "v=0 offer", "token", kLong));
  REQUIRE(posted);
  CHECK(posted->resource.to_string() == server.url("/new/7"));
  CHECK(server.requests().back().method == "POST");
  CHECK(server.requests().back().body == "v=0 offer");
  CHECK(server.requests().back().header("authorization") == "Bearer token");
}

TEST_CASE("how the offer goes out") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient http(io.get_executor(), {});
  for (const std::string type : {"application/sdp", "application/sdp; charset=utf-8", "Application/SDP"}) {
    CAPTURE(type);
    server.answer = [&type](const ServerRequest&) { return created("/7", type); };
    REQUIRE(await(io, post_offer(http, kClock, *Url::parse(server.url("/whip")), "v=0 offer", "", kLong)));
    const ServerRequest& asked = server.requests().back();
    CHECK(asked.method == "POST");
    CHECK(asked.body == "v=0 offer");
    CHECK(asked.header("content-type") == "application/sdp");
    CHECK(asked.headers.count("authorization") == 0);
    CHECK(asked.headers.count("expect") == 0);
  }
}

TEST_CASE("Retry-After in seconds and as a date, within ten minutes") {
  struct Row {
    const char* text;
    std::optional<std::chrono::seconds> expected;
  };
  const Row rows[] = {
      {"0", 0s},
      {"7", 7s},
      {"600", 600s},
      {"601", 600s},
      {"99999999", 600s},
      {"-5", std::nullopt},
      {"Sun, 06 Nov 1994 08:50:07 GMT", 30s},
      {"Sunday, 06-Nov-94 08:50:07 GMT", 30s},
      {"Sun Nov  6 08:50:07 1994", 30s},
      {"Sun, 06 Nov 1994 08:49:07 GMT", 0s},  // has passed
      {"Mon, 07 Nov 1994 08:49:37 GMT", 600s},
      {"", std::nullopt},
      {"soon", std::nullopt},
      {"99999999999999999999", 600s},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_retry_after(row.text, kClock.wall()) == row.expected);
  }
}

TEST_CASE("503 brings its Retry-After along") {
  CHECK(post_to(reply(503, {{"Retry-After", "12"}})).error().retry_after == 12s);
  CHECK(post_to(reply(503)).error().retry_after == std::nullopt);
  CHECK(post_to(reply(503, {{"Retry-After", "soon"}})).error().retry_after == std::nullopt);
  CHECK(post_to(reply(503, {{"Retry-After", "Sun, 06 Nov 1994 08:54:37 GMT"}})).error().retry_after == 300s);
}

TEST_CASE("a connection is ended when the office says so, or no longer knows it") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient http(io.get_executor(), {});
  const Url resource = *Url::parse(server.url("/whip/room1/SECRET"));
  for (const int status : {200, 202, 204, 404, 410}) {
    CAPTURE(status);
    server.answer = [status](const ServerRequest&) { return reply(status, {}, ""); };
    CHECK(await(io, delete_resource(http, resource, "token", kLong)));
    CHECK(server.requests().back().method == "DELETE");
    CHECK(server.requests().back().target == "/whip/room1/SECRET");
    CHECK(server.requests().back().header("authorization") == "Bearer token");
  }
  for (const int status : {400, 401, 403, 405, 500, 503}) {
    CAPTURE(status);
    server.answer = [status](const ServerRequest&) { return reply(status, {}, ""); };
    const auto ended = await(io, delete_resource(http, resource, "", kLong));
    REQUIRE_FALSE(ended);
    CHECK(name(ended.error().code) == name(Errc::http));
    CHECK(ended.error().http_status == status);
    CHECK(ended.error().message.find("SECRET") == std::string::npos);
  }
  server.answer = [](const ServerRequest&) { return as(ServerReply::hang); };
  const auto late = await(io, delete_resource(http, resource, "", kShort));
  REQUIRE_FALSE(late);
  CHECK(name(late.error().code) == name(Errc::timeout));
}
