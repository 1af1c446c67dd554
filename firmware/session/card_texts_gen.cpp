// SPDX-License-Identifier: Apache-2.0
// Runs at build time: reads what the TV says, one TOML file a language, checks that each has what the first has, and
// writes the texts as C++.
//   card_texts_gen HEADER SOURCE FIRST.toml OTHER.toml...      the language is the file's name
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMostLines = 3;
constexpr std::array<std::string_view, 13> kPlaceholders = {
    "{start}",     "{opens}", "{date}", "{role}",    "{banner}",  "{receipt}", "{telephone}",
    "{listeners}", "{month}", "{day}",  "{weekday}", "{seconds}", "{minutes}"};

[[noreturn]] void stop(const std::string& file, const toml::node& node, const std::string& what) {
  std::cerr << file << ":" << node.source().begin.line << ": " << what << "\n";
  std::exit(1);
}

std::string literal(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string identifier(std::string_view code) {
  std::string result(code);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

struct File {
  std::string path, language;
  toml::table root;
};

File read(const std::string& path) {
  File file{path, std::filesystem::path(path).stem().string(), {}};
  try {
    file.root = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    std::cerr << path << ":" << error.source().begin.line << ": " << error.description() << "\n";
    std::exit(1);
  }
  return file;
}

/// A text with no line of its own, no unknown {placeholder}.
std::string text_of(const File& file, const toml::node& node, const std::string& where) {
  const auto text = node.value_exact<std::string>();
  if (!text) stop(file.path, node, where + " is a text");
  if (text->find('\n') != std::string::npos) stop(file.path, node, where + " is one line");
  for (auto at = text->find('{'); at != std::string::npos; at = text->find('{', at + 1)) {
    const bool known = std::any_of(kPlaceholders.begin(), kPlaceholders.end(), [&](std::string_view placeholder) {
      return text->compare(at, placeholder.size(), placeholder) == 0;
    });
    if (!known) stop(file.path, node, where + ": nothing fills in " + text->substr(at, text->find('}', at) - at + 1));
  }
  return *text;
}

/// The row of one table: its texts in the order of `keys`; for a card title and lines.
std::string card_row(const File& file, const std::string& code, const toml::table& card) {
  for (const auto& [key, value] : card) {
    if (key != "title" && key != "lines") {
      stop(file.path, value, code + ": unknown key \"" + std::string(key.str()) + "\"; a card has title and lines");
    }
  }
  const toml::node* title = card.get("title");
  if (title == nullptr) stop(file.path, card, code + ": \"title\" is missing");
  const toml::array* lines = card["lines"].as_array();
  if (lines == nullptr) stop(file.path, card, code + ": \"lines\" is missing, a list");
  if (lines->size() > kMostLines) stop(file.path, *lines, code + ": at most three lines");
  std::string row = "    {" + literal(text_of(file, *title, code + ": title")) + ", {";
  for (std::size_t i = 0; i < kMostLines; ++i) {
    if (i > 0) row += ", ";
    row += i < lines->size() ? literal(text_of(file, *lines->get(i), code + ": a line")) : "\"\"";
  }
  return row + "}},  // " + code + "\n";
}

std::set<std::string> keys_of(const toml::table& table) {
  std::set<std::string> keys;
  for (const auto& [key, value] : table) keys.emplace(key.str());
  return keys;
}

void same_keys(const File& file, const toml::table& table, const File& first, const toml::table& wanted,
               const std::string& where) {
  const std::set<std::string> there = keys_of(table);
  const std::set<std::string> should = keys_of(wanted);
  for (const std::string& key : should) {
    if (!there.contains(key)) {
      stop(file.path, table, where + "\"" + key + "\" is missing; " + first.path + " has it");
    }
  }
  for (const std::string& key : there) {
    if (!should.contains(key)) {
      stop(file.path, *table.get(key), where + "\"" + key + "\" is unknown; " + first.path + " has no such key");
    }
  }
}

const toml::table& table_of(const File& file, const std::string& key) {
  const toml::node* node = file.root.get(key);
  if (node == nullptr) stop(file.path, file.root, "[" + key + "] is missing");
  if (!node->is_table()) stop(file.path, *node, "[" + key + "] is a table");
  return *node->as_table();
}

constexpr const char* kHeader = R"(// Made from firmware/session/cards/*.toml; change those files.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace madoguchi::session {

struct CardText {
  std::string_view title;
  std::array<std::string_view, 3> lines;  ///< "" = none
};

)";

constexpr const char* kHeaderEnd = R"(
std::string_view name(Language language);
std::optional<Language> language_of(std::string_view name);
std::span<const Language> all_languages();
std::string_view name(CardCode code);
std::optional<CardCode> card_of(std::string_view name);
const CardText& text(Language language, CardCode code);
std::string_view text(Language language, CardWord word);

}  // namespace madoguchi::session
)";

