// SPDX-License-Identifier: Apache-2.0
// Runs at build time: reads base/faults.toml, checks it, writes base/faults.hpp and base/faults.cpp.
//   faults_gen FAULTS.TOML HEADER SOURCE
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

[[noreturn]] void stop(const std::string& file, const toml::node& node, const std::string& what) {
  std::cerr << file << ":" << node.source().begin.line << ": " << what << "\n";
  std::exit(1);
}

std::string literal(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string identifier(std::string code) {
  std::replace(code.begin(), code.end(), '-', '_');
  return code;
}

class Entry {
 public:
  Entry(std::string file, std::string code, const toml::table& table) : file_(file), code_(code), table_(table) {
    const bool spelt = !code.empty() && code.front() != '-' &&
                       std::all_of(code.begin(), code.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
    if (!spelt) stop(file_, table_, "a fault's code is made of a-z and dashes, not \"" + code + "\"");
    for (const auto& [key, value] : table) {
      static const std::vector<std::string_view> kKeys{"severity", "lamp", "ja", "en", "steps_ja", "steps_en"};
      if (std::find(kKeys.begin(), kKeys.end(), key.str()) == kKeys.end()) {
        stop(file_, value, code + ": unknown key \"" + std::string(key.str()) + "\"");
      }
    }
  }

  [[nodiscard]] std::string row() const {
    const std::string severity = text("severity");
    if (severity != "notice" && severity != "warning" && severity != "error") {
      stop(file_, table_, code_ + ": severity is notice, warning or error");
    }
    const auto lamp = table_["lamp"].value<int>().value_or(-1);
    if (lamp < 0 || lamp > 9) stop(file_, table_, code_ + ": lamp is 0 to 9 blinks");
    const std::string steps_ja = steps("steps_ja");
    const std::string steps_en = steps("steps_en");
    if (table_["steps_ja"].as_array()->size() != table_["steps_en"].as_array()->size()) {
      stop(file_, *table_["steps_en"].node(), code_ + ": as many steps in each language");
    }
    return "    FaultInfo{" + literal(code_) + ", Severity::" + severity + ", " + std::to_string(lamp) + ", " +
           literal(text("ja")) + ", " + literal(text("en")) + ", " + steps_ja + ", " + steps_en + "},\n";
  }

 private:
  [[nodiscard]] std::string text(std::string_view key) const {
    const auto value = table_[key].value<std::string>();
    if (!value || value->empty()) stop(file_, table_, code_ + ": \"" + std::string(key) + "\" is missing");
    return *value;
  }
  [[nodiscard]] std::string steps(std::string_view key) const {
    const toml::array* array = table_[key].as_array();
    if (array == nullptr) stop(file_, table_, code_ + ": \"" + std::string(key) + "\" is missing");
    if (array->size() > 2) stop(file_, *array, code_ + ": at most two steps for the hands");
    std::string result = "{";
    for (std::size_t i = 0; i < 2; ++i) {
      if (i > 0) result += ", ";
      if (i < array->size() && !array->get(i)->is_string()) stop(file_, *array, code_ + ": a step is a text");
      result += i < array->size() ? literal(array->get(i)->value<std::string>().value_or("")) : "\"\"";
    }
    return result + "}";
  }

  std::string file_, code_;
  const toml::table& table_;
};

constexpr const char* kHeader = R"(// Made from base/faults.toml; change that file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace madoguchi {

enum class Severity : std::uint8_t { notice, warning, error };
std::string_view name(Severity severity);

struct FaultInfo {
  std::string_view code;
  Severity severity;
  int lamp;  ///< blinks of the rhythm; 0: the lamp says nothing
  std::string_view ja, en;
  std::array<std::string_view, 2> steps_ja, steps_en;  ///< "" = none
};

enum class Fault : std::uint8_t {
)";

constexpr const char* kHeaderEnd = R"(};

const FaultInfo& info(Fault fault);
std::optional<Fault> fault_of(std::string_view code);
/// In the order of the file; the index is the Fault.
std::span<const FaultInfo> all_faults();

}  // namespace madoguchi
)";

constexpr const char* kSource = R"(// Made from base/faults.toml; change that file.
#include "base/faults.hpp"

namespace madoguchi {

namespace {
constexpr FaultInfo kFaults[] = {
)";

constexpr const char* kSourceEnd = R"(};
}  // namespace

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::notice: return "notice";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "?";
}

const FaultInfo& info(Fault fault) { return kFaults[static_cast<std::size_t>(fault)]; }

std::optional<Fault> fault_of(std::string_view code) {
  for (std::size_t i = 0; i < std::size(kFaults); ++i) {
    if (kFaults[i].code == code) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

std::span<const FaultInfo> all_faults() { return kFaults; }

}  // namespace madoguchi
)";

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "faults_gen FAULTS.TOML HEADER SOURCE\n";
    return 2;
  }
  toml::table root;
  try {
    root = toml::parse_file(argv[1]);
  } catch (const toml::parse_error& error) {
    std::cerr << argv[1] << ":" << error.source().begin.line << ": " << error.description() << "\n";
    return 1;
  }
  std::string names;
  std::string rows;
  for (const auto& [code, node] : root) {
    const toml::table* table = node.as_table();
    if (table == nullptr) stop(argv[1], node, "a fault is a table: [" + std::string(code.str()) + "]");
    rows += Entry(argv[1], std::string(code.str()), *table).row();
    names += "  " + identifier(std::string(code.str())) + ",\n";
  }
  if (root.empty()) {
    std::cerr << argv[1] << ": there is no fault in it\n";
    return 1;
  }
  std::ofstream(argv[2]) << kHeader << names << kHeaderEnd;
  std::ofstream(argv[3]) << kSource << rows << kSourceEnd;
}
