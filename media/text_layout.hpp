// SPDX-License-Identifier: Apache-2.0
// Text for the TV: broken into lines as its language wants, measured, painted. One thread at a time, any.
#pragma once

#include <cairo/cairo.h>
#include <pango/pango.h>

#include <memory>
#include <string>
#include <vector>

namespace madoguchi::media {

struct TextLine {
  std::string text;
  double width = 0;
};

struct TextBlock {
  std::vector<TextLine> lines;
  int px = 0;  ///< of the em
  bool bold = false;
  double line_height = 0;
  bool word_broken = false;  ///< a phrase is wider than the screen
  [[nodiscard]] double height() const { return line_height * static_cast<double>(lines.size()); }
};

class TextLayout {
 public:
  /// As few lines as fit into `width`, each as long as the others as far as it goes. `lang` "ja" breaks between phrases,
  /// others at spaces where there are any.
  [[nodiscard]] TextBlock lay(const std::string& text, const std::string& lang, int px, bool bold, double width);
  /// One line with its left upper corner at (x, y), in the colour that is set.
  void paint(cairo_t* cairo, const std::string& line, int px, bool bold, double x, double y);

 private:
  struct Unref {
    void operator()(void* object) const;
  };
  /// With the first text: a picture without a word needs no face.
  void open();
  void set(const std::string& text, int px, bool bold);
  double width_of(const std::string& text, int px, bool bold);

  std::unique_ptr<PangoContext, Unref> context_;
  std::unique_ptr<PangoLayout, Unref> layout_;
};

}  // namespace madoguchi::media
