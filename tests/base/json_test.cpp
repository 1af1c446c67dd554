// SPDX-License-Identifier: Apache-2.0
// JSON of others: broken, deep, of wrong types. Pure.
#include "base/json.hpp"

#include <limits>

#include "tests/support/catch.hpp"

using namespace madoguchi;

namespace {

std::string nested(int depth) {
  std::string text = R"({"a":)";
  for (int i = 1; i < depth; ++i) text += "[";
  text += "1";
  for (int i = 1; i < depth; ++i) text += "]";
  return text + "}";
}

json::bj::object object() {
  const auto parsed = json::parse_object(
      R"({"text":"窓口","empty":"","number":-7,"big":18446744073709551615,"most":9223372036854775807,)"
      R"("real":1.0,"yes":true,"nothing":null,"list":[1]})");
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("an object is read, whatever white space is around it") {
  const auto parsed = json::parse_object(" \r\n{\"type\" : \"seats\"}\n");
  REQUIRE(parsed);
  CHECK(json::string(*parsed, "type").value_or("") == "seats");
  CHECK(json::parse_object("{}"));
}

TEST_CASE("what is not one JSON object is refused") {
  const std::string rows[] = {"",
                              "[]",
                              "1",
                              "null",
                              "\"text\"",
                              "{",
                              "{\"a\"",
                              "{\"a\":1,}",
                              "{\"a\":1}{}",
                              "{'a':1}",
                              "{\"a\":1} x",
                              "{\"a\":NaN}",
                              "{a:1}",
                              "// x\n{}",
                              "{\"a\":01}",
                              "{\"a\":\"\xff\"}",
                              "{\"a\":\"line\nbreak\"}"};
  for (const std::string& row : rows) {
    CAPTURE(row);
    const auto parsed = json::parse_object(row);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::invalid);
    CHECK_FALSE(parsed.error().message.empty());
  }
}

TEST_CASE("the error says where the text broke off") {
  const auto parsed = json::parse_object(R"({"a":1,"b":?})");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message.find("at byte 11") != std::string::npos);
  const auto short_one = json::parse_object(R"({"a":)");
  REQUIRE_FALSE(short_one);
  CHECK(short_one.error().message.find("at byte 5") != std::string::npos);
}

TEST_CASE("sixteen levels are read, one more is not") {
  CHECK(json::parse_object(nested(16)));
  CHECK_FALSE(json::parse_object(nested(17)));
  CHECK_FALSE(json::parse_object(std::string(100'000, '[')));
  CHECK_FALSE(json::parse_object(nested(100'000)));
}

TEST_CASE("members of the wanted type") {
  const auto all = object();
  CHECK(json::string(all, "text").value_or("") == "窓口");
  CHECK(json::string(all, "empty").value_or("x").empty());
  CHECK(json::integer(all, "number").value_or(0) == -7);
  CHECK(json::integer(all, "most").value_or(0) == std::numeric_limits<std::int64_t>::max());
  CHECK(json::boolean(all, "yes").value_or(false));
}

TEST_CASE("a member that is missing or of another type is an error that names its key") {
  const auto all = object();
  const auto names = [](const auto& result, const char* key) {
    CAPTURE(key);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::invalid);
    CHECK(result.error().message.find('"' + std::string(key) + '"') != std::string::npos);
  };
  for (const char* key : {"number", "yes", "nothing", "list", "absent"}) names(json::string(all, key), key);
  for (const char* key : {"text", "yes", "nothing", "list", "real", "big", "absent"})
    names(json::integer(all, key), key);
  for (const char* key : {"text", "number", "nothing", "list", "absent"}) names(json::boolean(all, key), key);
}

TEST_CASE("otherwise stands in for what is missing, not for another type") {
  const auto all = object();
  CHECK(json::string_or(all, "absent", "x").value_or("") == "x");
  CHECK(json::string_or(all, "text", "x").value_or("") == "窓口");
  CHECK_FALSE(json::string_or(all, "number", "x"));
  CHECK_FALSE(json::string_or(all, "nothing", "x"));
  CHECK(json::integer_or(all, "absent", 3).value_or(0) == 3);
  CHECK(json::integer_or(all, "number", 3).value_or(0) == -7);
  CHECK_FALSE(json::integer_or(all, "text", 3));
  CHECK(json::boolean_or(all, "absent", true).value_or(false));
  CHECK(json::boolean_or(all, "yes", false).value_or(false));
  CHECK_FALSE(json::boolean_or(all, "number", true));
}
