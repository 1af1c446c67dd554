// SPDX-License-Identifier: Apache-2.0
// Log lines as journald reads them: quoting, levels, the recorder, one write a line. Pure, but for stderr in a pipe.
#include "base/log.hpp"

#include <algorithm>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/stderr.hpp"

using namespace madoguchi;
using madoguchi::test::Stderr;

namespace {

std::string line_of(std::string_view key, std::string_view value) {
  const Stderr captured;
  log::info("said", {{key, value}});
  return captured.text();
}

}  // namespace

TEST_CASE("a line is priority, event and fields") {
  const Stderr captured;
  log::error("feed-failed", {{"feed", "hall"}, {"status", 503}, {"after", 1.5}, {"seen", true}});
  CHECK(captured.text() == "<3>event=feed-failed feed=hall status=503 after=1.5 seen=true\n");
}

TEST_CASE("each level has syslog's number") {
  const Stderr captured;
  log::set_level(log::Level::debug);
  log::error("e");
  log::warning("w");
  log::notice("n");
  log::info("i");
  log::debug("d");
  CHECK(captured.text() == "<3>event=e\n<4>event=w\n<5>event=n\n<6>event=i\n<7>event=d\n");
}

TEST_CASE("values that would break a line apart are quoted and escaped") {
  struct Row {
    std::string value, written;
  };
  const Row rows[] = {
      {"plain-1.2:3/x", "plain-1.2:3/x"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {R"(say "hi")", R"("say \"hi\"")"},
      {R"(back\slash)", R"("back\\slash")"},
      {"two\nlines", R"("two\nlines")"},
      {"\n<3>event=forged", R"("\n<3>event=forged")"},
      {"carriage\rreturn", R"("carriage\x0dreturn")"},
      {"tab\tbed", R"("tab\x09bed")"},
      {std::string("nul\0l", 5), R"("nul\x00l")"},
      {"\x1b[2J", R"("\x1b[2J")"},
      {"del\x7f", R"("del\x7f")"},
      {"窓口", "\"窓口\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.written);
    CHECK(line_of("key", row.value) == "<6>event=said key=" + row.written + "\n");
  }
}

TEST_CASE("the program's name stands on every line") {
  const Stderr captured;
  log::set_program("media");
  log::info("ready");
  CHECK(captured.text() == "<6>program=media event=ready\n");
}

TEST_CASE("a session's id stands on every line until it is taken back") {
  const Stderr captured;
  log::set_program("box");
  log::set_session("c1");
  log::info("pressed");
  log::set_session("");
  log::info("idle");
  CHECK(captured.text() == "<6>program=box session=c1 event=pressed\n<6>program=box event=idle\n");
}

TEST_CASE("what is less urgent than the level goes to the recorder only") {
  const Stderr captured;
  log::debug("debug-line-of-this-test", {{"n", 1}});
  CHECK(captured.text().empty());
  log::set_level(log::Level::error);
  log::warning("warning-line-of-this-test");
  CHECK(captured.text().empty());
  const auto lines = log::recorded();
  REQUIRE(lines.size() >= 2);
  CHECK(lines[lines.size() - 2] == "<7>event=debug-line-of-this-test n=1");
  CHECK(lines.back() == "<4>event=warning-line-of-this-test");
}

TEST_CASE("what the level held back is written out once when asked for") {
  const Stderr captured;
  log::info("seen-before");
  log::debug("held-back", {{"n", 1}});
  log::write_recorded();
  const std::string text = captured.text();
  CHECK(text.find("<6>event=seen-before\n") == text.rfind("<6>event=seen-before\n"));
  CHECK(text.find("<7>event=held-back n=1\n") != std::string::npos);
  log::write_recorded();
  CHECK(captured.text() == text);
  CHECK(log::recorded().back() == "<7>event=held-back n=1");
}

TEST_CASE("the recorder keeps the last 256 lines, oldest first") {
  const Stderr captured;
  for (int i = 0; i < 300; ++i) log::debug("numbered", {{"n", i}});
  const auto lines = log::recorded();
  REQUIRE(lines.size() == 256);
  CHECK(lines.front() == "<7>event=numbered n=44");
  CHECK(lines.back() == "<7>event=numbered n=299");
}

TEST_CASE("lines of many threads stay whole") {
  const Stderr captured;
  std::vector<std::thread> threads;
  for (int each = 0; each < 4; ++each) {
    threads.emplace_back([each] {
      for (int i = 0; i < 200; ++i) log::info("threads", {{"thread", each}, {"text", std::string(100, 'x')}});
    });
  }
  for (std::thread& each : threads) each.join();
  const std::string text = captured.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 800);
  std::size_t at = 0;
  std::size_t whole = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    if (line.rfind("<6>event=threads thread=", 0) == 0 && line.substr(25) == " text=" + std::string(100, 'x')) ++whole;
    at = end + 1;
  }
  CHECK(whole == 800);
}
