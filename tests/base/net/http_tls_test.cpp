// SPDX-License-Identifier: Apache-2.0
// Whom the HTTP client trusts and what it gives away: certificates, plain http, redirects, credentials.
#include "base/net/http_client.hpp"
#include "tests/base/net/scripted_server.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 20s * kSlow;

HttpRequest get(const std::string& url) { return {"GET", *Url::parse(url), kLong}; }

Answer redirect(int status, const std::string& to) {
  Answer answer;
  answer.status = status;
  answer.headers = {{"Location", to}};
  return answer;
}

}  // namespace

TEST_CASE("a server is verified by the certificates of the settings and by no others") {
  asio::io_context io;
  const Folder folder;
  const Certificate ours = make_certificate(), other = make_certificate();
  write_text(folder / "ours.pem", ours.certificate);
  write_text(folder / "other.pem", other.certificate);
  ScriptedServer server(io, ours);
  struct Row {
    std::string ca_file;
    bool taken;
  };
  const Row rows[] = {
      {folder / "ours.pem", true},
      {folder / "other.pem", false},
      {"", false},  // the system's own do not know it
      {folder / "missing.pem", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.ca_file);
    HttpSettings settings;
    settings.ca_file = row.ca_file;
    HttpClient client(io.get_executor(), settings);
    HttpRequest request = get(server.url("/"));
    request.bearer = "token";
    const std::size_t before = server.asked().size();
    const auto response = await(io, client.send(std::move(request)));
    if (row.taken) {
      REQUIRE(response);
      CHECK(response->status == 200);
      CHECK(server.asked().size() == before + 1);
    } else {
      REQUIRE_FALSE(response);
      CHECK(name(response.error().code) == name(Errc::tls));
      CHECK(server.asked().size() == before);  // it never saw the token
    }
  }
}

TEST_CASE("a certificate of another name is refused though its maker is trusted") {
  asio::io_context io;
  const Folder folder;
  const Certificate ours = make_certificate("DNS:other.example,IP:192.0.2.1");
  write_text(folder / "ours.pem", ours.certificate);
  ScriptedServer server(io, ours);
  HttpSettings settings;
  settings.ca_file = folder / "ours.pem";
  HttpClient client(io.get_executor(), settings);
  const auto refused = await(io, client.send(get(server.url("/"))));
  REQUIRE_FALSE(refused);
  CHECK(name(refused.error().code) == name(Errc::tls));
  CHECK(server.asked().empty());
}

TEST_CASE("a server that speaks no TLS is a tls error") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpClient client(io.get_executor(), {});
  std::string url = server.url("/");
  url.replace(0, 4, "https");
  const auto refused = await(io, client.send(get(url)));
  REQUIRE_FALSE(refused);
  CHECK(name(refused.error().code) == name(Errc::tls));
}

TEST_CASE("plain http to elsewhere is refused before anything is sent") {
  asio::io_context io;
  HttpClient client(io.get_executor(), {});
  for (const char* url : {"http://192.0.2.1/", "http://localhost.city.example/", "http://0.0.0.0/"}) {
    CAPTURE(url);
    const auto started = std::chrono::steady_clock::now();
    const auto sent = await(io, client.send(get(url)));
    REQUIRE_FALSE(sent);
    CHECK(name(sent.error().code) == name(Errc::permission));
    const auto streamed =
        await(io, client.stream(
                      get(url), [](const HttpResponse&) {}, [](std::string_view) { return true; }, kLong));
    REQUIRE_FALSE(streamed);
    CHECK(name(streamed.error().code) == name(Errc::permission));
    CHECK(std::chrono::steady_clock::now() - started < 5s);
  }
}

