// SPDX-License-Identifier: Apache-2.0
// Where the camera process has its pictures from. One source per process, used by its only loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tl/expected.hpp>

#include "media/protocol.hpp"

namespace madoguchi::camera {

template <class T>
using OrFailed = tl::expected<T, protocol::CameraFailed>;

class CameraSource {
 public:
  CameraSource() = default;
  CameraSource(const CameraSource&) = delete;
  CameraSource& operator=(const CameraSource&) = delete;
  virtual ~CameraSource() = default;

  /// Readable when a picture is due.
  [[nodiscard]] virtual int descriptor() const = 0;
  /// Takes the due picture into `room` (I420 of the size asked for); its CLOCK_MONOTONIC time in nanoseconds, or nullopt
  /// when none was due or it was spoilt. Does not block for longer than a picture takes.
  virtual OrFailed<std::optional<std::int64_t>> take(std::span<std::byte> room) = 0;
};

/// The source that `hello.device` names; "unplugged" when there is no such camera, "broken" for sizes and rates that it
/// cannot give.
OrFailed<std::unique_ptr<CameraSource>> open_source(const protocol::CameraHello& hello);

}  // namespace madoguchi::camera