constexpr const char* kSourceEnd = R"(
template <class T, std::size_t N>
std::optional<T> find(const std::string_view (&names)[N], std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<T>(i);
  }
  return std::nullopt;
}
template <class T>
std::size_t index(T value) {
  return static_cast<std::size_t>(value);
}

}  // namespace

std::string_view name(Language language) { return kLanguageNames[index(language)]; }
std::optional<Language> language_of(std::string_view name) { return find<Language>(kLanguageNames, name); }
std::span<const Language> all_languages() { return kLanguages; }
std::string_view name(CardCode code) { return kCodeNames[index(code)]; }
std::optional<CardCode> card_of(std::string_view name) { return find<CardCode>(kCodeNames, name); }
const CardText& text(Language language, CardCode code) { return kTexts[index(language)][index(code)]; }
std::string_view text(Language language, CardWord word) { return kWords[index(language)][index(word)]; }

}  // namespace madoguchi::session
)";

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "card_texts_gen HEADER SOURCE FIRST.toml OTHER.toml...\n";
    return 2;
  }
  std::vector<File> files;
  for (int i = 3; i < argc; ++i) files.push_back(read(argv[i]));
  const File& first = files.front();
  for (const File& file : files) {
    same_keys(file, file.root, first, first.root, "");
    same_keys(file, table_of(file, "words"), first, table_of(first, "words"), "words: ");
  }
  std::vector<std::string> codes;
  for (const std::string& key : keys_of(first.root)) {
    if (key != "words") codes.push_back(key);
  }
  const std::set<std::string> words = keys_of(table_of(first, "words"));

  std::string languages;
  std::string language_names;
  std::string language_list;
  for (const File& file : files) {
    languages += "  " + file.language + ",\n";
    language_names += "    \"" + file.language + "\",\n";
    language_list += "    Language::" + file.language + ",\n";
  }
  std::string code_list;
  std::string code_names;
  for (const std::string& code : codes) {
    code_list += "  " + identifier(code) + ",\n";
    code_names += "    \"" + code + "\",\n";
  }
  std::string word_list;
  for (const std::string& word : words) word_list += "  " + identifier(word) + "_,\n";

  std::ofstream(argv[1]) << kHeader << "enum class Language : std::uint8_t {\n"
                         << languages << "};\nenum class CardCode : std::uint8_t {\n"
                         << code_list << "};\ninline constexpr std::size_t kCards = " << codes.size()
                         << ";\nenum class CardWord : std::uint8_t {\n"
                         << word_list << "};\n"
                         << kHeaderEnd;

  std::ofstream source(argv[2]);
  source << "// Made from firmware/session/cards/*.toml; change those files.\n#include \"session/card_texts.hpp\"\n\n"
         << "namespace madoguchi::session {\n\nnamespace {\n\nconstexpr std::string_view kLanguageNames[] = {\n"
         << language_names << "};\nconstexpr Language kLanguages[] = {\n"
         << language_list << "};\nconstexpr std::string_view kCodeNames[] = {\n"
         << code_names << "};\n\nconstexpr CardText kTexts[][kCards] = {\n";
  for (const File& file : files) {
    source << "{\n";
    for (const std::string& code : codes) source << card_row(file, code, table_of(file, code));
    source << "},\n";
  }
  source << "};\n\nconstexpr std::string_view kWords[][" << words.size() << "] = {\n";
  for (const File& file : files) {
    source << "{\n";
    for (const std::string& word : words) {
      source << "    " << literal(text_of(file, *table_of(file, "words").get(word), "words: " + word)) << ",\n";
    }
    source << "},\n";
  }
  source << "};\n" << kSourceEnd;
}
