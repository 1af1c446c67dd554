// SPDX-License-Identifier: Apache-2.0
// The desk's interface in virtual time: when rooms open and close, how long an offer, a login and a lock last. And the
// server's own bounds, which need no route.
#include "provisioning/desk/api.hpp"

#include <sqlite3.h>

#include <barrier>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/secrets.hpp"
#include "provisioning/desk/server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;
using json::bj::object;
namespace asio = boost::asio;

namespace {

constexpr const char* kPassword = "kumquat-47-anchor";

struct Desk {
  explicit Desk(ApiSettings settings = {}) {
    test::write_text(folder / "index.html", "<!doctype html>");
    store = std::move(Store::open(folder / "data").value());
    REQUIRE(store->put_hall("south", "South", "token").has_value());
    REQUIRE(store->put_counsellor("sato", hash_password(kPassword).value()).has_value());
    start(settings);
    booking = store->book("south", clock.wall() + 2h, 30min, clock.wall()).value();
  }
  ~Desk() { pool.join(); }
  /// Again: a restart.
  void start(ApiSettings settings = {}) {
    api.emplace(io.get_executor(), clock, *store, PageFiles::read(folder.path()).value(), pool, settings,
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
    Request request;
    request.method = method;
    REQUIRE(parse_target(target, request));
    request.headers = {{"host", "127.0.0.1:8080"}, {"origin", "http://127.0.0.1:8080"}};
    if (page) request.headers.insert({{"cookie", cookie}, {"x-csrf-token", csrf}});
    else request.headers.insert({{"authorization", "Bearer token"}, {"content-type", "application/sdp"}});
    request.body = body;
    request.remote = remote;
    auto exchange = std::make_shared<Exchange>();
    const OnGone on_gone = [exchange](std::function<void()> then) { exchange->gone = std::move(then); };
    asio::co_spawn(io, api->answer(std::move(request), on_gone), [exchange](std::exception_ptr failure, Reply reply) {
      if (!failure) exchange->reply = std::move(reply);
    });
    settle();
    return exchange;
  }
  void settle() {
    io.restart();
    io.poll();
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
      if (header == "Set-Cookie") cookie = value.substr(0, value.find(';'));
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
  std::unique_ptr<Store> store;
  std::optional<Api> api;
  Booking booking;
  std::string cookie, csrf, session;
  std::string remote = "192.0.2.1";
};

}  // namespace

TEST_CASE("a room opens before its booking and closes at its end when nobody is in it") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  const std::string whip = "/whip/" + desk.booking.room + "/counsellor";
  const auto at = [&](std::chrono::minutes after_start) {
    const WallTime wanted = desk.booking.start + after_start;
    desk.advance(wanted - desk.clock.wall());
    return desk.box("POST", whip, "v=0");
  };
  CHECK(at(-119min) == 404);
  CHECK(desk.join() == 404);
  CHECK(at(-29min) == 503);
  CHECK(at(29min) == 503);
  CHECK(at(31min) == 410);
  CHECK(desk.join() == 410);
  CHECK(desk.box("GET", "/events/" + desk.booking.room) == 410);
}

TEST_CASE("a consultation that runs over keeps its room until everybody left, or two hours at most") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const auto box = desk.begin("GET", "/events/" + desk.booking.room);
  REQUIRE(box->reply);
  const Reply seat = desk.sit();
  CHECK(desk.box("POST", "/events/" + desk.booking.room, R"({"type":"talking"})") == 204);
  desk.advance(90min);
  desk.api->tick();
  CHECK_FALSE(Desk::heard(seat, "\"ended\""));
  const auto offer = desk.begin("POST", "/whip/" + desk.booking.room + "/counsellor", "v=0");
  CHECK_FALSE(offer->reply);
  CHECK(Desk::heard(seat, "\"offer\""));

