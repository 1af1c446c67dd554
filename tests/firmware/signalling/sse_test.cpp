// SPDX-License-Identifier: Apache-2.0
// Server-sent events, however the bytes are cut. Pure.
#include "firmware/signalling/sse.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using madoguchi::signalling::SseParser;

namespace {

std::vector<std::string> events(const std::vector<std::string_view>& pieces) {
  SseParser parser;
  std::vector<std::string> heard;
  const auto each = [&heard](const std::string& data) { heard.push_back(data); };
  for (const std::string_view piece : pieces) REQUIRE(parser.feed(piece, each));
  return heard;
}

}  // namespace

TEST_CASE("what a stream's text says") {
  struct Row {
    std::string text;
    std::vector<std::string> expected;
  };
  const Row rows[] = {
      {"data: a\n\n", {"a"}},
      {"data:a\n\n", {"a"}},
      {"data:  a \n\n", {" a "}},  // one blank belongs to the form
      {"data: a\r\n\r\n", {"a"}},
      {"data: a\r\rdata: b\r\r", {"a", "b"}},
      {"data: a\ndata: b\n\n", {"a\nb"}},
      {"data: a\r\ndata: b\n\rdata: c\r\n\n", {"a\nb", "c"}},
      {"data\n\n", {""}},
      {"data:\n\n", {""}},
      {"data:\ndata:\n\n", {"\n"}},
      {": a comment\n\n", {}},
      {": a comment\ndata: a\n: another\n\n", {"a"}},
      {"\n\n\n", {}},
      {"event: x\nid: 1\nretry: 5\ndata: a\n\n", {"a"}},
      {"event: x\n\n", {}},
      {"database: a\n\n", {}},
      {"data a\n\n", {}},
      {" data: a\n\n", {}},
      {"data: a", {}},
      {"data: a\n", {}},  // not ended yet
      {"data: {\"a\":\"\xe7\xaa\x93\"}\n\n", {"{\"a\":\"\xe7\xaa\x93\"}"}},
      {"data: a\n\ndata: b\n\n", {"a", "b"}},
      {"DATA: a\n\n", {}},
      {"\xef\xbb\xbf"
       "data: after a byte order mark\n\n",
       {"after a byte order mark"}},
      {"data: a\n\n\xef\xbb\xbf"
       "data: only the first counts\n\n",
       {"a"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(events({row.text}) == row.expected);
    for (std::size_t cut = 0; cut <= row.text.size(); ++cut) {  // and in two pieces, cut anywhere
      CAPTURE(cut);
      const std::string_view text(row.text);
      CHECK(events({text.substr(0, cut), text.substr(cut)}) == row.expected);
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < row.text.size(); ++i) bytes.push_back(std::string_view(row.text).substr(i, 1));
    CHECK(events(bytes) == row.expected);
  }
}

TEST_CASE("an event is heard as soon as its last byte came") {
  CHECK(events({"data: a\r\n\r"}) == std::vector<std::string>{"a"});
  CHECK(events({"data: a\r\n\r", "\n"}) == std::vector<std::string>{"a"});  // the LF is no second empty line
}

TEST_CASE("an event is bounded, however it is made large") {
  const auto ignore = [](const std::string&) {};
  const std::string most(SseParser::kMaxEvent - 10, 'x');
  CHECK(SseParser().feed("data: " + most + "\n\n", ignore));
  CHECK_FALSE(SseParser().feed("data: " + most + "xxxxxxxxxx\n\n", ignore));
  CHECK_FALSE(SseParser().feed(std::string(SseParser::kMaxEvent + 1, 'x'), ignore));  // a line without an end
  CHECK_FALSE(SseParser().feed(":" + std::string(SseParser::kMaxEvent, 'x'), ignore));
  std::string many, empty;
  for (std::size_t i = 0; i < SseParser::kMaxEvent; ++i) many += "data: x\n", empty += "data\n";
  CHECK_FALSE(SseParser().feed(many, ignore));
  CHECK_FALSE(SseParser().feed(empty, ignore));
}

TEST_CASE("many events are not one large event") {
  SseParser parser;
  std::size_t heard = 0;
  const auto count = [&heard](const std::string&) { ++heard; };
  const std::string event = "data: " + std::string(1000, 'x') + "\n\n";
  for (int i = 0; i < 100; ++i) REQUIRE(parser.feed(event, count));
  for (int i = 0; i < 100; ++i) REQUIRE(parser.feed(": " + std::string(1000, 'x') + "\n\n", count));
  CHECK(heard == 100);
}