TEST_CASE("a redirect is followed on the same server, with the method that HTTP says") {
  struct Row {
    const char* method;
    int status;
    bool followed;
  };
  const Row rows[] = {
      {"GET", 301, true},  {"GET", 302, true},  {"GET", 303, true},   {"GET", 307, true},   {"GET", 308, true},
      {"POST", 307, true}, {"POST", 308, true}, {"POST", 301, false}, {"POST", 302, false}, {"POST", 303, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.method, row.status);
    asio::io_context io;
    ScriptedServer server(io);
    server.answer = [&row](const Asked& asked) {
      return asked.target == "/from" ? redirect(row.status, "to?x=1") : Answer();
    };
    HttpClient client(io.get_executor(), {});
    HttpRequest request(row.method, *Url::parse(server.url("/from")), kLong);
    request.body = std::string(row.method) == "POST" ? "offer" : "";
    request.bearer = "token";
    const auto response = await(io, client.send(request));
    REQUIRE(response);
    CHECK(response->status == (row.followed ? 200 : row.status));
    REQUIRE(server.asked().size() == (row.followed ? 2U : 1U));
    if (!row.followed) continue;
    const Asked& last = server.asked().back();
    CHECK(last.target == "/to?x=1");
    CHECK(last.method == row.method);
    CHECK(last.body == request.body);
    CHECK(last.header("authorization") == "Bearer token");
    CHECK(response->url->to_string() == server.url("/to?x=1"));
  }
}

TEST_CASE("a redirect to another server is refused and that server hears nothing") {
  asio::io_context io;
  ScriptedServer server(io), other(io);
  const std::string port = server.origin().substr(server.origin().rfind(':'));
  const std::string targets[] = {other.url("/"), "//127.0.0.1" + other.origin().substr(other.origin().rfind(':')),
                                 "http://localhost" + port + "/", "https://127.0.0.1" + port + "/"};
  for (const std::string& target : targets) {
    CAPTURE(target);
    server.answer = [&target](const Asked&) { return redirect(307, target); };
    HttpClient client(io.get_executor(), {});
    HttpRequest request = get(server.url("/"));
    request.bearer = "token";
    const auto response = await(io, client.send(std::move(request)));
    REQUIRE_FALSE(response);
    CHECK(name(response.error().code) == name(Errc::permission));
    CHECK(other.connections() == 0);
  }
}

TEST_CASE("a circle of redirects ends - so does one that would outlive the deadline") {
  asio::io_context io;
  ScriptedServer server(io);
  server.answer = [](const Asked&) { return redirect(307, "/again"); };
  HttpClient client(io.get_executor(), {});
  const auto circle = await(io, client.send(get(server.url("/"))));
  REQUIRE_FALSE(circle);
  CHECK(name(circle.error().code) == name(Errc::protocol));
  CHECK(server.asked().size() <= 7);

  server.answer = [](const Asked& asked) {
    if (asked.target == "/") return redirect(307, "/slow");
    Answer answer;
    answer.how = Answer::hang;
    return answer;
  };
  HttpRequest request = get(server.url("/"));
  request.deadline = 300ms * kSlow;
  const auto late = await(io, client.send(std::move(request)));
  REQUIRE_FALSE(late);
  CHECK(name(late.error().code) == name(Errc::timeout));
}

TEST_CASE("a password goes as Basic and a user agent says who asks") {
  asio::io_context io;
  ScriptedServer server(io);
  HttpSettings settings;
  settings.user_agent = "madoguchi/test";
  HttpClient client(io.get_executor(), settings);
  HttpRequest request = get(server.url("/"));
  request.user = "hall";
  request.password = "secret";
  const bool sent = await(io, client.send(std::move(request))).has_value();
  REQUIRE(sent);
  CHECK(server.asked().back().header("authorization") == "Basic aGFsbDpzZWNyZXQ=");
  CHECK(server.asked().back().header("user-agent") == "madoguchi/test");
  REQUIRE(await(io, client.send(get(server.url("/")))));
  CHECK(server.asked().back().header("authorization").empty());  // on the same connection
  CHECK(server.connections() == 1);
}
