// SPDX-License-Identifier: Apache-2.0
// A card as pixels: drawn as madoguchi-media draws it, or read from a file. For the cards' tests.
#pragma once

#include <cairo/cairo.h>
#include <gst/gst.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "base/unique_fd.hpp"
#include "firmware/session/sample_cards.hpp"
#include "media/draw_card.hpp"
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

class Drawn {
 public:
  struct Pixel {
    int red, green, blue;
  };

  explicit Drawn(const protocol::ShowCard& card, media::Size size, media::Moment now = sample_moment()) {
    gst_init(nullptr, nullptr);
    const UniqueFd memory(::memfd_create("card", MFD_CLOEXEC));
    REQUIRE(media::draw_card(protocol::encode(protocol::ToMedia(card)), size, now, memory.get()).has_value());
    ::lseek(memory.get(), 0, SEEK_SET);
    int fd = memory.get();
    const auto read = [](void* from, unsigned char* to, unsigned length) {
      return ::read(*static_cast<int*>(from), to, length) == static_cast<ssize_t>(length) ? CAIRO_STATUS_SUCCESS
                                                                                          : CAIRO_STATUS_READ_ERROR;
    };
    surface_ = cairo_image_surface_create_from_png_stream(read, &fd);
    REQUIRE(cairo_surface_status(surface_) == CAIRO_STATUS_SUCCESS);
    REQUIRE(width() == size.width);
    REQUIRE(height() == size.height);
  }
  explicit Drawn(const std::string& file) : surface_(cairo_image_surface_create_from_png(file.c_str())) {
    REQUIRE(cairo_surface_status(surface_) == CAIRO_STATUS_SUCCESS);
  }
  Drawn(const Drawn&) = delete;
  Drawn& operator=(const Drawn&) = delete;
  ~Drawn() { cairo_surface_destroy(surface_); }

  [[nodiscard]] int width() const { return cairo_image_surface_get_width(surface_); }
  [[nodiscard]] int height() const { return cairo_image_surface_get_height(surface_); }
  [[nodiscard]] Pixel at(int x, int y) const {
    const unsigned char* line = cairo_image_surface_get_data(surface_) + y * cairo_image_surface_get_stride(surface_);
    return {line[x * 4 + 2], line[x * 4 + 1], line[x * 4]};
  }
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
    constexpr int kNear = 48;
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

  cairo_surface_t* surface_;
};

}  // namespace madoguchi::test
