// SPDX-License-Identifier: Apache-2.0
// The arrangement, then the paint. Sizes are shares of the screen's height.
#include "media/card.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/clock.hpp"
#include "media/text_layout.hpp"

namespace madoguchi::media {

namespace {

constexpr double kBody = 1.0 / 15;
constexpr double kSmall = 1.0 / 24;
constexpr double kMargin = 1.0 / 24;
constexpr double kSide = 0.05;                                           ///< of the width
constexpr double kTitles[] = {1.0 / 9, 1.0 / 10, 1.0 / 11, 1.0 / 12.5};  ///< the largest that takes one line
constexpr double kLeastTitle = 1.0 / 13.5;
constexpr double kGaps[] = {0.035, 0.025, 0.015, 0.005};
constexpr double kClock = 1.0 / 4;
constexpr double kDate = 1.0 / 13;
constexpr double kMark = 1.0 / 9;
constexpr double kDots = 1.0 / 12;
constexpr double kRing = 1.0 / 7;
constexpr double kBannerGround = 0.95;  ///< opaque: text stays readable over a white wall
constexpr std::int64_t kDotMs = 500;
constexpr std::int64_t kRingAfterMs = 250;  ///< a short press shows none

struct Colour {
  double red, green, blue;
};

Colour ground(const std::string& tone) {
  if (tone == "busy") return {0.09, 0.20, 0.40};
  if (tone == "good") return {0.05, 0.27, 0.21};
  if (tone == "trouble") return {0.42, 0.17, 0.04};
  return {0.13, 0.16, 0.22};
}

void replace(std::string& text, std::string_view what, const std::string& with) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

std::string time_of_day(const protocol::ShowCard& card, Moment now) {
  constexpr std::int64_t kDay = 24 * 60;
  const std::int64_t minutes = now.wall_ms / 60'000 + card.utc_offset_minutes;
  const std::int64_t today = (minutes % kDay + kDay) % kDay;
  return fmt::format("{:02}:{:02}", today / 60, today % 60);
}

std::string counted(const protocol::ShowCard& card, Moment now) {
  if (card.since_ms == 0) return {};
  const std::int64_t seconds = std::max<std::int64_t>(0, (now.boot_ms - card.since_ms) / 1000);
  std::string text = seconds < 60 ? card.seconds : card.minutes;
  replace(text, "{minutes}", std::to_string(seconds / 60));
  replace(text, "{seconds}", std::to_string(seconds % 60));
  return text;
}

class Arranger {
 public:
  Arranger(const protocol::ShowCard& card, Size size, Moment now)
      : card_(card), size_(size), now_(now), width_(size.width * (1 - 2 * kSide)) {}

  Arranged full() {
    if (card_.texts.empty()) return {};
    const bool trouble = card_.tone == "trouble";
    const double head = card_.hall.empty() && card_.clock != "small" ? 0 : high(kSmall) * 1.3;
    std::vector<TextBlock> foot = others();
    const double top = high(kMargin) + head;
    const double bottom = size_.height - high(kMargin) - height(foot, 0);
    for (const bool mark : {true, false}) {
      if (mark && !trouble) continue;
      for (const bool large : {true, false}) {
        for (const double gap : kGaps) {
          const std::vector<TextBlock> body = middle(large);
          const double extra = (mark ? high(kMark + gap) : 0) + (moves() ? high(kDots) : 0);
          const double total = height(body, high(gap)) + extra;
          if (total > bottom - top - high(gap)) continue;
          return place_full(body, foot, (top + bottom - total) / 2, high(gap), mark, bottom);
        }
      }
    }
    // Too much for the screen: the other languages give way before what is said in full is cut.
    Arranged result = place_full(middle(false), {}, top, high(kGaps[3]), false, size_.height);
    result.whole = false;
    return result;
  }

  Arranged banner() {
    Arranged result;
    result.ground_top = size_.height;
    std::vector<TextBlock> blocks = middle(false);
    const std::vector<TextBlock> foot = others();
    const double gap = high(kGaps[2]);
    const double total = height(blocks, gap) + (foot.empty() ? 0 : gap + height(foot, 0));
    if (total <= 0) return result;
    result.ground_top = size_.height - total - 2 * high(kMargin) * 0.6;
    result.whole = result.ground_top >= 0;
    double y = result.ground_top + high(kMargin) * 0.6;
    for (const TextBlock& block : blocks) y = centred(result, block, y, true) + gap;
    result.foot_top = y;
    for (const TextBlock& block : foot) y = centred(result, block, y, false);
    return result;
  }

