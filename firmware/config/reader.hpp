// SPDX-License-Identifier: Apache-2.0
// Reads TOML tables into plain structs and collects every problem with its file, line and column. A key that nobody asked
// for is a problem that names the nearest key that is known. Used once, at the start; no toml++ in this header.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/nearest.hpp"
#include "base/result.hpp"

namespace madoguchi::config {

struct Problem {
  std::string file;
  std::uint32_t line = 0, column = 0;
  std::string message;
};
/// "box.toml:12:1: unknown key \"polll\"; the nearest known key is \"poll\""
std::string to_string(const Problem& problem);

class Document;

/// One table of the document. Asking for a key makes it known; what is missing leaves `value` at its default.
class Table {
 public:
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, bool& value);
  void read(std::string_view key, int& value, int least, int most);
  void read(std::string_view key, double& value, double least, double most);
  void read(std::string_view key, std::vector<std::string>& value);
  /// "250ms", "10s", "30min", "2h"; at least `least`.
  void read(std::string_view key, std::chrono::milliseconds& value, std::chrono::milliseconds least,
            std::chrono::milliseconds most);
  /// One of the allowed words.
  void read_word(std::string_view key, std::string& value, const std::vector<std::string>& allowed);
  /// A sub-table; an empty one where it is missing.
  Table table(std::string_view key);
  /// An array of tables.
  std::vector<Table> tables(std::string_view key);
  [[nodiscard]] bool has(std::string_view key) const;
  /// A problem at this key (or at the table where it is missing).
  void complain(std::string_view key, const std::string& message);
  /// Complains unless the key is there.
  void require(std::string_view key);

 private:
  friend class Document;
  struct Node;
  explicit Table(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

class Document {
 public:
  /// Errc::not_found, permission; a syntax error is a Problem, not an Error.
  static Result<Document> open(const std::string& path);
  static Document parse(std::string_view text, const std::string& file);

  Table root();
  /// Problems so far and a problem for each key that was never asked for. Call it last.
  std::vector<Problem> finish();

  struct State;

 private:
  explicit Document(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace madoguchi::config
