// SPDX-License-Identifier: Apache-2.0
// Frame memory: seals, the latest frame wins, no torn frame ever, nothing a writer does leads out of bounds.
#include "media/frames.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/newest.hpp"

using namespace madoguchi;
using namespace madoguchi::protocol;
using madoguchi::test::Frame;
using madoguchi::test::newest;

namespace {

struct Pair {
  FrameMemory memory;
  FrameWriter writer;
  FrameReader reader;
};

Pair make_pair(int width, int height) {
  auto memory = make_frame_memory(width, height);
  REQUIRE(memory.has_value());
  auto writer = FrameWriter::open(memory->writable.get(), width, height);
  REQUIRE(writer.has_value());
  auto reader = FrameReader::open(memory->readable.get(), width, height);
  REQUIRE(reader.has_value());
  return {std::move(*memory), std::move(*writer), std::move(*reader)};
}

void draw(FrameWriter& writer, std::uint8_t value, std::int64_t pts_ns) {
  const std::span<std::byte> room = writer.begin();
  std::memset(room.data(), value, room.size());
  writer.publish(pts_ns);
}

}  // namespace

TEST_CASE("only even, sane sizes get a frame memory") {
  CHECK(make_frame_memory(1280, 720).has_value());
  CHECK(make_frame_memory(4096, 4096).has_value());
  const auto [width, height] =
      GENERATE(table<int, int>({{0, 0}, {1279, 720}, {1280, 719}, {-2, 720}, {4098, 720}, {1280, 1 << 30}, {14, 16}}));
  const auto refused = make_frame_memory(width, height);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::invalid);
}

