// SPDX-License-Identifier: Apache-2.0
// The madoguchi command: asks the daemon on this box and prints for people, or JSON for programs.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "base/atomic_file.hpp"
#include "firmware/control/control.hpp"
#include "firmware/control/print.hpp"

namespace {

using namespace madoguchi;
using json::bj::object;

/// Of a picture of the TV; it has a tenth of that.
constexpr std::size_t kShotCap = 32 * 1024 * 1024;

enum Exit { kGood = 0, kFailed = 1, kUsage = 2, kNoDaemon = 3, kFault = 4 };

constexpr const char* kFooter = R"(Exit status:
  0  done            1  the daemon refused or failed     2  wrong usage or configuration
  3  no daemon here  4  status only: something would spoil the next press

Examples:
  madoguchi status                     what the box is doing, in words
  madoguchi status --json | jq .phase  the same for a program
  madoguchi agenda                     the consultations that the box knows
  madoguchi devices                    cameras of this machine, and the rule that names each for good
  madoguchi screenshot screen.png      what the TV shows now
  madoguchi check-config box.toml      is this configuration right?
On a simulated board also:
  madoguchi press                      what the button does
  madoguchi press --long               end the consultation
  madoguchi mute on                    stop sending the room's picture and sound)";

struct Options {
  std::string socket;
  bool as_json = false;
};

int failed(const Error& error) {
  std::cerr << "madoguchi: " << error.message << "\n";
  return error.code == Errc::unreachable ? kNoDaemon : kFailed;
}

Result<control::Reply> ask_whole(const Options& options, const object& question) {
  return control::ask(options.socket, question, std::chrono::seconds(10));
}

Result<object> ask(const Options& options, const object& question) {
  auto reply = ask_whole(options, question);
  if (!reply) return fail(reply.error());
  return std::move(reply->body);
}

int print(const Options& options, const Result<object>& reply, std::string (*words)(const object&)) {
  if (!reply) return failed(reply.error());
  if (options.as_json) std::cout << json::bj::serialize(*reply) << "\n";
  else std::cout << words(*reply);
  return kGood;
}

int status(const Options& options) {
  const auto reply = ask(options, {{"command", "status"}});
  if (const int result = print(options, reply, control::status_words); result != kGood) return result;
  return control::spoils_next_press(*reply) ? kFault : kGood;
}

/// Without the daemon: it may not run, and is not asked to look at devices for others.
int devices(const Options& options) {
  const auto rows = board::device_rows({});
  if (options.as_json) std::cout << json::bj::serialize(control::device_json(rows)) << "\n";
  else std::cout << control::device_words(rows);
  return kGood;
}

/// The picture lies in memory that the daemon hands over: where it goes, and how long that takes, is no matter of its.
Result<std::string> read_picture(const control::Reply& reply) {
  if (reply.fds.size() != 1) return fail(Errc::invalid, "the daemon sent no picture; is it of this version?");
  std::string picture(kShotCap, '\0');
  std::size_t size = 0;
  while (size < picture.size()) {
    const ssize_t got =
        ::pread(reply.fds.front().get(), &picture[size], picture.size() - size, static_cast<off_t>(size));
    if (got < 0) return fail(errno_error("reading the picture", errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  picture.resize(size);
  return picture;
}

int screenshot(const Options& options, const std::string& file) {
  const auto reply = ask_whole(options, {{"command", "screenshot"}});
  if (!reply) return failed(reply.error());
  const auto picture = read_picture(*reply);
  if (!picture) return failed(picture.error());
  if (const auto written = write_file_atomically(file, *picture, 0600); !written) return failed(written.error());
  if (options.as_json) std::cout << json::bj::serialize(object{{"ok", true}, {"file", file}}) << "\n";
  else std::cout << file << "\n";
  return kGood;
}

/// The daemon's own reader checks the file, so that both always agree.
int check_config(const char* self, const std::string& file, bool as_json, bool online) {
  std::error_code ignored;
  auto daemon = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "madoguchid";
  if (!std::filesystem::exists(daemon)) daemon = "madoguchid";
  std::vector<const char*> arguments{"madoguchid", "--check-config", file.c_str()};
  if (as_json) arguments.push_back("--json");
  if (online) arguments.push_back("--online");
  arguments.push_back(nullptr);
  ::execvp(daemon.c_str(), const_cast<char* const*>(arguments.data()));
  std::cerr << self << ": madoguchid was not found beside this command or on the PATH\n";
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"madoguchi: asks the consultation box on this machine.", "madoguchi"};
  app.footer(kFooter);
  app.require_subcommand(1);
  Options options;
  const char* from_environment = std::getenv("MADOGUCHI_SOCKET");
  options.socket = from_environment != nullptr ? from_environment : "/run/madoguchi/control.sock";
  app.add_option("--socket", options.socket, "the daemon's control socket (or $MADOGUCHI_SOCKET)")
      ->capture_default_str();
  app.add_flag("--json", options.as_json, "JSON for programs instead of words");
  app.fallthrough();

  bool long_press = false;
  std::string file;
  std::string on_off;
  auto* status_command = app.add_subcommand("status", "what the box is doing, its lamp, its faults and what to do");
  auto* press_command = app.add_subcommand("press", "press the button (simulated board only)");
  press_command->add_flag("--long", long_press, "hold it: ends the consultation");
  auto* mute_command = app.add_subcommand("mute", "stop or send the room's picture and sound (simulated board only)");
  mute_command->add_option("on|off", on_off)->required()->check(CLI::IsMember({"on", "off"}));
  auto* devices_command = app.add_subcommand(
      "devices", "the devices of this machine, the rule that names each, and who uses it; opens none");
  auto* agenda_command = app.add_subcommand("agenda", "the consultations that the box knows, without names");
  auto* screenshot_command = app.add_subcommand(
      "screenshot", "what the TV shows, as PNG; refused while it shows people, except on the simulated board");
  screenshot_command->add_option("file", file, "the PNG to write")->required();
  auto* check_command = app.add_subcommand("check-config", "read a configuration file and say what is wrong with it");
  check_command->add_option("file", file, "the TOML file")->required();
  bool online = false;
  check_command->add_flag("--online", online, "try every address and token as well, and say what was found");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kUsage;
  }

  if (*status_command) return status(options);
  if (*devices_command) return devices(options);
  if (*agenda_command) return print(options, ask(options, {{"command", "agenda"}}), control::agenda_words);
  if (*press_command) {
    return print(options, ask(options, {{"command", "press"}, {"long", long_press}}), control::done_words);
  }
  if (*mute_command) {
    return print(options, ask(options, {{"command", "mute"}, {"on", on_off == "on"}}), control::done_words);
  }
  if (*screenshot_command) return screenshot(options, file);
  return check_config(argv[0], file, options.as_json, online);
}
