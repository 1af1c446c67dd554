// SPDX-License-Identifier: Apache-2.0
// The life of requests: concurrency, cancellation, streams and their idle limit, a client that goes with work under way.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>

#include "base/net/http_client.hpp"
#include "tests/base/net/scripted_server.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 20s * kSlow;

Answer how(Answer::How how) {
  Answer answer;
  answer.how = how;
  return answer;
}

HttpRequest get(const std::string& url, Millis within = kLong) { return {"GET", *Url::parse(url), within}; }

/// A coroutine under way: how it ended, and a way to cancel it.
struct Started {
  std::optional<Result<HttpResponse>> result;
  bool aborted = false;
  asio::cancellation_signal cancel;

  void operator()(asio::io_context& io, asio::awaitable<Result<HttpResponse>> work) {
    asio::co_spawn(
        io, std::move(work),
        asio::bind_cancellation_slot(cancel.slot(), [this](std::exception_ptr failure, Result<HttpResponse> response) {
          try {
            if (failure) std::rethrow_exception(failure);
            result = std::move(response);
          } catch (const boost::system::system_error& error) {
            aborted = error.code() == asio::error::operation_aborted;
          }
        }));
  }
  [[nodiscard]] bool ended() const { return aborted || result.has_value(); }
};

bool settles(asio::io_context& io, const std::function<bool()>& holds) { return until(io, holds, kLong); }

struct Heard {
  std::string data;
  int heads = 0;
  std::size_t enough = 1000000;
  std::function<void(const HttpResponse&)> on_head = [this](const HttpResponse&) { ++heads; };
  std::function<bool(std::string_view)> on_data = [this](std::string_view bytes) {
    data += bytes;
    return data.size() < enough;
  };
};

}  // namespace

TEST_CASE("requests that are held do not hold up others") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked& asked) {
    Answer answer = how(asked.target == "/quick" ? Answer::whole : Answer::held);
    answer.body = asked.target;
    return answer;
  };
  HttpClient client(io.get_executor(), {});
  Started held[5];
  for (int i = 0; i < 5; ++i) held[i](io, client.send(get(server.url("/" + std::to_string(i)))));
  REQUIRE(settles(io, [&server] { return server.asked().size() == 5; }));
  const auto quick = await(io, client.send(get(server.url("/quick"))));
  REQUIRE(quick);
  CHECK(quick->body == "/quick");
  for (const Started& each : held) CHECK_FALSE(each.ended());
  server.release();
  REQUIRE(settles(io, [&held] { return std::all_of(held, held + 5, [](const Started& s) { return s.ended(); }); }));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(*held[i].result);
    CHECK((*held[i].result)->body == "/" + std::to_string(i));
  }
}

TEST_CASE("cancellation ends a request and a stream at once, its connection closed") {
  for (const bool streamed : {false, true}) {
    CAPTURE(streamed);
    asio::io_context io;
    ScriptedServer server(io);
    server.answer = [streamed](const Asked&) { return how(streamed ? Answer::stream : Answer::hang); };
    HttpClient client(io.get_executor(), {});
    Heard heard;
    Started started;
    if (streamed) started(io, client.stream(get(server.url("/")), heard.on_head, heard.on_data, kLong));
    else started(io, client.send(get(server.url("/"))));
    REQUIRE(settles(io, [&] { return server.asked().size() == 1 && (!streamed || heard.heads == 1); }));
    const auto before = std::chrono::steady_clock::now();
    started.cancel.emit(asio::cancellation_type::terminal);
    REQUIRE(settles(io, [&started] { return started.ended(); }));
    CHECK(started.aborted);
    CHECK(std::chrono::steady_clock::now() - before < 2s);
    CHECK(settles(io, [&server] { return server.open() == 0; }));
    server.answer = [](const Asked&) { return Answer(); };
    CHECK(await(io, client.send(get(server.url("/")))));
  }
}

TEST_CASE("a client that goes ends what is under way as cancelled") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked& asked) { return how(asked.target == "/s" ? Answer::stream : Answer::hang); };
  auto client = std::make_unique<HttpClient>(io.get_executor(), HttpSettings());
  Heard heard;
  Started sent[3], streamed;
  for (Started& each : sent) each(io, client->send(get(server.url("/h"))));
  streamed(io, client->stream(get(server.url("/s")), heard.on_head, heard.on_data, kLong));
  REQUIRE(settles(io, [&] { return server.asked().size() == 4 && heard.heads == 1; }));
  client.reset();
  REQUIRE(settles(
      io, [&] { return streamed.ended() && std::all_of(sent, sent + 3, [](const Started& s) { return s.ended(); }); }));
  for (const Started* each : {&sent[0], &sent[1], &sent[2], &streamed}) {
    REQUIRE(each->result);
    REQUIRE_FALSE(*each->result);
    CHECK(name(each->result->error().code) == name(Errc::cancelled));
  }
  CHECK(settles(io, [&server] { return server.open() == 0; }));
}