TEST_CASE("the frame memory cannot change its size, and its readable side cannot be written") {
  auto memory = make_frame_memory(64, 32);
  REQUIRE(memory.has_value());
  const auto bytes = static_cast<off_t>(frame_memory_bytes(64, 32));
  CHECK(::ftruncate(memory->writable.get(), 0) != 0);
  CHECK(::ftruncate(memory->writable.get(), bytes + 1) != 0);
  CHECK(::fcntl(memory->writable.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
  CHECK(::pwrite(memory->readable.get(), "x", 1, 0) < 0);
  CHECK(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory->readable.get(), 0) == MAP_FAILED);
}

TEST_CASE("the newest frame is read, and whether there is a newer one is known without reading") {
  Pair pair = make_pair(64, 32);
  Frame frame;
  CHECK_FALSE(newest(pair.reader, frame));

  draw(pair.writer, 1, monotonic_ns() - 50'000'000);
  draw(pair.writer, 2, monotonic_ns() - 40'000'000);
  draw(pair.writer, 3, monotonic_ns() - 30'000'000);
  REQUIRE(newest(pair.reader, frame));
  CHECK(frame.number == 3);
  REQUIRE(frame.pixels.size() == frame_bytes(64, 32));
  CHECK(std::ranges::all_of(frame.pixels, [](std::byte b) { return b == std::byte{3}; }));
  CHECK_FALSE(pair.reader.has_newer(frame));

  REQUIRE(newest(pair.reader, frame));  // nothing newer: still the newest
  CHECK(frame.number == 3);
  for (int i = 4; i < 20; ++i) draw(pair.writer, static_cast<std::uint8_t>(i), monotonic_ns());
  CHECK(pair.reader.has_newer(frame));
  REQUIRE(newest(pair.reader, frame));
  CHECK(frame.number == 19);
  CHECK(frame.pixels[100] == std::byte{19});
}

TEST_CASE("a writer that died while drawing leaves the last whole frame") {
  Pair pair = make_pair(64, 32);
  draw(pair.writer, 1, monotonic_ns());
  const std::span<std::byte> room = pair.writer.begin();
  std::memset(room.data(), 99, room.size() / 2);
  Frame frame;
  REQUIRE(newest(pair.reader, frame));
  CHECK(frame.number == 1);
  CHECK(frame.pixels.front() == std::byte{1});
  CHECK(frame.pixels.back() == std::byte{1});
}

TEST_CASE("no torn frame is ever returned to a reader beside a writer") {
  constexpr int kWidth = 640, kHeight = 480;
  constexpr std::uint64_t kFrames = 500, kMost = 100'000;
  Pair pair = make_pair(kWidth, kHeight);
  std::atomic<bool> enough{false}, done{false};
  std::uint64_t drawn = 0;
  std::thread writing([&] {
    while (!enough && drawn < kMost) draw(pair.writer, static_cast<std::uint8_t>(++drawn), monotonic_ns());
    done = true;
  });
  Frame frame;
  std::uint64_t seen = 0, torn = 0, backwards = 0, wrong = 0;
  for (bool last = false; !last;) {
    last = done;
    const std::uint64_t before = frame.number;
    if (!newest(pair.reader, frame)) continue;
    if (frame.number == before) continue;
    if (frame.number < before) ++backwards;
    if (++seen == kFrames) enough = true;
    const std::byte value = frame.pixels.front();
    if (value != static_cast<std::byte>(frame.number)) ++wrong;
    if (std::memcmp(frame.pixels.data(), frame.pixels.data() + 1, frame.pixels.size() - 1) != 0) ++torn;
  }
  writing.join();
  CHECK(torn == 0);
  CHECK(wrong == 0);
  CHECK(backwards == 0);
  CHECK(seen > 1);
  CHECK(frame.number == drawn);
}

TEST_CASE("a frame that is overwritten while it is read is noticed") {
  Pair pair = make_pair(64, 32);
  draw(pair.writer, 1, 1);
  auto mapping = FrameMapping::map(pair.memory.writable.get(), 64, 32, true);
  REQUIRE(mapping.has_value());
  mapping->header().slot[1].sequence.store(2 * 5 + 1);  // frame 5 is being drawn over frame 1
  Frame frame;
  CHECK_FALSE(newest(pair.reader, frame));
}

TEST_CASE("a hostile header gives at most a wrong picture") {
  Pair pair = make_pair(64, 32);
  draw(pair.writer, 1, monotonic_ns());
  auto mapping = FrameMapping::map(pair.memory.writable.get(), 64, 32, true);
  REQUIRE(mapping.has_value());
  FrameHeader& header = mapping->header();
  header.width = header.height = header.slots = header.magic = 0xffffffff;
  const std::uint64_t number =
      GENERATE(std::uint64_t{2}, std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max(), std::uint64_t{7});
  header.latest = number;
  Frame frame;
  if (2 * number + 2 != 0) CHECK_FALSE(newest(pair.reader, frame));  // the slot does not hold that number
  for (auto& slot : header.slot) {
    slot.sequence = 2 * number + 2;
    slot.pts_ns = std::numeric_limits<std::int64_t>::min();
  }
  CHECK(newest(pair.reader, frame));
  CHECK(frame.pixels.size() == frame_bytes(64, 32));
}

TEST_CASE("a memory that could fault the reader is refused") {
  const auto bytes = static_cast<off_t>(frame_memory_bytes(64, 32));
  UniqueFd unsealed(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(unsealed.get(), bytes) == 0);
  CHECK_FALSE(FrameReader::open(unsealed.get(), 64, 32).has_value());
  UniqueFd small(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(small.get(), bytes - 1) == 0);
  REQUIRE(::fcntl(small.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
  CHECK_FALSE(FrameReader::open(small.get(), 64, 32).has_value());
  auto memory = make_frame_memory(64, 32);
  REQUIRE(memory.has_value());
  CHECK_FALSE(FrameReader::open(memory->readable.get(), 64, 64).has_value());  // FramesAttach lied
  CHECK_FALSE(FrameReader::open(memory->readable.get(), -64, -32).has_value());
  CHECK_FALSE(FrameWriter::open(memory->writable.get(), 32, 64).has_value());
  CHECK_FALSE(FrameReader::open(-1, 64, 32).has_value());
}
