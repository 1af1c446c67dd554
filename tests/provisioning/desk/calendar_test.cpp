// SPDX-License-Identifier: Apache-2.0
// Times as they are written and read, and a feed's lines.
#include "provisioning/desk/calendar.hpp"

#include "provisioning/desk/http.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;

TEST_CASE("RFC 3339 is read strictly") {
  const std::pair<const char*, const char*> good[] = {
      {"2026-11-23T13:00:00Z", "2026-11-23T13:00:00Z"},      {"2026-11-23T22:00:00+09:00", "2026-11-23T13:00:00Z"},
      {"2026-11-23T00:30:00+09:00", "2026-11-22T15:30:00Z"}, {"2026-11-23T08:00:00-05:30", "2026-11-23T13:30:00Z"},
      {"2028-02-29T00:00:00.250Z", "2028-02-29T00:00:00Z"},  {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
  };
  for (const auto& [text, meaning] : good) {
    INFO(text);
    const auto time = parse_rfc3339(text);
    REQUIRE(time.has_value());
    CHECK(rfc3339(*time) == meaning);
  }
  for (const char* text :
       {"", "tomorrow", "2026-11-23", "2026-11-23T13:00:00", "2026-11-23T13:00Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T13:60:00Z", "2026-11-23T13:00:nanZ",
        "2026-11-23T13:00: 1Z", "2026-1-23T13:00:00Z", "2026-11-23T13:00:00+9:00", "2026-11-23T13:00:00+-9:00",
        "2026-11-23T13:00:00+24:00", "2026-11-23T13:00:00Zjunk", "2026-11-23T13:00:00.Z", "+026-11-23T13:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text).has_value());
  }
}

TEST_CASE("a feed's lines are folded at 75 bytes, between characters, and read back as they were") {
  Booking booking;
  booking.receipt = "1001";
  booking.room = std::string(32, 'a');
  booking.start = *parse_rfc3339("2026-11-23T13:00:00Z");
  booking.end = booking.start + 30min;
  Hall hall;
  for (int i = 0; i < 40; ++i) hall.name += "中央,";
  const std::string text = calendar_text(hall, {booking}, "http://127.0.0.1:12345");
  std::size_t lines = 0;
  for (std::size_t at = 0, end = 0; (end = text.find("\r\n", at)) != std::string::npos; at = end + 2, ++lines) {
    CHECK(end - at <= 75);
    CHECK((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U);
    if (text[at] == ' ') CHECK((static_cast<unsigned char>(text[at + 1]) & 0xC0U) != 0x80U);
  }
  CHECK(lines > 15);
  std::string unfolded = text;
  for (std::size_t at = 0; (at = unfolded.find("\r\n ")) != std::string::npos;) unfolded.erase(at, 3);
  std::string escaped;
  for (int i = 0; i < 40; ++i) escaped += "中央\\,";
  CHECK(unfolded.find(escaped) != std::string::npos);
  CHECK(unfolded.find("CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:http://127.0.0.1:12345/rooms/" + booking.room +
                      "\r\n") != std::string::npos);
  CHECK(unfolded.find("DTSTART:20261123T130000Z\r\nDTEND:20261123T133000Z\r\n") != std::string::npos);
}

TEST_CASE("If-None-Match names a tag in any of its forms") {
  for (const char* form : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\" ", "*"}) CHECK(names_etag(form, "\"a\""));
  for (const char* form : {"", "\"b\"", "a", "\"ab\"", ","}) CHECK_FALSE(names_etag(form, "\"a\""));
}

TEST_CASE("a path whose segments hide something is refused") {
  for (const char* target :
       {"", "main.js", "/..", "/%2e%2e/x", "/a%2fb", "/a%5cb", "/a\\b", "/%00", "/%zz", "/%4", "/a/./b"}) {
    Request request;
    INFO(target);
    CHECK_FALSE(parse_target(target, request));
  }
  Request request;
  REQUIRE(parse_target("/api/%E5%8D%97?day=2026-11-23&x", request));
  CHECK(request.segments == std::vector<std::string>{"api", "南"});
  CHECK(request.query.at("day") == "2026-11-23");
}
