// SPDX-License-Identifier: Apache-2.0
// A real camera through V4L2: mapped buffers, the newest picture wins. Exposure and focus are left to the device. In the
// camera process; an ioctl that blocks stops its heartbeat, and the daemon replaces it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "media/camera/h264_decoder.hpp"
#include "media/camera/picture.hpp"
#include "media/camera/source.hpp"

struct v4l2_buffer;

namespace madoguchi::camera {

/// Opens the node without waiting for its driver where the driver can; "unplugged", "permission", "busy" or "broken".
/// Before the sandbox closes: nothing can be opened afterwards.
OrFailed<UniqueFd> open_node(const std::string& path);

class V4l2Source final : public CameraSource {
 public:
  /// Chooses a mode and starts the stream.
  static OrFailed<std::unique_ptr<CameraSource>> open(UniqueFd node, int width, int height, int fps);
  ~V4l2Source() override;

  [[nodiscard]] int descriptor() const override { return node_.get(); }
  OrFailed<std::optional<std::int64_t>> take(std::span<std::byte> room) override;
  [[nodiscard]] int spoilt() const override { return spoilt_; }
  [[nodiscard]] std::string mode() const override;

 private:
  struct Buffer {
    void* start = nullptr;
    std::size_t length = 0;
  };
  V4l2Source(UniqueFd node, int width, int height) : node_(std::move(node)), maker_(width, height) {}
  OrFailed<void> start(int width, int height, int fps);
  OrFailed<void> map_buffers();
  OrFailed<void> queue(std::uint32_t index);
  [[nodiscard]] std::vector<Mode> modes(int width, int height, int fps) const;

  /// Of a buffer that was taken, into `room`.
  bool draw(const v4l2_buffer& buffer, std::span<std::byte> room);

  UniqueFd node_;
  PictureMaker maker_;
  std::optional<H264Decoder> decoder_;
  Mode mode_;
  int stride_ = 0;
  std::vector<Buffer> buffers_;
  int errors_ = 0;  ///< of taking, in a row
  int spoilt_ = 0;
};

}  // namespace madoguchi::camera
