// SPDX-License-Identifier: Apache-2.0
// The pictures that the room sends, at the encoders' rate: the newest of the camera that is shown, or black. On a thread of
// its own, which exists while an encoder wants pictures; every method may be called from the main thread.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "media/frames.hpp"
#include "media/gst_ptr.hpp"

namespace madoguchi::media {

class Pictures {
 public:
  Pictures(int width, int height, int fps);
  ~Pictures();
  Pictures(const Pictures&) = delete;
  Pictures& operator=(const Pictures&) = delete;

  /// From now on these encoders' appsrcs get each picture (I420), the first one at once; none: nothing runs.
  void feed(std::vector<ElementPtr> sources);
  void attach(const std::string& camera, protocol::FrameReader frames);
  void detach(const std::string& camera);
  /// Black, at once.
  void set_muted(bool muted);

  /// Read from the frame memories since they were attached.
  [[nodiscard]] std::uint64_t camera_frames() const;
  /// What was sent last, where that was a camera's picture; else null.
  [[nodiscard]] BufferPtr self_view() const;

 private:
  struct Camera {
    protocol::FrameReader frames;
    protocol::FrameInfo newest = {};  ///< number 0: none yet
    std::int64_t at = 0;              ///< monotonic_us() when it was read
    BufferPtr picture = {};
  };
  void run();
  void push();
  bool look(Camera& camera);
  BufferPtr fresh();

  int width_, height_, fps_;
  PoolPtr pool_;
  BufferPtr black_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ElementPtr> sources_;
  std::map<std::string, Camera> cameras_;
  BufferPtr shown_;  ///< the camera's picture that was sent last
  std::uint64_t camera_frames_ = 0;
  bool muted_ = false, ends_ = false;
  std::thread thread_;
};

}  // namespace madoguchi::media
