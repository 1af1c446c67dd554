// SPDX-License-Identifier: Apache-2.0
// The client against servers that misbehave: what each is called, deadlines, caps, redirects, cancellation. On a loop.
#include "base/net/http_client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <type_traits>

#include "tests/base/net/http_bench.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

// A request without a deadline cannot be written.
static_assert(!std::is_constructible_v<HttpRequest, std::string, Url>);
static_assert(!std::is_default_constructible_v<HttpRequest>);

TEST_CASE("a request arrives as it was made, and so does its reply") {
  HttpBench bench;
  bench.server.script(ServerReply(201, "the body").with("X-First", " a ").with("X-Two", "1").with("x-two", "2"));
  HttpRequest request = bench.request("POST", "/path?query=1");
  request.headers.emplace_back("Content-Type", "application/sdp");
  request.body = "offer\r\n" + std::string(5000, 'x');
  request.bearer = "token-1";
  const auto response = bench.send(request);
  REQUIRE(response);
  CHECK(response->status == 201);
  CHECK(response->body == "the body");
  CHECK(response->header("x-first") == "a");
  CHECK(response->header("x-two") == "2");
  CHECK(response->header("x-absent") == std::nullopt);
  REQUIRE(response->url);
  CHECK(response->url->path() == "/path");
  REQUIRE(bench.server.requests().size() == 1);
  const ServerRequest& asked = bench.server.requests()[0];
  CHECK(asked.method == "POST");
  CHECK(asked.target == "/path?query=1");
  CHECK((asked.body == request.body));
  CHECK(asked.header("content-type") == "application/sdp");
  CHECK(asked.header("authorization") == "Bearer token-1");
  CHECK(asked.header("user-agent") == "madoguchi");
  CHECK(asked.header("expect").empty());
}

TEST_CASE("methods go out as they are named, with and without a body") {
  HttpBench bench;
  bench.server.script(ServerReply(200));
  for (const char* method : {"GET", "DELETE", "PUT", "PATCH", "POST"}) {
    CAPTURE(method);
    REQUIRE(bench.send(bench.request(method, "/")));
    CHECK(bench.server.requests().back().method == method);
    CHECK(bench.server.requests().back().body.empty());
  }
  CHECK(bench.server.connections() == 1);  // kept open
}

