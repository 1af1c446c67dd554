// SPDX-License-Identifier: Apache-2.0
// TLS is always verified: by the CA file when one is given, names and dates included. Certificates of this minute.
#include "tests/base/net/http_bench.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

/// GETs / of a server with such a certificate, trusting this CA file's content ("" = the system's).
Result<HttpResponse> get(const TestCertificate& certificate, const std::string& trusted, const std::string& host,
                         std::size_t* requests) {
  const Folder folder;
  HttpSettings settings;
  if (!trusted.empty()) {
    write_text(folder / "ca.pem", trusted);
    settings.ca_file = folder / "ca.pem";
  }
  HttpBench bench(settings);
  ScriptedServer server(bench.io, certificate);
  server.script(ServerReply(200, "over TLS"));
  HttpRequest request = bench.request_to("GET", "https://" + host + ":" + std::to_string(server.port()) + "/");
  request.bearer = "token-1";
  auto response = bench.send(std::move(request));
  *requests = server.requests().size();
  return response;
}

}  // namespace

TEST_CASE("a server that the CA file vouches for is spoken to, by address and by name") {
  const TestCa ca;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    std::size_t requests = 0;
    const auto response = get(ca.issue(), ca.pem(), host, &requests);
    REQUIRE(response);
    CHECK(response->body == "over TLS");
    CHECK(requests == 1);
  }
}

TEST_CASE("any other server is not, and hears no request") {
  const TestCa ca;
  const TestCa other;
  TestCa::Wanted another_name;
  another_name.names = "DNS:city.example,IP:192.0.2.1";
  TestCa::Wanted expired;
  expired.until = -60s;
  TestCa::Wanted not_yet;
  not_yet.from = 1800s;
  struct Row {
    const char* what;
    TestCertificate certificate;
    std::string trusted;
  };
  const Row rows[] = {
      {"of another authority", other.issue(), ca.pem()},
      {"of an authority the system does not know", ca.issue(), ""},
      {"for another name", ca.issue(another_name), ca.pem()},
      {"expired", ca.issue(expired), ca.pem()},
      {"not valid yet", ca.issue(not_yet), ca.pem()},
      {"a CA file that is none", ca.issue(), "no certificate\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    std::size_t requests = 0;
    const auto response = get(row.certificate, row.trusted, "127.0.0.1", &requests);
    REQUIRE_FALSE(response);
    CAPTURE(response.error().message);
    CHECK(name(response.error().code) == name(Errc::tls));
    CHECK(requests == 0);
  }
}

TEST_CASE("a CA file that is not there is a TLS error") {
  const TestCa ca;
  HttpSettings settings;
  settings.ca_file = "/nonexistent/ca.pem";
  HttpBench bench(settings);
  ScriptedServer server(bench.io, ca.issue());
  const auto response = bench.send(bench.request_to("GET", server.url("/")));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::tls);
}

TEST_CASE("https to a server that speaks plain http is a TLS error, and tells it nothing") {
  HttpBench bench;
  bench.server.script(ServerReply(200, "x"));
  HttpRequest request = bench.request_to("GET", "https://127.0.0.1:" + std::to_string(bench.server.port()) + "/secret");
  request.bearer = "token-1";
  const auto response = bench.send(request);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::tls);
  CHECK(bench.server.requests().empty());
}
