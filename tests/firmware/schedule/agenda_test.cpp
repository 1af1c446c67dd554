// SPDX-License-Identifier: Apache-2.0
// Which consultation a press joins, and the agenda's JSON. Pure.
#include "firmware/schedule/agenda.hpp"

#include <sstream>
#include <string>

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::schedule;

namespace {

/// Minutes of one day.
WallTime at(int hour, int minute = 0) { return WallTime(std::chrono::hours(500000 + hour) + minute * 1min); }

Consultation consultation(const std::string& id, WallTime start, WallTime end) {
  Consultation result;
  result.id = id;
  result.feed = "hall";
  result.start = start;
  result.end = end;
  result.seats.push_back(
      {"counsellor", "相談員", "https://desk.example/whip/" + id, "https://desk.example/whep/" + id});
  return result;
}

std::string id_of(const Consultation* found) { return found == nullptr ? "-" : found->id; }

}  // namespace

TEST_CASE("a window opens half an hour before the start and closes at the end") {
  Agenda agenda;
  agenda.consultations = {consultation("a", at(10), at(11))};
  struct Row {
    WallTime now;
    std::string open, next;
  };
  const Row rows[] = {
      {at(0), "-", "a"},        {at(9, 30) - 1ms, "-", "a"}, {at(9, 30), "a", "-"}, {at(10), "a", "-"},
      {at(11) - 1ms, "a", "-"}, {at(11), "-", "-"},          {at(23), "-", "-"},
  };
  for (const Row& row : rows) {
    CAPTURE((row.now - at(0)).count());
    CHECK(id_of(agenda.open_at(row.now)) == row.open);
    CHECK(id_of(agenda.next_after(row.now)) == row.next);
  }
}

TEST_CASE("after one that was held early, a press joins the next one that is open") {
  Agenda agenda;
  agenda.consultations = {consultation("a", at(10), at(11)), consultation("b", at(10, 30), at(11, 30)),
                          consultation("c", at(11), at(12))};
  struct Row {
    WallTime now;
    std::set<std::string> held;
    std::string open;
  };
  const Row rows[] = {
      {at(10, 10), {}, "a"},         {at(10, 10), {"a"}, "b"},           {at(10, 29), {"a", "b"}, "b"},
      {at(10, 31), {"a", "b"}, "c"}, {at(10, 31), {"a", "b", "c"}, "c"}, {at(9, 40), {"a"}, "a"},
      {at(10, 40), {"b", "c"}, "a"}, {at(10, 10), {"x"}, "a"},
  };
  for (const Row& row : rows) {
    CAPTURE((row.now - at(0)).count(), row.held);
    CHECK(id_of(agenda.open_at(row.now, 30min, row.held)) == row.open);
  }
}

TEST_CASE("the length of the window before the start is a setting") {
  Agenda agenda;
  agenda.consultations = {consultation("a", at(10), at(11))};
  CHECK(id_of(agenda.open_at(at(9, 50), 5min)) == "-");
  CHECK(id_of(agenda.next_after(at(9, 50), 5min)) == "a");
  CHECK(id_of(agenda.open_at(at(9, 55), 5min)) == "a");
  CHECK(id_of(agenda.open_at(at(8), 2h)) == "a");
  CHECK(id_of(agenda.open_at(at(10) - 1ms, 0min)) == "-");
  CHECK(id_of(agenda.open_at(at(10), 0min)) == "a");
}

