// SPDX-License-Identifier: Apache-2.0
// A card on the TV: where each text stands, for any size of screen, and its painting. Nothing is smaller than 1/24 of the
// height, what is said in full not smaller than 1/15. One thread at a time, any.
#pragma once

#include <cairo/cairo.h>

#include <cstdint>
#include <string>
#include <vector>

#include "media/protocol.hpp"

namespace madoguchi::media {

struct Size {
  int width = 1280, height = 720;
};

/// When a picture is composed: what ticks is drawn for it. Milliseconds on the wall and on the boot clock.
struct Moment {
  std::int64_t wall_ms = 0, boot_ms = 0;
  static Moment now();
};

/// One line of text.
struct Placed {
  std::string text;
  double x = 0, y = 0, width = 0, height = 0;  ///< pixels; (0, 0) is the left upper corner
  int px = 0;                                  ///< of the em
  bool bold = false;
  bool main = false;  ///< said in full: title, lines, what is counted
};

struct Arranged {
  std::vector<Placed> texts;
  double ground_top = 0;     ///< the card's colour covers the screen from here down to its lower edge
  double foot_top = 0;       ///< the other languages begin here
  double dots_y = -1;        ///< the middle of what moves; negative: nothing does
  double mark_y = -1;        ///< the top of the warning sign; negative: none
  bool whole = true;         ///< all of it fits
  bool word_broken = false;  ///< something had to be broken inside a phrase
};

Arranged arrange(const protocol::ShowCard& card, Size size, Moment now);

/// Over what is there already when the card is over the picture.
void paint(cairo_t* cairo, const protocol::ShowCard& card, Size size, Moment now);

}  // namespace madoguchi::media
