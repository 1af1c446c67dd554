// SPDX-License-Identifier: Apache-2.0
// The login in virtual time: whom wrong passwords lock out, and whom they don't.
#include <future>

#include "tests/provisioning/desk/virtual_desk.hpp"

using namespace madoguchi;
using namespace madoguchi::desk;

namespace {

/// Wrong ones until 429; at most 100.
int wrong_until_refused(Desk& desk, const std::string& name = "sato") {
  for (int count = 0; count < 100; ++count) {
    const int status = desk.log_in("wrong", name);
    if (status == 429) return count;
    CHECK(status == 401);
  }
  return 100;
}

}  // namespace

TEST_CASE("a lock is of a name and a caller: this machine is one, IPv6 goes by /64") {
  const std::pair<const char*, const char*> same[] = {{"198.51.100.7", "198.51.100.7"},
                                                      {"127.0.0.1", "127.0.0.2"},
                                                      {"127.0.0.1", "::1"},
                                                      {"2001:db8::1", "2001:db8::ffff:1"},
                                                      {"198.51.100.7", "::ffff:198.51.100.7"}};
  for (const auto& [one, other] : same) {
    CAPTURE(one, other);
    Desk desk;
    desk.remote = one;
    CHECK(wrong_until_refused(desk) == 5);
    desk.remote = other;
    CHECK(desk.log_in() == 429);
    desk.remote = "2001:db8:0:1::1";
    CHECK(desk.log_in() == 200);
  }
}

TEST_CASE("a name counts the same however it is typed, and whether it is there") {
  Desk desk;
  for (const char* name : {"sato", "SATO", " Sato", "sato\t", "\u3000sato"}) CHECK(desk.log_in("wrong", name) == 401);
  CHECK(desk.log_in() == 429);
  CHECK(wrong_until_refused(desk, "nobody") == 5);
  CHECK(wrong_until_refused(desk, "nobody-else") == 5);
}

TEST_CASE("guesses from everywhere lock a name out, but not in a browser where she has logged in before") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  const std::string device = desk.device;
  REQUIRE_FALSE(device.empty());
  desk.device.clear();
  for (const char* remote : {"203.0.113.1", "203.0.113.2", "203.0.113.3", "192.0.2.1"}) {
    desk.remote = remote;
    CHECK(wrong_until_refused(desk) == 5);
  }
  desk.remote = "203.0.113.9";
  CHECK(desk.log_in() == 429);  // a browser that nobody knows
  for (const std::string& forged : {device + "0", "x" + device, std::string("madoguchi-device="),
                                    std::string("madoguchi-device=1.2"), std::string("madoguchi-device=1.2.3")}) {
    CAPTURE(forged);
    desk.device = forged;
    CHECK(desk.log_in() == 429);
  }
  desk.device = device;
  desk.remote = "192.0.2.1";
  CHECK(desk.log_in() == 200);
  // It is no way around the limit either.
  desk.device = device;
  CHECK(wrong_until_refused(desk) == 5);
}

TEST_CASE("a device is known for ninety days, to its own counsellor, until she has a new password") {
  Desk desk;
  REQUIRE(desk.store->put_counsellor("suzuki", hash_password(kPassword).value()).has_value());
  REQUIRE(desk.log_in() == 200);
  const std::string device = desk.device;
  const auto passes = [&](const std::string& password, const std::string& name) {
    // The caller has had its twenty, so that only a device is let through.
    desk.advance(61s);
    desk.device.clear();
    for (int i = 0; i < 4; ++i) CHECK(wrong_until_refused(desk, "nobody-" + std::to_string(i)) == 5);
    CHECK(desk.log_in(password, name) == 429);
    desk.device = device;
    return desk.log_in(password, name) == 200;
  };
  CHECK(passes(kPassword, "sato"));
  CHECK(passes(kPassword, "SATO "));
  CHECK_FALSE(passes(kPassword, "suzuki"));
  desk.advance(89 * 24h);
  CHECK(passes(kPassword, "sato"));
  desk.advance(24h);
  CHECK_FALSE(passes(kPassword, "sato"));

  desk.advance(61s);
  desk.device.clear();
  REQUIRE(desk.log_in() == 200);
  const std::string newer = desk.device;
  REQUIRE(desk.store->put_counsellor("sato", hash_password("another-47-kumquat").value()).has_value());
  desk.device = newer;
  CHECK(wrong_until_refused(desk) == 5);
  desk.device = newer;
  CHECK(desk.log_in("another-47-kumquat") == 429);  // counted with the caller, as a stranger's
}

TEST_CASE("passwords wait in a bounded queue: one more is told to come again, a known browser has places of its own") {
  ApiSettings settings;
  settings.attempts.most_waiting = 2;
  Desk desk(settings);
  REQUIRE(desk.log_in() == 200);
  const std::string device = desk.device;
  const auto begin = [&desk](const std::string& remote) {
    desk.remote = remote;
    const object body{{"name", "sato"}, {"password", kPassword}};
    return desk.begin("POST", "/api/login", json::bj::serialize(body), true);
  };
  // What the hash's thread is kept from doing until all are there.
  std::promise<void> go;
  asio::post(desk.pool, [held = go.get_future().share()] { held.wait(); });
  desk.device.clear();
  const auto first = begin("203.0.113.1"), second = begin("203.0.113.2"), third = begin("203.0.113.3");
  CHECK_FALSE((first->reply || second->reply));
  REQUIRE(third->reply);
  CHECK(third->reply->status == 503);
  CHECK(std::count(third->reply->headers.begin(), third->reply->headers.end(),
                   std::pair<std::string, std::string>("Retry-After", "1")) == 1);
  desk.device = device;
  const auto known = begin("203.0.113.3");
  CHECK_FALSE(known->reply);
  go.set_value();
  CHECK(test::until(
      desk.io, [&] { return first->reply && second->reply && known->reply; }, std::chrono::seconds(20 * test::kSlow)));
  for (const auto& each : {first, second, known}) {
    REQUIRE(each->reply);
    CHECK(each->reply->status == 200);
  }
}
