// SPDX-License-Identifier: Apache-2.0
// Frame memory: making, sealing and mapping it, and the sequence lock on each slot. Any process; no thread of its own.
#include "media/frames.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace madoguchi::protocol {

namespace {

constexpr std::size_t kPage = 4096;
constexpr int kTries = 3;

// Between the pixels and a slot's sequence. The thread sanitizer does not know fences; it does not see two mappings of
// one memory as one either, so nothing is lost there.
void fence(std::memory_order order) {
#if defined(__SANITIZE_THREAD__)
  std::atomic_signal_fence(order);
#else
  std::atomic_thread_fence(order);
#endif
}

}  // namespace

bool frame_size_is_sane(int width, int height) {
  const auto sane = [](int n) { return n >= 16 && n <= 4096 && n % 2 == 0; };
  return sane(width) && sane(height);
}

std::size_t frame_slot_bytes(int width, int height) { return (frame_bytes(width, height) + kPage - 1) / kPage * kPage; }

std::size_t frame_memory_bytes(int width, int height) {
  return kFrameHeaderBytes + kFrameSlots * frame_slot_bytes(width, height);
}

Result<FrameMemory> make_frame_memory(int width, int height) {
  if (!frame_size_is_sane(width, height)) {
    return fail(Errc::invalid, "a picture of " + std::to_string(width) + "x" + std::to_string(height) +
                                   " is not possible: even numbers from 16 to 4096");
  }
  FrameMemory memory;
  memory.writable.reset(::memfd_create("madoguchi-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.writable.valid()) return fail(errno_error("making the frame memory", errno));
  const int fd = memory.writable.get();
  if (::ftruncate(fd, static_cast<off_t>(frame_memory_bytes(width, height))) != 0) {
    return fail(errno_error("sizing the frame memory", errno));
  }
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return fail(errno_error("sealing the frame memory", errno));
  }
  auto mapping = FrameMapping::map(fd, width, height, true);
  if (!mapping) return fail(mapping.error());
  FrameHeader& header = mapping->header();  // all zero but for these
  header.magic = kFrameMagic;
  header.width = static_cast<std::uint32_t>(width);
  header.height = static_cast<std::uint32_t>(height);
  header.slots = kFrameSlots;

  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  memory.readable.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory.readable.valid()) return fail(errno_error("opening the frame memory for reading", errno));
  return memory;
}

// ---- FrameMapping ----------------------------------------------------------------------------------------------------

FrameMapping::FrameMapping(FrameMapping&& other) noexcept { *this = std::move(other); }

FrameMapping& FrameMapping::operator=(FrameMapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  std::swap(width_, other.width_);
  std::swap(height_, other.height_);
  return *this;
}

FrameMapping::~FrameMapping() {
  if (address_ != nullptr) ::munmap(address_, bytes_);
}

Result<FrameMapping> FrameMapping::map(int fd, int width, int height, bool writable) {
  if (!frame_size_is_sane(width, height)) return fail(Errc::invalid, "the frame memory's picture size is absurd");
  const std::size_t bytes = frame_memory_bytes(width, height);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail(errno_error("looking at the frame memory", errno));
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) < bytes) {
    return fail(Errc::invalid,
                "the frame memory is too short for " + std::to_string(width) + "x" + std::to_string(height));
  }
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {  // reading behind a shrunk end would be SIGBUS
    return fail(Errc::invalid, "the frame memory is not sealed against shrinking");
  }
  void* address = ::mmap(nullptr, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return fail(errno_error("mapping the frame memory", errno));
  FrameMapping mapping;
  mapping.address_ = address;
  mapping.bytes_ = bytes;
  mapping.width_ = width;
  mapping.height_ = height;
  return mapping;
}

std::byte* FrameMapping::slot(std::uint64_t number) const {
  return static_cast<std::byte*>(address_) + kFrameHeaderBytes +
         static_cast<std::size_t>(number % kFrameSlots) * frame_slot_bytes(width_, height_);
}

// ---- FrameWriter -----------------------------------------------------------------------------------------------------

Result<FrameWriter> FrameWriter::open(int memory, int width, int height) {
  auto mapping = FrameMapping::map(memory, width, height, true);
  if (!mapping) return fail(mapping.error());
  const FrameHeader& header = mapping->header();
  if (header.magic != kFrameMagic || header.width != static_cast<std::uint32_t>(width) ||
      header.height != static_cast<std::uint32_t>(height) || header.slots != kFrameSlots) {
    return fail(Errc::invalid, "the frame memory was made for another picture size");
  }
  const std::uint64_t number = header.latest.load(std::memory_order_relaxed);
  return FrameWriter(std::move(*mapping), number);
}

std::span<std::byte> FrameWriter::begin() {
  const std::uint64_t next = number_ + 1;
  mapping_.header().slot[next % kFrameSlots].sequence.store(2 * next + 1, std::memory_order_relaxed);
  fence(std::memory_order_release);  // the mark is seen before the first changed pixel
  return {mapping_.slot(next), mapping_.frame_size()};
}

void FrameWriter::publish(std::int64_t pts_ns) {
  const std::uint64_t next = number_ + 1;
  FrameHeader& header = mapping_.header();
  FrameHeader::Slot& slot = header.slot[next % kFrameSlots];
  slot.pts_ns.store(pts_ns, std::memory_order_relaxed);
  slot.sequence.store(2 * next + 2, std::memory_order_release);
  header.latest.store(next, std::memory_order_release);
  number_ = next;
}

// ---- FrameReader -----------------------------------------------------------------------------------------------------

Result<FrameReader> FrameReader::open(int memory, int width, int height) {
  auto mapping = FrameMapping::map(memory, width, height, false);
  if (!mapping) return fail(mapping.error());
  return FrameReader(std::move(*mapping));
}

bool FrameReader::copy(std::span<std::byte> to, FrameInfo& info) const {
  const std::size_t size = mapping_.frame_size();
  if (to.size() < size) return false;
  const FrameHeader& header = mapping_.header();
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t number = header.latest.load(std::memory_order_acquire);
    if (number == 0) return false;
    if (number == info.number) return true;
    const FrameHeader::Slot& slot = header.slot[number % kFrameSlots];
    const std::uint64_t complete = 2 * number + 2;
    if (slot.sequence.load(std::memory_order_acquire) != complete) continue;
    std::memcpy(to.data(), mapping_.slot(number), size);
    const std::int64_t pts_ns = slot.pts_ns.load(std::memory_order_relaxed);
    fence(std::memory_order_acquire);  // the pixels are read before the sequence is looked at again
    if (slot.sequence.load(std::memory_order_relaxed) != complete) continue;
    info = {number, pts_ns};
    return true;
  }
  return false;
}

bool FrameReader::has_newer(const FrameInfo& info) const {
  return mapping_.header().latest.load(std::memory_order_acquire) != info.number;
}

}  // namespace madoguchi::protocol
