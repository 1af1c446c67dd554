// SPDX-License-Identifier: Apache-2.0
// The promises of docs and design that hold from the first day, asked of the kernel: what sockets and processes there
// are, what lies on disk, what left the machine.
#include <signal.h>
#include <sys/mman.h>

#include <fstream>

#include "tests/firmware/daemon/box_and_office.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/desk_under_test.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

/// Sockets that listen (TCP state 0A) or could hear anybody (UDP), of this process.
std::vector<std::string> doors(pid_t pid) {
  std::vector<std::string> open;
  for (const std::string& line : ip_sockets(pid)) {
    if (line.rfind("tcp", 0) != 0 || line.find(" 0A ") != std::string::npos) open.push_back(line);
  }
  return open;
}

/// Nothing looks, nothing listens, nothing is sent: the real media process and the list of processes say so.
bool room_is_closed(BoxAndOffice& it) {
  const auto media = children_of(it.box.pid(), "madoguchi-media");
  if (media.empty()) return false;
  for (const pid_t pid : media) {
    if (!ip_sockets(pid).empty()) return false;
  }
  return it.cameras().empty();
}

}  // namespace

TEST_CASE("promise 1: nothing leaves the room before a press, whatever arrives") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.idle());
  CHECK(room_is_closed(it));

  const char* events[] = {
      R"({"type":"seats","seats":[{"seat":"counsellor","present":true,"session":"s2"}]})",
      R"({"type":"seat-joined","seat":"counsellor","session":"s3"})",
      R"({"type":"ringing","seat":"counsellor"})",
      R"({"type":"hold","on":false})",
      R"({"type":"banner","text":"press"})",
      R"({"type":"press"})",
      R"({"type":"open-camera","seat":"counsellor"})",
      R"({"type":"offer","sdp":"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"})",
      R"({"type":"ended","by":"counsellor"})",
      "not json at all",
  };
  for (const char* event : events) {
    INFO(event);
    it.office.tell(event);
    // The box has taken it when it answers after a round of its own.
    const double before = number_at(it.box.status(), "counters.events");
    it.office.tell(R"({"type":"seat-joined","seat":"counsellor","session":"s4"})");
    REQUIRE(it.box.until([before](const object& now) { return number_at(now, "counters.events") > before; }, 5s));
    CHECK(room_is_closed(it));
    CHECK(text_at(it.box.last, "phase") == "idle");
    CHECK(text_at(it.box.last, "lamp.mode") == "dark");
  }
  // Every command that there is but the press.
  for (const object& question :
       {object{{"command", "status"}}, object{{"command", "agenda"}}, object{{"command", "mute"}, {"on", false}},
        object{{"command", "mute"}, {"on", true}}}) {
    INFO(json::bj::serialize(question));
    it.box.ask(question);
    CHECK(room_is_closed(it));
    CHECK(text_at(it.box.status(), "phase") == "idle");
  }
  CHECK(it.box.screenshot());
  CHECK(room_is_closed(it));
  // Another booking, with a link to another room.
  it.office.calendar_text = one_booking(it.office.origin(), "room2", -5min, 60min);
  REQUIRE(it.until([&it] { return it.office.count("GET /events/room2") > 0; }));
  CHECK(room_is_closed(it));
  CHECK(it.office.count("POST") == 0);

  // And the press is what opens it: the same look must see it.
  it.office.seat(true);
  it.box.press();
  REQUIRE(it.talks());
  CHECK_FALSE(room_is_closed(it));
  CHECK(it.cameras().size() == 1);
  CHECK_FALSE(ip_sockets(it.box.media_pid()).empty());
  it.box.press(true);
  REQUIRE(it.box.until_card("no-bookings", 20s));
  CHECK(room_is_closed(it));
}

TEST_CASE("promise 2: the lamp is steady exactly while a camera process lives, also when it is killed") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.idle());
  std::size_t compared = 0, with = 0, without = 0;
  const auto compare = [&] {
    // The kernel before and after the question: where it did not change meanwhile, the lamp must say the same.
    const bool before = !it.cameras().empty();
    const std::string lamp = text_at(it.box.status(), "lamp.mode");
    const bool after = !it.cameras().empty();
    if (before != after) return;
    ++compared;
    ++(after ? with : without);
    INFO("camera process: " << after << ", lamp: " << lamp);
    CHECK((lamp == "steady") == after);
  };
  compare();
  it.office.seat(true);
  it.box.press();
  REQUIRE(it.until([&] {
    compare();
    return text_at(it.box.status(), "phase") == "talking" && !it.cameras().empty();
  }));
  const std::size_t before_kills = without;
  for (int i = 0; i < 4; ++i) {
    const auto alive = it.cameras();
    REQUIRE(alive.size() == 1);
    REQUIRE(::kill(alive.front(), SIGKILL) == 0);
    REQUIRE(it.until([&] {
      compare();
      const auto now = it.cameras();
      return now.size() == 1 && now.front() != alive.front();
    }));
  }
  CHECK(without > before_kills + 5);  // the pauses before the next starts were seen
  it.box.press(true);
  REQUIRE(it.until([&] {
    compare();
    return text_at(it.box.status(), "card.code") == "no-bookings";
  }));
  compare();
  CHECK(compared > 20);
  CHECK(with > 5);
}

