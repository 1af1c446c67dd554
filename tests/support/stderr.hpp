// SPDX-License-Identifier: Apache-2.0
// What a test's own process says on stderr.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/unique_fd.hpp"

namespace madoguchi::test {

/// stderr in a file while it lives.
class Stderr {
 public:
  Stderr() : saved_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    char pattern[] = "/tmp/madoguchi-test-XXXXXX";
    file_ = UniqueFd(::mkstemp(pattern));
    ::unlink(pattern);
    ::dup2(file_.get(), STDERR_FILENO);
  }
  ~Stderr() {
    ::dup2(saved_.get(), STDERR_FILENO);
    log::set_level(log::Level::info);
    log::set_program("");
    log::set_session("");
  }
  Stderr(const Stderr&) = delete;
  Stderr& operator=(const Stderr&) = delete;

  [[nodiscard]] std::string text() const {
    std::string all(1024 * 1024, '\0');
    const ssize_t count = ::pread(file_.get(), all.data(), all.size(), 0);
    all.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return all;
  }
  [[nodiscard]] std::size_t count(std::string_view part) const {
    const std::string all = text();
    std::size_t times = 0;
    for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + part.size())) ++times;
    return times;
  }

 private:
  UniqueFd saved_, file_;
};

}  // namespace madoguchi::test
