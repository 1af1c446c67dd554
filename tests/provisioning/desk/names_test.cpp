// SPDX-License-Identifier: Apache-2.0
// Names and addresses as people write them.
#include "provisioning/desk/names.hpp"

#include "provisioning/desk/listen.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::desk;

TEST_CASE("UTF-8 is read strictly") {
  for (const char* text : {"", "a", "é", "中央公民館", "😀", "\x7f", "\u0800", "\uffff", "\U00010000", "\U0010ffff"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
  }
  for (const char* text : {"\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe4\xb8", "\xed\xa0\x80",
                           "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\x92\x86\x89\x9b"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
    CHECK_FALSE(is_utf8(std::string("before") + text));
    CHECK_FALSE(is_utf8(text + std::string("after")));
  }
  CHECK(characters("中央公民館") == 5);
}

TEST_CASE("a name has no blanks at its ends, and nothing that a page cannot show") {
  for (const char* text : {"山田 花子", " 山田 花子", "山田 花子\t", "\u3000 山田 花子 \u3000", "山田 花子\r\n"}) {
    CAPTURE(text);
    CHECK(plain_name("it", text).value_or("") == "山田 花子");
  }
  CHECK(plain_name("it", std::string(kMostName, 'a')).has_value());
  const std::pair<std::string, const char*> bad[] = {{"", "nothing"},
                                                     {" \u3000\t", "nothing"},
                                                     {std::string(kMostName + 1, 'a'), "at most"},
                                                     {"\x8e\x52\x93\x63", "UTF-8"},
                                                     {"a\nb", "line ends"},
                                                     {std::string("a\0b", 3), "control"}};
  for (const auto& [text, word] : bad) {
    CAPTURE(text);
    const auto name = plain_name("the hall's name", text);
    REQUIRE_FALSE(name.has_value());
    CHECK(name.error().code == Errc::invalid);
    CHECK(name.error().message.rfind("the hall's name: ", 0) == 0);
    CHECK(name.error().message.find(word) != std::string::npos);
  }
}

TEST_CASE("where to listen is read strictly, and written as a URL has it") {
  const std::pair<const char*, const char*> good[] = {
      {"127.0.0.1:8080", "127.0.0.1:8080"},   {"127.0.0.1", "127.0.0.1:8080"}, {"127.0.0.1:0", "127.0.0.1:0"},
      {"127.0.0.1:65535", "127.0.0.1:65535"}, {"[::1]:8080", "[::1]:8080"},    {"[::1]", "[::1]:8080"},
      {"[0:0::0:1]:99", "[::1]:99"},          {"192.0.2.1:1", "192.0.2.1:1"}};
  for (const auto& [text, meaning] : good) {
    CAPTURE(text);
    const auto listen = parse_listen(text);
    REQUIRE(listen.has_value());
    CHECK(authority(listen->address, listen->port) == meaning);
  }
  for (const char* text : {"",
                           ":8080",
                           "8080",
                           "localhost:8080",
                           "127.0.0.1:",
                           "127.0.0.1:8080x",
                           "127.0.0.1: 80",
                           "127.0.0.1:+80",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.1:80",
                           "::1",
                           "::1:8080",
                           "[::1",
                           "[::1]8080",
                           "[::1]:",
                           "[127.0.0.1]:80",
                           "[::1%lo]:80",
                           "[]:80",
                           "127.0.0.1:80:81",
                           "http://127.0.0.1:80"}) {
    CAPTURE(text);
    const auto listen = parse_listen(text);
    REQUIRE_FALSE(listen.has_value());
    CHECK(listen.error().message.find("such as 127.0.0.1:8080") != std::string::npos);
  }
}
