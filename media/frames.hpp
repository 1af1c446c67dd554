// SPDX-License-Identifier: Apache-2.0
// The frame memory from inside: a header and kFrameSlots slots of I420 in a sealed memfd. One writer (the camera process)
// and one reader (the media process), each with its own mapping; neither waits for the other, the latest frame wins.
// The reader trusts nothing in the memory: whoever writes it can at most make it return a wrong picture.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "media/protocol.hpp"

namespace madoguchi::protocol {

/// Frame number n (from 1) lives in slot n % kFrameSlots. Its sequence is 2n + 1 while it is drawn and 2n + 2 after.
struct FrameHeader {
  struct Slot {
    std::atomic<std::uint64_t> sequence;
    std::atomic<std::int64_t> pts_ns;  ///< CLOCK_MONOTONIC at the moment of exposure
  };
  std::uint32_t magic;
  std::uint32_t width, height, slots;
  std::atomic<std::uint64_t> latest;  ///< number of the newest complete frame; 0: none yet
  Slot slot[kFrameSlots];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

inline constexpr std::uint32_t kFrameMagic = 0x4d414431;  // "MAD1"
inline constexpr std::size_t kFrameHeaderBytes = 4096;
static_assert(sizeof(FrameHeader) <= kFrameHeaderBytes);

/// Even and 16 to 4096 each way.
bool frame_size_is_sane(int width, int height);
/// Of one slot: frame_bytes rounded up to whole pages.
std::size_t frame_slot_bytes(int width, int height);
/// Of the whole memory.
std::size_t frame_memory_bytes(int width, int height);

/// A mapping with one owner.
class FrameMapping {
 public:
  FrameMapping() = default;
  FrameMapping(FrameMapping&& other) noexcept;
  FrameMapping& operator=(FrameMapping&& other) noexcept;
  FrameMapping(const FrameMapping&) = delete;
  FrameMapping& operator=(const FrameMapping&) = delete;
  ~FrameMapping();

  /// Errc::invalid for an absurd size, a memory that is too short, or one that its owner could shrink.
  static Result<FrameMapping> map(int fd, int width, int height, bool writable);

  [[nodiscard]] FrameHeader& header() const { return *static_cast<FrameHeader*>(address_); }
  [[nodiscard]] std::byte* slot(std::uint64_t number) const;
  [[nodiscard]] std::size_t frame_size() const { return frame_bytes(width_, height_); }
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }

 private:
  void* address_ = nullptr;
  std::size_t bytes_ = 0;
  int width_ = 0, height_ = 0;
};

class FrameWriter {
 public:
  /// `memory` may be closed afterwards. Errc::invalid when header and arguments do not agree.
  static Result<FrameWriter> open(int memory, int width, int height);

  /// Room for the next frame: Y, then U, then V, without padding. The same room until publish().
  std::span<std::byte> begin();
  /// Makes what was drawn the newest frame. Never blocks.
  void publish(std::int64_t pts_ns);
  [[nodiscard]] std::uint64_t published() const { return number_; }

 private:
  FrameWriter(FrameMapping mapping, std::uint64_t number) : mapping_(std::move(mapping)), number_(number) {}
  FrameMapping mapping_;
  std::uint64_t number_ = 0;  ///< of the newest frame
};

struct FrameInfo {
  std::uint64_t number = 0;
  std::int64_t pts_ns = 0;
};

class FrameReader {
 public:
  /// Width and height as FramesAttach said. `memory` may be closed afterwards.
  static Result<FrameReader> open(int memory, int width, int height);

  /// There is a newer one than number `info.number`.
  [[nodiscard]] bool has_newer(const FrameInfo& info) const;
  /// Copies the newest frame into `to` (at least frame_size() bytes). False: there is none yet, or the writer overtook
  /// every try; `to` is then undefined. Where the newest is number `info.number` already, nothing is copied.
  bool copy(std::span<std::byte> to, FrameInfo& info) const;
  [[nodiscard]] std::size_t frame_size() const { return mapping_.frame_size(); }

 private:
  explicit FrameReader(FrameMapping mapping) : mapping_(std::move(mapping)) {}
  FrameMapping mapping_;
};

}  // namespace madoguchi::protocol
