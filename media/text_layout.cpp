// SPDX-License-Identifier: Apache-2.0
// Pango finds the glyphs and where lines may be broken at all; which of these places are taken is decided here.
#include "media/text_layout.hpp"

#include <pango/pangocairo.h>

#include <algorithm>
#include <cmath>

#include "media/phrases.hpp"

namespace madoguchi::media {

namespace {

constexpr const char* kFace = "BIZ UDPGothic, sans-serif";
constexpr double kLineHeight = 1.3;  ///< of the em: room for no ruby, and for descenders
constexpr std::string_view kWideSpace = "\u3000";

bool ends_in_space(std::string_view text) { return text.ends_with(' ') || text.ends_with(kWideSpace); }

void trim(std::string& text) {
  while (ends_in_space(text)) text.resize(text.size() - (text.back() == ' ' ? 1 : kWideSpace.size()));
}

/// `text` cut at every place where a line may end.
std::vector<std::string> pieces(const std::string& text, const std::string& lang, bool anywhere) {
  const long count = g_utf8_strlen(text.c_str(), -1);
  std::vector<PangoLogAttr> places(static_cast<std::size_t>(count) + 1);
  pango_get_log_attrs(text.c_str(), static_cast<int>(text.size()), -1, pango_language_from_string("ja"), places.data(),
                      static_cast<int>(places.size()));
  // Easy Japanese and English have spaces between their words; what has none was not written as such.
  const bool by_phrases = lang == "ja" || text.find(' ') == std::string::npos;
  const std::vector<std::size_t> phrases = by_phrases ? phrase_starts(text) : std::vector<std::size_t>();
  std::vector<std::string> result;
  std::size_t begin = 0;
  const char* at = text.c_str();
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto offset = static_cast<std::size_t>(at - text.c_str());
    const bool end = offset == text.size();
    const bool good = ends_in_space(std::string_view(text).substr(0, offset)) ||
                      std::binary_search(phrases.begin(), phrases.end(), offset);
    if (offset > begin && (end || (places[i].is_line_break != 0 && (good || anywhere)))) {
      result.push_back(text.substr(begin, offset - begin));
      begin = offset;
    }
    if (!end) at = g_utf8_next_char(at);
  }
  return result;
}

}  // namespace

void TextLayout::Unref::operator()(void* object) const { g_object_unref(object); }

void TextLayout::open() {
  context_.reset(pango_font_map_create_context(pango_cairo_font_map_get_default()));
  // The same picture at every size and on every machine, as far as that goes.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(context_.get(), options);
  cairo_font_options_destroy(options);
  pango_context_set_round_glyph_positions(context_.get(), FALSE);
  layout_.reset(pango_layout_new(context_.get()));
}

void TextLayout::set(const std::string& text, int px, bool bold) {
  if (!layout_) open();
  PangoFontDescription* font = pango_font_description_from_string(kFace);
  pango_font_description_set_absolute_size(font, static_cast<double>(px) * PANGO_SCALE);
  pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description(layout_.get(), font);
  pango_font_description_free(font);
  pango_layout_set_single_paragraph_mode(layout_.get(), TRUE);
  pango_layout_set_text(layout_.get(), text.c_str(), static_cast<int>(text.size()));
}

double TextLayout::width_of(const std::string& text, int px, bool bold) {
  set(text, px, bold);
  int width = 0;
  pango_layout_get_size(layout_.get(), &width, nullptr);
  return static_cast<double>(width) / PANGO_SCALE;
}

TextBlock TextLayout::lay(const std::string& text, const std::string& lang, int px, bool bold, double width) {
  TextBlock block{{}, px, bold, std::ceil(px * kLineHeight), false};
  struct Piece {
    std::string text;
    double width;          ///< with the space at its end
    double trimmed_width;  ///< without
  };
  std::vector<Piece> all;
  const auto add = [&](const std::string& piece) {
    std::string bare = piece;
    trim(bare);
    all.push_back({piece, width_of(piece, px, bold), width_of(bare, px, bold)});
  };
  for (const std::string& piece : pieces(text, lang, false)) {
    add(piece);
    if (all.back().trimmed_width <= width) continue;
    all.pop_back();
    block.word_broken = true;
    for (const std::string& part : pieces(piece, lang, true)) add(part);
  }
  const auto fill = [&](double most) {
    std::vector<TextLine> lines;
    double used = 0;
    for (const Piece& piece : all) {
      if (lines.empty() || used + piece.trimmed_width > most) {
        lines.push_back({});
        used = 0;
      }
      lines.back().text += piece.text;
      lines.back().width = used + piece.trimmed_width;
      used += piece.width;
    }
    return lines;
  };
  block.lines = fill(width);
  const std::size_t count = block.lines.size();
  // The narrowest that takes no line more: lines of about the same length.
  double low = 0;
  double high = width;
  while (high - low > 1 && count > 1) {
    const double middle = (low + high) / 2;
    const std::vector<TextLine> lines = fill(middle);
    const bool fits = lines.size() <= count && std::all_of(lines.begin(), lines.end(), [middle](const TextLine& line) {
                        return line.width <= middle;
                      });
    (fits ? high : low) = middle;
  }
  block.lines = fill(high);
  for (TextLine& line : block.lines) trim(line.text);
  return block;
}

void TextLayout::paint(cairo_t* cairo, const std::string& line, int px, bool bold, double x, double y) {
  set(line, px, bold);
  int height = 0;
  pango_layout_get_size(layout_.get(), nullptr, &height);
  cairo_move_to(cairo, x, y + (std::ceil(px * kLineHeight) - static_cast<double>(height) / PANGO_SCALE) / 2);
  pango_cairo_show_layout(cairo, layout_.get());
}

}  // namespace madoguchi::media
