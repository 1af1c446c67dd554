// SPDX-License-Identifier: Apache-2.0
// A PNG as pixels, read from a descriptor or a file.
#pragma once

#include <cairo/cairo.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.hpp"
#include "tests/support/catch.hpp"

namespace madoguchi::test {

class Png {
 public:
  struct Pixel {
    int red, green, blue;
  };

  /// What `write(fd)` writes.
  template <class Write>
  static UniqueFd written(const Write& write) {
    UniqueFd memory(::memfd_create("png", MFD_CLOEXEC));
    REQUIRE(write(memory.get()).has_value());
    return memory;
  }

  explicit Png(int fd) {
    ::lseek(fd, 0, SEEK_SET);
    const auto read = [](void* from, unsigned char* to, unsigned length) {
      return ::read(*static_cast<int*>(from), to, length) == static_cast<ssize_t>(length) ? CAIRO_STATUS_SUCCESS
                                                                                          : CAIRO_STATUS_READ_ERROR;
    };
    surface_ = cairo_image_surface_create_from_png_stream(read, &fd);
    REQUIRE(cairo_surface_status(surface_) == CAIRO_STATUS_SUCCESS);
  }
  explicit Png(const std::string& file) : surface_(cairo_image_surface_create_from_png(file.c_str())) {
    REQUIRE(cairo_surface_status(surface_) == CAIRO_STATUS_SUCCESS);
  }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() { cairo_surface_destroy(surface_); }

  [[nodiscard]] int width() const { return cairo_image_surface_get_width(surface_); }
  [[nodiscard]] int height() const { return cairo_image_surface_get_height(surface_); }
  [[nodiscard]] Pixel at(int x, int y) const {
    const unsigned char* line = cairo_image_surface_get_data(surface_) + y * cairo_image_surface_get_stride(surface_);
    return {line[x * 4 + 2], line[x * 4 + 1], line[x * 4]};
  }

 private:
  cairo_surface_t* surface_;
};

}  // namespace madoguchi::test
