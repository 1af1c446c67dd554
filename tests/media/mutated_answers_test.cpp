// SPDX-License-Identifier: Apache-2.0
// Answers that are nearly right, each in a media process of its own, from a far end that completes DTLS and sends picture and
// sound whatever its answer says: no answer ends the process.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "tests/media/media_under_test.hpp"
#include "tests/support/answerer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using protocol::Direction;
using protocol::LegKey;

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& sdp) {
  Lines lines;
  std::istringstream text(sdp);
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string text_of(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\r\n";
  return text;
}

Lines with(Lines lines, const std::string& instead, const std::string& line) {
  std::replace(lines.begin(), lines.end(), instead, line);
  return lines;
}

Lines refusing(Lines lines, const std::string& kind) {
  for (std::string& line : lines) {
    if (line.rfind("m=" + kind + " ", 0) == 0)
      line.replace(line.find(' ') + 1, line.find(' ', 8) - line.find(' ') - 1, "0");
  }
  return lines;
}

/// One to three changes of whole lines or of a word in one.
Lines mutated(Lines lines, std::mt19937& random, std::string& story) {
  const auto pick = [&random](std::size_t count) { return random() % std::max<std::size_t>(count, 1); };
  for (std::size_t i = 0, changes = 1 + pick(3); i < changes && lines.size() > 4; ++i) {
    const std::size_t at = 4 + pick(lines.size() - 4);
    std::string& line = lines[at];
    const char* const ways[] = {"a=sendonly", "a=recvonly", "a=inactive", "a=sendrecv"};
    switch (pick(10)) {
      case 0:
        story += "without " + line;
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 1:
        story += "twice " + line;
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(pick(lines.size())), std::string(line));
        break;
      case 2: {
        const std::size_t other = 4 + pick(lines.size() - 4);
        story += "changed places " + line + " and " + lines[other];
        std::swap(line, lines[other]);
        break;
      }
      case 3: {
        const char* kind = pick(2) == 0 ? "audio" : "video";
        story += fmt::format("{} refused", kind);
        lines = refusing(lines, kind);
        break;
      }
      case 4:
        for (std::string& each : lines) {
          if (each == "a=sendonly" && pick(2) == 0) each = ways[pick(4)];
        }
        story += "other directions";
        break;
      case 5: {
        const auto digit = line.find_first_of("0123456789", 2);
        if (digit == std::string::npos) break;
        line[digit] = static_cast<char>('0' + pick(10));
        story += "another number " + line;
        break;
      }
      case 6:
        line.resize(2 + pick(line.size() - 1));
        story += "cut to " + line;
        break;
      case 7: {
        const auto space = line.rfind(' ');
        if (space != std::string::npos) line.resize(space);
        story += "without its last word " + line;
        break;
      }
      case 8:
        for (std::string& each : lines) {
          if (each.rfind("a=mid:", 0) == 0) each = fmt::format("a=mid:{}", pick(3));
        }
        story += "other mids";
        break;
      default: line += fmt::format(" {}", 96 + pick(20)); story += "one word more " + line;
    }
    story += "; ";
  }
  return lines;
}

/// Applies it to a fresh process and waits for what comes of it: a refusal, or half a second of media. Whether it
/// connected and no leg failed.
bool survives(const std::function<Lines(Lines)>& change, Direction direction = Direction::play) {
  MediaUnderTest media;
  media.hello();
  const LegKey key{0, 1};
  media.send(protocol::MakeOffer{key, direction, {}});
  const auto offered = media.wait_for<protocol::Offered>(10s * kSlow);
  REQUIRE(offered);
  AnswererOptions options;
  options.direction = Direction::play;
  options.width = 320;
  options.height = 180;
  Answerer far_end(options);
  // Whatever is asked for, it sends.
  const auto answer = far_end.answer(text_of(with(lines_of(offered->sdp), "a=sendonly", "a=recvonly")));
  REQUIRE(answer);
  const std::string sdp = text_of(change(lines_of(*answer)));
  INFO(sdp);
  media.send(protocol::ApplyAnswer{key, sdp});
  // An answer whose ICE leads nowhere would only run into its deadline.
  media.pump(2500ms * kSlow, [](const auto& message) {
    return std::holds_alternative<protocol::LegFailed>(message) || std::holds_alternative<protocol::Connected>(message);
  });
  if (media.count<protocol::Connected>() > 0) {
    const auto beats = media.count<protocol::Heartbeat>();
    CHECK(media.pump(10s * kSlow, [&](const auto&) { return media.count<protocol::Heartbeat>() >= beats + 2; }));
  }
  CHECK(media.alive());
  media.send(protocol::DropLeg{key});
  CHECK(media.wait_for<protocol::Dropped>(10s * kSlow));
  CHECK(media.alive());
  return media.count<protocol::Connected>() > 0 && media.count<protocol::LegFailed>() == 0;
}

void survive_mutations(unsigned first, int usual, int in_long_run) {
  for (int i = 0; i < rounds(usual, in_long_run); ++i) {
    const unsigned seed = first + static_cast<unsigned>(i);
    std::string story;
    survives([&](Lines lines) {
      std::mt19937 random(seed);  // NOLINT(cert-msc51-cpp): the same each time
      Lines changed = mutated(std::move(lines), random, story);
      UNSCOPED_INFO("seed " << seed << ": " << story);
      return changed;
    });
  }
}

}  // namespace

TEST_CASE("a line that is refused while its attributes stay, and is sent on all the same") {
  for (const char* kind : {"audio", "video"}) {
    INFO(kind);
    const bool talks = survives([kind](Lines lines) { return refusing(std::move(lines), kind); });
    if (std::string(kind) == "audio") CHECK(talks);
  }
}

TEST_CASE("a far end that sends where it said that it listens") {
  const bool connected =
      survives([](Lines lines) { return with(std::move(lines), "a=sendonly", "a=recvonly"); }, Direction::publish);
  CHECK(connected);
}

TEST_CASE("answers changed in some lines, a first part") { survive_mutations(1000, 15, 500); }
TEST_CASE("answers changed in some lines, a second part") { survive_mutations(2000, 15, 500); }
TEST_CASE("answers changed in some lines, a third part") { survive_mutations(3000, 15, 500); }
TEST_CASE("answers changed in some lines, a fourth part") { survive_mutations(4000, 15, 500); }
