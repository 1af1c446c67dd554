// SPDX-License-Identifier: Apache-2.0
// The model is a linear one: each group weighs one to three characters at a place relative to the boundary in question.
#include "media/phrases.hpp"

#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <string>

namespace madoguchi::media {

extern const std::string_view kPhrasesModel;  ///< phrases_ja.json; generated

namespace {

struct Group {
  const char* name;
  int from, to;  ///< characters relative to the one that would begin a phrase
};
constexpr std::array kGroups = {Group{"UW1", -3, -2}, Group{"UW2", -2, -1}, Group{"UW3", -1, 0}, Group{"UW4", 0, 1},
                                Group{"UW5", 1, 2},   Group{"UW6", 2, 3},   Group{"BW1", -2, 0}, Group{"BW2", -1, 1},
                                Group{"BW3", 0, 2},   Group{"TW1", -3, 0},  Group{"TW2", -2, 1}, Group{"TW3", -1, 2},
                                Group{"TW4", 0, 3}};

struct Model {
  std::array<std::map<std::string, std::int64_t, std::less<>>, kGroups.size()> weights;
  std::int64_t sum = 0;
};

Model read_model() {
  Model model;
  const boost::json::value root = boost::json::parse(kPhrasesModel);
  for (std::size_t i = 0; i < kGroups.size(); ++i) {
    const boost::json::value* group = root.as_object().if_contains(kGroups[i].name);
    if (group == nullptr) continue;
    for (const auto& [text, weight] : group->as_object()) {
      model.weights[i].emplace(text, weight.as_int64());
      model.sum += weight.as_int64();
    }
  }
  return model;
}

/// The offsets of the characters and of the end; [] when it is not UTF-8.
std::vector<std::size_t> characters(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size();) {
    starts.push_back(at);
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || at + length > text.size()) return {};
    at += length;
  }
  starts.push_back(text.size());
  return starts;
}

}  // namespace

std::vector<std::size_t> phrase_starts(std::string_view utf8) {
  static const Model model = read_model();
  const std::vector<std::size_t> starts = characters(utf8);
  const int count = static_cast<int>(starts.size()) - 1;
  std::vector<std::size_t> result;
  for (int at = 1; at < count; ++at) {
    std::int64_t score = -model.sum;  // of twice the weights: the bias is half their sum
    for (std::size_t i = 0; i < kGroups.size(); ++i) {
      const int from = at + kGroups[i].from;
      const int to = at + kGroups[i].to;
      if (from < 0 || to > count) continue;
      const std::size_t begin = starts[static_cast<std::size_t>(from)];
      const auto weight = model.weights[i].find(utf8.substr(begin, starts[static_cast<std::size_t>(to)] - begin));
      if (weight != model.weights[i].end()) score += 2 * weight->second;
    }
    if (score > 0) result.push_back(starts[static_cast<std::size_t>(at)]);
  }
  return result;
}

}  // namespace madoguchi::media
