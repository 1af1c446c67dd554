// SPDX-License-Identifier: Apache-2.0
// Real programs in tests: started in a folder of their own, their output kept in files, ended by pid. On the test's
// thread; waiting serves the test's io_context, so that servers inside the test go on.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/child.hpp"

namespace madoguchi::test {

namespace asio = boost::asio;
using Millis = std::chrono::milliseconds;

/// Sanitizers make everything slower: bounds in tests are this many times wider there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSlow = 4;
#else
inline constexpr int kSlow = 1;
#endif

/// How often to do what is random or slow: as usual, or in a long run (tests/run.sh --long).
int rounds(int usual, int in_long_run);

/// A temporary folder that goes with its owner.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Serves `io` until the condition holds (true) or the time is up (false). The condition is looked at each 20 ms.
bool until(asio::io_context& io, const std::function<bool()>& holds, Millis within);

/// Runs a coroutine to its end on `io`; throws when it does not end within 30 s.
template <class T>
T await(asio::io_context& io, asio::awaitable<T> work) {
  std::optional<T> result;
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr error, T value) {
    failure = error;
    result.emplace(std::move(value));
    done = true;
  });
  if (!until(
          io, [&done] { return done; }, std::chrono::seconds(30 * kSlow)))
    throw std::runtime_error("await: late");
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

class Program {
 public:
  Program(asio::io_context& io, std::filesystem::path folder, std::string name);

  /// From build/<preset>/bin, or an absolute path. Throws when it cannot be started.
  void start(const std::string& program, std::vector<std::string> arguments, const std::string& input = {});
  [[nodiscard]] bool running() const { return child_ && child_->alive(); }
  [[nodiscard]] pid_t pid() const { return child_ ? child_->pid() : 0; }
  void signal(int number) const;
  /// Waits for its end: the exit status, 128 + N for a signal, -1 when it goes on.
  int wait(Millis within = std::chrono::seconds(10 * kSlow));
  [[nodiscard]] std::string output() const;  ///< its stdout so far
  [[nodiscard]] std::string errors() const;  ///< its stderr so far, of all its runs

 private:
  asio::io_context& io_;
  std::filesystem::path folder_;
  std::string name_;
  std::optional<Child> child_;
};

/// Runs a program to its end; throws unless it succeeds. Its stdout.
std::string run_program(asio::io_context& io, const std::filesystem::path& folder, const std::string& program,
                        std::vector<std::string> arguments, const std::string& input = {});

std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);

}  // namespace madoguchi::test
