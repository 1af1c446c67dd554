// SPDX-License-Identifier: Apache-2.0
// Every card as it stands on the TV, in each language and on screens of 720 and 1080 lines: large enough, whole, readable.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "firmware/session/sample_cards.hpp"
#include "media/card.hpp"
#include "tests/media/drawn.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::media;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using session::CardCode;
using session::Language;

namespace {

constexpr double kTolerated = 0.001;  // 0.0003 between Debian 12 and 13
constexpr Size kSizes[] = {{1280, 720}, {1920, 1080}};

std::vector<CardCode> all_codes() {
  std::vector<CardCode> codes;
  for (std::size_t i = 0; i < session::kCards; ++i) codes.push_back(static_cast<CardCode>(i));
  return codes;
}

/// As large, within the screen, one below the other.
void check_fits(const protocol::ShowCard& card, Size size) {
  const Arranged arranged = arrange(card, size, sample_moment());
  CHECK(arranged.whole);
  CHECK_FALSE(arranged.word_broken);
  const double body = size.height / 15.0;
  const double smallest = size.height / 24.0;
  for (std::size_t i = 0; i < arranged.texts.size(); ++i) {
    const Placed& text = arranged.texts[i];
    CAPTURE(text.text, text.x, text.y, text.width, text.height, text.px);
    CHECK(text.px >= smallest);
    if (text.main) CHECK(text.px >= body);
    CHECK(text.x >= 0);
    CHECK(text.y >= 0);
    CHECK(text.x + text.width <= size.width);
    CHECK(text.y + text.height <= size.height + 1);
    for (std::size_t j = 0; j < i; ++j) {
      const Placed& other = arranged.texts[j];
      const bool below = text.y + 0.5 >= other.y + other.height || other.y + 0.5 >= text.y + text.height;
      const bool beside = text.x >= other.x + other.width || other.x >= text.x + text.width;
      CAPTURE(other.text, other.y, other.height);
      CHECK((below || beside));
    }
  }
}

/// The longest that each fact may be in a hall.
session::CardFacts longest(CardCode code) {
  session::CardFacts facts = session::sample_facts(code);
  facts.hall = "南部地域コミュニティセンター別館二階第三会議室";
  facts.telephone = "0120-123-456（内線 1234）";
  facts.receipt = "123456789012";
  facts.now = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 12 / 16).time_since_epoch()) + 1h;
  facts.start = facts.now + 24h * 14;
  facts.opens = *facts.start - 30min;
  facts.since = session::kSampleBoot - 59min;
  return facts;
}

double channel(double value) { return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4); }

/// Relative luminance (WCAG 2.2).
double luminance(Drawn::Pixel pixel) {
  return 0.2126 * channel(pixel.red / 255.0) + 0.7152 * channel(pixel.green / 255.0) +
         0.0722 * channel(pixel.blue / 255.0);
}

/// Between the text and what is behind it: the lightest and the darkest of its box.
double contrast(const Drawn& drawn, const Placed& text) {
  double lightest = 0;
  double darkest = 1;
  for (int y = static_cast<int>(text.y) + 1; y < static_cast<int>(text.y + text.height) - 1; ++y) {
    for (int x = static_cast<int>(text.x); x < static_cast<int>(text.x + text.width); ++x) {
      const double here = luminance(drawn.at(x, y));
      lightest = std::max(lightest, here);
      darkest = std::min(darkest, here);
    }
  }
  return (lightest + 0.05) / (darkest + 0.05);
}

