// SPDX-License-Identifier: Apache-2.0
// An office that misbehaves: each way is its own named fault, none is a crash, and the consultation comes when it behaves.
#include <regex>

#include "tests/support/box_under_test.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_office.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

/// An answer takes webrtcbin a while; a box that gives up before it comes cannot DELETE what it was not told of.
const std::string kQuick = "[session]\npost_within = \"" + std::to_string(4 * kSlow) + "s\"\nconnect_within = \"" +
                           std::to_string(3 * kSlow) + "s\"\n" + R"(farewell_for = "100ms"
ended_for = "200ms"
retry_first = "100ms"
retry_most = "500ms"
answer_floor = "100ms"
[signalling]
events_retry_first = "100ms"
events_retry_most = "500ms"
)";

BoxOptions options_for(const ScriptedOffice& office) {
  BoxOptions options;
  options.origin = office.origin();
  options.token = "box-token";
  options.calendar = office.calendar();
  options.extra = kQuick;
  return options;
}

bool ready_to_press(const object& status) {
  // After a talk of the booking nobody is asked to press, and may.
  const std::string card = text_at(status, "card.code");
  return text_at(status, "phase") == "idle" && (card == "ready" || card == "no-bookings");
}

OfficeReply plain(int status, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = "no") {
  OfficeReply reply;
  reply.status = status;
  reply.headers = std::move(headers);
  reply.body = std::move(body);
  return reply;
}

OfficeReply as(OfficeReply reply, OfficeReply::How how) {
  reply.how = how;
  return reply;
}

std::string replaced(const std::string& text, const char* what, const char* with) {
  return std::regex_replace(text, std::regex(what), with);
}

struct Bad {
  const char* fault;
  std::function<OfficeReply(ScriptedOffice&, const OfficeRequest&)> reply;
};

const std::vector<Bad>& bad_replies() {
  static const std::vector<Bad> kBad = {
      {"office-error", [](ScriptedOffice&, const OfficeRequest&) { return plain(500); }},
      {"office-busy",
       [](ScriptedOffice&, const OfficeRequest&) {
         return plain(503, {{"Retry-After", "1"}});
       }},
      {"office-refused", [](ScriptedOffice&, const OfficeRequest&) { return plain(401); }},
      {"office-protocol", [](ScriptedOffice&, const OfficeRequest&) { return plain(406); }},
      {"office-answer-invalid",
       [](ScriptedOffice&, const OfficeRequest&) {
         return plain(201, {{"Content-Type", "text/html"}, {"Location", "/x/1"}}, "<html>");
       }},
      {"office-no-location",
       [](ScriptedOffice& office, const OfficeRequest& request) {
         OfficeReply reply = office.good_answer(request);
         office.peers.erase(reply.headers.back().second);  // the box cannot DELETE what it was not told of
         reply.headers.pop_back();
         return reply;
       }},
      {"office-answer-inactive",
       [](ScriptedOffice& office, const OfficeRequest& request) {
         OfficeReply reply = office.good_answer(request);
         reply.body = replaced(reply.body, "a=(recvonly|sendonly)", "a=inactive");
         return reply;
       }},
      {"office-empty-reply", [](ScriptedOffice&, const OfficeRequest&) { return as(plain(201), OfficeReply::close); }},
      {"office-late", [](ScriptedOffice&, const OfficeRequest&) { return as(plain(201), OfficeReply::hang); }},
      {"office-cut",
       [](ScriptedOffice& office, const OfficeRequest& request) {
         OfficeReply reply = office.good_answer(request);
         office.peers.erase(reply.headers.back().second);
         return as(std::move(reply), OfficeReply::cut);
       }},
  };
  return kBad;
}

}  // namespace

