// SPDX-License-Identifier: Apache-2.0
// The daemon makes the card as it always does; a media process paints it, fed by stdin.
#include "firmware/box_card.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <set>

#include "base/atomic_file.hpp"
#include "base/child.hpp"
#include "base/nearest.hpp"
#include "firmware/session/sample_cards.hpp"

namespace madoguchi {

namespace asio = boost::asio;

namespace {

constexpr std::uint64_t kCpuSeconds = 30;
constexpr mode_t kPictureMode = 0644;
constexpr int kLeastSide = 160;
constexpr int kMostSide = 4320;

std::string all_cards() {
  std::string names;
  for (std::size_t i = 0; i < session::kCards; ++i) {
    if (i > 0) names += ", ";
    names += name(static_cast<session::CardCode>(i));
  }
  return names;
}

Error unknown_card(const std::string& card) {
  std::set<std::string, std::less<>> known;
  for (std::size_t i = 0; i < session::kCards; ++i) known.emplace(name(static_cast<session::CardCode>(i)));
  const std::string near = nearest(card, known, 3);
  return {Errc::invalid, fmt::format("no card is named \"{}\"{}; there are: {}", card,
                                     near.empty() ? "" : fmt::format(", the nearest is \"{}\"", near), all_cards())};
}

struct Sides {
  int width = 0, height = 0;
};

Result<Sides> read_size(const std::string& text) {
  Sides sides;
  const char* end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, sides.width);
  const bool cross = width.ec == std::errc() && width.ptr != end && *width.ptr == 'x';
  const auto height = cross ? std::from_chars(width.ptr + 1, end, sides.height) : width;
  const auto fits = [](int side) { return side >= kLeastSide && side <= kMostSide; };
  if (!cross || height.ec != std::errc() || height.ptr != end || !fits(sides.width) || !fits(sides.height)) {
    return fail(Errc::invalid, fmt::format("a size is WIDTHxHEIGHT, each from {} to {}, as 1920x1080; not \"{}\"",
                                           kLeastSide, kMostSide, text));
  }
  return sides;
}

/// Beside this program where it was just built, else where it is installed.
std::filesystem::path media_program(const config::Config* config) {
  if (config != nullptr) return config->media_process.program;
  std::error_code error;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "madoguchi-media";
  return std::filesystem::exists(beside, error) ? beside : config::Config{}.box.programs / "madoguchi-media";
}

Result<UniqueFd> memory_with(const std::string& text) {
  UniqueFd memory(::memfd_create("card", MFD_CLOEXEC));
  if (memory.get() < 0 || ::write(memory.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(memory.get(), 0, SEEK_SET) != 0) {
    return fail(Errc::io, "no memory for the card");
  }
  return memory;
}

asio::awaitable<void> wait_for(Child& child, int& status) { status = co_await child.wait(); }

std::string read_all(int fd) {
  std::string all;
  char buffer[65536];
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t count = 0; (count = ::read(fd, buffer, sizeof buffer)) > 0;) {
    all.append(buffer, static_cast<std::size_t>(count));
  }
  return all;
}

}  // namespace

Result<void> draw_card(const DrawCard& wanted, const config::Config* config) {
  const auto code = session::card_of(wanted.card);
  if (!code) return fail(unknown_card(wanted.card));
  const auto language = session::language_of(wanted.language);
  if (!language) return fail(Errc::invalid, "a language is ja, easy or en; not \"" + wanted.language + "\"");
  const auto size = read_size(wanted.size);
  if (!size) return fail(size.error());
  session::CardFacts facts = session::sample_facts(*code);
  facts.language = *language;
  if (config != nullptr) {
    facts.hall = config->box.hall;
    facts.telephone = config->box.telephone;
  }
  const protocol::ShowCard card = session::card(session::sample_view(*code), facts);
  auto message = memory_with(protocol::encode(protocol::ToMedia(card)));
  auto picture = memory_with("");
  if (!message || !picture) return fail(Errc::io, "no memory for the card");
  const UniqueFd drawn(::dup(picture->get()));

  asio::io_context io(1);
  ChildSpec spec;
  spec.program = media_program(config);
  const auto boot = std::chrono::duration_cast<std::chrono::milliseconds>(session::kSampleBoot.time_since_epoch());
  spec.arguments = {"--draw-card", std::to_string(size->width), std::to_string(size->height),
                    std::to_string(session::kSampleNow.time_since_epoch().count()), std::to_string(boot.count())};
  spec.fds.emplace_back(STDIN_FILENO, std::move(*message));
  spec.fds.emplace_back(STDOUT_FILENO, std::move(*picture));
  spec.cpu_seconds = kCpuSeconds;
  auto child = Child::spawn(io.get_executor(), std::move(spec));
  if (!child) return fail(child.error().in("drawing the card"));
  int status = -1;
  asio::co_spawn(io, wait_for(*child, status), asio::detached);
  io.run();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Errc::unreachable, "madoguchi-media did not draw the card: " + describe_wait_status(status));
  }
  return write_file_atomically(wanted.out, read_all(drawn.get()), kPictureMode);
}

}  // namespace madoguchi
