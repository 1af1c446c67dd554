// SPDX-License-Identifier: Apache-2.0
// The real madoguchid with its real children in a folder of its own, driven through its control socket as the madoguchi
// command does. On the test's thread.
#pragma once

#include "base/json.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

struct BoxOptions {
  std::string origin;        ///< of the office, "http://127.0.0.1:PORT"
  std::string token;         ///< the box's bearer
  std::string calendar;      ///< the feed's URL
  std::string every = "1s";  ///< how often the feed is asked
  std::string box;           ///< more keys for [box]
  std::string extra;         ///< more TOML, after everything else
  std::string media;         ///< more keys for [media]
  std::string camera;        ///< more keys for [camera]
  bool events = true;        ///< the link rule gives an events URL
};

class BoxUnderTest {
 public:
  BoxUnderTest(asio::io_context& io, BoxOptions options);
  ~BoxUnderTest();

  /// Starts the daemon and waits until its media process is ready; throws with its log when it is not.
  void start();
  /// SIGTERM; the exit status.
  int stop();
  /// SIGKILL, and waits for its end.
  void kill();

  json::bj::object ask(json::bj::object question);
  json::bj::object status() { return ask({{"command", "status"}}); }
  /// Whether the daemon hands over a picture of the TV.
  bool screenshot();
  void press(bool is_long = false) { ask({{"command", "press"}, {"long", is_long}}); }
  /// Asks for the status until it pleases. On failure `last` is what it said last.
  bool until(const std::function<bool(const json::bj::object&)>& pleases, Millis within);
  bool until_phase(std::string_view phase, Millis within);
  bool until_card(std::string_view code, Millis within);
  /// A leg in this direction is up.
  bool until_up(std::string_view direction, Millis within);
  json::bj::object last;
  /// No camera process is left; asks the kernel, for a while.
  bool children_gone();

  [[nodiscard]] pid_t pid() const { return daemon_.pid(); }
  pid_t media_pid();
  pid_t camera_pid();
  [[nodiscard]] std::string log() const { return daemon_.errors(); }
  [[nodiscard]] std::filesystem::path state() const { return folder_ / "state"; }
  [[nodiscard]] const Folder& folder() const { return folder_; }
  asio::io_context& io() { return io_; }

 private:
  asio::io_context& io_;
  Folder folder_;
  Program daemon_;
};

/// Of a status: the text at "card.code" and the like; "" or 0 where it is missing.
std::string text_at(const json::bj::object& from, std::string_view path);
double number_at(const json::bj::object& from, std::string_view path);
/// The leg in this direction, empty when there is none.
json::bj::object leg_of(const json::bj::object& status, std::string_view direction);
bool has_fault(const json::bj::object& status, std::string_view code);

/// A process's IP sockets (tcp, udp, raw), as the kernel lists them; lines of /proc/PID/net/*.
std::vector<std::string> ip_sockets(pid_t pid);
/// Living children of a process whose program has this name; one lives until its last thread is gone.
std::vector<pid_t> children_of(pid_t parent, const std::string& program);
/// All its children, dead ones that were not reaped among them.
std::vector<pid_t> children_of(pid_t parent);

}  // namespace madoguchi::test
