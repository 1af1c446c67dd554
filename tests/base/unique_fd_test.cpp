// SPDX-License-Identifier: Apache-2.0
// One owner a descriptor, asked of the kernel. Pure.
#include "base/unique_fd.hpp"

#include <fcntl.h>

#include <type_traits>
#include <vector>

#include "tests/support/catch.hpp"

using madoguchi::UniqueFd;

namespace {
int opened() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
}  // namespace

static_assert(!std::is_copy_constructible_v<UniqueFd> && !std::is_copy_assignable_v<UniqueFd>);
static_assert(std::is_nothrow_move_constructible_v<UniqueFd> && std::is_nothrow_move_assignable_v<UniqueFd>);

TEST_CASE("a descriptor is closed with its owner") {
  const int fd = opened();
  {
    const UniqueFd owner(fd);
    CHECK(owner.valid());
    CHECK(owner.get() == fd);
    CHECK(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("moving hands it on, and it is closed once") {
  const int fd = opened();
  UniqueFd first(fd);
  UniqueFd second(std::move(first));
  CHECK_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is what is asked here
  CHECK(is_open(fd));
  std::vector<UniqueFd> many;
  for (int i = 0; i < 10; ++i) many.emplace_back();
  many[3] = std::move(second);
  CHECK(is_open(fd));
  many.clear();
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("assignment and reset close what was held") {
  const int old = opened();
  const int young = opened();
  UniqueFd owner(old);
  owner = UniqueFd(young);
  CHECK_FALSE(is_open(old));
  CHECK(is_open(young));
  owner.reset();
  CHECK_FALSE(is_open(young));
  CHECK_FALSE(owner.valid());
}

TEST_CASE("assigned to itself it stays open") {
  UniqueFd owner(opened());
  UniqueFd& same = owner;
  owner = std::move(same);
  CHECK(owner.valid());
  CHECK(is_open(owner.get()));
}

TEST_CASE("released it is the caller's") {
  int fd = -1;
  {
    UniqueFd owner(opened());
    fd = owner.release();
    CHECK_FALSE(owner.valid());
  }
  CHECK(is_open(fd));
  ::close(fd);
}
