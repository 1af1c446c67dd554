// SPDX-License-Identifier: Apache-2.0
// What the cards say and how they sound: each is whole in each language, with nothing left unfilled.
#include "firmware/session/cards.hpp"

#include <algorithm>
#include <set>

#include "firmware/session/sample_cards.hpp"
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
  result.receipt = "20417";
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

std::vector<std::string_view> all_cards() {
  std::vector<std::string_view> codes;
  for (std::size_t i = 0; i < kCards; ++i) codes.push_back(name(static_cast<CardCode>(i)));
  return codes;
}

std::vector<std::string> lines(std::string_view code, const CardFacts& known, Language language = Language::ja) {
  return words(view_of(code), known, language).lines;
}
std::string title(std::string_view code, const CardFacts& known, Language language = Language::ja) {
  return words(view_of(code), known, language).title;
}

bool has(const std::vector<std::string>& texts, std::string_view text) {
  return std::any_of(texts.begin(), texts.end(),
                     [text](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("every card is whole, in each language") {
  for (const std::string_view code : all_cards()) {
    for (const Language language : all_languages()) {
      CAPTURE(code, name(language));
      View view = view_of(code);
      if (code == "trouble" || code == "out-of-service") view.fault = Fault::network_unreachable;
      const protocol::CardText found = words(view, facts(), language);
      CHECK(found.lang == name(language));
      CHECK(found.title.empty() == (code == "talking"));  // nothing but the picture
      CHECK(found.lines.size() <= 6);
      std::vector<std::string> all = found.lines;
      all.push_back(found.title);
      CHECK_FALSE(has(all, "{"));
      CHECK_FALSE(has(all, "}"));
    }
    CardFacts known = facts();
    known.language = Language::easy;
    const protocol::ShowCard shown = card(view_of(code), known);
    CHECK(shown.code == code);
    REQUIRE(shown.texts.size() == 3);
    CHECK(shown.texts.front().lang == "easy");
    CHECK(shown.texts[1].lang == "ja");
    CHECK(shown.hall == "中央公民館");
  }
}

TEST_CASE("each language has its own words, and English none of the others' letters") {
  const auto is_ascii = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  for (const std::string_view code : all_cards()) {
    if (code == "talking" || code == "banner") continue;
    CAPTURE(code);
    CHECK(title(code, facts()) != title(code, facts(), Language::easy));
    CHECK(is_ascii(title(code, facts(), Language::en)));
    for (const std::string& line : lines(code, facts(), Language::en)) CHECK(is_ascii(line));
  }
}

TEST_CASE("times are local, and a day is named when it is not today") {
  CardFacts known = facts();
  CHECK(lines("ready", known).front() == "14:00からの相談につながります。");
  CHECK(lines("too-early", known).front() == "14:00の相談は、13:30からボタンで始められます。");
  CHECK(title("next", known) == "次の相談は 14:00 からです");
  CHECK(title("next", known, Language::en) == "The next consultation is at 14:00");
  known.start = kMorning + 24h;
  known.opens = *known.start - 30min;
  CHECK(title("next", known) == "次の相談は 11月25日 09:00 からです");
  CHECK(title("next", known, Language::en) == "The next consultation is at 25/11 09:00");
  CHECK(lines("next", known).front() == "08:30から、ボタンで始められます。");
  known.start.reset();
  CHECK_FALSE(has(lines("ready", known), "からの相談"));
}

TEST_CASE("an idle TV tells the date, and of bookings only where the hall wants it") {
  CardFacts known = facts();
  for (const std::string_view code : {"ready", "next", "no-bookings"}) {
    CAPTURE(code);
    CHECK(card(view_of(code), known).code == code);
    CHECK(card(view_of(code), known).clock == "large");
    CardFacts quiet = known;
    quiet.show_bookings = false;
    const protocol::ShowCard shown = card(view_of(code), quiet);
    CHECK(shown.code == "idle");
    CHECK(shown.texts.front().title == "職員にお声がけください");
    CHECK(shown.clock == "large");
    CHECK(shown.date == "11月24日（火）");
    CHECK(shown.utc_offset_minutes == 540);
    CHECK(shown.chime.empty());
    for (const protocol::CardText& text : shown.texts) {
      CHECK_FALSE(has(text.lines, "14:00"));
      CHECK_FALSE(has(text.lines, "20417"));
    }
  }
  known.language = Language::en;
  known.now = kMorning + 15h - 1min;  // still the 24th there
  CHECK(card(view_of("ready"), known).date == "Tuesday, 24/11");
  known.now += 1min;
  CHECK(card(view_of("ready"), known).date == "Wednesday, 25/11");
}

TEST_CASE("what waits or fails tells where to telephone, a talk does not") {
  for (const std::string_view code :
       {"nothing-open", "nothing-known", "bookings-unread", "clock-wrong", "too-early", "calling", "calling-absent",
        "calling-long", "reconnecting", "trouble", "ended-no-answer", "ended-lost", "ended-not-found"}) {
    CAPTURE(code);
    CHECK(has(lines(code, facts()), "市役所の電話　0123-45-6789"));
    CHECK(has(lines(code, facts(), Language::easy), "0123-45-6789"));
    CHECK(has(lines(code, facts(), Language::en), "City hall: 0123-45-6789"));
  }
  for (const std::string_view code : {"ready", "talking", "muted", "ended"}) {
    CAPTURE(code);
    CHECK_FALSE(has(lines(code, facts()), "0123-45-6789"));
  }
  CardFacts none = facts();
  none.telephone.clear();
  CHECK_FALSE(has(lines("calling", none), "電話　"));
}

TEST_CASE("the receipt number stands on what was pressed for, never on an idle card") {
  const std::set<std::string_view> tell = {"calling",      "calling-absent", "calling-long",    "connecting", "ended",
                                           "ended-office", "ended-left",     "ended-no-answer", "ended-lost"};
  for (const std::string_view code : all_cards()) {
    CAPTURE(code);
    CHECK(has(lines(code, facts()), "受付番号　20417") == tell.contains(code));
    CHECK(has(lines(code, facts(), Language::en), "Receipt number 20417") == tell.contains(code));
    CardFacts none = facts();
    none.receipt.clear();
    CHECK_FALSE(has(lines(code, none), "受付番号"));
  }
}

TEST_CASE("who sits there is named by the rule's role, a counsellor by the language's word") {
  CardFacts known = facts();
  CHECK(title("talk-begins", known) == "相談員とつながりました");
  CHECK(title("talk-begins", known, Language::en) == "You are connected to the counsellor");
  known.role = "相談員";
  CHECK(title("talk-begins", known, Language::en) == "You are connected to the counsellor");
  known.role = "司書";
  CHECK(title("talk-begins", known) == "司書とつながりました");
  View view = view_of("talk-begins");
  view.listeners = {"福祉課", "税務課"};
  CHECK(has(words(view, known, Language::ja).lines, "福祉課、税務課の職員も聞いています"));
  CHECK(has(words(view, known, Language::en).lines, "Also listening: 福祉課, 税務課"));
}

TEST_CASE("a call counts its seconds, and a held button says since when") {
  CardFacts known = facts();
  known.since = BootTime(90s);
  const protocol::ShowCard calling = card(view_of("calling"), known);
  CHECK(calling.since_ms == 90'000);
  CHECK(calling.seconds == "{seconds}秒");
  CHECK(calling.minutes == "{minutes}分{seconds}秒");
  CHECK(calling.held_since_ms == 0);
  CHECK(card(view_of("talking"), known).since_ms == 0);
  known.held_since = BootTime(95s);
  known.hold = 2s;
  CHECK(card(view_of("talking"), known).held_since_ms == 95'000);
  CHECK(card(view_of("talking"), known).hold_ms == 2000);
}

TEST_CASE("a fault's words and steps are on the card, the others are on none") {
  View view = view_of("trouble");
  view.fault = Fault::network_unreachable;
  const FaultInfo& fault = info(Fault::network_unreachable);
  CHECK(words(view, facts(), Language::ja).title == fault.ja);
  CHECK(words(view, facts(), Language::en).title == fault.en);
  CHECK(has(words(view, facts(), Language::ja).lines, fault.steps_ja[0]));
  CHECK(has(words(view, facts(), Language::easy).lines, fault.steps_ja[0]));  // for staff
  CHECK(has(words(view, facts(), Language::en).lines, fault.steps_en[0]));
  for (const char* code : {"out-of-service", "bookings-unread", "nothing-known"}) {
    CAPTURE(code);
    view.card = code;
    view.fault = Fault::feed_tls;
    CHECK(has(words(view, facts(), Language::ja).lines, info(Fault::feed_tls).ja));
    CHECK_FALSE(has(words(view, facts(), Language::ja).lines, "ケーブル"));  // a certificate is not mended by one
    CHECK_FALSE(has(words(view, facts(), Language::en).lines, "cable"));
    view.fault.reset();
    CHECK_FALSE(has(words(view, facts(), Language::ja).lines, "ケーブル"));  // nor is what is not known yet
  }
  view.fault = Fault::network_unreachable;
  view.card = "calling";
  CHECK_FALSE(has(words(view, facts(), Language::ja).lines, fault.ja));
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

TEST_CASE("each state that comes by itself has a chime") {
  // Silent: what stands all day, what only follows another card, and what a finger brings (a press sounds by itself).
  const std::set<std::string_view> silent = {"starting",        "idle",        "next",         "no-bookings",
                                             "bookings-unread", "clock-wrong", "calling-long", "hold-to-end"};
  for (const std::string_view code : all_cards()) {
    CAPTURE(code);
    CHECK(card(view_of(code), facts()).chime.empty() == silent.contains(code));
  }
}

TEST_CASE("the examples say what their card is about") {
  for (std::size_t i = 0; i < kCards; ++i) {
    const auto code = static_cast<CardCode>(i);
    CAPTURE(name(code));
    CardFacts known = sample_facts(code);
    const protocol::ShowCard shown = card(sample_view(code), known);
    CHECK(shown.code == name(code));
    if (code != CardCode::talking) CHECK_FALSE(shown.texts.front().title.empty());
  }
  CHECK(card(sample_view(CardCode::hold_to_end), sample_facts(CardCode::hold_to_end)).held_since_ms > 0);
}
