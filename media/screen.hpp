// SPDX-License-Identifier: Apache-2.0
// What the TV shows: a plain text card, or the far side's picture with ourselves small in the corner and, if need be, a
// banner at the foot. The simulated screen composes it when somebody asks. Main thread, but for set_far_picture().
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/protocol.hpp"

namespace madoguchi::media {

struct SelfView {
  std::span<const std::byte> i420;  ///< empty: none
  int width = 0, height = 0;
};

class Screen {
 public:
  Screen() = default;
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void show(protocol::ShowCard card) { card_ = std::move(card); }
  [[nodiscard]] const protocol::ShowCard& card() const { return card_; }
  /// The newest decoded picture of the far side (I420). Any thread.
  void set_far_picture(GstSample* sample);
  void forget_far_picture();

  /// 1280x720 as PNG into `fd`; `shows_people` tells whether a camera's or the far side's picture is in it.
  Result<void> write_png(int fd, const SelfView& self, bool& shows_people);

 private:
  protocol::ShowCard card_;
  std::mutex mutex_;
  GstSample* far_ = nullptr;
};

}  // namespace madoguchi::media
