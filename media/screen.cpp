// SPDX-License-Identifier: Apache-2.0
// Drawing with cairo and pango. Any thread.
#include "media/screen.hpp"

#include <gst/video/video.h>
#include <pango/pangocairo.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace madoguchi::media {

namespace {

constexpr int kWidth = 1280;
constexpr int kHeight = 720;
constexpr const char* kFont = "BIZ UDGothic, BIZ UDPGothic, sans-serif";

struct Colour {
  double red, green, blue;
};

Colour background(const std::string& tone) {
  if (tone == "busy") return {0.10, 0.22, 0.42};
  if (tone == "good") return {0.07, 0.30, 0.24};
  if (tone == "trouble") return {0.45, 0.20, 0.05};
  return {0.13, 0.16, 0.22};
}

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

constexpr double kTextWidth = 1140;
constexpr int kTitle = 72;  ///< pixels; bold
constexpr int kLine = 44;

/// Centred text; returns its height, and how many lines it took.
double draw_text(cairo_t* cairo, const std::string& text, int size, double y, double width, bool draw,
                 int* lines = nullptr) {
  PangoLayout* layout = pango_cairo_create_layout(cairo);
  PangoFontDescription* font = pango_font_description_from_string(kFont);
  pango_font_description_set_absolute_size(font, static_cast<double>(size) * PANGO_SCALE);
  pango_font_description_set_weight(font, size > 50 ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description(layout, font);
  pango_font_description_free(font);
  pango_layout_set_width(layout, static_cast<int>(width) * PANGO_SCALE);
  pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
  pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_text(layout, text.c_str(), static_cast<int>(text.size()));
  int high = 0;
  pango_layout_get_pixel_size(layout, nullptr, &high);
  if (lines != nullptr) *lines = pango_layout_get_line_count(layout);
  if (draw) {
    cairo_move_to(cairo, (kWidth - width) / 2, y);
    pango_cairo_show_layout(cairo, layout);
  }
  g_object_unref(layout);
  return high;
}

/// A title that is a little too long becomes smaller rather than leave two characters on a line of their own.
int title_size(cairo_t* cairo, const std::string& title) {
  for (int size = kTitle; size >= kTitle * 3 / 4; size -= 2) {
    int lines = 0;
    draw_text(cairo, title, size, 0, kTextWidth, false, &lines);
    if (lines <= 1) return size;
  }
  return kTitle;
}

void draw_card(cairo_t* cairo, const protocol::ShowCard& card) {
  const Colour colour = background(card.tone);
  cairo_set_source_rgb(cairo, colour.red, colour.green, colour.blue);
  cairo_paint(cairo);
  cairo_set_source_rgb(cairo, 1, 1, 1);
  constexpr double kGap = 28;
  const int size = title_size(cairo, card.title);
  double total = draw_text(cairo, card.title, size, 0, kTextWidth, false);
  for (const std::string& line : card.lines) total += kGap + draw_text(cairo, line, kLine, 0, kTextWidth, false);
  double y = std::max(30.0, (kHeight - total) / 2);
  y += draw_text(cairo, card.title, size, y, kTextWidth, true);
  for (const std::string& line : card.lines) y += kGap + draw_text(cairo, line, kLine, y + kGap, kTextWidth, true);
}

void draw_banner(cairo_t* cairo, const protocol::ShowCard& card) {
  std::vector<std::string> texts = card.lines;
  if (!card.title.empty()) texts.insert(texts.begin(), card.title);
  if (texts.empty()) return;
  double high = 32;
  for (const std::string& text : texts) high += draw_text(cairo, text, kLine, 0, kTextWidth, false) + 8;
  const Colour colour = background(card.tone);
  cairo_set_source_rgba(cairo, colour.red, colour.green, colour.blue, 0.88);
  cairo_rectangle(cairo, 0, kHeight - high, kWidth, high);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 1, 1, 1);
  double y = kHeight - high + 20;
  for (const std::string& text : texts) y += draw_text(cairo, text, kLine, y, kTextWidth, true) + 8;
}

/// The far sides beside each other, ourselves in the corner.
void draw_talk(cairo_t* cairo, const Scene& scene) {
  cairo_set_source_rgb(cairo, 0, 0, 0);
  cairo_paint(cairo);
  const double width = kWidth / static_cast<double>(std::max<std::size_t>(1, scene.far.size()));
  double x = 0;
  for (const SamplePtr& far : scene.far) {
    if (const Surface picture = surface_of(far.get())) draw_picture(cairo, picture.get(), x, 0, width, kHeight);
    x += width;
  }
  if (scene.self.i420) {
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_rectangle(cairo, kWidth - 280 - 3, 24 - 3, 256 + 6, 144 + 6);
    cairo_fill(cairo);
    if (const Surface picture = surface_of(scene.self)) draw_picture(cairo, picture.get(), kWidth - 280, 24, 256, 144);
  }
  draw_banner(cairo, scene.card);
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
  Scene scene{card_, {}, std::move(self)};
  const std::lock_guard lock(mutex_);
  for (const auto& [leg, sample] : far_) scene.far.push_back(sample);
  return scene;
}

Result<void> write_png(const Scene& scene, int fd) {
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, kWidth, kHeight));
  const Cairo cairo(cairo_create(surface.get()));
  if (scene.card.over_picture) draw_talk(cairo.get(), scene);
  else draw_card(cairo.get(), scene.card);
  cairo_surface_flush(surface.get());
  if (cairo_surface_write_to_png_stream(surface.get(), write_some, &fd) != CAIRO_STATUS_SUCCESS) {
    return fail(Errc::io, "the PNG could not be written");
  }
  return {};
}

}  // namespace madoguchi::media
