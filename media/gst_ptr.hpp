// SPDX-License-Identifier: Apache-2.0
// One reference to a GStreamer or GObject object, with two named ways to get it. Any thread.
#pragma once

#include <gst/gst.h>

#include <utility>

namespace madoguchi::media {

/// T is a GObject (GstElement, GstPad, ...): g_object_unref ends the reference.
template <class T>
class GstPtr {
 public:
  GstPtr() = default;
  /// Takes over the caller's reference (also a floating one).
  static GstPtr adopt(T* object) {
    if (object != nullptr && g_object_is_floating(object)) g_object_ref_sink(object);
    return GstPtr(object);
  }
  /// Adds a reference of its own.
  static GstPtr ref(T* object) {
    if (object != nullptr) g_object_ref(object);
    return GstPtr(object);
  }
  GstPtr(const GstPtr& other) : object_(other.object_) {
    if (object_ != nullptr) g_object_ref(object_);
  }
  GstPtr(GstPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  GstPtr& operator=(GstPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~GstPtr() {
    if (object_ != nullptr) g_object_unref(object_);
  }

  [[nodiscard]] T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit GstPtr(T* object) : object_(object) {}
  T* object_ = nullptr;
};

using ElementPtr = GstPtr<GstElement>;
using PoolPtr = GstPtr<GstBufferPool>;

/// The same for what is a GstMiniObject (GstBuffer, GstSample, GstCaps).
template <class T>
class MiniPtr {
 public:
  MiniPtr() = default;
  static MiniPtr adopt(T* object) { return MiniPtr(object); }
  static MiniPtr ref(T* object) {
    if (object != nullptr) gst_mini_object_ref(GST_MINI_OBJECT_CAST(object));
    return MiniPtr(object);
  }
  MiniPtr(const MiniPtr& other) : object_(other.object_) {
    if (object_ != nullptr) gst_mini_object_ref(GST_MINI_OBJECT_CAST(object_));
  }
  MiniPtr(MiniPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  MiniPtr& operator=(MiniPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~MiniPtr() {
    if (object_ != nullptr) gst_mini_object_unref(GST_MINI_OBJECT_CAST(object_));
  }

  [[nodiscard]] T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit MiniPtr(T* object) : object_(object) {}
  T* object_ = nullptr;
};

using BufferPtr = MiniPtr<GstBuffer>;
using SamplePtr = MiniPtr<GstSample>;
using CapsPtr = MiniPtr<GstCaps>;

/// The element of that name in a bin; null when there is none.
inline ElementPtr named(const ElementPtr& bin, const char* name) {
  return ElementPtr::adopt(gst_bin_get_by_name(reinterpret_cast<GstBin*>(bin.get()), name));
}

}  // namespace madoguchi::media
