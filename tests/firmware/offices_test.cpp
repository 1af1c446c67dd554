// SPDX-License-Identifier: Apache-2.0
// Addresses and tokens are tried before anybody presses: what is wrong is a fault with its host, until it is right.
#include "firmware/box_offices.hpp"
#include "tests/firmware/room.hpp"
#include "tests/support/scripted_server.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr auto kLong = 20s * kSlow;

/// An office beside the room, on its loop; what it answers is the test's.
struct Hall {
  Room* room = nullptr;
  int status;
  std::optional<Room> made;
  std::optional<ScriptedServer> office;  // on the room's loop: it goes before the room

  explicit Hall(int first_status, bool with_events = true) : status(first_status) {
    made.emplace(
        std::make_unique<HallBoard>(), [](Room&) {},
        [this, with_events](Room& it, config::Config& config) {
          room = &it;
          office.emplace(it.io);
          office->answer = [this](const ServerRequest&) { return ServerReply(status); };
          schedule::LinkRule& rule = config.schedule.links.at(0);
          if (with_events) rule.events = office->url("/events/{room}");
          rule.seats[0].publish = office->url("/whip/{room}");
          rule.seats[0].play = office->url("/whep/{room}");
          config.offices = {{office->origin(), "box-token"}};
        });
  }
  bool asked(std::size_t times) {
    return until(
        room->io, [&] { return office->requests().size() == times; }, kLong);
  }
  bool has_fault(const std::string& code, bool wanted = true) {
    return until(
        room->io,
        [&] {
          const Strings codes = faults(*room);
          return (std::find(codes.begin(), codes.end(), code) != codes.end()) == wanted;
        },
        kLong);
  }
  std::string error() {
    const auto status_now = room->ask({{"command", "status"}});
    return std::string(status_now->body.at("offices").as_array().at(0).at("error").as_string());
  }
};

}  // namespace

TEST_CASE("a token that the office does not take is a fault before anybody presses, until it is taken") {
  Hall hall(401);
  REQUIRE(hall.has_fault("office-refused"));
  CHECK(hall.office->requests().at(0).method == "GET");
  CHECK(hall.office->requests().at(0).target == "/events/madoguchi-check");
  CHECK(hall.office->requests().at(0).header("authorization") == "Bearer box-token");
  CHECK(hall.error() == "127.0.0.1: it does not take this box's token (HTTP 401)");
  hall.status = 404;  // of a room that is nobody's
  hall.room->advance(13s);
  REQUIRE(hall.has_fault("office-refused", false));
  CHECK(hall.error().empty());
  const std::size_t asked = hall.office->requests().size();
  hall.room->advance(59min);
  CHECK(hall.office->requests().size() == asked);
  hall.status = 403;
  hall.room->advance(14min);
  REQUIRE(hall.has_fault("office-refused"));
}

TEST_CASE("an office that is away is asked with back-off, and what is wrong with it takes the place of what was") {
  Hall hall(500);
  REQUIRE(hall.has_fault("office-error"));
  const std::size_t first = hall.office->requests().size();
  hall.room->advance(9s);
  CHECK(hall.office->requests().size() == first);
  hall.status = 401;
  hall.room->advance(4s);
  REQUIRE(hall.has_fault("office-refused"));
  CHECK(hall.has_fault("office-error", false));
  const std::size_t second = hall.office->requests().size();
  hall.room->advance(16s);
  CHECK(hall.office->requests().size() == second);
}

TEST_CASE("where there is no events stream the offers' endpoint is asked what it can, and is offered nothing") {
  Hall hall(404, false);
  REQUIRE(hall.asked(1));
  CHECK(hall.office->requests()[0].method == "OPTIONS");
  CHECK(hall.office->requests()[0].target == "/whip/madoguchi-check");
}

TEST_CASE("each address that a configuration can lead to is tried once") {
  schedule::Settings settings;
  schedule::LinkRule rule;
  rule.events = "https://a.example/events/{room}?x={room}";
  rule.seats = {{"c", "相談員", "https://a.example/whip/{room}", "https://a.example/whep/{room}"}};
  settings.links = {rule, rule};
  rule.events.clear();
  rule.seats.push_back({"s", "専門員", "", "https://b.example/whep/{room}/{seat}"});
  settings.links.push_back(rule);
  const std::vector<OfficeAddress> wanted = {
      {"GET", "https://a.example/events/madoguchi-check?x=madoguchi-check", "a.example"},
      {"OPTIONS", "https://a.example/whip/madoguchi-check", "a.example"},
      {"OPTIONS", "https://b.example/whep/madoguchi-check/madoguchi-check", "b.example"}};
  CHECK((office_addresses(settings) == wanted));
}
