// SPDX-License-Identifier: Apache-2.0
// The generator of the cards' texts refuses files that differ in what they have.
#include "session/card_texts.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

const std::string kFirst = R"([words]
and = "、"
[ready]
title = "題"
lines = ["一", "二"]
)";

struct Generated {
  int status = -1;
  std::string errors, source;
};

Generated generate(const std::string& first, const std::string& other) {
  const Folder folder;
  asio::io_context io;
  write_text(folder / "ja.toml", first);
  write_text(folder / "en.toml", other);
  Program program(io, folder.path(), "gen");
  program.start("card_texts_gen", {folder / "texts.hpp", folder / "texts.cpp", folder / "ja.toml", folder / "en.toml"});
  Generated result;
  result.status = program.wait();
  result.errors = program.errors();
  result.source = read_text(folder / "texts.cpp");
  return result;
}

}  // namespace

TEST_CASE("two files of the same keys become texts") {
  const Generated made = generate(kFirst, "[words]\nand = \", \"\n[ready]\ntitle = \"A \\\"title\\\"\"\nlines = []\n");
  CHECK(made.status == 0);
  CHECK(made.source.find("\"A \\\"title\\\"\"") != std::string::npos);
  CHECK(made.source.find("\"一\"") != std::string::npos);
}

TEST_CASE("a file that has not what the first has stops the build, and says what and where") {
  struct Row {
    std::string other, error;
  };
  const std::string good_words = "[words]\nand = \",\"\n";
  const auto row = GENERATE_COPY(values<Row>({
      {good_words, "\"ready\" is missing"},
      {"[words]\n[ready]\ntitle = \"\"\nlines = []\n", "words: \"and\" is missing"},
      {good_words + "[ready]\nlines = []\n", ":3: ready: \"title\" is missing"},
      {good_words + "[ready]\ntitle = \"\"\n", ":3: ready: \"lines\" is missing"},
      {good_words + "[ready]\ntitle = \"\"\nlines = []\nline = \"\"\n", ":6: ready: unknown key \"line\""},
      {good_words + "[ready]\ntitle = 1\nlines = []\n", ":4: ready: title is a text"},
      {good_words + "[ready]\ntitle = \"\"\nlines = [1]\n", "ready: a line is a text"},
      {good_words + "[ready]\ntitle = \"\"\nlines = [\"\", \"\", \"\", \"\"]\n", "at most three lines"},
      {good_words + "[ready]\ntitle = \"at {begin}\"\nlines = []\n", "nothing fills in {begin}"},
      {good_words + "[ready]\ntitle = \"\"\nlines = []\n[redy]\ntitle = \"\"\nlines = []\n", "\"redy\" is unknown"},
      {good_words + "or = \"\"\n[ready]\ntitle = \"\"\nlines = []\n", "words: \"or\" is unknown"},
      {"ready = 1\n" + good_words, ":1: [ready] is a table"},
      {good_words + "[ready\n", ":3: "},
  }));
  CAPTURE(row.other);
  const Generated made = generate(kFirst, row.other);
  CHECK(made.status == 1);
  CHECK(made.errors.find("en.toml") != std::string::npos);
  CHECK(made.errors.find(row.error) != std::string::npos);
  INFO(made.errors);
}