 private:
  [[nodiscard]] double high(double share) const { return share * size_.height; }
  [[nodiscard]] int px(double share) const { return static_cast<int>(std::ceil(high(share))); }
  [[nodiscard]] bool moves() const { return card_.tone == "busy" && !card_.over_picture; }

  static double height(const std::vector<TextBlock>& blocks, double gap) {
    double result = blocks.empty() ? 0 : gap * static_cast<double>(blocks.size() - 1);
    for (const TextBlock& block : blocks) result += block.height();
    return result;
  }

  TextBlock lay(const std::string& text, const std::string& lang, int size, bool bold) {
    return layout_.lay(text, lang, size, bold, width_);
  }

  TextBlock title(bool large) {
    const protocol::CardText& text = card_.texts.front();
    if (large) {
      for (const double share : kTitles) {
        TextBlock block = lay(text.title, text.lang, px(share), true);
        if (block.lines.size() <= 1) return block;
      }
      return lay(text.title, text.lang, px(kTitles[2]), true);
    }
    return lay(text.title, text.lang, px(kLeastTitle), true);
  }

  /// All that stands in the middle, from above.
  std::vector<TextBlock> middle(bool large) {
    std::vector<TextBlock> blocks;
    if (card_.texts.empty()) return blocks;
    const protocol::CardText& text = card_.texts.front();
    if (card_.clock == "large" && !card_.over_picture) {
      blocks.push_back(lay(time_of_day(card_, now_), "en", px(large ? kClock : kClock / 2), true));
      blocks.push_back(lay(card_.date, text.lang, px(kDate), false));
    }
    if (!text.title.empty()) blocks.push_back(title(large && !card_.over_picture));
    for (const std::string& line : text.lines) blocks.push_back(lay(line, text.lang, px(kBody), false));
    if (const std::string seconds = counted(card_, now_); !seconds.empty()) {
      blocks.push_back(lay(seconds, text.lang, px(kBody), true));
    }
    return blocks;
  }

  /// The titles in the other languages.
  std::vector<TextBlock> others() {
    std::vector<TextBlock> blocks;
    for (std::size_t i = 1; i < card_.texts.size(); ++i) {
      const protocol::CardText& text = card_.texts[i];
      if (text.title.empty() || text.title == card_.texts.front().title) continue;
      blocks.push_back(lay(text.title, text.lang, px(kSmall), false));
    }
    return blocks;
  }

  /// Returns where the next one begins.
  double centred(Arranged& to, const TextBlock& block, double y, bool main) {
    for (const TextLine& line : block.lines) {
      to.texts.push_back(
          {line.text, (size_.width - line.width) / 2, y, line.width, block.line_height, block.px, block.bold, main});
      y += block.line_height;
    }
    to.word_broken = to.word_broken || block.word_broken;
    return y;
  }

  Arranged place_full(const std::vector<TextBlock>& body, const std::vector<TextBlock>& foot, double y, double gap,
                      bool mark, double bottom) {
    Arranged result;
    if (mark) {
      result.mark_y = y;
      y += high(kMark) + gap;
    }
    for (const TextBlock& block : body) y = centred(result, block, y, true) + gap;
    if (moves()) result.dots_y = y - gap + high(kDots) / 2;
    result.foot_top = bottom;
    for (const TextBlock& block : foot) bottom = centred(result, block, bottom, false);
    head(result);
    return result;
  }

  void head(Arranged& to) {
    const double side = size_.width * kSide;
    double free = width_;
    if (card_.clock == "small") {
      const TextBlock clock = lay(time_of_day(card_, now_), "en", px(kSmall), true);
      free -= clock.lines.front().width + side;
      to.texts.push_back({clock.lines.front().text, size_.width - side - clock.lines.front().width, high(kMargin) / 2,
                          clock.lines.front().width, clock.line_height, clock.px, true, false});
    }
    if (card_.hall.empty()) return;
    const TextBlock hall = layout_.lay(card_.hall, "ja", px(kSmall), false, free);
    const TextLine& line = hall.lines.front();
    to.texts.push_back({line.text, side, high(kMargin) / 2, line.width, hall.line_height, hall.px, false, false});
    to.whole = to.whole && hall.lines.size() == 1;
  }

