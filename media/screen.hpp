// SPDX-License-Identifier: Apache-2.0
// What the TV shows: a plain text card, or the far sides' pictures with ourselves small in the corner and, if need be, a
// banner at the foot. The simulated screen composes it when somebody asks. Main thread, where nothing else is said.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/card.hpp"
#include "media/gst_ptr.hpp"
#include "media/protocol.hpp"

namespace madoguchi::media {

/// What the room sends.
struct SelfView {
  BufferPtr i420;  ///< null: none
  int width = 0, height = 0;
};

/// All that is on the screen at one moment.
struct Scene {
  protocol::ShowCard card;
  std::vector<SamplePtr> far;  ///< a picture of each far side that sends one, in the order of its legs
  SelfView self;
  Size size;
  Moment now;
  /// A camera's or a far side's picture is to be seen.
  [[nodiscard]] bool shows_people() const {
    return card.over_picture && (!far.empty() || (self.i420 && card.self_view));
  }
};

/// A PNG of scene.size into `fd`. Any thread: it takes as long as drawing takes.
Result<void> write_png(const Scene& scene, int fd);

class Screen {
 public:
  explicit Screen(Size size = {}) : size_(size) {}
  void show(protocol::ShowCard card) { card_ = std::move(card); }
  [[nodiscard]] const protocol::ShowCard& card() const { return card_; }
  /// The newest decoded picture of a far side (I420), by its leg. Any thread.
  void set_far_picture(std::uint32_t leg, GstSample* sample);
  void forget_far_picture(std::uint32_t leg);
  [[nodiscard]] Scene scene(SelfView self) const;

 private:
  Size size_;
  protocol::ShowCard card_;
  mutable std::mutex mutex_;
  std::map<std::uint32_t, SamplePtr> far_;
};

}  // namespace madoguchi::media
