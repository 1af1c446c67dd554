// SPDX-License-Identifier: Apache-2.0
// The terminal's echo, off and on. In a command, on its only thread.
#include "provisioning/desk/ask_password.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>

#include "provisioning/desk/names.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

namespace {

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
termios before;

extern "C" void echo_and_end(int signal) {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
  ::raise(signal);  // by default now
}

/// No echo while it lives; a signal that ends the program meanwhile brings it back.
class Silence {
 public:
  Silence() {
    ::tcgetattr(STDIN_FILENO, &before);
    for (const int signal : kEnding) {
      struct sigaction action {};
      action.sa_handler = echo_and_end;
      action.sa_flags = static_cast<int>(SA_RESETHAND);
      ::sigaction(signal, &action, nullptr);
    }
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
    for (const int signal : kEnding) ::signal(signal, SIG_DFL);
  }
};

Result<std::string> line() {
  std::string text;
  if (!std::getline(std::cin, text)) return fail(Errc::invalid, "no password came: give it in one line");
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return text;
}

Result<std::string> sound(std::string password) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!is_utf8(password) || std::any_of(password.begin(), password.end(), is_control)) {
    return fail(Errc::invalid, "the password has bytes that no browser sends: type it in UTF-8, without control keys");
  }
  if (characters(password) < kLeastPassword || password.size() > kMostPassword) {
    return fail(Errc::invalid,
                fmt::format("give a password of at least {} characters and at most {} bytes, in one line",
                            kLeastPassword, kMostPassword));
  }
  return password;
}

}  // namespace

Result<std::string> ask_password() {
  if (::isatty(STDIN_FILENO) == 0) {
    auto piped = line();
    return piped ? sound(std::move(*piped)) : piped;
  }
  const Silence silence;
  std::cerr << "Password: " << std::flush;
  auto first = line();
  std::cerr << "\n";
  if (!first) return first;
  first = sound(std::move(*first));
  if (!first) return first;
  std::cerr << "The same again: " << std::flush;
  const auto second = line();
  std::cerr << "\n";
  if (!second) return second;
  if (*first != *second) return fail(Errc::invalid, "the two are not the same; nothing was changed: try again");
  return first;
}

}  // namespace madoguchi::desk