TEST_CASE("promise 3: a press is answered with the network gone, the desk stopped, the media process stopped") {
  const auto pulsed = [](const object& status) {
    for (const auto& change : status.at("lamp").at("since_press").as_array()) {
      // The design says 200 ms; a test is ten times wider.
      if (text_at(change.as_object(), "mode") == "pulse") return number_at(change.as_object(), "ms") < 2000;
    }
    return false;
  };
  SECTION("the network is gone") {
    BoxAndOffice it;
    it.box.start();
    REQUIRE(it.idle());
    it.office.shut();
    it.box.press();
    REQUIRE(it.box.until(pulsed, 2s));
    CHECK(text_at(it.box.last, "phase") == "calling");
  }
  SECTION("the office hangs") {
    BoxAndOffice it;
    it.office.on_offer = [](const OfficeRequest&) {
      OfficeReply reply;
      reply.how = OfficeReply::hang;
      return reply;
    };
    it.box.start();
    REQUIRE(it.idle());
    it.office.seat(true);
    it.box.press();
    REQUIRE(it.box.until(pulsed, 2s));
    // The offer was sent and hangs; the box goes on.
    REQUIRE(it.until([&it] { return it.office.count("POST /whip/") > 0; }));
    CHECK(text_at(it.box.status(), "phase") == "calling");
  }
  SECTION("the desk is stopped: a real one, that keeps its connections and says nothing") {
    asio::io_context io;
    DeskUnderTest desk(io);
    desk.start();
    desk.book(-5min, 60min);
    BoxUnderTest box(io, desk.box_options());
    box.start();
    REQUIRE(box.until_card("ready", 20s));
    REQUIRE(box.until([](const object& now) { return now.at("events_up").as_bool(); }, 20s));
    REQUIRE(::kill(desk.pid(), SIGSTOP) == 0);
    box.press();
    REQUIRE(box.until(pulsed, 2s));
    CHECK(text_at(box.last, "phase") == "calling");
    CHECK(text_at(box.last, "card.code").starts_with("calling"));
    REQUIRE(::kill(desk.pid(), SIGCONT) == 0);
  }
  SECTION("nothing is open: also that press is answered") {
    BoxAndOffice it;
    it.office.calendar_text = one_booking(it.office.origin(), "later", 300min, 360min);
    it.box.start();
    REQUIRE(it.box.until_card("next", 10s));
    it.box.press();
    REQUIRE(it.box.until(pulsed, 2s));
    CHECK(text_at(it.box.last, "card.code") == "too-early");
  }
  SECTION("the media process is stopped: the lamp at once, the screen when it was replaced") {
    BoxAndOffice it;
    it.box.start();
    REQUIRE(it.idle());
    const pid_t stopped = it.box.media_pid();
    REQUIRE(::kill(stopped, SIGSTOP) == 0);
    it.box.press();
    REQUIRE(it.box.until(pulsed, 2s));
    CHECK(it.box.until(
        [stopped](const object& now) {
          return number_at(now, "media.pid") != stopped && text_at(now, "media.state") == "ready";
        },
        20s));
    CHECK(it.box.screenshot());
    // That the card and the chime reach the next process: box_test.cpp.
    CHECK(it.box.until_phase("calling", 2s));
    CHECK(text_at(it.box.last, "card.code").starts_with("calling"));
  }
}

TEST_CASE("promise 5: what a booking says of people stays in the booking - no port is open") {
  const std::vector<std::string> secrets = {"山田花子",    "YAMADA",     "hanako@example", "090-1234-5678",
                                            "09012345678", "離婚の相談", "tok_9f8e7d",     "ひみつ"};
  BoxAndOffice it;
  it.office.calendar_text =
      one_booking(it.office.origin(), "room1", -5min, 60min,
                  "SUMMARY:山田花子 YAMADA 離婚の相談\r\nDESCRIPTION:090-1234-5678 09012345678 ひみつ tok_9f8e7d\r\n"
                  "ATTENDEE;CN=山田花子:mailto:hanako@example.jp\r\nORGANIZER;CN=YAMADA:mailto:hanako@example.jp\r\n"
                  "LOCATION:ひみつ https://evil.example/?tok_9f8e7d\r\nX-NOTE:山田花子\r\nCOMMENT:090-1234-5678\r\n");
  it.box.start();
  REQUIRE(it.idle());
  CHECK(doors(it.box.pid()).empty());
  it.office.seat(true);
  it.box.press();
  REQUIRE(it.talks());
  CHECK(doors(it.box.pid()).empty());
  std::string everything = it.box.log();
  everything += json::bj::serialize(it.box.status());
  everything += json::bj::serialize(it.box.ask({{"command", "agenda"}}));
  std::size_t files = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(it.box.state())) {
    if (!file.is_regular_file()) continue;
    ++files;
    everything += read_text(file.path());
    CHECK((file.status().permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  }
  CHECK(files >= 3);  // the agenda, the resources, the press
  std::string sent;
  for (const OfficeRequest& request : it.office.requests()) {
    sent += request.target + request.body;
    for (const auto& [name, value] : request.headers) {
      if (name != "authorization") sent += value;
    }
    CHECK(request.headers.at("authorization") == "Bearer box-token-5e1f0c");
  }
  CHECK(sent.find("v=0") != std::string::npos);
  for (const std::string& secret : secrets) {
    INFO(secret);
    CHECK(everything.find(secret) == std::string::npos);
    CHECK(sent.find(secret) == std::string::npos);
  }
  // The box's own: its token nowhere, the connection's passwords not in what people read.
  CHECK(everything.find("box-token-5e1f0c") == std::string::npos);
  CHECK(it.box.log().find("ice-pwd") == std::string::npos);
  CHECK(it.box.log().find("/whip/room1/counsellor/r") == std::string::npos);
}
