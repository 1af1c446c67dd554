// SPDX-License-Identifier: Apache-2.0
// A price for each mode: what its picture lacks, and what it costs to turn into I420. The least wins, the first of equals.
#include "media/camera/format_choice.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace madoguchi::camera {

namespace {

constexpr double kLackOfSize = 3, kLackOfRate = 4, kOtherShape = 0.3;

/// Of a whole wanted picture stream, in parts of what lacking it altogether would be. Decoding JPEG takes some ten times
/// the work of reordering bytes.
double work(PixelFormat format, Processor processor) {
  const double factor = processor == Processor::small ? 15 : 1;
  switch (format) {
    case PixelFormat::i420: return 0.01 * factor;
    case PixelFormat::nv12: return 0.012 * factor;
    case PixelFormat::yuy2: return 0.015 * factor;
    case PixelFormat::h264: return 0.25 * factor;  // and a lost picture spoils those after it
    case PixelFormat::mjpeg: break;
  }
  return 0.15 * factor;
}

double lack(double has, double wants) { return std::max(0.0, 1 - has / wants); }

}  // namespace

std::string_view name(PixelFormat format) {
  switch (format) {
    case PixelFormat::i420: return "I420";
    case PixelFormat::nv12: return "NV12";
    case PixelFormat::yuy2: return "YUY2";
    case PixelFormat::mjpeg: return "MJPEG";
    case PixelFormat::h264: return "H.264";
  }
  return "unknown";
}

Processor this_processor() { return ::sysconf(_SC_NPROCESSORS_ONLN) < 2 ? Processor::small : Processor::usual; }

std::optional<Mode> choose_mode(std::span<const Mode> modes, int width, int height, int fps, Processor processor) {
  std::optional<Mode> best;
  double least = 0;
  for (const Mode& mode : modes) {
    const auto sane = [](int n) { return n >= 16 && n <= 4096 && n % 2 == 0; };
    if (!sane(mode.width) || !sane(mode.height) || !(mode.fps >= 1)) continue;
    const double lines = lack(std::min(double(mode.width) / width, double(mode.height) / height), 1);
    // 29.97 is 30; more than was wanted is work for nothing.
    const double rate = lack(std::round(mode.fps), fps);
    const double pixels = double(mode.width) * mode.height * mode.fps / (double(width) * height * fps);
    const bool same_shape = std::abs(double(mode.width) * height - double(mode.height) * width) <= 16.0 * width;
    const double price = kLackOfSize * lines + kLackOfRate * rate + work(mode.format, processor) * pixels +
                         (same_shape ? 0 : kOtherShape);
    if (best && price >= least) continue;
    best = mode;
    least = price;
  }
  return best;
}

}  // namespace madoguchi::camera
