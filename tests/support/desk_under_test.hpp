// SPDX-License-Identifier: Apache-2.0
// The real madoguchi-desk in a folder of its own, with one hall and one counsellor. On the test's thread.
#pragma once

#include "base/json.hpp"
#include "tests/support/box_under_test.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

class DeskUnderTest {
 public:
  explicit DeskUnderTest(asio::io_context& io);
  ~DeskUnderTest();

  void start();
  int stop();
  void kill();
  [[nodiscard]] pid_t pid() const { return desk_.pid(); }
  [[nodiscard]] const std::string& origin() const { return origin_; }
  [[nodiscard]] std::string log() const { return desk_.errors(); }

  /// A booking that begins so far from now; the room's id.
  std::string book(std::chrono::minutes from, std::chrono::minutes length);
  /// How a box finds this desk.
  [[nodiscard]] BoxOptions box_options() const;

  static constexpr const char* kName = "tanaka";
  static constexpr const char* kPassword = "kumquat-47-anchor";

 private:
  json::bj::object command(std::vector<std::string> arguments, const std::string& input = {});

  asio::io_context& io_;
  Folder folder_;
  Program desk_;
  std::string origin_, listen_ = "127.0.0.1:0", token_, calendar_path_;
};

}  // namespace madoguchi::test
