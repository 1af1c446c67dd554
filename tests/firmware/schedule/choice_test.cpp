// SPDX-License-Identifier: Apache-2.0
// Which consultation a press joins, with what has been talked already. Pure.
#include "firmware/schedule/choice.hpp"

#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::schedule;

namespace {

WallTime at(int hour, int minute = 0) { return WallTime(std::chrono::hours(500000 + hour) + minute * 1min); }

Agenda agenda_of(std::initializer_list<std::tuple<std::string, WallTime, WallTime>> rows) {
  Agenda agenda;
  for (const auto& [id, start, end] : rows) {
    Consultation each;
    each.id = id;
    each.start = start;
    each.end = end;
    each.seats.push_back({"counsellor", "相談員", "https://desk.example/whip", "https://desk.example/whep"});
    agenda.consultations.push_back(std::move(each));
  }
  return agenda;
}

std::string id_of(const Consultation* found) { return found == nullptr ? "-" : found->id; }

}  // namespace

TEST_CASE("the outlook is of what is open, else of what is next, else of nothing") {
  const Agenda agenda = agenda_of({{"a", at(10), at(11)}, {"b", at(14), at(15)}});
  const Choice choice(20min);
  struct Row {
    WallTime now;
    std::string open;
    std::optional<WallTime> start, end;
  };
  const Row rows[] = {
      {at(9, 39), "-", at(10), at(11)}, {at(9, 40), "a", at(10), at(11)},  {at(10, 59), "a", at(10), at(11)},
      {at(11), "-", at(14), at(15)},    {at(13, 40), "b", at(14), at(15)}, {at(15), "-", {}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE((row.now - at(0)).count());
    CHECK(id_of(choice.open(agenda, row.now)) == row.open);
    const Outlook outlook = choice.outlook(agenda, row.now);
    CHECK(outlook.open_now == (row.open != "-"));
    CHECK(outlook.start == row.start);
    CHECK(outlook.end == row.end);
  }
}

TEST_CASE("a talk that ended early gives way to the other booking, a call that nobody answered does not") {
  const Agenda agenda = agenda_of({{"a", at(10), at(11)}, {"b", at(10, 30), at(11, 30)}});
  Choice choice(30min);
  choice.ended("a", false, at(10, 10));  // it was called, and never talked
  CHECK(id_of(choice.open(agenda, at(10, 10))) == "a");
  choice.talking("a");
  CHECK(id_of(choice.open(agenda, at(10, 10))) == "a");
  choice.ended("b", false, at(10, 10));  // not the one that was talked
  CHECK(id_of(choice.open(agenda, at(10, 10))) == "a");
  choice.ended("a", false, at(10, 10));
  CHECK(id_of(choice.open(agenda, at(10, 10))) == "b");
  CHECK(choice.outlook(agenda, at(10, 10)).start == at(10, 30));
  choice.talking("b");
  choice.ended("b", false, at(10, 10));
  CHECK(id_of(choice.open(agenda, at(10, 10))) == "b");  // both were held: the later one again
}

TEST_CASE("where there is no other, what was talked can be called again") {
  const Agenda agenda = agenda_of({{"a", at(10), at(11)}});
  Choice choice(30min);
  choice.talking("a");
  choice.ended("a", false, at(10, 10));
  CHECK(id_of(choice.open(agenda, at(10, 10))) == "a");
}

TEST_CASE("what the agenda does not know is forgotten, and what it knows is not") {
  const Agenda both = agenda_of({{"a", at(10), at(11)}, {"b", at(10, 30), at(11, 30)}});
  Choice choice(30min);
  choice.talking("a");
  choice.ended("a", false, at(10, 10));
  choice.forget_all_but(both);
  CHECK(id_of(choice.open(both, at(10, 10))) == "b");
  choice.forget_all_but(agenda_of({{"b", at(10, 30), at(11, 30)}}));
  CHECK(id_of(choice.open(both, at(10, 10))) == "a");  // booked anew under the same id
}

TEST_CASE("a booking that is another than the one that was talked is there again") {
  Agenda agenda = agenda_of({{"a", at(10), at(11)}});
  agenda.consultations[0].sequence = 3;
  Choice choice(30min);
  for (int tried = 0; tried < 2; ++tried) {
    choice.talking("a");
    choice.ended("a", false, at(10, 10));
    choice.forget_all_but(agenda);
    choice.forget_all_but(agenda);
    CHECK_FALSE(choice.outlook(agenda, at(10, 10)).open_now);
    ++agenda.consultations[0].sequence;  // the office says that it was a trial
    choice.forget_all_but(agenda);
    CHECK(choice.outlook(agenda, at(10, 10)).open_now);
  }
}

TEST_CASE("a talk that the hall ended is returned to for a minute, whatever else is open, and asked for no more") {
  Choice choice(30min);
  Agenda agenda = agenda_of({{"a", at(10, 0), at(10, 40)}, {"b", at(10, 30), at(11, 0)}});
  choice.talking("a");
  choice.ended("a", true, at(10, 20));
  CHECK(id_of(choice.open(agenda, at(10, 20) + 59s)) == "a");
  CHECK(id_of(choice.open(agenda, at(10, 20) + 60s)) == "b");
  CHECK(id_of(choice.open(agenda, at(10, 19))) == "b");  // the clock was set back
  // The card asks for the next one meanwhile, and for none where there is none.
  CHECK(choice.outlook(agenda, at(10, 20)).start == at(10, 30));
  agenda.consultations.pop_back();
  CHECK_FALSE(choice.outlook(agenda, at(10, 20)).open_now);
  CHECK_FALSE(choice.outlook(agenda, at(10, 25)).open_now);
  CHECK(id_of(choice.open(agenda, at(10, 25))) == "a");  // who presses all the same is connected
  agenda.consultations.front().status = Status::cancelled;
  CHECK(choice.open(agenda, at(10, 20)) == nullptr);
}

TEST_CASE("a talk that the office ended is not returned to while another is open") {
  Choice choice(30min);
  Agenda agenda = agenda_of({{"a", at(10, 0), at(10, 40)}, {"b", at(10, 30), at(11, 0)}});
  choice.talking("a");
  choice.ended("a", false, at(10, 20));
  CHECK(id_of(choice.open(agenda, at(10, 20))) == "b");
}
