// SPDX-License-Identifier: Apache-2.0
// What a camera may give: any bytes as a picture of any format and size. The first bytes choose them, as a driver would.
// With libFuzzer (clang): tests/fuzz/run.sh. With any compiler: a program that goes through files once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "media/camera/picture.hpp"
#include "media/camera/picture_watch.hpp"
#include "media/frames.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace madoguchi;
  constexpr int kWidth = 64, kHeight = 48;
  constexpr std::size_t kHead = 7;
  if (size < kHead) return 0;
  const auto word = [data](std::size_t at) { return data[at] | data[at + 1] << 8; };
  camera::RawPicture raw;
  raw.format = static_cast<camera::PixelFormat>(data[0] % 4);
  raw.width = word(1);
  raw.height = word(3);
  raw.stride = word(5);
  // A copy of the exact size: a byte read behind its end is seen.
  std::vector<std::byte> bytes(size - kHead);
  if (!bytes.empty()) std::memcpy(bytes.data(), data + kHead, bytes.size());
  raw.bytes = bytes;
  std::vector<std::byte> room(protocol::frame_bytes(kWidth, kHeight));
  camera::PictureMaker maker(kWidth, kHeight);
  if (maker.make(raw, room)) {
    camera::PictureWatch watch(kWidth, kHeight);
    watch.see(room, std::chrono::seconds(1));
  }
  return 0;
}
