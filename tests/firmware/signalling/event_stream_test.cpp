// SPDX-License-Identifier: Apache-2.0
// The events stream against a scripted office: its memory, its ups and downs, its back-off in virtual time.
#include "firmware/signalling/event_stream.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/stderr.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace madoguchi::signalling;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 20s * kSlow;
const std::string kNobody = R"(data: {"type":"seats","seats":[{"seat":"counsellor","present":false,"session":""}]})"
                            "\n\n";
const std::string kJoined = R"(data: {"type":"seat-joined","seat":"counsellor","session":"s7"})"
                            "\n\n";
const std::string kLeft = R"(data: {"type":"seat-left","seat":"counsellor"})"
                          "\n\n";

ServerReply how(ServerReply::How how, int status = 200) {
  ServerReply answer;
  answer.how = how;
  answer.status = status;
  return answer;
}

/// A stream under way, until the end of the test.
struct Listening {
  asio::io_context io;
  ScriptedServer server{io};
  HttpClient http{io.get_executor(), {}};
  FakeClock clock{WallTime(1700000000000ms)};
  Settings settings;
  int ups = 0;
  std::vector<std::string> downs;
  std::vector<OfficeEvent> events;
  std::optional<EventStream> stream;
  asio::cancellation_signal cancel;
  bool ended = false;

  Listening() {
    server.answer = [](const ServerRequest&) { return how(ServerReply::stream); };
  }
  ~Listening() {
    cancel.emit(asio::cancellation_type::terminal);
    clock.advance(1h);
    until(
        io, [this] { return ended || !stream; }, kLong);
  }

  void start() {
    EventStream::Handlers handlers;
    handlers.up = [this] { ++ups; };
    handlers.down = [this](const std::string& why) { downs.push_back(why); };
    handlers.event = [this](const OfficeEvent& event) { events.push_back(event); };
    stream.emplace(http, clock, settings, *Url::parse(server.url("/events/room1")), "token", std::move(handlers));
    asio::co_spawn(io, stream->run(),
                   asio::bind_cancellation_slot(cancel.slot(), [this](std::exception_ptr) { ended = true; }));
  }
  bool settles(const std::function<bool()>& holds) { return until(io, holds, kLong); }
  /// Nothing more happens on the loop.
  void quiet() {
    for (int i = 0; i < 50; ++i) {
      io.restart();
      io.poll();
    }
  }
  std::size_t asked() const { return server.requests().size(); }
};

}  // namespace

TEST_CASE("a stream is up with its head and remembers who sits where") {
  Listening test;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  CHECK(test.stream->is_up());
  CHECK_FALSE(test.stream->seats());  // up, but nothing said yet
  CHECK(test.server.requests()[0].target == "/events/room1");
  CHECK(test.server.requests()[0].header("accept") == "text/event-stream");
  CHECK(test.server.requests()[0].header("authorization") == "Bearer token");
  test.server.push(": hello\n\n" + kNobody);
  REQUIRE(test.settles([&test] { return test.events.size() == 1; }));
  REQUIRE(test.stream->seats());
  CHECK_FALSE(test.stream->seats()->seats.at(0).present);
  test.server.push(kJoined);
  REQUIRE(test.settles([&test] { return test.events.size() == 2; }));
  CHECK(test.stream->seats()->seats.at(0).present);
  CHECK(test.stream->seats()->seats.at(0).session == "s7");
  test.server.push(kLeft);
  REQUIRE(test.settles([&test] { return test.events.size() == 3; }));
  CHECK_FALSE(test.stream->seats()->seats.at(0).present);
  CHECK(test.stream->seats()->seats.at(0).session.empty());
  CHECK(test.downs.empty());
}

TEST_CASE("what the office understands is what its newest snapshot names") {
  Listening test;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  CHECK_FALSE(test.stream->knows("state"));
  test.server.push("data: {\"type\":\"seats\",\"seats\":[],\"features\":[\"state\",\"later\"]}\n\n");
  REQUIRE(test.settles([&test] { return test.events.size() == 1; }));
  CHECK(test.stream->knows("state"));
  CHECK_FALSE(test.stream->knows("handover"));
  test.server.push(kNobody);
  REQUIRE(test.settles([&test] { return test.events.size() == 2; }));
  CHECK_FALSE(test.stream->knows("state"));
  // A list that is none, or of what are no words, is no snapshot.
  for (const char* features : {"7", "[7]", "[[]]", "\"state\""}) {
    test.server.push(std::string("data: {\"type\":\"seats\",\"seats\":[],\"features\":") + features + "}\n\n");
  }
  test.server.push(kNobody);
  REQUIRE(test.settles([&test] { return test.events.size() == 3; }));
  CHECK(test.stream->dropped() == 4);
}

