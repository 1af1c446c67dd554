// SPDX-License-Identifier: Apache-2.0
// What must not happen to a hall, with the real daemon: a stranger in the office's place, a call that nobody hears of, a press
// that comes back, a far end that only waits for its publisher.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <memory>
#include <regex>

#include "tests/firmware/daemon/box_and_office.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/counsellor.hpp"
#include "tests/support/desk_under_test.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

/// The same answer, with the fingerprint of another certificate.
OfficeReply with_another_fingerprint(OfficeReply reply) {
  const std::regex last_digits("(a=fingerprint:[^\r]*)..(\r)");
  reply.body = std::regex_replace(reply.body, last_digits,
                                  "$01"
                                  "00"
                                  "$2");
  return reply;
}

/// A box at a real desk, ready to be pressed; and the counsellor, who looks at the list.
struct BoxAndDesk {
  asio::io_context io;
  DeskUnderTest desk{io};
  std::string room;
  std::unique_ptr<BoxUnderTest> started;
  BoxUnderTest& box;
  Counsellor counsellor;

  BoxAndDesk()
      : room(open_desk(desk)), started(std::make_unique<BoxUnderTest>(io, options(desk))), box(*started),
        counsellor(io, desk.origin(), DeskUnderTest::kName, DeskUnderTest::kPassword) {
    box.start();
    counsellor.log_in();
  }
  static std::string open_desk(DeskUnderTest& desk) {
    desk.start();
    return desk.book(-5min, 60min);
  }
  static BoxOptions options(const DeskUnderTest& desk) {
    BoxOptions options = desk.box_options();
    options.extra = kQuickSession;
    return options;
  }
  bool ready() {
    return box.until_card("ready", 20s) &&
           box.until([](const object& now) { return now.at("events_up").as_bool(); }, 20s);
  }
  /// The booking as the page lists it: "booked", "calling".
  std::string listed() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - 5min + 9h);
    const HttpResponse reply =
        counsellor.request("GET", fmt::format("/api/bookings?day={:%Y-%m-%d}", fmt::gmtime(now)));
    const std::regex state("\"room\":\"" + room + "\"[^}]*\"state\":\"([a-z]+)\"");
    std::smatch found;
    return std::regex_search(reply.body, found, state) ? found[1].str() : reply.body;
  }
  bool until_listed(const std::string& state) {
    return test::until(
        io, [&] { return listed() == state; }, 20s * kSlow);
  }
};

/// Another boot of the machine, as far as the press book can see.
void reboot(BoxUnderTest& box) {
  std::string press = read_text(box.state() / "press.json");
  const auto at = press.find(read_text("/proc/sys/kernel/random/boot_id").substr(0, 8));
  REQUIRE(at != std::string::npos);
  write_text(box.state() / "press.json", press.replace(at, 8, "00000000"));
}

}  // namespace

TEST_CASE("a stranger in the office's place sees and hears nothing of the room, and the hall is told") {
  BoxAndOffice it;
  it.office.on_offer = [&it](const OfficeRequest& request) {
    return with_another_fingerprint(it.office.good_answer(request));
  };
  it.box.start();
  REQUIRE(it.idle());
  it.office.seat(true);
  std::uint64_t packets = 0;
  const auto look = [&] {
    for (const auto& [path, peer] : it.office.peers) packets = std::max(packets, peer->stats().packets);
  };
  it.box.press();
  const bool told = it.box.until(
      [&](const object& now) {
        look();
        return text_at(now, "card.code") == "ended-unverified" && has_fault(now, "far-end-unverified");
      },
      20s);
  INFO(json::bj::serialize(it.box.last) << "\n" << it.box.log());
  REQUIRE(told);
  CHECK(packets == 0);
  REQUIRE(it.idle());
  CHECK(it.office.count("POST /whip/") == 1);  // not tried again
  CHECK(it.office.count("POST /whep/") == 1);
  CHECK(it.box.log().find("fault=far-end-unverified severity=error") != std::string::npos);
  // Once it is the office again, a press talks.
  it.office.on_offer = nullptr;
  it.box.press();
  CHECK(it.talks());
}

TEST_CASE("nobody publishes yet on a plain media server: the box waits and then sees the far side") {
  asio::io_context io;
  ScriptedOffice office(io);
  int refused = 0;
  office.on_offer = [&](const OfficeRequest& request) {
    OfficeReply reply;
    reply.status = 404;
    return request.target.rfind("/whep/", 0) == 0 && ++refused < 4 ? reply : office.good_answer(request);
  };
  BoxOptions options = BoxAndOffice::options(office);
  options.events = false;
  options.extra = std::regex_replace(options.extra, std::regex("\\[session\\]"), "[session]\npoll_floor = \"200ms\"");
  BoxUnderTest box(io, options);
  box.start();
  REQUIRE(box.until_card("ready", 20s));
  box.press();
  const bool talks = box.until_up("play", 20s) && box.until_phase("talking", 5s);
  INFO(json::bj::serialize(box.last) << "\n" << box.log());
  REQUIRE(talks);
  CHECK(refused == 4);
  CHECK(office.count("POST /whip/") == 1);
}

TEST_CASE("a long press while the office hangs is not forgotten by the end of the daemon: nothing opens after it") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.talking());
  REQUIRE(it.until([&it] { return std::filesystem::exists(it.box.state() / "press.json"); }));
  it.office.on_event = [](const OfficeRequest&) {
    OfficeReply reply;
    reply.how = OfficeReply::hang;
    return reply;
  };
  it.box.press(true);
  REQUIRE(it.box.until([](const object& now) { return text_at(now, "phase") != "talking"; }, 10s));
  CHECK(it.box.stop() == 0);
  CHECK_FALSE(std::filesystem::exists(it.box.state() / "press.json"));
  it.box.start();
  REQUIRE(it.idle());
  CHECK(it.cameras().empty());
}

TEST_CASE("the desk away at the press: the bell rings when it is back") {
  BoxAndDesk it;
  REQUIRE(it.ready());
  it.desk.kill();
  it.box.press();
  REQUIRE(
      it.box.until([&it](const object&) { return it.box.log().find("office-not-told") != std::string::npos; }, 20s));
  CHECK(text_at(it.box.last, "phase") == "calling");
  it.desk.start();
  const bool rings = it.until_listed("calling");
  INFO(it.box.log());
  CHECK(rings);
}

TEST_CASE("the desk restarted while a hall calls: the bell rings again") {
  BoxAndDesk it;
  REQUIRE(it.ready());
  it.box.press();
  REQUIRE(it.until_listed("calling"));
  it.desk.kill();
  it.desk.start();
  const bool rings = it.until_listed("calling");
  INFO(it.box.log());
  CHECK(rings);
}

TEST_CASE("power cut while calling: when the box is back the page rings for nobody") {
  BoxAndDesk it;
  REQUIRE(it.ready());
  it.box.press();
  REQUIRE(it.until_listed("calling"));
  REQUIRE(test::until(
      it.io, [&it] { return std::filesystem::exists(it.box.state() / "press.json"); }, 10s));
  it.box.kill();
  reboot(it.box);
  it.box.start();
  REQUIRE(it.ready());
  const bool quiet = it.until_listed("booked");
  INFO(it.box.log());
  CHECK(quiet);
  CHECK(children_of(it.box.pid(), "madoguchi-camera").empty());
}
