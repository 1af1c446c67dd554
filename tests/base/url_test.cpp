// SPDX-License-Identifier: Apache-2.0
// URLs: what is one, what a reference becomes, whose origin it is, what may be contacted. Tables. Pure.
#include "base/net/url.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace std::string_literals;

namespace {

Url url(std::string_view text) {
  const auto parsed = Url::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("a URL's parts") {
  const Url all = url("https://City.Example:8443/rooms/a%20b?token=1&x=/#part");
  CHECK(all.scheme() == "https");
  CHECK(all.host() == "city.example");
  CHECK(all.port() == 8443);
  CHECK(all.path() == "/rooms/a%20b");
  CHECK(all.query() == "token=1&x=/");
  CHECK(all.origin() == "https://city.example:8443");
  CHECK(all.to_string().find('#') == std::string::npos);  // a fragment never goes over the wire
  CHECK(all.to_string().find("/rooms/a%20b?token=1&x=/") != std::string::npos);
}

TEST_CASE("an origin always says its port, in small letters") {
  CHECK(url("https://city.example").origin() == "https://city.example:443");
  CHECK(url("http://127.0.0.1").origin() == "http://127.0.0.1:80");
  CHECK(url("HTTPS://CITY.EXAMPLE/").origin() == url("https://city.example:443/other").origin());
  CHECK(url("https://[::1]:8443/").origin() == "https://[::1]:8443");
  CHECK(url("http://city.example/").origin() != url("https://city.example/").origin());
  CHECK(url("https://city.example/").origin() != url("https://city.example:8443/").origin());
}

TEST_CASE("what is logged holds neither path nor query") {
  const Url secret = url("https://city.example/calendars/SECRET/bookings.ics?key=SECRET");
  CHECK(secret.redacted() == "https://city.example:443/...");
}

TEST_CASE("what is no URL of ours") {
  const std::string rows[] = {
      "",
      "city.example",
      "city.example/path",
      "/path",
      "//city.example/path",
      "https://",
      "https:///path",
      "https:/city.example/",
      "https://:443/",
      "ftp://city.example/",
      "file:///etc/passwd",
      "ws://city.example/",
      "javascript:alert(1)",
      "data:text/plain,x",
      "https://user:password@city.example/",
      "https://user@city.example/",
      "https://city.example:0/",
      "https://city.example:65536/",
      "https://city.example:80x/",
      "https://city.example/a b",
      " https://city.example/",
      "https://city.example/\r\nX-Injected: 1",
      "https://city.example/\t",
      "https://city.example\\@other.example/",
      "https:\\\\city.example/",
      "https://city.example/\x7f",
      "https://city.example/"s + '\0' + "x",
      "https://[::1",
      "https://city.example/\xff",
      "https://city.example/窓口",
      "https://窓口.example/",
      "https://city.example/" + std::string(4096, 'a'),
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    const auto parsed = Url::parse(row);
    CHECK_FALSE(parsed);
    if (!parsed) CHECK(parsed.error().code == Errc::invalid);
  }
}

TEST_CASE("an error about a URL does not repeat it") {
  const auto parsed = Url::parse("https://user:password@city.example/SECRET");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message.find("SECRET") == std::string::npos);
  CHECK(parsed.error().message.find("password@") == std::string::npos);
}

TEST_CASE("a reference against a URL") {
  struct Row {
    const char *base, *reference, *expected;
  };
  const Row rows[] = {
      {"https://h.example/whip/room", "/whip/room/7", "https://h.example/whip/room/7"},
      {"https://h.example/whip/room", "7", "https://h.example/whip/7"},
      {"https://h.example/whip/room/", "7", "https://h.example/whip/room/7"},
      {"https://h.example/whip/room", "../x/7", "https://h.example/x/7"},
      {"https://h.example/whip/room", "/../../7", "https://h.example/7"},
      {"https://h.example:8443/whip", "/7?token=1", "https://h.example:8443/7?token=1"},
      {"https://h.example/whip?a=1", "?b=2", "https://h.example/whip?b=2"},
      {"https://h.example/whip", "https://h.example/7", "https://h.example/7"},
      {"https://h.example/whip", "https://other.example/7", "https://other.example/7"},
      {"https://h.example/whip", "//other.example/7", "https://other.example/7"},
      {"https://h.example/whip", "/a b", "https://h.example/a%20b"},
      {"http://127.0.0.1:80/whip", "/7", "http://127.0.0.1/7"},
      {"http://[::1]:8080/whip", "/7", "http://[::1]:8080/7"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.base, row.reference);
    const auto resolved = url(row.base).resolve(row.reference);
    REQUIRE(resolved);
    CHECK(resolved->origin() == url(row.expected).origin());
    CHECK(resolved->path() == url(row.expected).path());
    CHECK(resolved->query() == url(row.expected).query());
  }
}

TEST_CASE("what a reference may not be") {
  const std::string rows[] = {"",
                              "ftp://h.example/7",
                              "https://user:pw@h.example/7",
                              "/7\r\nX-Injected: 1",
                              "\\\\other.example\\7",
                              "/\\other.example/7",
                              "/7"s + '\0' + "8",
                              "javascript:alert(1)",
                              "/\xff",
                              "/窓口",
                              "https://h.example/\xc3(",
                              "https://"};
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(url("https://h.example/whip").resolve(row));
  }
}

TEST_CASE("only https and this machine itself are ever contacted") {
  struct Row {
    const char* text;
    bool may;
  };
  const Row rows[] = {
      {"https://city.example/", true},
      {"https://192.0.2.1/", true},
      {"http://127.0.0.1/", true},
      {"http://127.0.0.1:8080/x", true},
      {"http://127.255.255.254/", true},
      {"http://localhost:8080/", true},
      {"http://LOCALHOST/", true},
      {"http://[::1]:8080/", true},
      {"http://city.example/", false},
      {"http://192.168.1.1/", false},
      {"http://0.0.0.0/", false},
      {"http://128.0.0.1/", false},
      {"http://126.255.255.255/", false},
      {"http://localhost.city.example/", false},
      {"http://127.0.0.1.city.example/", false},
      {"http://xlocalhost/", false},
      {"http://[::2]/", false},
      {"http://[::ffff:192.0.2.1]/", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(url(row.text).is_secure_or_loopback() == row.may);
  }
}