TEST_CASE("of several, the one that runs and started last, else the nearest ahead") {
  struct Row {
    std::string what;
    std::vector<Consultation> list;
    WallTime now;
    std::string open, next;
  };
  auto cancelled = [](Consultation one) {
    one.status = Status::cancelled;
    return one;
  };
  auto tentative = [](Consultation one) {
    one.status = Status::tentative;
    return one;
  };
  auto seatless = [](Consultation one) {
    one.seats.clear();
    return one;
  };
  const auto a = consultation("a", at(10), at(11));
  const auto b = consultation("b", at(10, 30), at(11, 30));
  const auto c = consultation("c", at(11), at(12));
  const std::vector<Row> rows = {
      {"nothing known", {}, at(10), "-", "-"},
      {"one runs, the next one's window is open: the running one", {a, c}, at(10, 45), "a", "-"},
      {"back to back at the border", {a, c}, at(11), "c", "-"},
      {"two run: the later start", {a, b}, at(10, 40), "b", "-"},
      {"two run, given the other way round", {b, a}, at(10, 40), "b", "-"},
      {"two ahead with open windows: the nearer", {b, a}, at(10) - 1ms, "a", "b"},
      {"the first has not opened, nor the second", {a, c}, at(9), "-", "a"},
      {"the first open, the second not", {a, c}, at(9, 45), "a", "c"},
      {"same start: the same one each time", {a, consultation("z", at(10), at(10, 30))}, at(10, 5), "z", "-"},
      {"same start ahead: the first in the list", {a, consultation("z", at(10), at(10, 30))}, at(9, 45), "a", "-"},
      {"cancelled is neither open nor next", {cancelled(a), c}, at(10, 15), "-", "c"},
      {"cancelled alone", {cancelled(a)}, at(9), "-", "-"},
      {"tentative may be joined", {tentative(a)}, at(10), "a", "-"},
      {"one without seats can not be joined", {seatless(a)}, at(10), "-", "-"},
      {"a running one without seats hides nothing", {seatless(b), a}, at(10, 45), "a", "-"},
      {"a running one that was cancelled hides nothing", {a, cancelled(b)}, at(10, 45), "a", "-"},
      {"over midnight", {consultation("n", at(23, 30), at(24, 30))}, at(24, 10), "n", "-"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Agenda agenda;
    agenda.consultations = row.list;
    CHECK(id_of(agenda.open_at(row.now)) == row.open);
    CHECK(id_of(agenda.next_after(row.now)) == row.next);
  }
}

TEST_CASE("a consultation is found by its id, cancelled ones as well") {
  Agenda agenda;
  agenda.consultations = {consultation("a", at(10), at(11)), consultation("b", at(12), at(13))};
  agenda.consultations[1].status = Status::cancelled;
  CHECK(id_of(agenda.find("b")) == "b");
  CHECK(agenda.find("c") == nullptr);
  CHECK(agenda.find("") == nullptr);
}

TEST_CASE("an agenda survives its JSON, sorted by start") {
  Agenda agenda;
  agenda.consultations = {consultation("b", at(12), at(13)), consultation("a", at(10), at(11))};
  agenda.consultations[0].status = Status::tentative;
  agenda.consultations[0].events = "https://desk.example/events/b";
  agenda.consultations[0].receipt = "20417";
  agenda.consultations[0].sequence = 2;
  agenda.consultations[1].status = Status::cancelled;
  agenda.consultations[1].seats.push_back({"observer", "同席", "", "https://desk.example/whep/o"});
  const auto read = agenda_from_json(to_json(agenda));
  REQUIRE(read.has_value());
  REQUIRE(read->consultations.size() == 2);
  const Consultation& a = read->consultations[0];
  const Consultation& b = read->consultations[1];
  CHECK(a.id == "a");
  CHECK(a.status == Status::cancelled);
  CHECK(a.events.empty());
  REQUIRE(a.seats.size() == 2);
  CHECK(a.seats[1].id == "observer");
  CHECK(a.seats[1].role == "同席");
  CHECK(a.seats[1].publish.empty());
  CHECK(a.seats[1].play == "https://desk.example/whep/o");
  CHECK(b.id == "b");
  CHECK(b.feed == "hall");
  CHECK(b.start == at(12));
  CHECK(b.end == at(13));
  CHECK(b.status == Status::tentative);
  CHECK(b.events == "https://desk.example/events/b");
  CHECK(b.receipt == "20417");
  CHECK(b.sequence == 2);
  CHECK(a.sequence == 0);
  CHECK(a.receipt.empty());
}

TEST_CASE("JSON that is not an agenda is refused, each part of it") {
  const std::string good = R"({"id":"a","feed":"f","start":1,"end":2,"status":"confirmed","events":"","seats":[SEAT]})";
  const std::string seat = R"({"id":"s","role":"r","publish":"","play":"p"})";
  const auto with = [](std::string text, const std::string& from, const std::string& to) {
    const auto where = text.find(from);
    return where == std::string::npos ? std::string("??") : text.replace(where, from.size(), to);
  };
  const auto verdict = [](const std::string& consultation) {
    const auto object = json::parse_object(R"({"consultations":[)" + consultation + "]}");
    if (!object) return std::string("not JSON");
    const auto agenda = agenda_from_json(*object);
    return agenda ? std::string("good") : agenda.error().message;
  };
  const std::string whole = with(good, "SEAT", seat);
  REQUIRE(verdict(whole) == "good");
  const std::pair<std::string, std::string> changes[] = {
      {R"("id":"a")", R"("id":7)"},
      {R"("feed":"f",)", ""},
      {R"("start":1)", R"("start":"1")"},
      {R"("end":2)", R"("end":0)"},  // before its start
      {R"("status":"confirmed")", R"("status":"maybe")"},
      {R"("events":"",)", ""},
      {R"("events":"")", R"("events":"","receipt":"Hanako")"},
      {R"("events":"")", R"("events":"","receipt":"1234567890123")"},
      {R"("events":"")", R"("events":"","receipt":7)"},
      {R"("events":"")", R"("events":"","sequence":-1)"},
      {R"("events":"")", R"("events":"","sequence":2147483648)"},
      {R"("events":"")", R"("events":"","sequence":"2")"},
      {R"("seats":[)" + seat + "]", R"("seats":{})"},
      {seat, "1"},
      {seat, seat + "," + seat + "," + seat + "," + seat},
      {R"("role":"r",)", ""},
      {whole, "1"},
  };
  for (const auto& [from, to] : changes) {
    CAPTURE(from, to);
    const std::string said = verdict(with(whole, from, to));
    CHECK(said.find("malformed") + said.find("unknown") != 2 * std::string::npos);
    CHECK(said != "good");
  }
  CHECK_FALSE(agenda_from_json({}).has_value());
  CHECK_FALSE(agenda_from_json({{"consultations", 1}}).has_value());

  json::bj::array many;
  const auto one = json::parse_object(whole);
  for (int i = 0; i < 2001; ++i) many.push_back(*one);
  const auto refused = agenda_from_json({{"consultations", many}});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::too_large);
  many.pop_back();
  CHECK(agenda_from_json({{"consultations", many}}).has_value());
}