  const bool left = GENERATE(true, false);
  CAPTURE(left);
  if (left) {
    CHECK(desk.page("POST", "/api/rooms/" + desk.booking.room + "/leave", {{"session", desk.session}}).status == 204);
    CHECK(desk.box("POST", "/events/" + desk.booking.room, R"({"type":"ended"})") == 204);
  } else {
    desk.advance(62min);
    CHECK(desk.page("GET", "/api/me").status == 200);
    desk.api->tick();
    CHECK(Desk::heard(seat, R"("by":"desk")"));
    CHECK(Desk::heard(*box->reply, R"("by":"desk")"));
    desk.api->tick();
    CHECK(std::count_if(box->reply->stream->queue.begin(), box->reply->stream->queue.end(),
                        [](const std::string& event) { return event.find("\"ended\"") != std::string::npos; }) == 1);
  }
  CHECK(desk.box("POST", "/whip/" + desk.booking.room + "/counsellor", "v=0") == 410);
}

TEST_CASE("an offer waits 8 s for the page - the box hears 503 and when to come again") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply seat = desk.sit();
  const auto offer = desk.begin("POST", "/whip/" + desk.booking.room + "/counsellor", "v=0");
  desk.advance(7900ms);
  CHECK_FALSE(offer->reply);
  desk.advance(200ms);
  REQUIRE(offer->reply);
  CHECK(offer->reply->status == 503);
  CHECK(std::count(offer->reply->headers.begin(), offer->reply->headers.end(),
                   std::pair<std::string, std::string>("Retry-After", "1")) == 1);
  CHECK(Desk::heard(seat, "\"offer-gone\""));
}

TEST_CASE("a login lasts twelve hours, a lock a minute") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(11h + 59min);
  CHECK(desk.page("GET", "/api/me").status == 200);
  desk.advance(2min);
  CHECK(desk.page("GET", "/api/me").status == 401);

  for (int i = 0; i < 5; ++i) CHECK(desk.log_in("wrong") == 401);
  CHECK(desk.log_in() == 429);
  desk.advance(59s);
  CHECK(desk.log_in() == 429);
  desk.advance(2s);
  CHECK(desk.log_in() == 200);
}

TEST_CASE("a lock is of a name and an address: nobody locks a counsellor out from elsewhere") {
  ApiSettings settings;
  settings.most_remembered = 3;
  Desk desk(settings);
  desk.remote = "198.51.100.7";
  for (int i = 0; i < 5; ++i) CHECK(desk.log_in("wrong") == 401);
  CHECK(desk.log_in() == 429);
  desk.remote = "192.0.2.1";
  CHECK(desk.log_in() == 200);

  // Names that are none share one count, so that trying them costs no more than trying one - and locks no real one.
  for (int i = 0; i < 5; ++i) CHECK(desk.log_in("wrong", "nobody-" + std::to_string(i)) == 401);
  CHECK(desk.log_in("wrong", "nobody-5") == 429);
  CHECK(desk.log_in() == 200);

  // However many addresses: the newest locks hold, a right password from another address is never refused.
  for (int address = 0; address < 10; ++address) {
    desk.remote = "203.0.113." + std::to_string(address);
    for (int i = 0; i < 5; ++i) CHECK(desk.log_in("wrong") == 401);
    CHECK(desk.log_in() == 429);
  }
  desk.remote = "192.0.2.1";
  CHECK(desk.log_in() == 200);
}

TEST_CASE(
    "a new password ends the counsellor's logins and streams - a new token the box's, and the calendar is another") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const auto box = desk.begin("GET", "/events/" + desk.booking.room);
  REQUIRE(box->reply);
  const Reply seat = desk.sit();
  const Reply stream = desk.page("GET", "/api/stream");
  desk.api->tick();
  CHECK_FALSE((seat.stream->closed || stream.stream->closed || box->reply->stream->closed));

  auto other = Store::open(desk.folder / "data").value();
  REQUIRE(other->put_counsellor("suzuki", "hash").has_value());
  const std::string calendar = other->halls().at(0).calendar;
  desk.api->tick();
  CHECK_FALSE(seat.stream->closed);
  REQUIRE(other->put_counsellor("sato", hash_password("another-47-kumquat").value()).has_value());
  CHECK(desk.page("GET", "/api/me").status == 401);
  desk.api->tick();
  CHECK((seat.stream->closed && stream.stream->closed));
  CHECK_FALSE(box->reply->stream->closed);
  CHECK(desk.log_in("another-47-kumquat") == 200);

  const Hall renewed = other->put_hall("south", "South", "another token").value();
  desk.api->tick();
  CHECK(box->reply->stream->closed);
  CHECK(renewed.calendar != calendar);
  CHECK(desk.box("GET", "/calendars/" + calendar + "/bookings.ics") == 404);
  CHECK(desk.box("GET", "/calendars/" + renewed.calendar + "/bookings.ics") == 200);
}

