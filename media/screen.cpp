// SPDX-License-Identifier: Apache-2.0
// Pictures of people, and the card over them. Any thread.
#include "media/screen.hpp"

#include <cairo/cairo.h>
#include <gst/video/video.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace madoguchi::media {

namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Surface = std::unique_ptr<cairo_surface_t, Freer<cairo_surface_destroy>>;
using Cairo = std::unique_ptr<cairo_t, Freer<cairo_destroy>>;

/// I420 into a surface of its own.
Surface surface_of(GstVideoFrame& frame) {
  const int width = GST_VIDEO_FRAME_WIDTH(&frame);
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame);
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGRx, static_cast<guint>(width), static_cast<guint>(height));
  info.fps_n = frame.info.fps_n;  // the converter insists
  info.fps_d = frame.info.fps_d;
  const gsize bytes = static_cast<gsize>(cairo_image_surface_get_stride(surface.get())) * static_cast<gsize>(height);
  GstBuffer* buffer = gst_buffer_new_wrapped_full(
      static_cast<GstMemoryFlags>(0), cairo_image_surface_get_data(surface.get()), bytes, 0, bytes, nullptr, nullptr);
  GstVideoFrame to;
  if (gst_video_frame_map(&to, &info, buffer, GST_MAP_WRITE) != FALSE) {
    GstVideoConverter* converter = gst_video_converter_new(&frame.info, &info, nullptr);
    if (converter != nullptr) {
      gst_video_converter_frame(converter, &frame, &to);
      gst_video_converter_free(converter);
    }
    gst_video_frame_unmap(&to);
  }
  gst_buffer_unref(buffer);
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

Surface surface_of(GstSample* sample) {
  GstVideoInfo info;
  GstVideoFrame frame;
  if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) == FALSE) return {};
  if (gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ) == FALSE) return {};
  Surface surface = surface_of(frame);
  gst_video_frame_unmap(&frame);
  return surface;
}

Surface surface_of(const SelfView& self) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, static_cast<guint>(self.width),
                            static_cast<guint>(self.height));
  GstVideoFrame frame;
  if (gst_video_frame_map(&frame, &info, self.i420.get(), GST_MAP_READ) == FALSE) return {};
  Surface surface = surface_of(frame);
  gst_video_frame_unmap(&frame);
  return surface;
}

/// The whole picture, as large as fits into the box, in its middle.
void draw_picture(cairo_t* cairo, cairo_surface_t* picture, double x, double y, double width, double height) {
  const double wide = cairo_image_surface_get_width(picture);
  const double high = cairo_image_surface_get_height(picture);
  const double scale = std::min(width / wide, height / high);
  cairo_save(cairo);
  cairo_translate(cairo, x + (width - wide * scale) / 2, y + (height - high * scale) / 2);
  cairo_scale(cairo, scale, scale);
  cairo_set_source_surface(cairo, picture, 0, 0);
  cairo_paint(cairo);
  cairo_restore(cairo);
}

constexpr double kSelfWidth = 0.2;  ///< of the screen's
constexpr double kSelfFrame = 1.0 / 240;
constexpr double kSelfMargin = 1.0 / 30;

/// What the room sends, as people see themselves: mirrored, in the right upper corner.
void draw_self(cairo_t* cairo, const SelfView& self, Size size) {
  const Surface picture = surface_of(self);
  if (!picture) return;
  const double wide = size.width * kSelfWidth;
  const double high = wide * self.height / self.width;
  const double margin = size.height * kSelfMargin;
  const double frame = size.height * kSelfFrame;
  const double x = size.width - margin - wide;
  cairo_set_source_rgb(cairo, 1, 1, 1);
  cairo_rectangle(cairo, x - frame, margin - frame, wide + 2 * frame, high + 2 * frame);
  cairo_fill(cairo);
  cairo_save(cairo);
  cairo_translate(cairo, 2 * x + wide, 0);
  cairo_scale(cairo, -1, 1);
  draw_picture(cairo, picture.get(), x, margin, wide, high);
  cairo_restore(cairo);
}

/// The far sides beside each other, ourselves in the corner.
void draw_talk(cairo_t* cairo, const Scene& scene) {
  cairo_set_source_rgb(cairo, 0, 0, 0);
  cairo_paint(cairo);
  const double width = scene.size.width / static_cast<double>(std::max<std::size_t>(1, scene.far.size()));
  double x = 0;
  for (const SamplePtr& far : scene.far) {
    if (const Surface picture = surface_of(far.get())) {
      draw_picture(cairo, picture.get(), x, 0, width, scene.size.height);
    }
    x += width;
  }
  if (scene.self.i420 && scene.card.self_view) draw_self(cairo, scene.self, scene.size);
}

cairo_status_t write_some(void* fd, const unsigned char* data, unsigned length) {
  while (length > 0) {
    const ssize_t count = ::write(*static_cast<int*>(fd), data, length);
    if (count <= 0) return CAIRO_STATUS_WRITE_ERROR;
    data += count;
    length -= static_cast<unsigned>(count);
  }
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

void Screen::set_far_picture(std::uint32_t leg, GstSample* sample) {
  SamplePtr kept = SamplePtr::ref(sample);
  const std::lock_guard lock(mutex_);
  std::swap(far_[leg], kept);
}

void Screen::forget_far_picture(std::uint32_t leg) {
  const std::lock_guard lock(mutex_);
  far_.erase(leg);
}

Scene Screen::scene(SelfView self) const {
  Scene scene{card_, {}, std::move(self), size_, Moment::now()};
  const std::lock_guard lock(mutex_);
  for (const auto& [leg, sample] : far_) scene.far.push_back(sample);
  return scene;
}

Result<void> write_png(const Scene& scene, int fd) {
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, scene.size.width, scene.size.height));
  const Cairo cairo(cairo_create(surface.get()));
  if (scene.card.over_picture) draw_talk(cairo.get(), scene);
  paint(cairo.get(), scene.card, scene.size, scene.now);
  cairo_surface_flush(surface.get());
  if (cairo_surface_write_to_png_stream(surface.get(), write_some, &fd) != CAIRO_STATUS_SUCCESS) {
    return fail(Errc::io, "the PNG could not be written");
  }
  return {};
}

}  // namespace madoguchi::media