TEST_CASE("a user and password are Basic, and of their own request alone") {
  HttpBench bench;
  bench.server.script(ServerReply(200));
  HttpRequest request = bench.request("GET", "/");
  request.user = "Aladdin";
  request.password = "open sesame";
  REQUIRE(bench.send(request));
  CHECK(bench.server.requests()[0].header("authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  REQUIRE(bench.send(bench.request("GET", "/")));
  CHECK(bench.server.requests()[1].header("authorization").empty());  // on the same connection
  CHECK(bench.server.connections() == 1);
}

TEST_CASE("a user agent says who asks") {
  HttpSettings settings;
  settings.user_agent = "madoguchi/test";
  HttpBench bench(settings);
  bench.server.script(ServerReply(200));
  REQUIRE(bench.send(bench.request("GET", "/")));
  CHECK(bench.server.requests()[0].header("user-agent") == "madoguchi/test");
}

TEST_CASE("a request of which libcurl takes only a part is not sent") {
  HttpBench bench;
  bench.server.script(ServerReply(200));
  HttpRequest request = bench.request("GET", "/");
  request.user = "hall";
  request.password = std::string(9'000'000, 'x');  // libcurl's bound of a string is 8 MB
  const auto response = bench.send(request);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::invalid);
  CHECK(bench.server.connections() == 0);
  CHECK(bench.send(bench.request("GET", "/")));
}

TEST_CASE("any status is a response, not an error") {
  HttpBench bench;
  for (const int status : {200, 204, 304, 400, 401, 404, 406, 410, 500, 503}) {
    bench.server.script(ServerReply(status, status == 204 || status == 304 ? "" : "why"));
    const auto response = bench.send(bench.request("GET", "/"));
    REQUIRE(response);
    CHECK(response->status == status);
  }
}

TEST_CASE("each way a server fails has its name") {
  struct Row {
    ServerReply reply;
    Errc code;
  };
  const Row rows[] = {
      {ServerReply(200, "x").does(ServerReply::close), Errc::empty},
      {ServerReply(200, "x").does(ServerReply::cut_head), Errc::cut},
      {ServerReply(200, std::string(1000, 'x')).does(ServerReply::cut), Errc::cut},
      {ServerReply(200, std::string(1000, 'x')).does(ServerReply::cut_reset), Errc::cut},
      {ServerReply(200, "x").does(ServerReply::reset), Errc::empty},
      {ServerReply(200, "x").does(ServerReply::hang), Errc::timeout},
      {ServerReply(200, "x").does(ServerReply::late), Errc::timeout},
      {ServerReply(200, std::string(1000, 'x')).does(ServerReply::hang_body), Errc::timeout},
      {ServerReply(200, "x").does(ServerReply::slow_head), Errc::timeout},
      {ServerReply(200).does(ServerReply::stream), Errc::timeout},  // a body that never comes
      {ServerReply(200).does(ServerReply::endless), Errc::too_large},
      {ServerReply(200, "SSH-2.0-OpenSSH\r\n").does(ServerReply::garbage), Errc::protocol},
      {ServerReply(200, "nonsense\r\n\r\n").does(ServerReply::garbage), Errc::protocol},
      {ServerReply(200, "hello").does(ServerReply::garbage), Errc::protocol},
      {ServerReply(200, "\x16\x03\x01\x02").does(ServerReply::garbage), Errc::protocol},
      {ServerReply(200, std::string(2000, 'x')), Errc::too_large},
  };
  for (const Row& row : rows) {
    HttpBench bench;
    bench.server.script(row.reply);
    HttpRequest request = bench.request("GET", "/secret-path?token=secret");
    request.deadline = row.code == Errc::timeout ? 200ms : kLong;
    request.body_cap = 1500;
    const auto response = bench.send(request);
    CAPTURE(static_cast<int>(row.reply.how));
    REQUIRE_FALSE(response);
    CAPTURE(response.error().message);
    CHECK(name(response.error().code) == name(row.code));
    CHECK(response.error().message.find("secret") == std::string::npos);
    CHECK(response.error().message.find("https://") != 0);
    CHECK(bench.all_closed());
  }
}

TEST_CASE("a head of hundreds of kilobytes is not read to its end") {
  HttpBench bench;
  bench.server.script(ServerReply(200, "x").with("X-Large", std::string(300'000, 'x')));
  CHECK_FALSE(bench.send(bench.request("GET", "/")));
  bench.server.script(ServerReply(200, "next"));
  CHECK(bench.send(bench.request("GET", "/")));
}

TEST_CASE("a port where nobody listens is refused") {
  HttpBench bench;
  const auto port = std::make_unique<ScriptedServer>(bench.io)->port();  // gone again
  const auto response = bench.send(bench.request_to("GET", "http://127.0.0.1:" + std::to_string(port) + "/"));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::refused);
}

TEST_CASE("a name that does not exist is no known host") {
  HttpBench bench;
  const auto response = bench.send(bench.request_to("GET", "https://no-such-host.invalid/"));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::host_unknown);
}

TEST_CASE("a body of exactly the cap passes") {
  HttpBench bench;
  bench.server.script(ServerReply(200, std::string(1500, 'x')));
  HttpRequest request = bench.request("GET", "/");
  request.body_cap = 1500;
  const auto response = bench.send(request);
  REQUIRE(response);
  CHECK(response->body.size() == 1500);
}

TEST_CASE("a deadline is of the whole exchange, however the bytes trickle") {
  HttpBench bench;
  bench.server.script(ServerReply(200).does(ServerReply::stream));
  HttpRequest request = bench.request("GET", "/");
  request.deadline = 500ms;
  const auto before = std::chrono::steady_clock::now();
  const Running running(bench, request);
  // A byte at each turn of the loop that finds it open, for as long as it takes.
  REQUIRE(until(
      bench.io,
      [&] {
        bench.server.push("x");
        return running.response.has_value();
      },
      kLong));
  REQUIRE_FALSE(*running.response);
  CHECK(running.response->error().code == Errc::timeout);
  CHECK(std::chrono::steady_clock::now() - before >= 490ms);
}

TEST_CASE("a late reply that is still in time is taken") {
  HttpBench bench;
  bench.server.script(ServerReply(200, "late").does(ServerReply::late));
  const Running running(bench, bench.request("GET", "/"));
  REQUIRE(bench.waits([&] { return bench.server.waiting() == 1; }));
  CHECK_FALSE(running.response);
  bench.server.release();
  REQUIRE(bench.waits([&] { return running.response.has_value(); }));
  REQUIRE(*running.response);
  CHECK((*running.response)->body == "late");
}

TEST_CASE("requests that are held do not hold up others, and each gets its own reply") {
  HttpBench bench;
  bench.server.answer = [](const ServerRequest& asked) {
    return ServerReply(200, asked.target).does(asked.target == "/quick" ? ServerReply::whole : ServerReply::late);
  };
  std::vector<std::unique_ptr<Running>> held;
  for (int i = 0; i < 5; ++i) {
    held.push_back(std::make_unique<Running>(bench, bench.request("GET", "/" + std::to_string(i))));
  }
  REQUIRE(bench.waits([&] { return bench.server.waiting() == 5; }));
  const auto quick = bench.send(bench.request("GET", "/quick"));
  REQUIRE(quick);
  CHECK(quick->body == "/quick");
  for (const auto& each : held) CHECK_FALSE(each->response);
  bench.server.release();
  for (int i = 0; i < 5; ++i) {
    const auto& each = held[static_cast<std::size_t>(i)];
    REQUIRE(bench.waits([&] { return each->response.has_value(); }));
    REQUIRE(*each->response);
    CHECK((*each->response)->body == "/" + std::to_string(i));
  }
}

TEST_CASE("requests go side by side") {
  HttpBench bench;
  bench.server.script(ServerReply(200, "late").does(ServerReply::late));
  std::vector<std::unique_ptr<Running>> many;
  for (int i = 0; i < 20; ++i) many.push_back(std::make_unique<Running>(bench, bench.request("GET", "/")));
  REQUIRE(bench.waits([&] { return bench.server.waiting() == 20; }));
  bench.server.release();
  REQUIRE(bench.waits([&] {
    return std::all_of(many.begin(), many.end(), [](const auto& each) { return each->response.has_value(); });
  }));
  for (const auto& each : many) CHECK((each->response && *each->response && (*each->response)->body == "late"));
}

TEST_CASE("a cancelled request ends at once, and its connection with it") {
  HttpBench bench;
  bench.server.script(ServerReply(200).does(ServerReply::late));
  Running running(bench, bench.request("POST", "/"));
  REQUIRE(bench.waits([&] { return bench.server.waiting() == 1; }));
  running.signal.emit(asio::cancellation_type::terminal);
  REQUIRE(bench.waits([&] { return running.aborted; }));
  CHECK_FALSE(running.response);
  CHECK(bench.waits([&] { return bench.server.open() == 0; }));
  bench.server.script(ServerReply(200, "next"));
  CHECK(bench.send(bench.request("GET", "/")));  // the client goes on
}

TEST_CASE("a client that ends takes its requests with it, as cancelled") {
  HttpBench bench;
  bench.server.script(ServerReply(200).does(ServerReply::late));
  const Running first(bench, bench.request("GET", "/"));
  const Running second(bench, bench.request("GET", "/"));
  REQUIRE(bench.waits([&] { return bench.server.waiting() == 2; }));
  bench.client.reset();
  REQUIRE(bench.waits([&] { return first.response && second.response; }));
  CHECK(first.response->error().code == Errc::cancelled);
  CHECK(second.response->error().code == Errc::cancelled);
  CHECK(bench.waits([&] { return bench.server.open() == 0; }));
}

TEST_CASE("a client may go before its request has begun, and the loop with requests under way") {
  std::unique_ptr<Running> left;  // goes after the loop
  HttpBench bench;
  bench.server.script(ServerReply(200).does(ServerReply::hang));
  auto work = bench.client->send(bench.request("GET", "/"));
  bench.client = std::make_unique<HttpClient>(bench.io.get_executor(), HttpSettings());
  const Running late(bench.io, std::move(work));
  REQUIRE(bench.waits([&] { return late.response.has_value(); }));
  CHECK(late.response->error().code == Errc::cancelled);

  left = std::make_unique<Running>(bench, bench.request("GET", "/"));
  REQUIRE(bench.waits([&] { return !bench.server.requests().empty(); }));
  CHECK_FALSE(left->response);
  // The end of this test destroys the client, the server, then the loop: the sanitizers watch.
}

TEST_CASE("plain http goes to this machine only, and not a byte to others") {
  HttpBench bench;
  for (const char* url : {"http://192.0.2.1/", "http://city.example/", "http://[2001:db8::1]/",
                          "http://localhost.city.example/", "http://0.0.0.0/"}) {
    CAPTURE(url);
    const auto response = bench.send(bench.request_to("GET", url));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::permission);
    CHECK(response.error().message.find("https://") != std::string::npos);
    const auto stream = bench.stream(bench.request_to("GET", url), kLong);
    REQUIRE_FALSE(stream);
    CHECK(stream.error().code == Errc::permission);
  }
  bench.server.script(ServerReply(200, "x"));
  CHECK(bench.send(bench.request("GET", "/")));
}

TEST_CASE("redirects on the same server are followed, with method, body and bearer") {
  HttpBench bench;
  for (const int status : {307, 308}) {
    bench.server.script({ServerReply(status).with("Location", "other?x=1"), ServerReply(201, "there")});
    HttpRequest request = bench.request("POST", "/first");
    request.body = "offer";
    request.bearer = "token-1";
    const auto response = bench.send(request);
    REQUIRE(response);
    CHECK(response->status == 201);
    CHECK(response->url->path() == "/other");
    const ServerRequest& second = bench.server.requests().back();
    CHECK(second.method == "POST");
    CHECK(second.target == "/other?x=1");
    CHECK(second.body == "offer");
    CHECK(second.header("authorization") == "Bearer token-1");
  }
}

TEST_CASE("301, 302 and 303 are followed for GET, and are the response to a POST") {
  HttpBench bench;
  for (const int status : {301, 302, 303, 307, 308}) {
    CAPTURE(status);
    bench.server.script({ServerReply(status).with("Location", "/other"), ServerReply(200, "there")});
    const auto got = bench.send(bench.request("GET", "/first"));
    REQUIRE(got);
    CHECK(got->body == "there");
    if (status >= 307) continue;
    bench.server.script({ServerReply(status).with("Location", "/other"), ServerReply(200, "there")});
    const auto posted = bench.send(bench.request("POST", "/first"));
    REQUIRE(posted);
    CHECK(posted->status == status);
  }
}

TEST_CASE("no redirect leads to another server, and no credential goes there") {
  HttpBench bench;
  ScriptedServer other(bench.io);
  other.script(ServerReply(200, "other"));
  const std::string port = std::to_string(bench.server.port());
  const std::string elsewhere[] = {other.url("/take"), "//127.0.0.1:" + std::to_string(other.port()) + "/take",
                                   "http://localhost:" + port + "/", "https://127.0.0.1:" + port + "/",
                                   "https://city.example/"};
  for (const std::string& location : elsewhere) {
    CAPTURE(location);
    bench.server.script({ServerReply(307).with("Location", location), ServerReply(200, "followed")});
    HttpRequest request = bench.request("POST", "/first");
    request.bearer = "token-1";
    const auto response = bench.send(request);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::permission);
  }
  CHECK(other.connections() == 0);
  CHECK(bench.server.requests().size() == std::size(elsewhere));
}

