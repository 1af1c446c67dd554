// SPDX-License-Identifier: Apache-2.0
// The faults as they are generated, and the generator's refusals. The table is compared with base/faults.toml itself.
#include "base/faults.hpp"

#include <boost/asio/io_context.hpp>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

/// "[code]" lines of the file: read here by hand, not by what made the table.
std::vector<std::string> codes_in_file() {
  std::vector<std::string> codes;
  std::istringstream lines(read_text(MADOGUCHI_SOURCE "/base/faults.toml"));
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > 2 && line.front() == '[' && line.back() == ']') codes.push_back(line.substr(1, line.size() - 2));
  }
  return codes;
}

bool has_japanese(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0xe3) return true;
  }
  return false;
}
bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~') return false;
  }
  return true;
}

struct Generated {
  int status = -1;
  std::string errors, header, source;
};

Generated generate(const std::string& toml) {
  const Folder folder;
  asio::io_context io;
  write_text(folder / "faults.toml", toml);
  Program program(io, folder.path(), "gen");
  program.start("faults_gen", {folder / "faults.toml", folder / "faults.hpp", folder / "faults.cpp"});
  Generated result;
  result.status = program.wait();
  result.errors = program.errors();
  result.header = read_text(folder / "faults.hpp");
  result.source = read_text(folder / "faults.cpp");
  return result;
}

const std::string kGood = R"([camera-gone]
severity = "error"
lamp = 4
ja = "カメラがありません。"
en = "The camera is gone."
steps_ja = ["白いUSBケーブルを挿し直してください。"]
steps_en = ["Plug the white USB cable in again."]
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("every fault of the file is in the table, once") {
  const auto codes = codes_in_file();
  REQUIRE(codes.size() > 10);
  REQUIRE(all_faults().size() == codes.size());
  std::set<std::string> seen;
  for (const std::string& code : codes) {
    CAPTURE(code);
    const auto fault = fault_of(code);
    REQUIRE(fault);
    CHECK(info(*fault).code == code);
    CHECK(&info(*fault) == &all_faults()[static_cast<std::size_t>(*fault)]);
    CHECK(seen.insert(code).second);
  }
  CHECK(fault_of("") == std::nullopt);
  CHECK(fault_of("no-such-fault") == std::nullopt);
  CHECK(fault_of("network_unreachable") == std::nullopt);
  CHECK(fault_of("network-unreachable") == Fault::network_unreachable);
}

TEST_CASE("every fault has words in both languages, and as many steps in each") {
  std::set<std::string_view> japanese;
  std::set<std::string_view> english;
  for (const FaultInfo& fault : all_faults()) {
    CAPTURE(fault.code);
    CHECK(has_japanese(fault.ja));
    CHECK(is_ascii(fault.en));
    CHECK(fault.en.size() > 10);
    CHECK(japanese.insert(fault.ja).second);  // two faults that read the same cannot be told apart
    CHECK(english.insert(fault.en).second);
    CHECK(fault.lamp >= 0);
    CHECK(fault.lamp <= 9);
    for (std::size_t step : {0U, 1U}) {
      CHECK(fault.steps_ja[step].empty() == fault.steps_en[step].empty());
      if (fault.steps_ja[step].empty()) continue;
      CHECK(has_japanese(fault.steps_ja[step]));
      CHECK(is_ascii(fault.steps_en[step]));
    }
    // Staff who see it are told what to do with their hands.
    if (fault.severity == Severity::error) CHECK_FALSE(fault.steps_ja[0].empty());
  }
}

TEST_CASE("severities have names") {
  CHECK(name(Severity::notice) == "notice");
  CHECK(name(Severity::warning) == "warning");
  CHECK(name(Severity::error) == "error");
}

TEST_CASE("the generator writes header and table") {
  const Generated made = generate(kGood);
  CHECK(made.errors.empty());
  REQUIRE(made.status == 0);
  CHECK(made.header.find("  camera_gone,\n") != std::string::npos);
  CHECK(made.source.find(R"("camera-gone", Severity::error, 4, "カメラがありません。", "The camera is gone.")") !=
        std::string::npos);
}

TEST_CASE("words with quotes, backslashes and line ends come out as C++") {
  const Generated made = generate(with("The camera is gone.", R"(The \"camera\" \\ is\ngone.)"));
  REQUIRE(made.status == 0);
  CHECK(made.source.find(R"("The \"camera\" \\ is\ngone.")") != std::string::npos);
}

TEST_CASE("the generator refuses a bad file, with its line and what is wrong") {
  struct Row {
    std::string toml, line, words;
  };
  const Row rows[] = {
      {kGood + "colour = \"red\"\n", ":8:", "unknown key \"colour\""},
      {with("\"error\"", "\"fatal\""), ":1:", "severity is notice, warning or error"},
      {with("severity = \"error\"\n", ""), ":1:", "\"severity\" is missing"},
      {with("lamp = 4\n", ""), ":1:", "lamp is 0 to 9 blinks"},
      {with("lamp = 4", "lamp = 10"), ":1:", "lamp is 0 to 9 blinks"},
      {with("lamp = 4", "lamp = -1"), ":1:", "lamp is 0 to 9 blinks"},
      {with("lamp = 4", "lamp = \"4\""), ":1:", "lamp is 0 to 9 blinks"},
      {with("ja = \"カメラがありません。\"\n", ""), ":1:", "\"ja\" is missing"},
      {with("en = \"The camera is gone.\"", "en = \"\""), ":1:", "\"en\" is missing"},
      {with("steps_en = [\"Plug the white USB cable in again.\"]\n", ""), ":1:", "\"steps_en\" is missing"},
      {with("[\"Plug the white USB cable in again.\"]", "[\"One.\", \"Two.\", \"Three.\"]"),
       ":7:", "at most two steps"},
      {with("[\"Plug the white USB cable in again.\"]", "[1]"), ":7:", "a step is a text"},
      {with("[\"Plug the white USB cable in again.\"]", "[]"), ":7:", "as many steps"},
      {kGood + kGood, ":8:", "camera-gone"},
      {with("[camera-gone]", "[Camera-Gone]"), ":1:", "a-z and dashes"},
      {with("[camera-gone]", "[camera_gone]"), ":1:", "a-z and dashes"},
      {with("[camera-gone]", "[\"camera gone\"]"), ":1:", "a-z and dashes"},
      {with("[camera-gone]", "[-]"), ":1:", "a-z and dashes"},
      {"fault = 1\n", ":1:", "a fault is a table"},
      {with("lamp = 4", "lamp = "), ":3:", ""},
      {"", "", "no fault"},
  };
  for (const Row& row : rows) {
    const Generated made = generate(row.toml);
    CAPTURE(row.toml, made.errors);
    CHECK(made.status == 1);
    CHECK(made.errors.find(row.line) != std::string::npos);
    CHECK(made.errors.find(row.words) != std::string::npos);
    CHECK(made.header.empty());  // nothing half made is left for the compiler
    CHECK(made.source.empty());
  }
}
