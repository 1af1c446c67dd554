// SPDX-License-Identifier: Apache-2.0
// Real programs in tests. On the test's thread.
#include "tests/support/program.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace madoguchi::test {

int rounds(int usual, int in_long_run) { return ::getenv("MADOGUCHI_LONG") != nullptr ? in_long_run : usual; }

Folder::Folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "madoguchi-test-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool until(asio::io_context& io, const std::function<bool()>& holds, Millis within) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    io.restart();
    // An idle loop returns at once: give it something to wait for.
    asio::steady_timer pace(io, Millis(20));
    pace.async_wait([](boost::system::error_code) {});
    io.run_one();
    pace.cancel();
    io.poll();
  }
  return true;
}

Program::Program(asio::io_context& io, std::filesystem::path folder, std::string name)
    : io_(io), folder_(std::move(folder)), name_(std::move(name)) {}

void Program::start(const std::string& program, std::vector<std::string> arguments, const std::string& input) {
  ChildSpec spec;
  spec.program = program.front() == '/' ? program : MADOGUCHI_BIN "/" + program;
  spec.arguments = std::move(arguments);
  if (!input.empty()) {
    write_text(folder_ / (name_ + ".in"), input);
    spec.fds.emplace_back(0, UniqueFd(::open((folder_ / (name_ + ".in")).c_str(), O_RDONLY | O_CLOEXEC)));
  }
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
  spec.fds.emplace_back(1, UniqueFd(::open((folder_ / (name_ + ".out")).c_str(), flags | O_TRUNC, 0600)));
  spec.fds.emplace_back(2, UniqueFd(::open((folder_ / (name_ + ".err")).c_str(), flags | O_APPEND, 0600)));
  auto child = Child::spawn(io_.get_executor(), std::move(spec));
  if (!child) throw std::runtime_error(program + ": " + child.error().message);
  child_.emplace(std::move(*child));
}

void Program::signal(int number) const {
  if (child_) child_->signal(number);
}

int Program::wait(Millis within) {
  if (!child_) return -1;
  int status = 0;
  bool done = false;
  asio::co_spawn(io_, child_->wait(), [&](std::exception_ptr failure, int value) {
    if (failure) return;
    status = value;
    done = true;
  });
  if (!until(
          io_, [&done] { return done; }, within))
    throw std::runtime_error(name_ + " does not end");
  child_.reset();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Program::output() const { return read_text(folder_ / (name_ + ".out")); }
std::string Program::errors() const { return read_text(folder_ / (name_ + ".err")); }

std::string run_program(asio::io_context& io, const std::filesystem::path& folder, const std::string& program,
                        std::vector<std::string> arguments, const std::string& input) {
  const std::string what = arguments.empty() ? program : program + " " + arguments.front();
  Program run(io, folder, "run");
  run.start(program, std::move(arguments), input);
  const int status = run.wait();
  if (status != 0) throw std::runtime_error(what + ": exit status " + std::to_string(status) + "\n" + run.errors());
  return run.output();
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace madoguchi::test
