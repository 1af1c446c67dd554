// SPDX-License-Identifier: Apache-2.0
// A card as pixels: drawn as madoguchi-media draws it, or read from a file. For the cards' tests.
#pragma once

#include <gst/gst.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "firmware/session/sample_cards.hpp"
#include "media/draw_card.hpp"
#include "tests/media/png.hpp"
#include "tests/support/catch.hpp"

namespace madoguchi::test {

inline media::Moment sample_moment() {
  return {session::kSampleNow.time_since_epoch().count(),
          std::chrono::duration_cast<std::chrono::milliseconds>(session::kSampleBoot.time_since_epoch()).count()};
}

inline protocol::ShowCard sample_card(session::CardCode code, session::Language language) {
  session::CardFacts facts = session::sample_facts(code);
  facts.language = language;
  return session::card(session::sample_view(code), facts);
}

class Drawn : public Png {
 public:
  explicit Drawn(const protocol::ShowCard& card, media::Size size, media::Moment now = sample_moment())
      : Png(written([&](int fd) {
              gst_init(nullptr, nullptr);
              return media::draw_card(protocol::encode(protocol::ToMedia(card)), size, now, fd);
            }).get()) {
    REQUIRE(width() == size.width);
    REQUIRE(height() == size.height);
  }
  explicit Drawn(const std::string& file) : Png(file) {}

  /// The share of pixels that are plainly another colour, each compared with the nearest of its neighbours there: a line
  /// that is half a pixel elsewhere does not count.
  [[nodiscard]] double differs_from(const Drawn& other) const {
    int differ = 0;
    for (int y = 1; y < height() - 1; ++y) {
      for (int x = 1; x < width() - 1; ++x) {
        differ += far_from(at(x, y), other, x, y) || far_from(other.at(x, y), *this, x, y) ? 1 : 0;
      }
    }
    return static_cast<double>(differ) / (width() * height());
  }

 private:
  static bool far_from(Pixel here, const Drawn& other, int x, int y) {
    // Edges of the same letters differ by up to 100 between Debian 12's painter and Debian 13's; a word and its ground
    // by far more (seven to one).
    constexpr int kNear = 112;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const Pixel there = other.at(x + dx, y + dy);
        if (std::abs(here.red - there.red) < kNear && std::abs(here.green - there.green) < kNear &&
            std::abs(here.blue - there.blue) < kNear) {
          return false;
        }
      }
    }
    return true;
  }
};

}  // namespace madoguchi::test
