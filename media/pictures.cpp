// SPDX-License-Identifier: Apache-2.0
// A picture each interval, out of a pool: no page is fresh for it, and none is copied twice. On the thread of pictures.
#include "media/pictures.hpp"

#include <gst/app/gstappsrc.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>

#include "base/clock.hpp"

namespace madoguchi::media {

namespace {

constexpr std::int64_t kCameraGoneAfterUs = 1'000'000;  ///< then black is sent instead of a frozen picture

}  // namespace

Pictures::Pictures(int width, int height, int fps) : width_(width), height_(height), fps_(fps) {
  const auto bytes = static_cast<guint>(protocol::frame_bytes(width, height));
  const CapsPtr caps = CapsPtr::adopt(gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width",
                                                          G_TYPE_INT, width, "height", G_TYPE_INT, height, "framerate",
                                                          GST_TYPE_FRACTION, fps, 1, nullptr));
  pool_ = PoolPtr::adopt(gst_buffer_pool_new());
  GstStructure* config = gst_buffer_pool_get_config(pool_.get());
  gst_buffer_pool_config_set_params(config, caps.get(), bytes, 4, 0);
  gst_buffer_pool_set_config(pool_.get(), config);
  gst_buffer_pool_set_active(pool_.get(), TRUE);
  black_ = BufferPtr::adopt(gst_buffer_new_allocate(nullptr, bytes, nullptr));
  const auto luma = static_cast<gsize>(width) * static_cast<gsize>(height);
  gst_buffer_memset(black_.get(), 0, 16, luma);
  gst_buffer_memset(black_.get(), luma, 128, bytes - luma);
}

Pictures::~Pictures() {
  feed({});
  cameras_.clear();
  shown_ = {};
  gst_buffer_pool_set_active(pool_.get(), FALSE);
}

void Pictures::feed(std::vector<ElementPtr> sources) {
  std::unique_lock lock(mutex_);
  const bool more = sources.size() > sources_.size();
  sources_ = std::move(sources);
  if (more) push();
  if (!sources_.empty()) {
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    return;
  }
  if (!thread_.joinable()) return;
  ends_ = true;
  changed_.notify_one();
  lock.unlock();
  thread_.join();
  lock.lock();
  ends_ = false;
}

void Pictures::run() {
  ::pthread_setname_np(::pthread_self(), "pictures");
  const auto interval = std::chrono::nanoseconds(std::chrono::seconds(1)) / fps_;
  std::unique_lock lock(mutex_);
  auto next = steady_now() + interval;
  while (!changed_.wait_until(lock, next, [this] { return ends_; })) {
    push();
    // A thread that was held up goes on from now, it does not catch up.
    next = std::max(next + interval, steady_now());
  }
}

void Pictures::attach(const std::string& camera, protocol::FrameReader frames) {
  const std::lock_guard lock(mutex_);
  cameras_.insert_or_assign(camera, Camera{std::move(frames)});
}

void Pictures::detach(const std::string& camera) {
  const std::lock_guard lock(mutex_);
  cameras_.erase(camera);
  shown_ = {};
}

void Pictures::set_muted(bool muted) {
  const std::lock_guard lock(mutex_);
  muted_ = muted;
  if (!sources_.empty()) push();
}

std::uint64_t Pictures::camera_frames() const {
  const std::lock_guard lock(mutex_);
  return camera_frames_;
}

BufferPtr Pictures::self_view() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

BufferPtr Pictures::fresh() {
  GstBuffer* buffer = nullptr;
  if (gst_buffer_pool_acquire_buffer(pool_.get(), &buffer, nullptr) != GST_FLOW_OK) return {};
  return BufferPtr::adopt(buffer);
}

/// With mutex_ held. Whether the camera has a picture of now.
bool Pictures::look(Camera& camera) {
  const std::int64_t now = monotonic_us();
  protocol::FrameInfo info = camera.newest;
  if (camera.frames.has_newer(info)) {
    const BufferPtr to = fresh();
    GstMapInfo map;
    if (to && gst_buffer_map(to.get(), &map, GST_MAP_WRITE) != FALSE) {
      const bool copied = camera.frames.copy(std::as_writable_bytes(std::span(map.data, map.size)), info);
      gst_buffer_unmap(to.get(), &map);
      if (copied && info.number != camera.newest.number) {
        camera.newest = info;
        camera.picture = to;
        camera.at = now;
        ++camera_frames_;
      }
    }
  }
  return camera.newest.number > 0 && now - camera.at < kCameraGoneAfterUs;
}

/// With mutex_ held.
void Pictures::push() {
  shown_ = {};
  const auto room = cameras_.find(protocol::kRoomCamera);
  if (room != cameras_.end() && look(room->second) && !muted_) shown_ = room->second.picture;
  for (const ElementPtr& source : sources_) {
    // A copy of what is written on the buffer, not of its pixels: each encoder stamps its own.
    GstBuffer* buffer = gst_buffer_copy(shown_ ? shown_.get() : black_.get());
    gst_app_src_push_buffer(reinterpret_cast<GstAppSrc*>(source.get()), buffer);
  }
}

}  // namespace madoguchi::media
