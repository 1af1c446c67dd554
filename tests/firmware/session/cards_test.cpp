// SPDX-License-Identifier: Apache-2.0
// The words on the screen: each card has them in both languages, with nothing left unfilled.
#include "firmware/session/cards.hpp"

#include <algorithm>
#include <set>

#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::session;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kMorning(
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 24).time_since_epoch());  // 09:00 there

CardFacts facts() {
  CardFacts result;
  result.hall = "中央公民館";
  result.telephone = "0123-45-6789";
  result.now = kMorning;
  result.start = kMorning + 5h;
  result.opens = kMorning + 4h + 30min;
  return result;
}

View view_of(std::string_view code) {
  View result;
  result.card = code;
  result.banner = "お知らせ";
  return result;
}

bool has(const std::vector<std::string>& lines, std::string_view text) {
  return std::any_of(lines.begin(), lines.end(),
                     [text](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("every card is whole, in both languages") {
  const std::set<std::string_view> by_fault = {"trouble", "camera-trouble"};  // their title is the fault's
  const std::set<std::string_view> bare = {"talking"};                        // nothing but the picture
  for (const std::string_view code : all_cards()) {
    CAPTURE(code);
    View view = view_of(code);
    if (by_fault.contains(code)) view.fault = Fault::network_unreachable;
    const Words found = words(view, facts());
    if (!bare.contains(code)) {
      CHECK_FALSE(found.title_ja.empty());
      CHECK_FALSE(found.title_en.empty());
    }
    CHECK(found.lines_ja.size() == found.lines_en.size());
    CHECK(found.lines_ja.size() <= 6);
    std::vector<std::string> all = found.lines_ja;
    all.insert(all.end(), found.lines_en.begin(), found.lines_en.end());
    all.push_back(found.title_ja);
    all.push_back(found.title_en);
    CHECK_FALSE(has(all, "{"));
    CHECK(card(view, facts()).code == code);
  }
}

TEST_CASE("times are local, and a day is named when it is not today") {
  CardFacts known = facts();
  CHECK(words(view_of("ready"), known).lines_ja.front() == "14:00からの相談につながります。");
  CHECK(words(view_of("too-early"), known).lines_ja.front() == "14:00の相談は、13:30からボタンで始められます。");
  CHECK(words(view_of("next"), known).title_ja == "次の相談は 14:00 からです");
  known.start = kMorning + 24h;
  known.opens = *known.start - 30min;
  CHECK(words(view_of("next"), known).title_ja == "次の相談は 11月25日 09:00 からです");
  CHECK(words(view_of("next"), known).lines_ja.front() == "08:30から、ボタンで始められます。");
}

TEST_CASE("what waits or fails tells where to telephone, a talk does not") {
  for (const std::string_view code :
       {"nothing-open", "nothing-known", "bookings-unread", "too-early", "calling", "calling-absent", "calling-long",
        "reconnecting", "trouble", "ended-no-answer", "ended-lost", "ended-not-found"}) {
    CAPTURE(code);
    CHECK(has(words(view_of(code), facts()).lines_ja, "市役所の電話　0123-45-6789"));
    CHECK(has(words(view_of(code), facts()).lines_en, "0123-45-6789"));
  }
  for (const std::string_view code : {"ready", "talking", "muted", "ended"}) {
    CAPTURE(code);
    CHECK_FALSE(has(words(view_of(code), facts()).lines_ja, "0123-45-6789"));
  }
  CardFacts none = facts();
  none.telephone.clear();
  CHECK_FALSE(has(words(view_of("calling"), none).lines_ja, "電話　"));
}

TEST_CASE("while somebody is called it sounds again and again, and in no other card") {
  const std::set<std::string_view> calling = {"calling", "calling-absent", "calling-long", "connecting"};
  for (const std::string_view code : all_cards()) {
    CAPTURE(code);
    const protocol::ShowCard shown = card(view_of(code), facts());
    CHECK(shown.repeat == (calling.contains(code) ? "ring-back" : code == "staff-wanted" ? "staff" : ""));
    CHECK((shown.repeat_ms >= 3000) == !shown.repeat.empty());
  }
}
