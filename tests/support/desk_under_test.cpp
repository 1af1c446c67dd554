// SPDX-License-Identifier: Apache-2.0
// The real desk in tests. On the test's thread.
#include "tests/support/desk_under_test.hpp"

#include <signal.h>

#include <stdexcept>

#include "provisioning/desk/calendar.hpp"

namespace madoguchi::test {

using json::bj::object;

DeskUnderTest::DeskUnderTest(asio::io_context& io) : io_(io), desk_(io, folder_.path(), "madoguchi-desk") {
  const object hall = command({"add-hall", "chuo", "中央公民館"});
  token_ = text_at(hall, "token");
  calendar_path_ = text_at(hall, "calendar_path");
  command({"add-counsellor", kName}, std::string(kPassword) + "\n");
}

DeskUnderTest::~DeskUnderTest() {
  if (desk_.running()) kill();
}

object DeskUnderTest::command(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.end(), {"--json", "--data", folder_ / "data"});
  const auto reply =
      json::parse_object(run_program(io_, folder_.path(), "madoguchi-desk", std::move(arguments), input));
  if (!reply) throw std::runtime_error("the desk printed no JSON: " + reply.error().message);
  return *reply;
}

void DeskUnderTest::start() {
  desk_.start("madoguchi-desk", {"serve", "--data", folder_ / "data", "--listen", listen_});
  std::string line;
  const bool listening = until(
      io_,
      [&] {
        if (!desk_.running()) throw std::runtime_error("the desk ended:\n" + log());
        line = desk_.output();
        return line.find('\n') != std::string::npos;
      },
      std::chrono::seconds(10 * kSlow));
  if (!listening) throw std::runtime_error("the desk does not listen:\n" + log());
  const auto from = line.find("http://");
  origin_ = line.substr(from, line.rfind('/') - from);
  listen_ = origin_.substr(origin_.find("//") + 2);  // the same again after a restart
}

int DeskUnderTest::stop() {
  desk_.signal(SIGTERM);
  return desk_.wait();
}

void DeskUnderTest::kill() {
  desk_.signal(SIGKILL);
  desk_.wait();
}

std::string DeskUnderTest::book(std::chrono::minutes from, std::chrono::minutes length) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return text_at(command({"book", "chuo", desk::rfc3339(now + from), std::to_string(length.count())}), "room");
}

BoxOptions DeskUnderTest::box_options() const {
  BoxOptions options;
  options.origin = origin_;
  options.token = token_;
  options.calendar = origin_ + calendar_path_;
  return options;
}

}  // namespace madoguchi::test