TEST_CASE("a login whose time is over lets the consultation go on - a logout ends its streams") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply stream = desk.page("GET", "/api/stream");
  desk.advance(11h);
  CHECK(desk.page("GET", "/api/me").status == 401);
  desk.api->tick();
  CHECK_FALSE(stream.stream->closed);
  REQUIRE(desk.log_in() == 200);
  desk.api->tick();
  CHECK_FALSE(stream.stream->closed);
  const Reply newer = desk.page("GET", "/api/stream");
  CHECK(desk.page("POST", "/api/logout").status == 204);
  desk.api->tick();
  CHECK(newer.stream->closed);
}

TEST_CASE("an end outlives a restart of the desk, until the hall calls anew") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const std::string events = "/events/" + desk.booking.room;
  const std::string whip = "/whip/" + desk.booking.room + "/counsellor";
  const auto state = [&] { return desk.page("GET", "/api/bookings?day=2026-11-23").body; };
  const Reply seat = desk.sit();
  CHECK(desk.box("POST", events, R"({"type":"talking"})") == 204);
  const bool by_hall = GENERATE(true, false);
  CAPTURE(by_hall);
  if (by_hall) CHECK(desk.box("POST", events, R"({"type":"ended"})") == 204);
  else CHECK(desk.page("POST", "/api/rooms/" + desk.booking.room + "/end", {{"session", desk.session}}).status == 204);
  CHECK(desk.store->booking_of_room(desk.booking.room)->ended_at == desk.clock.wall());

  desk.start();
  CHECK(state().find("\"ended\"") != std::string::npos);
  CHECK(desk.box("POST", whip, "v=0") == 410);
  CHECK(desk.join() == 410);
  CHECK(desk.box("POST", events, R"({"type":"cancelled"})") == 204);
  CHECK(desk.join() == 410);

  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 204);
  CHECK_FALSE(desk.store->booking_of_room(desk.booking.room)->ended_at);
  CHECK(state().find("\"calling\"") != std::string::npos);
  desk.start();
  CHECK(desk.box("POST", whip, "v=0") == 503);
  CHECK(desk.join() == 200);
}

TEST_CASE("a hall that was away and calls anew resumes an ended booking") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const std::string events = "/events/" + desk.booking.room;
  CHECK(desk.box("POST", events, R"({"type":"ended"})") == 204);
  desk.advance(11s);
  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 204);
  CHECK_FALSE(desk.store->booking_of_room(desk.booking.room)->ended_at);
}

TEST_CASE("an ended booking's time can be booked again, and then it is not resumed") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const object wanted{{"hall", "south"}, {"start", rfc3339(desk.booking.start + 10min)}, {"minutes", 10}};
  CHECK(desk.page("POST", "/api/bookings", wanted).status == 409);
  const std::string events = "/events/" + desk.booking.room;
  CHECK(desk.box("POST", events, R"({"type":"ended"})") == 204);
  CHECK(desk.page("POST", "/api/bookings", wanted).status == 201);
  CHECK(desk.page("POST", "/api/bookings", wanted).status == 409);
  for (const char* type : {R"({"type":"calling"})", R"({"type":"talking"})"}) {
    CHECK(desk.box("POST", events, type) == 410);
  }
  CHECK(desk.store->booking_of_room(desk.booking.room)->ended_at);
}

