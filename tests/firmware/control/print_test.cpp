// SPDX-License-Identifier: Apache-2.0
// The daemon's replies as words. Pure.
#include "firmware/control/print.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace madoguchi;
using json::bj::object;

namespace {

object parsed(const std::string& text) {
  auto result = json::parse_object(text);
  if (!result) FAIL(result.error().message);
  return *result;
}

const std::string kStatus = R"({"hall":"北公民館","board":"fake","version":"1.2","phase":"talking",
  "card":{"code":"talking","title_ja":"相談中","title_en":"Talking"},"lamp":{"mode":"steady","blinks":0},
  "media":{"state":"ready","pid":12},"camera":{"pid":34},
  "legs":[{"seat":"counsellor","direction":"publish","state":"up"},{"seat":"counsellor","direction":"play","state":"lost"}],
  "feeds":[{"name":"hall","age_s":30,"error":""},{"name":"second","age_s":7300,"error":"fetching it: HTTP 500"}],
  "faults":[{"code":"feed-unreachable","severity":"warning","ja":"読みに行けません。","en":"Cannot be fetched.",
             "steps_ja":["見てください。"],"steps_en":["Look.","Wait."],"since_s":300,"sources":["counsellor publish","camera"]}]})";

}  // namespace

TEST_CASE("a status in words, whole") {
  CHECK(control::status_words(parsed(kStatus)) ==
        "box       北公民館 (fake board), version 1.2\n"
        "phase     talking\n"
        "screen    talking: 相談中\n"
        "          Talking\n"
        "lamp      steady\n"
        "media     ready, pid 12\n"
        "camera    open, pid 34\n"
        "leg       counsellor publish: up\n"
        "leg       counsellor play: lost\n"
        "feed      hall: read 30 s ago\n"
        "feed      second: read 2 h ago; fetching it: HTTP 500\n"
        "fault     feed-unreachable (warning), began 5 min ago, counsellor publish, camera\n"
        "          読みに行けません。\n"
        "          Cannot be fetched.\n"
        "          - 見てください。\n"
        "          - Look.\n"
        "          - Wait.\n");
}

TEST_CASE("a status of a box that rests") {
  const std::string words = control::status_words(
      parsed(R"({"hall":"h","board":"fake","version":"1","phase":"idle","camera":{"pid":0},"faults":[]})"));
  CHECK(words == "box       h (fake board), version 1\nphase     idle\ncamera    closed\nfaults    none\n");
}

TEST_CASE("events of a feed that could not be used are counted") {
  const auto words = [](const std::string& feed) {
    return control::status_words(
        parsed(R"({"hall":"h","board":"fake","version":"1","phase":"idle","feeds":[)" + feed + R"(],"faults":[]})"));
  };
  const std::string before = "box       h (fake board), version 1\nphase     idle\nfeed      f: read 5 s ago";
  CHECK(words(R"({"name":"f","age_s":5,"error":"","skipped":0})") == before + "\nfaults    none\n");
  CHECK(words(R"({"name":"f","age_s":5,"error":"","skipped":1})") ==
        before + "; 1 event could not be used\nfaults    none\n");
  CHECK(words(R"({"name":"f","age_s":5,"error":"fetching it: HTTP 500","skipped":20})") ==
        before + "; fetching it: HTTP 500; 20 events could not be used\nfaults    none\n");
  CHECK(words(R"({"name":"f","age_s":5,"error":"","skipped":"x"})") == before + "\nfaults    none\n");
}

TEST_CASE("ages in words") {
  const std::pair<int, std::string> rows[] = {{-1, "never"},        {0, "0 s ago"},        {119, "119 s ago"},
                                              {120, "2 min ago"},   {7199, "119 min ago"}, {7200, "2 h ago"},
                                              {864000, "240 h ago"}};
  for (const auto& [age, words] : rows) {
    CAPTURE(age);
    const object reply{{"feeds", json::bj::array{object{{"name", "f"}, {"age_s", age}, {"error", ""}}}}};
    CHECK(control::agenda_words(reply) == "no consultations are known\nfeed f: read " + words + "\n");
  }
  const object unread{{"feeds", json::bj::array{object{{"name", "f"}}}}};
  CHECK(control::agenda_words(unread) == "no consultations are known\nfeed f: read never\n");
}