TEST_CASE("each way of a faulty office is its own fault, and the consultation comes once it is mended") {
  asio::io_context io;
  ScriptedOffice office(io);
  BoxUnderTest box(io, options_for(office));
  box.start();
  const pid_t daemon = box.pid();
  const auto told = [&office](const std::string& type) {
    return std::count_if(office.requests().begin(), office.requests().end(), [&type](const OfficeRequest& request) {
      return request.method == "POST" && request.body.find("\"" + type + "\"") != std::string::npos;
    });
  };
  for (const Bad& bad : bad_replies()) {
    INFO(bad.fault);
    REQUIRE(box.until(ready_to_press, 20s));
    office.on_offer = [&](const OfficeRequest& request) { return bad.reply(office, request); };
    // While nobody sits there, nothing is offered; whoever sits down is offered to.
    const auto calls = told("calling");
    const std::size_t offers = office.count("POST /whip/") + office.count("POST /whep/");
    box.press();
    REQUIRE(test::until(
        io, [&] { return told("calling") > calls; }, 10s * kSlow));
    REQUIRE(box.until_card("calling-absent", 10s));
    CHECK(office.count("POST /whip/") + office.count("POST /whep/") == offers);
    office.seat(true);
    const bool named = box.until([&bad](const object& status) { return has_fault(status, bad.fault); }, 15s);
    INFO(json::bj::serialize(box.last));
    REQUIRE(named);
    CHECK(text_at(box.last, "phase") == "calling");
    CHECK(box.last.at("faults").as_array().size() == 1);
    // Only what harms the consultation is shown to people as trouble.
    const bool harmless = std::string(bad.fault) == "office-busy";
    CHECK((text_at(box.last, "card.code") == "trouble") == !harmless);
    office.on_offer = nullptr;
    const bool talks = box.until_up("play", 20s) && box.until_up("publish", 20s);
    INFO(box.log());
    REQUIRE(talks);
    CHECK(box.last.at("faults").as_array().empty());
    box.press(true);
    REQUIRE(box.until_phase("idle", 20s));
    office.seat(false);
  }
  CHECK(box.pid() == daemon);
  CHECK(number_at(box.status(), "counters.illegal") == 0);
  const bool all_deleted = test::until(
      io, [&office] { return office.peers.empty(); }, 5s);
  std::string left;
  for (const auto& [path, peer] : office.peers) left += path + " ";
  CAPTURE(left);
  std::string trace;
  for (const auto& r : office.requests()) trace += r.method + " " + r.target + "\n";
  CAPTURE(trace);
  CAPTURE(box.log());
  CHECK(all_deleted);
  CHECK(box.stop() == 0);
}

TEST_CASE("an answer that says actpass is taken as active, and said so") {
  asio::io_context io;
  ScriptedOffice office(io);
  office.seat(true);
  office.on_offer = [&office](const OfficeRequest& request) {
    OfficeReply reply = office.good_answer(request);
    reply.body = replaced(reply.body, "a=setup:active", "a=setup:actpass");
    return reply;
  };
  BoxUnderTest box(io, options_for(office));
  box.start();
  REQUIRE(box.until(ready_to_press, 20s));
  box.press();
  REQUIRE(box.until_up("play", 20s));
  REQUIRE(box.until_up("publish", 20s));
  CHECK(has_fault(box.last, "office-answer-actpass"));
  CHECK(text_at(box.last, "phase") == "talking");
}

TEST_CASE("a consultation that the office does not know ends with its own card") {
  for (const int status : {404, 410}) {
    asio::io_context io;
    ScriptedOffice office(io);
    office.seat(true);
    office.on_offer = [status](const OfficeRequest&) { return plain(status); };
    BoxUnderTest box(io, options_for(office));
    box.start();
    REQUIRE(box.until(ready_to_press, 20s));
    box.ask({{"command", "status"}});
    box.press();
    const bool ended = box.until(
        [](const object& now) {
          return text_at(now, "card.code") == "ended-not-found" && has_fault(now, "office-not-found");
        },
        10s);
    INFO(json::bj::serialize(box.last));
    REQUIRE(ended);
    REQUIRE(box.until(ready_to_press, 20s));
    CHECK(office.count("POST /whip/") == 1);  // 404 is an end, not something to try again
    CHECK(office.count("POST /whep/") == 1);
    CHECK(box.children_gone());
  }
}

TEST_CASE("503 is asked again no earlier than the office wants") {
  asio::io_context io;
  ScriptedOffice office(io);
  office.seat(true);
  std::vector<std::chrono::steady_clock::time_point> asked;
  office.on_offer = [&asked](const OfficeRequest& request) {
    if (request.target.rfind("/whip/", 0) == 0) asked.push_back(std::chrono::steady_clock::now());
    return plain(503, {{"Retry-After", "2"}});
  };
  BoxUnderTest box(io, options_for(office));
  box.start();
  REQUIRE(box.until(ready_to_press, 20s));
  box.press();
  REQUIRE(test::until(
      io, [&asked] { return asked.size() >= 3; }, 30s));
  for (std::size_t i = 1; i < asked.size(); ++i) CHECK(asked[i] - asked[i - 1] >= 1900ms);
}

TEST_CASE("an office that is gone is said to be down - when it is back, the call goes on") {
  asio::io_context io;
  ScriptedOffice office(io);
  office.seat(true);
  BoxUnderTest box(io, options_for(office));
  box.start();
  REQUIRE(box.until(ready_to_press, 20s));
  office.shut();
  box.press();
  const bool named = box.until([](const object& now) { return has_fault(now, "office-down"); }, 20s);
  INFO(json::bj::serialize(box.last));
  REQUIRE(named);
  CHECK(text_at(box.last, "card.code") == "trouble");
  office.open();
  REQUIRE(box.until_up("play", 20s));
  REQUIRE(box.until([](const object& now) { return now.at("faults").as_array().empty(); }, 20s));
}
