// SPDX-License-Identifier: Apache-2.0
// toml++ behind the Table and Document of reader.hpp. Used once, at the start.
#include "firmware/config/reader.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "base/atomic_file.hpp"

namespace madoguchi::config {

using std::chrono::milliseconds;

struct Table::Node {
  const toml::table* table = nullptr;  ///< nullptr: the table is missing, all stays at its default
  std::string path;                    ///< "feed[0]" for messages, "" for the root
  std::set<std::string, std::less<>> known;
  std::shared_ptr<Document::State> document;
};

struct Document::State {
  toml::table root;
  std::string file;
  std::vector<Problem> problems;
  std::vector<std::shared_ptr<Table::Node>> nodes;
  bool parsed = false;
};

std::string to_string(const Problem& problem) {
  if (problem.line == 0) return fmt::format("{}: {}", problem.file, problem.message);
  return fmt::format("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
}

namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

std::optional<milliseconds> duration(std::string_view text) {
  std::size_t digits = 0;
  long long count = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 9) {
    count = count * 10 + (text[digits++] - '0');
  }
  const std::string_view unit = text.substr(digits);
  if (digits == 0) return std::nullopt;
  if (unit == "ms") return milliseconds(count);
  if (unit == "s") return milliseconds(count * 1000);
  if (unit == "min") return milliseconds(count * 60'000);
  if (unit == "h") return milliseconds(count * 3'600'000);
  return std::nullopt;
}

std::string words(milliseconds value) {
  const auto count = value.count();
  if (count % 3'600'000 == 0 && count > 0) return fmt::format("{}h", count / 3'600'000);
  if (count % 60'000 == 0 && count > 0) return fmt::format("{}min", count / 60'000);
  if (count % 1000 == 0) return fmt::format("{}s", count / 1000);
  return fmt::format("{}ms", count);
}

}  // namespace

// ---- Table -----------------------------------------------------------------------------------------------------------

namespace {
template <class Node>
const toml::node* ask(Node& node, std::string_view key) {
  node.known.emplace(key);
  return node.table == nullptr ? nullptr : node.table->get(key);
}
}  // namespace

bool Table::has(std::string_view key) const { return node_->table != nullptr && node_->table->contains(key); }

void Table::complain(std::string_view key, const std::string& message) {
  const toml::node* node = ask(*node_, key);
  toml::source_region where{};
  if (node != nullptr) where = node->source();
  else if (node_->table != nullptr) where = node_->table->source();
  node_->document->problems.push_back({node_->document->file, where.begin.line, where.begin.column, message});
}

void Table::require(std::string_view key) {
  if (ask(*node_, key) != nullptr) return;
  complain(key, node_->path.empty() ? fmt::format("\"{}\" is missing", key)
                                    : fmt::format("\"{}\" is missing in [{}]", key, node_->path));
}

void Table::read(std::string_view key, std::string& value) {
  const toml::node* node = ask(*node_, key);
  if (node == nullptr) return;
  if (const auto* text = node->as_string()) value = text->get();
  else complain(key, fmt::format("\"{}\" must be a string, not {}", key, type_name(*node)));
}

void Table::read(std::string_view key, bool& value) {
  const toml::node* node = ask(*node_, key);
  if (node == nullptr) return;
  if (const auto* boolean = node->as_boolean()) value = boolean->get();
  else complain(key, fmt::format("\"{}\" must be true or false, not {}", key, type_name(*node)));
}

void Table::read(std::string_view key, int& value, int least, int most) {
  const toml::node* node = ask(*node_, key);
  if (node == nullptr) return;
  const auto* integer = node->as_integer();
  if (integer == nullptr) {
    return complain(key, fmt::format("\"{}\" must be an integer, not {}", key, type_name(*node)));
  }
  if (integer->get() < least || integer->get() > most) {
    return complain(key, fmt::format("\"{}\" must be from {} to {}", key, least, most));
  }
  value = static_cast<int>(integer->get());
}

void Table::read(std::string_view key, double& value, double least, double most) {
  const toml::node* node = ask(*node_, key);
  if (node == nullptr) return;
  const std::optional<double> number = node->value<double>();
  if (!number || node->is_boolean()) {
    return complain(key, fmt::format("\"{}\" must be a number, not {}", key, type_name(*node)));
  }
  if (*number < least || *number > most) {
    return complain(key, fmt::format("\"{}\" must be from {} to {}", key, least, most));
  }
  value = *number;
}

void Table::read(std::string_view key, std::vector<std::string>& value) {
  const toml::node* node = ask(*node_, key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr ||
      std::any_of(array->begin(), array->end(), [](const auto& each) { return !each.is_string(); })) {
    return complain(key, fmt::format("\"{}\" must be a list of strings", key));
  }
  value.clear();
  for (const toml::node& each : *array) value.push_back(each.as_string()->get());
}

void Table::read(std::string_view key, milliseconds& value, milliseconds least, milliseconds most) {
  const toml::node* node = ask(*node_, key);
  if (node == nullptr) return;
  const auto* text = node->as_string();
  const std::optional<milliseconds> parsed = text == nullptr ? std::nullopt : duration(text->get());
  if (!parsed) {
    return complain(key, fmt::format("\"{}\" must be a duration such as \"250ms\", \"10s\", \"30min\" or \"2h\"", key));
  }
  if (*parsed < least || *parsed > most) {
    return complain(key, fmt::format("\"{}\" must be from {} to {}", key, words(least), words(most)));
  }
  value = *parsed;
}

void Table::read_word(std::string_view key, std::string& value, const std::vector<std::string>& allowed) {
  if (!has(key)) {
    node_->known.emplace(key);
    return;
  }
  std::string word = value;
  const std::size_t before = node_->document->problems.size();
  read(key, word);
  if (node_->document->problems.size() != before) return;
  if (std::find(allowed.begin(), allowed.end(), word) == allowed.end()) {
    return complain(key, fmt::format("\"{}\" must be one of: {}", key, fmt::join(allowed, ", ")));
  }
  value = word;
}

Table Table::table(std::string_view key) {
  auto child = std::make_shared<Node>();
  child->document = node_->document;
  child->path = node_->path.empty() ? std::string(key) : fmt::format("{}.{}", node_->path, key);
  if (const toml::node* node = ask(*node_, key)) {
    child->table = node->as_table();
    if (child->table == nullptr) complain(key, fmt::format("\"{}\" must be a table: [{}]", key, child->path));
  }
  node_->document->nodes.push_back(child);
  return Table(child);
}

std::vector<Table> Table::tables(std::string_view key) {
  std::vector<Table> result;
  const toml::node* node = ask(*node_, key);
  if (node == nullptr) return result;
  const toml::array* array = node->as_array();
  if (array == nullptr ||
      std::any_of(array->begin(), array->end(), [](const auto& each) { return !each.is_table(); })) {
    complain(key, fmt::format("\"{}\" must be a list of tables: [[{}]]", key, key));
    return result;
  }
  for (const toml::node& each : *array) {
    auto child = std::make_shared<Node>();
    child->document = node_->document;
    child->path = node_->path.empty() ? fmt::format("[{}]", key) : fmt::format("[{}.{}]", node_->path, key);
    child->table = each.as_table();
    node_->document->nodes.push_back(child);
    result.push_back(Table(child));
  }
  return result;
}

// ---- Document --------------------------------------------------------------------------------------------------------

Result<Document> Document::open(const std::string& path) {
  auto text = read_file(path, 1024 * 1024);
  if (!text) return fail(text.error().in("reading the configuration"));
  return parse(*text, path);
}

Document Document::parse(std::string_view text, const std::string& file) {
  auto state = std::make_shared<State>();
  state->file = file;
  try {
    state->root = toml::parse(text, std::string_view(file));
    state->parsed = true;
  } catch (const toml::parse_error& error) {
    const auto where = error.source().begin;
    state->problems.push_back({file, where.line, where.column, std::string(error.description())});
  }
  return Document(std::move(state));
}

Table Document::root() {
  auto node = std::make_shared<Table::Node>();
  node->document = state_;
  if (state_->parsed) node->table = &state_->root;
  state_->nodes.push_back(node);
  return Table(node);
}

std::vector<Problem> Document::finish() {
  for (const auto& node : state_->nodes) {
    if (node->table == nullptr) continue;
    for (const auto& [key, value] : *node->table) {
      if (node->known.count(key.str()) != 0) continue;
      const std::string near = nearest(key.str(), node->known);
      std::string message = fmt::format("unknown key \"{}\"", key.str());
      if (!near.empty()) message += fmt::format("; the nearest known key is \"{}\"", near);
      const auto where = key.source().begin.line != 0 ? key.source().begin : value.source().begin;
      state_->problems.push_back({state_->file, where.line, where.column, std::move(message)});
    }
  }
  auto problems = std::move(state_->problems);
  state_->nodes.clear();  // they point back at the state
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return problems;
}

}  // namespace madoguchi::config