TEST_CASE("a client may go before its request has begun, and the loop with requests under way") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked&) { return how(Answer::hang); };
  Started late;
  auto gone = std::make_unique<HttpClient>(io.get_executor(), HttpSettings());
  auto work = gone->send(get(server.url("/")));
  gone.reset();
  late(io, std::move(work));
  REQUIRE(settles(io, [&late] { return late.ended(); }));
  REQUIRE(late.result);
  REQUIRE_FALSE(*late.result);
  CHECK(name(late.result->error().code) == name(Errc::cancelled));

  auto client = std::make_unique<HttpClient>(io.get_executor(), HttpSettings());
  Started left;
  left(io, client->send(get(server.url("/"))));
  REQUIRE(settles(io, [&server] { return !server.asked().empty(); }));
  CHECK_FALSE(left.ended());
  // The end of this test destroys the client, the server, then the loop: the sanitizers watch.
}

TEST_CASE("a stream is handed on as it comes and ends when it is closed") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked&) { return how(Answer::stream); };
  HttpClient client(io.get_executor(), {});
  Heard heard;
  Started started;
  started(io, client.stream(get(server.url("/")), heard.on_head, heard.on_data, kLong));
  REQUIRE(settles(io, [&heard] { return heard.heads == 1; }));  // the head alone is heard of
  std::string all;
  for (const char* piece : {"one", "two", "three"}) {
    server.push(piece);
    all += piece;
    REQUIRE(settles(io, [&] { return heard.data == all; }));
  }
  CHECK_FALSE(started.ended());
  server.drop();
  REQUIRE(settles(io, [&started] { return started.ended(); }));
  REQUIRE(*started.result);
  CHECK((*started.result)->status == 200);
  CHECK(heard.heads == 1);
}

TEST_CASE("a listener that has enough ends the stream") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked&) { return how(Answer::endless); };
  HttpClient client(io.get_executor(), {});
  Heard heard;
  heard.enough = 100000;
  const auto ended = await(io, client.stream(get(server.url("/")), heard.on_head, heard.on_data, kLong));
  CHECK(ended);
  CHECK(heard.data.size() >= heard.enough);
  CHECK(settles(io, [&server] { return server.open() == 0; }));
}

TEST_CASE("a stream has a deadline for its head and an idle limit after it") {
  for (const bool head : {false, true}) {
    CAPTURE(head);
    asio::io_context io;
    ScriptedServer server(io);
    server.answer = [head](const Asked&) { return how(head ? Answer::stream : Answer::hang); };
    HttpClient client(io.get_executor(), {});
    Heard heard;
    const Millis little = 300ms * kSlow;
    const auto before = std::chrono::steady_clock::now();
    const auto ended = await(io, client.stream(get(server.url("/"), head ? kLong : little), heard.on_head,
                                               heard.on_data, head ? little : kLong));
    REQUIRE_FALSE(ended);
    CHECK(name(ended.error().code) == name(Errc::timeout));
    CHECK(std::chrono::steady_clock::now() - before >= little);
    CHECK(std::chrono::steady_clock::now() - before < 10 * little);
    CHECK(heard.heads == (head ? 1 : 0));
  }
}

TEST_CASE("a stream outlives its head's deadline as long as bytes come") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked&) { return how(Answer::stream); };
  HttpClient client(io.get_executor(), {});
  Heard heard;
  Started started;
  const Millis little = 400ms * kSlow;
  started(io, client.stream(get(server.url("/"), little), heard.on_head, heard.on_data, little));
  const auto before = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - before < 3 * little) {
    until(
        io, [] { return false; }, little / 8);
    server.push(".");
  }
  CHECK_FALSE(started.ended());
  CHECK(heard.data.size() > 5);
  REQUIRE(settles(io, [&started] { return started.ended(); }));  // silence now
  CHECK(name(started.result->error().code) == name(Errc::timeout));
}

TEST_CASE("a stream that is answered with another status ends with it and is never heard") {
  for (const int status : {204, 401, 404, 500, 503}) {
    CAPTURE(status);
    asio::io_context io;
    ScriptedServer server(io);
    server.answer = [status](const Asked&) {
      Answer answer;
      answer.status = status;
      answer.body = status == 204 ? "" : "no";
      return answer;
    };
    HttpClient client(io.get_executor(), {});
    Heard heard;
    const auto ended = await(io, client.stream(get(server.url("/")), heard.on_head, heard.on_data, kLong));
    REQUIRE(ended);
    CHECK(ended->status == status);
    CHECK(heard.heads == 0);
    CHECK(heard.data.empty());
  }
}
