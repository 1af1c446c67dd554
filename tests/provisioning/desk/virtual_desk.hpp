// SPDX-License-Identifier: Apache-2.0
// The desk's interface in virtual time: one hall, one counsellor, one booking two hours ahead. On the test's thread.
#pragma once

#include <sqlite3.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "provisioning/desk/api.hpp"
#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/secrets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::desk {

using namespace std::chrono_literals;
using json::bj::object;
namespace asio = boost::asio;

constexpr const char* kPassword = "kumquat-47-anchor";

struct Desk {
  explicit Desk(ApiSettings settings = {}) {
    test::write_text(folder / "index.html", "<!doctype html>");
    REQUIRE(store->put_hall("south", "South", "token").has_value());
    REQUIRE(store->put_counsellor("sato", hash_password(kPassword).value()).has_value());
    start(settings);
    booking = store->book({"south", clock.wall() + 2h, 30min}, "", clock.wall()).value();
  }
  ~Desk() { pool.join(); }
  /// Again: a restart.
  void start(ApiSettings settings = {}) {
    api.emplace(io.get_executor(), clock, records, PageFiles::read(folder.path()).value(), pool, settings,
                RoomSettings{});
    api->set_origin("http://127.0.0.1:8080");
  }

  /// Begins an exchange; done when `reply` is there.
  struct Exchange {
    std::optional<Reply> reply;
    std::function<void()> gone;
  };
  std::shared_ptr<Exchange> begin(const std::string& method, const std::string& target, const std::string& body = {},
                                  bool page = false) {
    auto exchange = begin_only(method, target, body, page);
    settle();
    return exchange;
  }
  /// As far as the loop comes without the store.
  std::shared_ptr<Exchange> begin_only(const std::string& method, const std::string& target, const std::string& body,
                                       bool page = false) {
    Request request;
    request.method = method;
    REQUIRE(parse_target(target, request));
    request.headers = {{"host", "127.0.0.1:8080"}, {"origin", "http://127.0.0.1:8080"}};
    if (page)
      request.headers.insert({{"cookie", device.empty() ? cookie : cookie + "; " + device}, {"x-csrf-token", csrf}});
    else request.headers.insert({{"authorization", "Bearer token"}, {"content-type", "application/sdp"}});
    request.body = body;
    request.remote = remote;
    auto exchange = std::make_shared<Exchange>();
    const OnGone on_gone = [exchange](std::function<void()> then) { exchange->gone = std::move(then); };
    asio::co_spawn(io, api->answer(std::move(request), on_gone), [exchange](std::exception_ptr failure, Reply reply) {
      if (!failure) exchange->reply = std::move(reply);
    });
    io.restart();
    io.poll();
    return exchange;
  }
  /// Until nothing happens any more, also in the store's thread.
  void settle() {
    do {
      io.restart();
      if (records.waiting() > 0) io.run_one_for(std::chrono::seconds(20 * test::kSlow));
      else io.poll();
    } while (records.waiting() > 0);
  }
  void tick() {
    api->tick();
    settle();
  }
  void advance(BootClock::duration by) {
    clock.advance(by, [this] { settle(); });
    settle();
  }
  Reply page(const std::string& method, const std::string& target, const object& body = {}) {
    const auto exchange = begin(method, target, json::bj::serialize(body), true);
    REQUIRE(test::until(
        io, [&] { return exchange->reply.has_value(); }, std::chrono::seconds(20 * test::kSlow)));
    return *exchange->reply;
  }
  int box(const std::string& method, const std::string& target, const std::string& body = {}) {
    const auto exchange = begin(method, target, body);
    REQUIRE(exchange->reply.has_value());
    return exchange->reply->status;
  }
  int log_in(const std::string& password = kPassword, const std::string& name = "sato") {
    const Reply reply = page("POST", "/api/login", {{"name", name}, {"password", password}});
    if (reply.status != 200) return reply.status;
    csrf = json::string(json::parse_object(reply.body).value(), "csrf").value();
    for (const auto& [header, value] : reply.headers) {
      if (header != "Set-Cookie") continue;
      (value.rfind("madoguchi-device=", 0) == 0 ? device : cookie) = value.substr(0, value.find(';'));
    }
    return reply.status;
  }
  int join() { return page("POST", "/api/rooms/" + booking.room + "/join", {{"seat", "counsellor"}}).status; }
  /// Sits down with an open stream.
  Reply sit() {
    const Reply joined = page("POST", "/api/rooms/" + booking.room + "/join", {{"seat", "counsellor"}});
    REQUIRE(joined.status == 200);
    session = json::string(json::parse_object(joined.body).value(), "session").value();
    Reply stream = page("GET", "/api/rooms/" + booking.room + "/stream?session=" + session);
    REQUIRE(stream.stream);
    return stream;
  }
  [[nodiscard]] static bool heard(const Reply& stream, const std::string& words) {
    for (const std::string& event : stream.stream->queue) {
      if (event.find(words) != std::string::npos) return true;
    }
    return false;
  }

  asio::io_context io;
  asio::thread_pool pool{1};
  FakeClock clock{*parse_rfc3339("2026-11-23T00:00:00Z")};
  test::Folder folder;
  std::unique_ptr<Store> store = std::move(Store::open(folder / "data").value());
  Records records{*store};
  std::optional<Api> api;
  Booking booking;
  std::string cookie, csrf, session;
  std::string device;  ///< its cookie; kept as a browser does, until a test empties it
  std::string remote = "192.0.2.1";
};

inline Booking stored(const Desk& desk) { return desk.store->booking_of_room(desk.booking.room).value().value(); }

/// What a disk does to the desk's file while it runs.
inline void run_sql(const Desk& desk, const char* sql) {
  sqlite3* database = nullptr;
  REQUIRE(::sqlite3_open((desk.folder / "data/desk.sqlite3").c_str(), &database) == SQLITE_OK);
  CHECK(::sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  ::sqlite3_close(database);
}

}  // namespace madoguchi::desk