TEST_CASE("what is not in the list is counted and passed over") {
  Listening test;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  test.server.push("data: {\"type\":\"open-camera\"}\n\ndata: not JSON\n\ndata: {\"type\":\"hold\"}\n\n" + kNobody);
  REQUIRE(test.settles([&test] { return test.events.size() == 1; }));
  CHECK(std::holds_alternative<Seats>(test.events[0]));
  CHECK(test.stream->dropped() == 3);
  CHECK(test.stream->is_up());
}

TEST_CASE("an event beyond all bounds ends the connection") {
  Listening test;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  test.server.push("data: " + std::string(20000, 'x'));
  REQUIRE(test.settles([&test] { return test.downs.size() == 1; }));
  CHECK(test.downs[0].find("too large") != std::string::npos);
  CHECK(test.events.empty());
  CHECK(test.settles([&test] { return test.server.open() == 0; }));
}

TEST_CASE("a stream that ends is down, forgets who is there, and comes back after the first delay") {
  Listening test;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  test.server.push(kNobody);
  REQUIRE(test.settles([&test] { return test.events.size() == 1; }));
  test.server.drop();
  REQUIRE(test.settles([&test] { return test.downs.size() == 1 && test.clock.pending() == 1; }));
  CHECK_FALSE(test.stream->is_up());
  CHECK_FALSE(test.stream->seats());
  test.clock.advance(499ms);
  test.quiet();
  CHECK(test.asked() == 1);
  test.clock.advance(1ms);
  REQUIRE(test.settles([&test] { return test.ups == 2; }));
  CHECK(test.stream->is_up());
  CHECK(test.asked() == 2);
}

TEST_CASE("an office that does not answer is asked less and less often, down once, and anew once it has answered") {
  for (const int status : {500, 0}) {  // 0: no reply at all
    CAPTURE(status);
    Listening test;
    test.settings.events_retry_first = 1s;
    test.settings.events_retry_most = 5s;
    test.server.answer = [status](const ServerRequest&) {
      return status == 0 ? how(ServerReply::close) : how(ServerReply::whole, status);
    };
    test.start();
    std::size_t asked = 1;
    for (const auto delay : {1000ms, 2000ms, 4000ms, 5000ms, 5000ms, 5000ms}) {
      CAPTURE(delay.count());
      REQUIRE(test.settles([&] { return test.clock.pending() == 1; }));
      CHECK(test.asked() == asked);
      test.clock.advance(delay - 1ms);
      test.quiet();
      REQUIRE(test.clock.pending() == 1);  // still waiting
      CHECK(test.asked() == asked);
      test.clock.advance(1ms);
      ++asked;
    }
    REQUIRE(test.settles([&] { return test.clock.pending() == 1 && test.asked() == asked; }));
    CHECK(test.ups == 0);
    CHECK(test.downs.size() == 1);
    test.server.answer = [](const ServerRequest&) { return how(ServerReply::stream); };
    test.clock.advance(5s);
    REQUIRE(test.settles([&test] { return test.ups == 1; }));
    test.clock.advance(10s);  // it lives
    test.server.push(kNobody);
    REQUIRE(test.settles([&test] { return test.events.size() == 1; }));
    test.server.drop();
    REQUIRE(test.settles([&test] { return test.downs.size() == 2 && test.clock.pending() == 1; }));
    test.clock.advance(1s);  // from the first delay again
    REQUIRE(test.settles([&test] { return test.ups == 2; }));
  }
}

TEST_CASE("an office that takes the stream and hangs up at once is not asked twice a second") {
  Listening test;
  test.server.answer = [](const ServerRequest&) { return how(ServerReply::whole); };  // 200, and that is all
  test.start();
  std::size_t asked = 1;
  for (const auto delay : {500ms, 1000ms, 2000ms}) {
    CAPTURE(delay.count());
    REQUIRE(test.settles([&] { return test.clock.pending() == 1 && test.asked() == asked; }));
    test.clock.advance(delay - 1ms);
    test.quiet();
    CHECK(test.asked() == asked);
    test.clock.advance(1ms);
    ++asked;
  }
  CHECK(test.settles([&] { return test.asked() == asked; }));
}

TEST_CASE("an office that sends one byte and closes is asked with back-off, and the log has one line of it") {
  struct Row {
    std::string body;
    std::chrono::milliseconds lives;
    bool anew;  ///< the next delay is the first one again
  };
  for (const Row& row : {Row{":", 0s, false}, Row{kNobody, 9999ms, false}, Row{kNobody, 10s, true}}) {
    CAPTURE(row.body, row.lives.count());
    const Stderr lines;
    Listening test;
    test.start();
    std::chrono::milliseconds delay = test.settings.events_retry_first;
    for (std::size_t round = 1; round <= 4; ++round) {
      CAPTURE(round);
      REQUIRE(test.settles([&] { return test.ups == static_cast<int>(round); }));
      test.clock.advance(row.lives);
      test.server.push(row.body);
      test.quiet();
      test.server.drop();
      REQUIRE(test.settles([&] { return test.downs.size() == round && test.clock.pending() == 1; }));
      test.clock.advance(delay - 1ms);
      test.quiet();
      CHECK(test.asked() == round);
      test.clock.advance(1ms);
      if (!row.anew) delay *= 2;
    }
    REQUIRE(test.settles([&] { return test.ups == 5; }));
    CHECK(lines.count("event=events-down") == (row.anew ? 4 : 1));
    CHECK(lines.count("event=events-up") == (row.anew ? 3 : 0));
  }
}

