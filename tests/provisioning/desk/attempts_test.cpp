// SPDX-License-Identifier: Apache-2.0
// Who may try a password, and how often. Pure.
#include "provisioning/desk/attempts.hpp"

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;

namespace {

struct Door {
  explicit Door(AttemptLimits limits = {}) : attempts(clock, limits) {}
  /// True: it was looked at, and was wrong.
  bool wrong(const Attempt& attempt) {
    if (attempts.refused(attempt)) return false;
    attempts.begins(attempt);
    attempts.ends(attempt, false);
    return true;
  }
  int wrong_until_refused(const Attempt& attempt) {
    for (int count = 0; count < 1000; ++count) {
      if (!wrong(attempt)) return count;
    }
    return 1000;
  }
  FakeClock clock{WallTime{}};
  Attempts attempts;
};

Attempt from(const std::string& name, const std::string& block, const std::string& device = {}) {
  return {name, block, device};
}

}  // namespace

TEST_CASE("attempts: five of a name from a caller, twenty of a name, twenty of a caller") {
  Door door;
  CHECK(door.wrong_until_refused(from("sato", "a")) == 5);
  CHECK(door.attempts.refused(from("sato", "a")) == 60s);
  CHECK(door.wrong_until_refused(from("suzuki", "a")) == 5);  // another name from there
  CHECK(door.wrong_until_refused(from("tanaka", "a")) == 5);
  CHECK(door.wrong_until_refused(from("ito", "a")) == 5);
  CHECK(door.wrong_until_refused(from("kato", "a")) == 0);  // the caller has had its twenty
  CHECK(door.wrong_until_refused(from("sato", "b")) == 5);  // the name from elsewhere
  CHECK(door.wrong_until_refused(from("sato", "c")) == 5);
  CHECK(door.wrong_until_refused(from("sato", "d")) == 5);
  CHECK(door.wrong_until_refused(from("sato", "e")) == 0);  // the name has had its twenty
  CHECK_FALSE(door.attempts.refused(from("kato", "e")));
  door.clock.advance(61s);
  CHECK(door.wrong_until_refused(from("sato", "a")) == 5);
}

TEST_CASE("attempts: a device counts for itself, whatever others try") {
  Door door;
  for (const char* block : {"a", "b", "c", "d"}) CHECK(door.wrong_until_refused(from("sato", block)) == 5);
  CHECK(door.wrong_until_refused(from("sato", "a", "hers")) == 5);
  CHECK(door.wrong_until_refused(from("sato", "a", "her other")) == 5);
}

TEST_CASE("attempts: a right password clears the name for its caller, and not what others tried") {
  Door door;
  for (int i = 0; i < 4; ++i) CHECK(door.wrong(from("sato", "a")));
  CHECK(door.wrong_until_refused(from("sato", "b")) == 5);
  door.attempts.begins(from("sato", "a"));
  door.attempts.ends(from("sato", "a"), true);
  CHECK(door.attempts.refused(from("sato", "b")));
  CHECK(door.wrong_until_refused(from("sato", "a")) == 5);
  // 4 + 5 + 5 wrong ones of the name so far; the right one does not count.
  CHECK(door.wrong_until_refused(from("sato", "c")) == 5);
  CHECK(door.wrong_until_refused(from("sato", "d")) == 1);
}

TEST_CASE("attempts: many at once are counted before they are looked at, and wait in a bounded queue") {
  AttemptLimits limits;
  limits.most_waiting = 3;
  limits.most_waiting_with_device = 2;
  Door door(limits);
  for (const char* block : {"a", "b", "c"}) {
    CHECK_FALSE(door.attempts.is_full(from("sato", block)));
    door.attempts.begins(from("sato", block));
  }
  CHECK(door.attempts.is_full(from("suzuki", "d")));
  CHECK_FALSE(door.attempts.is_full(from("suzuki", "d", "hers")));
  door.attempts.begins(from("suzuki", "d", "hers"));
  door.attempts.begins(from("suzuki", "d", "hers"));
  CHECK(door.attempts.is_full(from("suzuki", "d", "hers")));
  door.attempts.ends(from("suzuki", "d", "hers"), false);
  CHECK_FALSE(door.attempts.is_full(from("suzuki", "d", "hers")));
  CHECK(door.attempts.is_full(from("suzuki", "d")));
  door.attempts.ends(from("sato", "a"), false);
  CHECK_FALSE(door.attempts.is_full(from("suzuki", "d")));

  Door narrow;
  for (int i = 0; i < 5; ++i) narrow.attempts.begins(from("sato", "a"));
  CHECK(narrow.attempts.refused(from("sato", "a")));
}

TEST_CASE("attempts: what is remembered has an end, and the oldest is forgotten first") {
  AttemptLimits limits;
  limits.most_remembered = 9;
  Door door(limits);
  CHECK(door.wrong_until_refused(from("sato", "a")) == 5);
  for (int i = 0; i < 2; ++i) {
    door.clock.advance(1s);
    CHECK(door.wrong(from("name-" + std::to_string(i), std::to_string(i))));
  }
  CHECK(door.attempts.refused(from("sato", "a")));
  door.clock.advance(1s);
  CHECK(door.wrong(from("name-2", "2")));
  CHECK_FALSE(door.attempts.refused(from("sato", "a")));
}