TEST_CASE("an older version's file goes on with what is in it - a newer one's is refused") {
  test::Folder folder;
  std::filesystem::create_directories(folder / "data");
  const auto run = [&](const char* sql) {
    sqlite3* database = nullptr;
    REQUIRE(::sqlite3_open((folder / "data/desk.sqlite3").c_str(), &database) == SQLITE_OK);
    CHECK(::sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    ::sqlite3_close(database);
  };
  run(R"sql(
CREATE TABLE halls(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, token TEXT NOT NULL UNIQUE, calendar TEXT NOT NULL UNIQUE);
CREATE TABLE bookings(
  receipt INTEGER PRIMARY KEY AUTOINCREMENT, hall TEXT NOT NULL REFERENCES halls(id), start INTEGER NOT NULL,
  "end" INTEGER NOT NULL, room TEXT NOT NULL UNIQUE, cancelled INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL);
INSERT INTO halls VALUES('south', 'South', 'digest', 'secret');
INSERT INTO bookings VALUES(1001, 'south', 1000000, 2800000, 'room', 0, 1, 5000);
)sql");
  for (int opened = 0; opened < 2; ++opened) {
    auto store = Store::open(folder / "data").value();
    const auto booking = store->booking_of_room("room");
    REQUIRE(booking);
    CHECK(booking->receipt == "1001");
    CHECK(booking->held);
    CHECK(booking->ended_at.has_value() == (opened == 1));
    store->mark_ended("room", WallTime(2000000ms));
    CHECK(store->booking_of_room("room")->ended_at == WallTime(2000000ms));
  }
  run("PRAGMA user_version = 1000");
  const auto newer = Store::open(folder / "data");
  REQUIRE_FALSE(newer.has_value());
  CHECK(newer.error().message.find("newer madoguchi-desk") != std::string::npos);
}

TEST_CASE("a box in a loop: pages hear of its day once a second, the last time too, and it hears 429") {
  Desk desk;
  REQUIRE(desk.log_in() == 200);
  desk.advance(2h);
  const Reply stream = desk.page("GET", "/api/stream");
  REQUIRE(stream.stream);
  const auto told = [&] {
    return std::count_if(stream.stream->queue.begin(), stream.stream->queue.end(),
                         [](const std::string& event) { return event.find("\"bookings\"") != std::string::npos; });
  };
  const std::string events = "/events/" + desk.booking.room;
  const std::string whip = "/whip/" + desk.booking.room + "/counsellor";
  for (int i = 0; i < 10; ++i) {
    CHECK(desk.box("POST", events, i % 2 == 0 ? R"({"type":"calling"})" : R"({"type":"talking"})") == 204);
  }
  const auto beyond = desk.begin("POST", events, R"({"type":"calling"})");
  REQUIRE(beyond->reply);
  CHECK(beyond->reply->status == 429);
  CHECK(std::count(beyond->reply->headers.begin(), beyond->reply->headers.end(),
                   std::pair<std::string, std::string>("Retry-After", "1")) == 1);
  CHECK(told() == 1);
  for (int i = 0; i < 10; ++i) CHECK(desk.box("POST", whip, "v=0") == 503);
  CHECK(desk.box("POST", whip, "v=0") == 429);
  desk.advance(999ms);
  CHECK(told() == 1);
  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 429);
  desk.advance(1ms);
  CHECK(told() == 2);
  CHECK(desk.box("POST", events, R"({"type":"calling"})") == 204);
  CHECK(desk.box("POST", whip, "v=0") == 503);
  CHECK(told() == 2);
  desk.advance(1s);
  CHECK(told() == 3);
  desk.advance(5s);
  CHECK(told() == 3);
  // Long after, the first is told at once.
  CHECK(desk.box("POST", events, R"({"type":"talking"})") == 204);
  CHECK(told() == 4);
}