TEST_CASE("redirects to nowhere and in a circle are the server's fault") {
  HttpBench bench;
  for (const char* location : {"ftp://127.0.0.1/", "https://user:pw@127.0.0.1/"}) {
    CAPTURE(location);
    bench.server.script(ServerReply(307).with("Location", location));
    const auto response = bench.send(bench.request("GET", "/first"));
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::protocol);
  }
  bench.server.script(ServerReply(307).with("Location", "/first"));
  const std::size_t before = bench.server.requests().size();
  const auto circle = bench.send(bench.request("GET", "/first"));
  REQUIRE_FALSE(circle);
  CHECK(circle.error().code == Errc::protocol);
  CHECK(bench.server.requests().size() - before == 6);
  bench.server.script(ServerReply(307));
  const auto without = bench.send(bench.request("GET", "/first"));
  REQUIRE(without);
  CHECK(without->status == 307);
}

TEST_CASE("redirects count against the deadline") {
  HttpBench bench;
  bench.server.script({ServerReply(307).with("Location", "/other"), ServerReply(200).does(ServerReply::late)});
  HttpRequest request = bench.request("GET", "/first");
  request.deadline = 300ms;
  const auto response = bench.send(request);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::timeout);
}

TEST_CASE("a proxy in the environment is not used") {
  HttpBench bench;
  ScriptedServer proxy(bench.io);
  proxy.script(ServerReply(200, "proxy"));
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) {
    ::setenv(name, proxy.url("").c_str(), 1);
  }
  bench.server.script(ServerReply(200, "direct"));
  const auto response = bench.send(bench.request("GET", "/"));
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  REQUIRE(response);
  CHECK(response->body == "direct");
  CHECK(proxy.connections() == 0);
}
