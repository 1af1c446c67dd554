// SPDX-License-Identifier: Apache-2.0
// madoguchid: reads its configuration, builds the box, and runs it until SIGTERM. One thread.
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <optional>

#include "base/log.hpp"
#include "board/open.hpp"
#include "firmware/box.hpp"
#include "firmware/box_card.hpp"
#include "firmware/box_offices.hpp"

namespace {

using namespace madoguchi;

constexpr std::chrono::seconds kStopWithin{3};

enum Exit { kGood = 0, kFailed = 1, kUsage = 2 };

json::bj::array to_json(const std::vector<config::Problem>& problems) {
  json::bj::array result;
  for (const config::Problem& problem : problems) {
    result.push_back(json::bj::object{
        {"file", problem.file}, {"line", problem.line}, {"column", problem.column}, {"message", problem.message}});
  }
  return result;
}

int print_problems(const std::vector<config::Problem>& problems, bool as_json, const std::string& file) {
  if (as_json) {
    const json::bj::object reply{{"ok", problems.empty()}, {"problems", to_json(problems)}};
    std::cout << json::bj::serialize(reply) << "\n";
  } else {
    for (const config::Problem& problem : problems) std::cout << config::to_string(problem) << "\n";
    if (problems.empty()) std::cout << file << ": good\n";
  }
  return problems.empty() ? kGood : kUsage;
}

/// Every address and token, tried; each line as soon as all are known.
int print_online(const config::Config& config, bool as_json, const std::string& file) {
  bool good = true;
  json::bj::array online;
  for (const Tried& tried : try_online(config)) {
    good = good && !tried.fault;
    const std::string code(tried.fault ? info(*tried.fault).code : "");
    online.push_back(json::bj::object{{"what", tried.what}, {"fault", code}, {"words", tried.words}});
    if (as_json) continue;
    if (tried.fault) std::cout << tried.what << ": " << code << ": " << tried.words << "\n";
    else std::cout << tried.what << ": good: " << tried.words << "\n";
  }
  if (as_json) {
    const json::bj::object reply{{"ok", good}, {"problems", json::bj::array()}, {"online", std::move(online)}};
    std::cout << json::bj::serialize(reply) << "\n";
  } else if (good) {
    std::cout << file << ": good\n";
  }
  return good ? kGood : kFailed;
}

int check(const std::string& file, bool as_json, bool online) {
  const auto loaded = config::load(file);
  if (!loaded) {
    std::cerr << "madoguchid: " << loaded.error().message << "\n";
    return kUsage;
  }
  std::vector<config::Problem> problems = loaded->problems;
  const auto gaps = config::gaps(loaded->config, file);
  if (problems.empty()) problems = gaps;  // a key that is written wrong is missing too: one thing at a time
  if (!problems.empty() || !online) return print_problems(problems, as_json, file);
  return print_online(loaded->config, as_json, file);
}

/// With the words of `file`'s hall when it is given.
int draw(const DrawCard& wanted, const std::string& file) {
  std::optional<config::Config> config;
  if (!file.empty()) {
    auto loaded = config::load(file);
    if (!loaded) {
      std::cerr << "madoguchid: " << loaded.error().message << "\n";
      return kUsage;
    }
    if (!loaded->problems.empty()) return print_problems(loaded->problems, false, file);
    config = std::move(loaded->config);
  }
  const auto drawn = draw_card(wanted, config ? &*config : nullptr);
  if (drawn) return kGood;
  std::cerr << "madoguchid: " << drawn.error().message << "\n";
  return drawn.error().code == Errc::invalid ? kUsage : kFailed;
}

int serve(const std::string& file) {
  auto loaded = config::load(file);
  if (!loaded) {
    std::cerr << "madoguchid: " << loaded.error().message << "\n";
    return kUsage;
  }
  if (!loaded->problems.empty()) {
    for (const config::Problem& problem : loaded->problems)
      log::error("config-invalid", {{"at", config::to_string(problem)}});
    return kUsage;
  }
  // A core dump would write out what went through: names, tokens. The children's /proc must stay readable: the lamp asks
  // there who holds a camera or a microphone.
  ::prctl(PR_SET_DUMPABLE, 0);
  for (const config::Problem& gap : config::gaps(loaded->config, file)) {
    log::warning("config-gap", {{"at", config::to_string(gap)}});
  }
  loaded->config.box.built = WallTime(std::chrono::seconds(MADOGUCHI_BUILT));
  boost::asio::io_context io(1);
  SystemClock clock(io.get_executor());
  auto board = board::open(loaded->config.box.board, io.get_executor(), clock, loaded->config.board);
  if (!board) {
    std::cerr << "madoguchid: " << board.error().message << "\n";
    return kUsage;
  }
  Box box(io, clock, std::move(loaded->config), std::move(*board));
  if (const auto started = box.start(); !started) {
    std::cerr << "madoguchid: " << started.error().message << "\n";
    return kFailed;
  }
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](boost::system::error_code, int) { io.stop(); });
  log::notice("started", {{"version", MADOGUCHI_VERSION}});
  io.run();
  box.stop();
  io.restart();
  io.run_for(kStopWithin);
  log::notice("stopped", {{"clean", io.stopped()}});
  // What still waits refers to the box: leave without taking it apart.
  if (!io.stopped()) ::_exit(kGood);
  return kGood;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"madoguchid: the consultation box's daemon. Ask it with the madoguchi command.", "madoguchid"};
  std::string file = "/etc/madoguchi/box.toml";
  std::string check_file;
  bool as_json = false, online = false;
  DrawCard drawn;
  auto* config_option = app.add_option("--config", file, "the configuration, TOML")->capture_default_str();
  auto* check_option =
      app.add_option("--check-config", check_file, "say what is wrong with this configuration, and end");
  app.add_flag("--online", online, "with --check-config: try every address and token too")->needs(check_option);
  app.add_flag("--json", as_json, "with --check-config: JSON for programs")->needs(check_option);
  auto* card_option = app.add_option("--card", drawn.card, "draw this card of the TV into --out, and end");
  app.add_option("--lang", drawn.language, "with --card: what is said in full, ja, easy or en")->needs(card_option);
  app.add_option("--size", drawn.size, "with --card: WIDTHxHEIGHT")->capture_default_str()->needs(card_option);
  auto* out_option = app.add_option("--out", drawn.out, "with --card: the PNG to write")->needs(card_option);
  card_option->needs(out_option);
  app.set_version_flag("--version", MADOGUCHI_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kUsage;
  }
  ::signal(SIGPIPE, SIG_IGN);
  log::set_program("madoguchid");
  if (!check_file.empty()) return check(check_file, as_json, online);
  if (!drawn.card.empty()) return draw(drawn, config_option->count() > 0 ? file : std::string());
  try {
    return serve(file);
  } catch (const std::exception& error) {  // start-up only: what can be expected later is a Result
    std::cerr << "madoguchid: " << error.what() << "\n";
    return kFailed;
  }
}
