// SPDX-License-Identifier: Apache-2.0
// Where the camera process has its pictures from. One source per process, used by its only loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>

#include "base/unique_fd.hpp"
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
  /// Pictures in a row that came and were none: cut short, or nonsense.
  [[nodiscard]] virtual int spoilt() const { return 0; }
  /// What it takes from its device: "MJPEG 1280x720 at 30".
  [[nodiscard]] virtual std::string mode() const = 0;
};

/// What `hello.device` names: "simulated" or a device's absolute path, which is opened. Before the sandbox closes.
/// "broken" for sizes and rates that are not possible; V4L2's words are in v4l2_source.hpp. The simulated has no node.
OrFailed<UniqueFd> open_device(const protocol::CameraHello& hello);
/// Starts its pictures.
OrFailed<std::unique_ptr<CameraSource>> open_source(const protocol::CameraHello& hello, UniqueFd node);

}  // namespace madoguchi::camera