const Placed* find(const Arranged& arranged, std::string_view text) {
  const auto found = std::find_if(arranged.texts.begin(), arranged.texts.end(),
                                  [text](const Placed& placed) { return placed.text == text; });
  return found == arranged.texts.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("each card fits its screen in each language, with letters that are large enough") {
  for (const CardCode code : all_codes()) {
    for (const Language language : session::all_languages()) {
      for (const Size size : kSizes) {
        CAPTURE(name(code), name(language), size.height);
        check_fits(sample_card(code, language), size);
      }
    }
  }
}

TEST_CASE("each card fits with the longest that a hall, a booking and a talk can bring") {
  for (const CardCode code : all_codes()) {
    for (const Language language : session::all_languages()) {
      session::CardFacts facts = longest(code);
      facts.language = language;
      session::View view = session::sample_view(code);
      if (view.over_picture && code != CardCode::banner) view.listeners = {"地域包括支援センター", "こども家庭相談課"};
      if (code == CardCode::banner) {
        view.banner =
            "お手元の通知書の右上にある番号と、世帯主の方のお名前、生年月日を、ゆっくり読み上げてください。"
            "見つからないときは、封筒の裏の電話番号でもかまいません。係の者がこちらで調べますので、"
            "そのまま少しお待ちいただけますでしょうか。どうぞよろしくお願いします。";
      }
      for (const Size size : kSizes) {
        CAPTURE(name(code), name(language), size.height);
        check_fits(session::card(view, facts), size);
      }
    }
  }
}

TEST_CASE("each fault's words and steps fit the cards that tell them") {
  for (const FaultInfo& fault : all_faults()) {
    for (const CardCode code : {CardCode::trouble, CardCode::out_of_service, CardCode::camera_trouble}) {
      for (const Language language : session::all_languages()) {
        session::View view = session::sample_view(code);
        view.fault = fault_of(fault.code);
        session::CardFacts facts = longest(code);
        facts.language = language;
        CAPTURE(fault.code, name(code), name(language));
        check_fits(session::card(view, facts), kSizes[0]);
      }
    }
  }
}

TEST_CASE("text stands out from its ground, seven to one or more, also over a bright picture") {
  for (const CardCode code : all_codes()) {
    CAPTURE(name(code));
    const protocol::ShowCard card = sample_card(code, Language::ja);
    const Arranged arranged = arrange(card, kSizes[0], sample_moment());
    protocol::ShowCard bare = card;
    bare.held_since_ms = 0;  // the ring stands over the text for a moment
    const Drawn drawn(bare, kSizes[0]);
    for (const Placed& text : arranged.texts) {
      CAPTURE(text.text);
      CHECK(contrast(drawn, text) >= 7.0);
    }
  }
}

TEST_CASE("the clock, the seconds, the dots and the ring go on by themselves") {
  const Moment now = sample_moment();
  const protocol::ShowCard idle = sample_card(CardCode::idle, Language::ja);
  CHECK(find(arrange(idle, kSizes[0], now), "13:42") != nullptr);
  const Moment later{now.wall_ms + 78 * 60'000, now.boot_ms};
  CHECK(find(arrange(idle, kSizes[0], later), "15:00") != nullptr);
  CHECK(find(arrange(idle, kSizes[0], {now.wall_ms + 11 * 3'600'000, now.boot_ms}), "00:42") != nullptr);

  const protocol::ShowCard calling = sample_card(CardCode::calling, Language::ja);
  CHECK(find(arrange(calling, kSizes[0], now), "12秒") != nullptr);
  CHECK(find(arrange(calling, kSizes[0], {now.wall_ms, now.boot_ms + 47'999}), "59秒") != nullptr);
  CHECK(find(arrange(calling, kSizes[0], {now.wall_ms, now.boot_ms + 48'000}), "1分0秒") != nullptr);
  CHECK(find(arrange(calling, kSizes[0], {now.wall_ms, 0}), "0秒") != nullptr);  // a clock that was set back

  const double dots = arrange(calling, kSizes[0], now).dots_y;
  REQUIRE(dots > 0);
  const auto lit = [&](const Drawn& drawn) {
    int bright = 0;
    for (int x = 500; x < 600; ++x) bright += drawn.at(x, static_cast<int>(dots)).green > 200 ? 1 : 0;
    return bright;
  };
  const int first = lit(Drawn(calling, kSizes[0], now));
  const int second = lit(Drawn(calling, kSizes[0], {now.wall_ms, now.boot_ms + 500}));
  CHECK(first != second);

  protocol::ShowCard held = sample_card(CardCode::talking, Language::ja);
  held.held_since_ms = now.boot_ms;
  held.hold_ms = 2000;
  const auto white = [&](std::int64_t after) {
    const Drawn drawn(held, kSizes[0], {now.wall_ms, now.boot_ms + after});
    int count = 0;
    for (int y = 150; y < 460; ++y) {
      for (int x = 490; x < 790; ++x) count += drawn.at(x, y).green > 250 ? 1 : 0;
    }
    return count;
  };
  const int none = white(0);
  const int half = white(1000);
  const int full = white(2000);
  CHECK(white(249) == none);  // a short press
  CHECK(white(250) != none);
  CHECK(half > white(300) + 1000);
  CHECK(full > half + 1000);
  CHECK(white(9000) == full);
}

TEST_CASE("ourselves are mirrored, and only where the card wants it") {
  const Drawn begins(sample_card(CardCode::talk_begins, Language::ja), kSizes[0]);
  // The simulated room is dark at its left: as in a mirror, that is at the right.
  CHECK(begins.at(1020, 100).green > begins.at(1240, 100).green + 60);
  const Drawn talking(sample_card(CardCode::talking, Language::ja), kSizes[0]);
  CHECK(talking.at(1020, 100).green == talking.at(1240, 100).green);
}

TEST_CASE("trouble has a sign beside its colour, calling something that moves") {
  CHECK(arrange(sample_card(CardCode::trouble, Language::ja), kSizes[0], sample_moment()).mark_y > 0);
  CHECK(arrange(sample_card(CardCode::idle, Language::ja), kSizes[0], sample_moment()).mark_y < 0);
  CHECK(arrange(sample_card(CardCode::calling, Language::ja), kSizes[0], sample_moment()).dots_y > 0);
  CHECK(arrange(sample_card(CardCode::idle, Language::ja), kSizes[0], sample_moment()).dots_y < 0);
}

TEST_CASE("more than fits is told, and what is said in full comes first") {
  protocol::ShowCard card = sample_card(CardCode::calling, Language::ja);
  card.texts.front().lines.assign(12, "そのままお待ちください。");
  const Arranged arranged = arrange(card, kSizes[0], sample_moment());
  CHECK_FALSE(arranged.whole);
  CHECK(find(arranged, "相談員を呼んでいます") != nullptr);
  protocol::ShowCard empty;
  CHECK(arrange(empty, kSizes[0], sample_moment()).texts.empty());
}

TEST_CASE("the pictures in docs/screens are what the box draws") {
  for (const CardCode code : all_codes()) {
    for (const Language language : session::all_languages()) {
      const std::string file = fmt::format("{}/docs/screens/{}/{}.png", MADOGUCHI_SOURCE, name(language), name(code));
      CAPTURE(file);
      const Drawn reviewed(file);
      const Drawn drawn(sample_card(code, language), Size{reviewed.width(), reviewed.height()});
      // Faces and painters differ a little between systems; a word or a place that changed differs a lot.
      CHECK(drawn.differs_from(reviewed) < kTolerated);
    }
  }
  // One line that is another one is seen.
  const Drawn calling(sample_card(CardCode::calling, Language::ja), Size{480, 270});
  const Drawn absent(sample_card(CardCode::calling_absent, Language::ja), Size{480, 270});
  CHECK(calling.differs_from(absent) > 2 * kTolerated);
  CHECK(absent.differs_from(calling) > 2 * kTolerated);
}
