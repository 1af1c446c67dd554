// SPDX-License-Identifier: Apache-2.0
// The simulated far side, and the command around it. Main thread.
#include "media/draw_card.hpp"

#include <gst/video/video.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <string>

#include "base/log.hpp"
#include "media/screen.hpp"

namespace madoguchi::media {

namespace {

constexpr int kWide = 64;
constexpr int kHigh = 36;
constexpr std::size_t kMostBytes = 128 * 1024;
constexpr int kLeastSide = 16;
constexpr int kMostSide = 4320;

/// I420, from `left` to `right`.
BufferPtr shaded(int left, int right) {
  const gsize bytes = protocol::frame_bytes(kWide, kHigh);
  BufferPtr buffer = BufferPtr::adopt(gst_buffer_new_allocate(nullptr, bytes, nullptr));
  GstMapInfo map;
  if (gst_buffer_map(buffer.get(), &map, GST_MAP_WRITE) == FALSE) return {};
  std::memset(map.data, 128, bytes);
  for (int i = 0; i < kWide * kHigh; ++i) {
    map.data[i] = static_cast<guint8>(left + (right - left) * (i % kWide) / (kWide - 1));
  }
  gst_buffer_unmap(buffer.get(), &map);
  return buffer;
}

bool read_number(const char* text, std::int64_t& to) {
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, to);
  return error == std::errc() && stopped == end;
}

}  // namespace

Result<void> draw_card(std::string_view message, Size size, Moment now, int fd) {
  auto heard = protocol::decode_to_media(message);
  if (!heard) return fail(heard.error());
  const auto* card = std::get_if<protocol::ShowCard>(&*heard);
  if (card == nullptr) return fail(Errc::protocol, "a show-card is drawn, nothing else");
  Scene scene{*card, {}, {}, size, now};
  if (card->over_picture) {
    const CapsPtr caps = CapsPtr::adopt(
        gst_caps_from_string("video/x-raw,format=I420,width=64,height=36,framerate=30/1,colorimetry=bt709"));
    scene.far.push_back(SamplePtr::adopt(gst_sample_new(shaded(225, 225).get(), caps.get(), nullptr, nullptr)));
    scene.self = {shaded(60, 190), kWide, kHigh};
  }
  return write_png(scene, fd);
}

int draw_card_main(int argc, char** argv) {
  std::int64_t numbers[4] = {};
  bool good = argc == 6;
  for (int i = 0; good && i < 4; ++i) good = read_number(argv[i + 2], numbers[i]);
  for (int i = 0; good && i < 2; ++i) good = numbers[i] >= kLeastSide && numbers[i] <= kMostSide;
  if (!good) {
    log::error("card-not-drawn", {{"hint", "madoguchi-media --draw-card WIDTH HEIGHT WALL_MS BOOT_MS"}});
    return 2;
  }
  std::string message;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0 && message.size() <= kMostBytes;) {
    message.append(buffer, static_cast<std::size_t>(count));
  }
  const Size size{static_cast<int>(numbers[0]), static_cast<int>(numbers[1])};
  const auto drawn = draw_card(message, size, {numbers[2], numbers[3]}, STDOUT_FILENO);
  if (!drawn) log::error("card-not-drawn", {{"error", drawn.error().message}});
  return drawn ? 0 : 1;
}

}  // namespace madoguchi::media