TEST_CASE("half an event of a connection that was cut is not carried over into the next") {
  Listening test;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  test.server.push(kNobody + "data: {\"type\":\"ended\"");
  REQUIRE(test.settles([&test] { return test.events.size() == 1; }));
  test.server.drop();
  REQUIRE(test.settles([&test] { return test.downs.size() == 1 && test.clock.pending() == 1; }));
  test.clock.advance(500ms);
  REQUIRE(test.settles([&test] { return test.ups == 2; }));
  test.server.push("data: ,\"by\":\"x\"}\n\n" + kNobody);
  REQUIRE(test.settles([&test] { return test.events.size() == 2; }));
  CHECK(std::holds_alternative<Seats>(test.events[1]));
  CHECK(test.stream->dropped() == 1);
}

TEST_CASE("an office that sends without end is left alone for a while, longer each time") {
  for (const std::string& event : {kJoined, std::string("data: nonsense\n\n")}) {
    CAPTURE(event);
    Listening test;
    test.start();
    std::string flood = kNobody;
    for (int i = 0; i < 500; ++i) flood += event;
    std::chrono::milliseconds delay = test.settings.events_retry_first;
    for (std::size_t round = 1; round <= 4; ++round, delay *= 2) {
      CAPTURE(round);
      REQUIRE(test.settles([&] { return test.ups == static_cast<int>(round); }));
      test.server.push(flood);
      REQUIRE(test.settles([&] { return test.downs.size() == round && test.clock.pending() == 1; }));
      CHECK(test.downs.back().find("more events than") != std::string::npos);
      test.clock.advance(delay - 1ms);
      test.quiet();
      CHECK(test.asked() == round);
      test.clock.advance(1ms);
    }
    CHECK(test.events.size() + test.stream->dropped() == 4 * 60);
  }
}

TEST_CASE("many events of a long consultation are no flood") {
  Listening test;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  for (std::size_t i = 1; i <= 200; ++i) {
    test.server.push(kJoined);
    REQUIRE(test.settles([&] { return test.events.size() == i; }));
    test.clock.advance(100ms);
  }
  CHECK(test.downs.empty());
}

TEST_CASE("silence is down") {
  Listening test;
  test.settings.events_silent_after = 300ms * kSlow;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  REQUIRE(test.settles([&test] { return test.downs.size() == 1; }));
  CHECK_FALSE(test.stream->is_up());
}

TEST_CASE("a comment is a sign of life") {
  Listening test;
  const Millis little = 400ms * kSlow;
  test.settings.events_silent_after = little;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  const auto before = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - before < 3 * little) {
    test.server.push(":\n\n");
    until(
        test.io, [] { return false; }, little / 8);
  }
  CHECK(test.downs.empty());
  CHECK(test.stream->is_up());
}

TEST_CASE("an office that never sends a head is down within the bound") {
  Listening test;
  test.settings.events_head_within = 300ms * kSlow;
  test.server.answer = [](const ServerRequest&) { return how(ServerReply::hang); };
  test.start();
  REQUIRE(test.settles([&test] { return test.downs.size() == 1; }));
  CHECK(test.ups == 0);
}

TEST_CASE("what the box tells the office") {
  Listening test;
  test.settings.post_within = 300ms * kSlow;
  test.start();
  REQUIRE(test.settles([&test] { return test.ups == 1; }));
  for (const int status : {200, 202, 204}) {
    CAPTURE(status);
    test.server.answer = [status](const ServerRequest&) { return how(ServerReply::whole, status); };
    CHECK(await(test.io, test.stream->post({{"type", "pressed"}})));
    const ServerRequest& asked = test.server.requests().back();
    CHECK(asked.method == "POST");
    CHECK(asked.target == "/events/room1");
    CHECK(asked.body == R"({"type":"pressed"})");
    CHECK(asked.header("content-type") == "application/json");
    CHECK(asked.header("authorization") == "Bearer token");
  }
  for (const int status : {302, 404, 500}) {
    test.server.answer = [status](const ServerRequest&) { return how(ServerReply::whole, status); };
    const auto told = await(test.io, test.stream->post({{"type", "pressed"}}));
    REQUIRE_FALSE(told);
    CHECK(told.error().http_status == status);
  }
  test.server.answer = [](const ServerRequest&) { return how(ServerReply::hang); };
  const auto late = await(test.io, test.stream->post({{"type", "pressed"}}));
  REQUIRE_FALSE(late);
  CHECK(name(late.error().code) == name(Errc::timeout));
  CHECK(test.stream->is_up());  // the stream does not mind
}
