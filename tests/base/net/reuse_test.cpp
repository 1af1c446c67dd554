// SPDX-License-Identifier: Apache-2.0
// Kept-alive connections that end under a request, and their descriptors' numbers used again at once: no reply is lost.
#include <random>

#include "base/net/http_client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;

namespace {

HttpRequest post(const ScriptedServer& server, const std::string& path, Millis within = 10s) {
  HttpRequest request("POST", *Url::parse(server.url(path)), within);
  request.body = "hello";
  return request;
}

}  // namespace

TEST_CASE("a connection that dies under its second request is replaced and the reply comes") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient client(io.get_executor(), {});
  server.answer = [](const ServerRequest& asked) {
    ServerReply answer;
    answer.body = asked.target;
    if (asked.nth == 2) answer.how = ServerReply::close;
    return answer;
  };
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const auto started = std::chrono::steady_clock::now();
    const auto response = await(io, client.send(post(server, "/" + std::to_string(i))));
    REQUIRE(response);
    CHECK(response->body == "/" + std::to_string(i));
    CHECK(std::chrono::steady_clock::now() - started < 2s);
  }
  CHECK(server.connections() == 20);  // each but the first died once and was made anew
}

TEST_CASE("a stream given up and a connection taken again in the same moment disturb no other request") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient client(io.get_executor(), {});
  server.answer = [](const ServerRequest& asked) {
    ServerReply answer;
    answer.how = asked.method == "GET" ? ServerReply::stream : ServerReply::whole;
    answer.body = asked.method == "GET" ? "first" : asked.target;
    return answer;
  };
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    HttpRequest request("GET", *Url::parse(server.url("/events")), 10s);
    std::optional<Result<HttpResponse>> posted;
    const auto stream = [&](std::string_view) {
      asio::co_spawn(io, client.send(post(server, "/a")),
                     [&](std::exception_ptr, Result<HttpResponse> response) { posted = std::move(response); });
      return false;  // given up, its descriptor closed
    };
    const auto ended = await(io, client.stream(
                                     std::move(request), [](const HttpResponse&) {}, stream, 10s));
    REQUIRE(ended);
    const auto after = await(io, client.send(post(server, "/b")));
    REQUIRE(after);
    CHECK(after->body == "/b");
    REQUIRE(until(
        io, [&] { return posted.has_value(); }, 5s));
    REQUIRE(*posted);
    CHECK((*posted)->body == "/a");
  }
}

namespace {

/// Requests one after the other until its share is done; each reply must be that of its request, or a named failure.
struct Storm {
  asio::io_context io;
  std::optional<ScriptedServer> server;
  HttpClient client;
  std::mt19937 random;
  int answered = 0, failed = 0, late = 0, wrong = 0, running = 0;

  /// Plain HTTP without a certificate.
  Storm(int seed, const TestCertificate* certificate, const HttpSettings& settings)
      : client(io.get_executor(), settings), random(static_cast<unsigned>(seed)) {
    if (certificate != nullptr) server.emplace(io, *certificate);
    else server.emplace(io);
    server->answer = [this](const ServerRequest& asked) { return answer(asked); };
  }

  ServerReply answer(const ServerRequest& asked) {
    ServerReply answer;
    answer.body = asked.target;
    if (asked.method == "GET") {
      answer.how = ServerReply::stream;
      answer.closes = true;
      return answer;
    }
    switch (random() % 8) {
      case 0: answer.how = ServerReply::close; break;
      case 1: answer.how = ServerReply::reset; break;
      case 2: answer.how = ServerReply::cut; break;
      case 3: answer.how = ServerReply::cut_head; break;
      case 4: answer.closes = true; break;
      default: break;
    }
    return answer;
  }

  void take(const Result<HttpResponse>& response, const std::string& path) {
    if (response) {
      ++answered;
      if (response->body != path) ++wrong;
    } else {
      ++failed;
      if (response.error().code == Errc::timeout) ++late;
    }
  }

  asio::awaitable<void> posts(int who, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string path = "/" + std::to_string(who) + "/" + std::to_string(i);
      HttpRequest request = post(*server, path, 5s * kSlow);
      const Result<HttpResponse> response = co_await client.send(std::move(request));
      take(response, path);
    }
  }

  asio::awaitable<void> streams(int count) {
    for (int i = 0; i < count; ++i) {
      HttpRequest request("GET", *Url::parse(server->url("/s")), 5s * kSlow);
      const std::function<void(const HttpResponse&)> on_head = [](const HttpResponse&) {};
      const std::function<bool(std::string_view)> give_up = [](std::string_view) { return false; };
      const Result<HttpResponse> response = co_await client.stream(std::move(request), on_head, give_up, 5s * kSlow);
      take(response, response ? response->body : "");
    }
  }

  void start(asio::awaitable<void> work) {
    ++running;
    asio::co_spawn(io, std::move(work), [this](std::exception_ptr) { --running; });
  }
};

}  // namespace

TEST_CASE("in a storm of dying connections every request ends with its own reply or a named failure") {
  const Folder folder;
  const TestCa ca;
  const TestCertificate certificate = ca.issue();
  write_text(folder / "ours.pem", ca.pem());
  HttpSettings trusting;
  trusting.ca_file = folder / "ours.pem";
  for (int seed = 1; seed <= rounds(12, 300); ++seed) {
    const bool tls = seed % 3 == 0;
    CAPTURE(seed, tls);
    Storm storm(seed, tls ? &certificate : nullptr, trusting);
    for (int who = 0; who < 6; ++who) storm.start(storm.posts(who, 40));
    storm.start(storm.streams(40));
    REQUIRE(until(
        storm.io, [&storm] { return storm.running == 0; }, 10s * kSlow));
    CHECK(storm.answered + storm.failed == 280);
    CHECK(storm.late == 0);
    CHECK(storm.wrong == 0);
    CHECK(storm.answered > 100);
    CHECK(storm.failed > 10);
  }
}
