// SPDX-License-Identifier: Apache-2.0
// Results and errors: names, context, errno. Pure.
#include "base/result.hpp"

#include <cerrno>
#include <memory>
#include <set>

#include "tests/support/catch.hpp"

using namespace madoguchi;

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Errc::invalid, "the number is odd");
  return number / 2;
}

Result<std::unique_ptr<int>> owned() { return std::make_unique<int>(7); }

Result<void> nothing(bool well) {
  if (!well) return fail(Error(Errc::http, "HTTP 503", 503));
  return {};
}

}  // namespace

TEST_CASE("a result is the value or the error") {
  const Result<int> good = half(8);
  REQUIRE(good);
  CHECK(*good == 4);
  const Result<int> bad = half(7);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == Errc::invalid);
  CHECK(bad.error().message == "the number is odd");
  CHECK(bad.error().http_status == 0);
}

TEST_CASE("a result of nothing, and one that can only be moved") {
  CHECK(nothing(true));
  const Result<void> bad = nothing(false);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().http_status == 503);
  Result<std::unique_ptr<int>> pointer = owned();
  REQUIRE(pointer);
  const std::unique_ptr<int> taken = std::move(*pointer);
  CHECK(*taken == 7);
}

TEST_CASE("context is put in front, code and status stay") {
  const Error inner(Errc::http, "HTTP 503", 503);
  const Error outer = inner.in("feed at https://city.example:443/...").in("reading the agenda");
  CHECK(outer.message == "reading the agenda: feed at https://city.example:443/...: HTTP 503");
  CHECK(outer.code == Errc::http);
  CHECK(outer.http_status == 503);
  CHECK(inner.message == "HTTP 503");
}

TEST_CASE("every code has a name of its own, in lower case and dashes") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Errc::io); ++code) {
    const std::string_view each = name(static_cast<Errc>(code));
    CHECK(each != "unknown");
    CHECK(each.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
    names.insert(each);
  }
  CHECK(names.size() == static_cast<std::size_t>(Errc::io) + 1);
  CHECK(name(Errc::not_found) == "not-found");
  CHECK(name(Errc::too_large) == "too-large");
}

TEST_CASE("errno becomes a code and words") {
  struct Row {
    int number;
    Errc code;
  };
  const Row rows[] = {
      {ENOENT, Errc::not_found}, {EACCES, Errc::permission}, {EPERM, Errc::permission}, {EAGAIN, Errc::busy},
      {EBUSY, Errc::busy},       {ENOSPC, Errc::io},         {EIO, Errc::io},           {EISDIR, Errc::io},
  };
  for (const Row& row : rows) {
    const Error error = errno_error("reading /etc/madoguchi.toml", row.number);
    CAPTURE(row.number);
    CHECK(error.code == row.code);
    CHECK(error.message.rfind("reading /etc/madoguchi.toml: ", 0) == 0);
    CHECK(error.message.size() > std::string("reading /etc/madoguchi.toml: ").size());
  }
  CHECK(errno_error("saving", ENOSPC).message == "saving: No space left on device");
}
