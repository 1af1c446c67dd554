// SPDX-License-Identifier: Apache-2.0
// Log lines, and the ring of the last ones. Any thread.
#include "base/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <mutex>
#include <utility>

namespace madoguchi::log {

namespace {

constexpr std::size_t kRecorded = 256;

struct Line {
  std::string text;
  bool written;
};

struct Recorder {
  std::mutex mutex;  // media/ logs from GStreamer's threads
  std::deque<Line> lines;
  std::string program, session;
};

Recorder& recorder() {
  static Recorder instance;
  return instance;
}

std::atomic<Level> g_level{Level::info};

bool plain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(),
                                       [](char c) { return c > ' ' && c != '"' && c != '\\' && c != '=' && c != 127; });
}

void append_value(std::string& line, std::string_view value) {
  if (plain(value)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  line += '"';
}

void print(const std::string& line) {
  const std::string whole = line + '\n';  // in one call: lines of several processes share the descriptor
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, whole.data(), whole.size());
}

}  // namespace

void set_level(Level level) { g_level = level; }

void set_program(std::string_view name) {
  const std::lock_guard lock(recorder().mutex);
  recorder().program = name;
}

void set_session(std::string_view id) {
  const std::lock_guard lock(recorder().mutex);
  recorder().session = id;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = fmt::format("<{}>", static_cast<int>(level));
  Recorder& kept = recorder();
  const std::lock_guard lock(kept.mutex);
  if (!kept.program.empty()) line += fmt::format("program={} ", kept.program);
  if (!kept.session.empty()) line += fmt::format("session={} ", kept.session);
  line += "event=";
  append_value(line, event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  const bool out = level <= g_level.load();
  if (out) print(line);
  kept.lines.push_back({std::move(line), out});
  if (kept.lines.size() > kRecorded) kept.lines.pop_front();
}

std::vector<std::string> recorded() {
  const std::lock_guard lock(recorder().mutex);
  std::vector<std::string> texts;
  for (const Line& line : recorder().lines) texts.push_back(line.text);
  return texts;
}

void write_recorded() {
  const std::lock_guard lock(recorder().mutex);
  for (Line& line : recorder().lines) {
    if (!std::exchange(line.written, true)) print(line.text);
  }
}

void task_failed(std::string_view task, const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& bug) {
    if (bug.code() == boost::asio::error::operation_aborted) return;
    error("task-failed", {{"task", task}, {"error", bug.what()}});
  } catch (const std::exception& bug) {
    error("task-failed", {{"task", task}, {"error", bug.what()}});
  } catch (...) {
    error("task-failed", {{"task", task}, {"error", "not an exception that has words"}});
  }
}

}  // namespace madoguchi::log
