// SPDX-License-Identifier: Apache-2.0
// Lines on stderr: `<N>key=value ...` with syslog's priority, as journald reads it. Every process and thread may write;
// a line is one write(2). Never a token, an ICE password, an SDP body or a person's name.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace madoguchi::log {

enum class Level { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

/// Lines less urgent than this go only to the recorder. Default: info.
void set_level(Level level);
/// Prefix of every line of this process, e.g. "media". Default: none.
void set_program(std::string_view name);
/// From now on every line bears session=ID, so that one consultation can be read out of a day; "" = none, the default.
void set_session(std::string_view id);

struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  Field(std::string_view k, T v) : key(k), value(fmt::format("{}", v)) {}
};

/// event: a few lower-case words with dashes ("feed-unchanged"). Values with spaces, quotes or control characters are
/// quoted and escaped.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, event, fields);
}
inline void notice(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::notice, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}

/// How a coroutine that nobody awaits ended: a line when it failed. Being cancelled is no failure, nor is nullptr.
void task_failed(std::string_view task, const std::exception_ptr& failure);

/// The last lines of every level, oldest first; at most 256 are kept.
std::vector<std::string> recorded();
/// To stderr what the level held back of them, once: what went before an error.
void write_recorded();

}  // namespace madoguchi::log