TEST_CASE("two who book the same hall for the same time at the same moment: one of them has it") {
  Desk desk;
  using Made = std::optional<tl::expected<Booking, BookingRefused>>;
  const WallTime now = desk.clock.wall();
  for (int round = 0; round < 40; ++round) {
    const WallTime start = now + std::chrono::hours(24 + round);
    std::barrier both(2);
    const auto book = [&](Made& made) {
      auto own = Store::open(desk.folder / "data").value();
      both.arrive_and_wait();
      made = own->book("south", start, 30min, now);
    };
    Made first, second;
    std::thread other(book, std::ref(second));
    book(first);
    other.join();
    CHECK(first->has_value() != second->has_value());
    const auto& loser = first->has_value() ? *second : *first;
    CHECK((!loser.has_value() && loser.error().code == Errc::busy));
    CHECK(desk.store->bookings(start, start + 1min).size() == 1);
  }
}

TEST_CASE("what another process books is seen - a held booking is over after its end only") {
  Desk desk;
  auto other = Store::open(desk.folder / "data").value();
  const WallTime now = desk.clock.wall();
  CHECK(other->book("south", desk.booking.start, 30min, now).error().code == Errc::busy);
  const std::int64_t before = desk.store->version();
  REQUIRE(other->book("south", desk.booking.end, 30min, now).has_value());
  CHECK(desk.store->version() != before);
  CHECK(desk.store->changed_since(now).size() == 2);

  REQUIRE(desk.log_in() == 200);
  desk.store->mark_held(desk.booking.room);
  desk.advance(2h);
  const auto state = [&] { return desk.page("GET", "/api/bookings?day=2026-11-23").body; };
  CHECK(state().find("\"ended\"") == std::string::npos);
  desk.advance(31min);
  CHECK(state().find("\"ended\"") != std::string::npos);
}

namespace {

asio::awaitable<Reply> reply_with(Reply reply) { co_return reply; }

/// The server alone, with a route that answers 204, and those who call it.
struct Line {
  explicit Line(ServerSettings settings) {
    const Route through = [this](Request request, OnGone on_gone) {
      return route(std::move(request), std::move(on_gone));
    };
    server = Server::open(io.get_executor(), settings, through).value();
    server->start();
  }
  ~Line() {
    server->stop();
    io.restart();
    io.run_for(5s);
    CHECK(io.stopped());
  }
  struct Caller {
    explicit Caller(asio::io_context& context) : socket(context) {}
    asio::ip::tcp::socket socket;
    std::string bytes, said;
    bool closed = false;
  };
  using CallerPtr = std::shared_ptr<Caller>;
  void write(const CallerPtr& caller, std::string bytes) {
    caller->bytes = std::move(bytes);
    asio::async_write(caller->socket, asio::buffer(caller->bytes), [caller](boost::system::error_code, std::size_t) {});
  }
  CallerPtr call(std::string bytes, bool reads = true) {
    auto caller = std::make_shared<Caller>(io);
    caller->socket.connect({asio::ip::make_address("127.0.0.1"), server->port()});
    write(caller, std::move(bytes));
    if (!reads) return caller;
    asio::async_read(caller->socket, asio::dynamic_buffer(caller->said),
                     [caller](boost::system::error_code, std::size_t) { caller->closed = true; });
    return caller;
  }
  bool until(const std::function<bool()>& holds) { return test::until(io, holds, 10s * test::kSlow); }
  /// Its text has room before there is any.
  bool answered(const CallerPtr& caller) {
    return until([&caller] { return caller->said.find("\r\n\r\n") != std::string::npos; });
  }
  bool closed(const CallerPtr& caller) {
    return until([&caller] { return caller->closed; });
  }

  asio::io_context io;
  Route route = [](Request, OnGone) { return reply_with(empty_reply()); };
  std::unique_ptr<Server> server;
};

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("the server: a chunk's extensions and trailers have an end - 400, and the connection is closed") {
  Line line({});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* chunk : {"1;name=", "1\r\na\r\n0\r\nX: "}) {
    CAPTURE(chunk);
    const auto caller = line.call(head + chunk + std::string(1 << 20, 'y'));
    CHECK(line.closed(caller));
    CHECK(caller->said.rfind("HTTP/1.1 400 ", 0) == 0);
  }
}

