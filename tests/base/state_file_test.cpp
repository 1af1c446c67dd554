// SPDX-License-Identifier: Apache-2.0
// What lies in a state folder and is none of ours is set aside as it is, and told of.
#include "base/state_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr std::size_t kCap = 1024;

/// Wants {"n": 1}.
Result<void> take(const json::bj::object& object) {
  const auto n = json::integer(object, "n");
  if (!n) return fail(n.error());
  if (*n != 1) return fail(Errc::invalid, "it has another version");
  return {};
}

}  // namespace

TEST_CASE("a state file is taken, and one that is not there is none") {
  const Folder folder;
  CHECK(read_state(folder / "a.json", kCap, take) == false);
  write_text(folder / "a.json", R"({"n":1})");
  CHECK(read_state(folder / "a.json", kCap, take) == true);
  CHECK(read_text(folder / "a.json") == R"({"n":1})");
  CHECK(set_aside(folder.path()).empty());
}

TEST_CASE("what is damaged or foreign is set aside as it is") {
  const std::string rows[] = {"",
                              "{",
                              R"({"n":1)",
                              "[]",
                              "null",
                              R"({"n":2})",
                              R"({"m":1})",
                              std::string(64, '\0'),
                              "\xff",
                              "{}{\"n\":1}",
                              std::string(kCap + 1, 'x')};
  for (const std::string& row : rows) {
    CAPTURE(row.substr(0, 60));
    const Folder folder;
    write_text(folder / "a.json", row);
    CHECK_FALSE(read_state(folder / "a.json", kCap, take));
    CHECK_FALSE(std::filesystem::exists(folder / "a.json"));
    CHECK(read_text(folder / "a.json.damaged-1") == row);
    CHECK(set_aside(folder.path()) == std::vector<std::string>{"a.json.damaged-1"});
    // The next one is written, and read, beside it.
    REQUIRE(write_file_atomically(folder / "a.json", R"({"n":1})"));
    CHECK(read_state(folder / "a.json", kCap, take) == true);
    CHECK(read_text(folder / "a.json.damaged-1") == row);
  }
}

TEST_CASE("what is no plain file of ours is set aside without being opened") {
  const Folder folder;
  SECTION("a folder") { std::filesystem::create_directories(folder / "a.json" / "in it"); }
  SECTION("a pipe, which would be waited for") { REQUIRE(::mkfifo((folder / "a.json").c_str(), 0600) == 0); }
  SECTION("a link to something good") {
    write_text(folder / "elsewhere", R"({"n":1})");
    std::filesystem::create_symlink(folder / "elsewhere", folder / "a.json");
  }
  SECTION("a link to nothing") { std::filesystem::create_symlink(folder / "nothing", folder / "a.json"); }
  SECTION("another user's") {
    write_text(folder / "a.json", R"({"n":1})");
    if (::geteuid() != 0) return;  // only root can give a file away
    REQUIRE(::chown((folder / "a.json").c_str(), 65534, 65534) == 0);
  }
  CHECK_FALSE(read_state(folder / "a.json", kCap, take));
  CHECK(set_aside(folder.path()) == std::vector<std::string>{"a.json.damaged-1"});
  CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(folder / "a.json")));
}

TEST_CASE("the first eight that are set aside stay, and there are never more than nine") {
  const Folder folder;
  for (int i = 1; i <= 12; ++i) {
    write_text(folder / "a.json", fmt::format("damage {}", i));
    CHECK_FALSE(read_state(folder / "a.json", kCap, take));
  }
  CHECK(set_aside(folder.path()).size() == 9);
  for (int i = 1; i <= 8; ++i) {
    CHECK(read_text(folder / fmt::format("a.json.damaged-{}", i)) == fmt::format("damage {}", i));
  }
  CHECK(read_text(folder / "a.json.damaged-9") == "damage 12");
}

TEST_CASE("what a killed writer left half written goes, and nothing else") {
  const Folder folder;
  for (const char* name : {"a.json", "a.json.17-0.part", "b.json.1-99.part", "b.json.damaged-1", "lock"}) {
    write_text(folder / name, "x");
  }
  remove_half_written(folder.path());
  std::vector<std::string> left;
  for (const auto& each : std::filesystem::directory_iterator(folder.path())) left.push_back(each.path().filename());
  CHECK_THAT(left, Catch::Matchers::UnorderedEquals(std::vector<std::string>{"a.json", "b.json.damaged-1", "lock"}));
  remove_half_written(folder / "no such folder");
}