TEST_CASE("an agenda in words") {
  const object reply = parsed(R"({"consultations":[
    {"id":"0123456789abcdef","start_local":"2026-04-06 10:00","end_local":"11:00","status":"confirmed","open":true},
    {"id":"fedcba9876543210","start_local":"2026-04-07 10:00","end_local":"11:00","status":"cancelled","open":false}],
    "feeds":[{"name":"hall","age_s":5}]})");
  CHECK(control::agenda_words(reply) ==
        "0123456789abcdef  2026-04-06 10:00 - 11:00  confirmed  <- a press joins this\n"
        "fedcba9876543210  2026-04-07 10:00 - 11:00  cancelled\n"
        "feed hall: read 5 s ago\n");
  CHECK(control::agenda_words({}) == "no consultations are known\n");
  CHECK(control::agenda_words(parsed(R"({"consultations":[{"id":"a","start_local":"b","end_local":"c","status":"d"}],
    "left_out":7})")) == "a  b - c  d\n... and 7 later ones\n");
}

TEST_CASE("what was done") {
  CHECK(control::done_words({{"ok", true}, {"said", "pressed"}}) == "pressed\n");
  CHECK(control::done_words({{"ok", true}}) == "done\n");
}

TEST_CASE("only a fault of severity error harms a consultation") {
  const auto with = [](const std::string& severities) { return control::spoils_next_press(parsed(severities)); };
  CHECK_FALSE(with(R"({})"));
  CHECK_FALSE(with(R"({"faults":[]})"));
  CHECK_FALSE(with(R"({"faults":[{"severity":"notice"},{"severity":"warning"}]})"));
  CHECK(with(R"({"faults":[{"severity":"notice"},{"severity":"error"}]})"));
  // What the daemon says of it goes before what is guessed.
  CHECK(with(R"({"next_press":{"works":false,"spoiled_by":["feed-refused"]},"faults":[{"severity":"warning"}]})"));
  CHECK_FALSE(with(R"({"next_press":{"works":true,"spoiled_by":[]},"faults":[]})"));
}

TEST_CASE("what would spoil the next press is said in a line, and a clock that is not believed") {
  const auto words = [](const std::string& more) {
    return control::status_words(parsed(R"({"hall":"h","phase":"idle",)" + more + R"("faults":[]})"));
  };
  CHECK(words(R"("next_press":{"works":true,"spoiled_by":[]},)").find("\npress     would work\n") != std::string::npos);
  CHECK(words(R"("next_press":{"works":false,"spoiled_by":["feed-tls","clock-wrong"]},)")
            .find("\npress     would suffer from feed-tls, clock-wrong\n") != std::string::npos);
  CHECK(words("").find("press ") == std::string::npos);
  CHECK(words(R"("clock":{"synchronised":false,"believed":false},)")
            .find("\nclock     not synchronised, not believed\n") != std::string::npos);
  CHECK(words(R"("clock":{"synchronised":true,"believed":true},)").find("\nclock     synchronised\n") !=
        std::string::npos);
}

TEST_CASE("a reply of another form is printed as far as it goes") {
  for (
      const std::string text :
      {R"({})", R"({"card":1,"lamp":[],"media":"x","camera":null,"legs":{},"feeds":1,"faults":"x"})",
       R"({"legs":[1],"feeds":["x"],"faults":[null],"consultations":[[]]})",
       R"({"hall":7,"faults":[{"steps_ja":[1],"steps_en":"x"}],"feeds":[{"age_s":"x"}],"consultations":[{"open":1}]})"}) {
    CAPTURE(text);
    const object reply = parsed(text);
    CHECK(control::status_words(reply).find("box ") == 0);
    CHECK_FALSE(control::agenda_words(reply).empty());
    CHECK_FALSE(control::spoils_next_press(reply));
  }
}