TEST_CASE("the server: a request has its time, the first one of the connection's beginning - who has asked may rest") {
  ServerSettings settings;
  settings.idle = 1h;
  settings.request_within = 300ms;
  Line line(settings);
  const auto kept = line.call(kGet);
  CHECK(line.answered(kept));
  for (const char* part : {"", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"}) {
    CAPTURE(part);
    const auto caller = line.call(part);
    CHECK(line.closed(caller));
    CHECK(caller->said.empty());
  }
  CHECK_FALSE(kept->closed);
  const auto whole = line.call("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  CHECK(line.closed(whole));
  CHECK(whole->said.rfind("HTTP/1.1 204 ", 0) == 0);
  // Its second request, in part.
  line.write(kept, "GET / HT");
  CHECK(line.closed(kept));
}

TEST_CASE("the server: a request bears its caller's address") {
  std::string remote;
  Line line({});
  line.route = [&remote](Request request, OnGone) {
    remote = request.remote;
    return reply_with(empty_reply());
  };
  const auto caller = line.call(kGet);
  CHECK(line.answered(caller));
  CHECK(remote == "127.0.0.1");
}

TEST_CASE("the server: a kept connection is closed when nothing comes") {
  ServerSettings settings;
  settings.idle = 300ms;
  Line line(settings);
  const auto kept = line.call(kGet);
  CHECK(line.closed(kept));
  CHECK(kept->said.rfind("HTTP/1.1 204 ", 0) == 0);
}

TEST_CASE(
    "the server: at the most connections the one that was silent longest gives way, one that is answered does not") {
  ServerSettings settings;
  settings.idle = settings.request_within = 1h;
  settings.most_connections = 3;
  Line line(settings);
  line.route = [&line](Request request, OnGone) {
    Reply reply = empty_reply();
    if (request.path == "/stream") reply.stream = std::make_shared<Outbox>(line.io.get_executor());
    return reply_with(std::move(reply));
  };
  const std::string stream = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto hears = line.call(stream);
  CHECK(line.answered(hears));
  const auto silent = line.call("");
  const auto kept = line.call(kGet);
  CHECK(line.answered(kept));
  const auto next = line.call(kGet);
  CHECK(line.answered(next));
  CHECK(line.closed(silent));
  CHECK_FALSE(kept->closed);
  const auto second = line.call(stream);
  CHECK(line.answered(second));
  CHECK(line.closed(kept));
  const auto third = line.call(stream);
  CHECK(line.answered(third));
  CHECK(line.closed(next));
  // All three are streams now.
  const auto beyond = line.call(kGet);
  CHECK(line.closed(beyond));
  CHECK(beyond->said.empty());
  for (const auto& each : {hears, second, third}) CHECK_FALSE(each->closed);
}

TEST_CASE("the server: a stream that is not read keeps a megabyte at most, and then ends") {
  std::shared_ptr<Outbox> outbox;
  bool ended = false;
  Line line({});
  line.route = [&](Request, OnGone) {
    Reply reply;
    reply.stream = outbox = std::make_shared<Outbox>(line.io.get_executor());
    reply.stream_ended = [&ended] { ended = true; };
    return reply_with(std::move(reply));
  };
  const auto caller = line.call(kGet);
  CHECK(line.answered(caller));
  const object event{{"type", "offer"}, {"sdp", std::string(1000, 'v')}};
  // What is taken counts no more.
  for (int i = 0; i < 1000; ++i) outbox->push(event);
  CHECK_FALSE(outbox->closed);
  CHECK(line.until([&] { return outbox->queue.empty(); }));
  std::size_t most = 0;
  for (int i = 0; i < 4000; ++i) {
    outbox->push(event);
    most = std::max(most, outbox->queue.size());
  }
  CHECK(most > 900);
  CHECK(most < 1100);
  CHECK(outbox->closed);
  CHECK(outbox->queue.empty());
  CHECK(line.closed(caller));
  CHECK(ended);
}