  const protocol::ShowCard& card_;
  Size size_;
  Moment now_;
  double width_;
  TextLayout layout_;
};

/// Three dots of which one is large, in turn.
void paint_dots(cairo_t* cairo, Size size, double y, Moment now) {
  const double step = size.height * kDots * 0.8;
  const auto large = static_cast<int>(now.boot_ms / kDotMs % 3);
  for (int i = 0; i < 3; ++i) {
    const double radius = size.height * (i == large ? 0.022 : 0.011);
    cairo_arc(cairo, size.width / 2.0 + (i - 1) * step, y, radius, 0, 2 * std::numbers::pi);
    cairo_fill(cairo);
  }
}

void paint_mark(cairo_t* cairo, Size size, double y, Colour under) {
  const double high = size.height * kMark;
  const double middle = size.width / 2.0;
  cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_width(cairo, high * 0.12);
  cairo_move_to(cairo, middle, y + high * 0.08);
  cairo_line_to(cairo, middle + high * 0.52, y + high * 0.94);
  cairo_line_to(cairo, middle - high * 0.52, y + high * 0.94);
  cairo_close_path(cairo);
  cairo_fill_preserve(cairo);
  cairo_stroke(cairo);
  cairo_set_source_rgb(cairo, under.red, under.green, under.blue);
  cairo_rectangle(cairo, middle - high * 0.05, y + high * 0.34, high * 0.1, high * 0.32);
  cairo_rectangle(cairo, middle - high * 0.05, y + high * 0.74, high * 0.1, high * 0.1);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 1, 1, 1);
}

/// How long the button is held down already, of how long it takes.
void paint_ring(cairo_t* cairo, const protocol::ShowCard& card, Size size, Moment now) {
  if (card.held_since_ms == 0 || card.hold_ms <= 0 || now.boot_ms - card.held_since_ms < kRingAfterMs) return;
  const double share = std::clamp(static_cast<double>(now.boot_ms - card.held_since_ms) / card.hold_ms, 0.0, 1.0);
  const double radius = size.height * kRing;
  const double x = size.width / 2.0;
  const double y = size.height * 0.42;
  constexpr double kUp = -std::numbers::pi / 2;
  cairo_new_path(cairo);
  cairo_set_source_rgb(cairo, 0.05, 0.05, 0.08);
  cairo_arc(cairo, x, y, radius * 1.3, 0, 2 * std::numbers::pi);
  cairo_fill(cairo);
  cairo_set_line_width(cairo, radius * 0.3);
  cairo_set_source_rgb(cairo, 0.35, 0.35, 0.4);
  cairo_arc(cairo, x, y, radius, 0, 2 * std::numbers::pi);
  cairo_stroke(cairo);
  cairo_set_source_rgb(cairo, 1, 1, 1);
  cairo_arc(cairo, x, y, radius, kUp, kUp + share * 2 * std::numbers::pi);
  cairo_stroke(cairo);
}

}  // namespace

Moment Moment::now() {
  return {wall_now().time_since_epoch().count(),
          std::chrono::duration_cast<std::chrono::milliseconds>(boot_now().time_since_epoch()).count()};
}

Arranged arrange(const protocol::ShowCard& card, Size size, Moment now) {
  Arranger arranger(card, size, now);
  return card.over_picture ? arranger.banner() : arranger.full();
}

void paint(cairo_t* cairo, const protocol::ShowCard& card, Size size, Moment now) {
  const Arranged arranged = arrange(card, size, now);
  const Colour colour = ground(card.tone);
  cairo_set_source_rgba(cairo, colour.red, colour.green, colour.blue, card.over_picture ? kBannerGround : 1.0);
  cairo_rectangle(cairo, 0, arranged.ground_top, size.width, size.height - arranged.ground_top);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 1, 1, 1);
  TextLayout layout;
  for (const Placed& line : arranged.texts) layout.paint(cairo, line.text, line.px, line.bold, line.x, line.y);
  if (arranged.dots_y >= 0) paint_dots(cairo, size, arranged.dots_y, now);
  if (arranged.mark_y >= 0) paint_mark(cairo, size, arranged.mark_y, colour);
  paint_ring(cairo, card, size, now);
}

}  // namespace madoguchi::media
