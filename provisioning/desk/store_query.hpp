// SPDX-License-Identifier: Apache-2.0
// SQLite's statements and transactions, as the store's files use them. On the loop's thread, or in a command.
#pragma once

#include <fmt/format.h>
#include <sqlite3.h>

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "provisioning/desk/store.hpp"

namespace madoguchi::desk {

inline std::int64_t millis(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime wall(std::int64_t value) { return WallTime(std::chrono::milliseconds(value)); }

inline std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One statement with its values, stepped row by row.
class Store::Query {
 public:
  template <class... Values>
  Query(sqlite3* database, const std::string& text, const Values&... values) : database_(database) {
    if (::sqlite3_prepare_v2(database, text.c_str(), -1, &statement_, nullptr) != SQLITE_OK) return;
    int index = 0;
    (bind(++index, values), ...);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { ::sqlite3_finalize(statement_); }

  /// Errc::io says what it was doing and why it could not.
  Result<void> done(std::string_view what) {
    const Result<bool> more = step(what);
    if (!more) return fail(more.error());
    return {};
  }
  /// What `make` makes of each row.
  template <class Make>
  auto all(std::string_view what, const Make& make) -> Result<std::vector<decltype(make(*this))>> {
    std::vector<decltype(make(*this))> rows;
    for (;;) {
      const Result<bool> more = step(what);
      if (!more) return fail(more.error());
      if (!*more) return rows;
      rows.push_back(make(*this));
    }
  }
  /// What `make` makes of the first row, if there is one.
  template <class Make>
  auto first(std::string_view what, const Make& make) -> Result<std::optional<decltype(make(*this))>> {
    const Result<bool> more = step(what);
    if (!more) return fail(more.error());
    if (!*more) return std::optional<decltype(make(*this))>();
    return std::optional<decltype(make(*this))>(make(*this));
  }
  Result<bool> any(std::string_view what) { return step(what); }

  std::string text(int column) const {
    const void* data = ::sqlite3_column_blob(statement_, column);
    const int size = ::sqlite3_column_bytes(statement_, column);
    return data == nullptr ? std::string()
                           : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  std::int64_t integer(int column) const { return ::sqlite3_column_int64(statement_, column); }

 private:
  /// A row, the end, or an error: three answers.
  Result<bool> step(std::string_view what) {
    if (statement_ != nullptr) {
      const int result = ::sqlite3_step(statement_);
      if (result == SQLITE_ROW) return true;
      if (result == SQLITE_DONE) return false;
    }
    return fail(Errc::io, fmt::format("{}: {}", what, ::sqlite3_errmsg(database_)));
  }
  void bind(int index, const std::string& value) {
    ::sqlite3_bind_text64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void bind(int index, const std::optional<std::string>& value) {
    if (value) bind(index, *value);
    else ::sqlite3_bind_null(statement_, index);
  }
  void bind(int index, std::int64_t value) { ::sqlite3_bind_int64(statement_, index, value); }
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

/// Nobody else writes while it lives; what was not committed is undone.
struct Transaction {
  explicit Transaction(sqlite3* d)
      : database(d), begun(::sqlite3_exec(d, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (begun && !done) ::sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  bool commit() {
    done = ::sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK;
    return done;
  }
  sqlite3* database;
  bool begun, done = false;
};

}  // namespace madoguchi::desk
