// SPDX-License-Identifier: Apache-2.0
// SQLite behind the desk's questions. On the loop's thread, or in a command.
#include "provisioning/desk/store.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <charconv>
#include <iterator>

#include "base/private_folder.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

using namespace std::chrono_literals;

namespace {

constexpr const char* kSchema = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS halls(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, token TEXT NOT NULL UNIQUE, calendar TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS counsellors(name TEXT PRIMARY KEY, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS logins(
  cookie TEXT PRIMARY KEY, name TEXT NOT NULL, csrf TEXT NOT NULL, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS bookings(
  receipt INTEGER PRIMARY KEY AUTOINCREMENT, hall TEXT NOT NULL REFERENCES halls(id), start INTEGER NOT NULL,
  "end" INTEGER NOT NULL, room TEXT NOT NULL UNIQUE, cancelled INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS bookings_by_start ON bookings(start);
INSERT INTO sqlite_sequence(name, seq) SELECT 'bookings', 1000
  WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'bookings');
)sql";

/// What leads from each version of the file (PRAGMA user_version) to the next; kSchema is version 0.
constexpr const char* kSteps[] = {"ALTER TABLE bookings ADD COLUMN ended_at INTEGER;",
                                  R"sql(
CREATE TABLE calls(
  id INTEGER PRIMARY KEY AUTOINCREMENT, hall TEXT NOT NULL REFERENCES halls(id),
  receipt INTEGER REFERENCES bookings(receipt), pressed INTEGER NOT NULL, answered INTEGER, "by" TEXT NOT NULL DEFAULT '',
  ended INTEGER, how TEXT NOT NULL DEFAULT '');
CREATE INDEX calls_by_pressed ON calls(pressed);
CREATE INDEX open_calls ON calls(receipt) WHERE ended IS NULL;
)sql"};
constexpr std::int64_t kVersion = std::size(kSteps);

constexpr const char* kBooking =
    "SELECT receipt, hall, name, start, \"end\", room, cancelled, held, changed, ended_at FROM bookings JOIN halls ON "
    "halls.id = hall ";

std::int64_t millis(WallTime time) { return time.time_since_epoch().count(); }
WallTime wall(std::int64_t value) { return WallTime(std::chrono::milliseconds(value)); }

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

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
  void bind(int index, std::int64_t value) { ::sqlite3_bind_int64(statement_, index, value); }
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

namespace {

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

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& folder) {
  if (auto own = private_folder(folder); !own) return fail(own.error().in("--data"));
  const mode_t before = ::umask(077);
  sqlite3* database = nullptr;
  const std::string file = (folder / "desk.sqlite3").native();
  const int opened = ::sqlite3_open(file.c_str(), &database);
  ::umask(before);
  std::unique_ptr<Store> store(new Store(database));
  ::sqlite3_busy_timeout(database, 2000);
  if (opened != SQLITE_OK) return fail(Errc::io, fmt::format("{}: {}", file, ::sqlite3_errmsg(database)));
  if (auto whole = store->look_for_damage(); !whole) return fail(whole.error().in(file));
  char* words = nullptr;
  const bool good = ::sqlite3_exec(database, kSchema, nullptr, nullptr, &words) == SQLITE_OK;
  const std::string why = words != nullptr ? words : ::sqlite3_errmsg(database);
  ::sqlite3_free(words);
  if (!good) return fail(Errc::io, fmt::format("{}: {}", file, why));
  if (auto done = store->bring_up_to_date(); !done) return fail(done.error().in(file));
  return store;
}

/// Before anything is written: a file that is refused stays for whoever mends it.
Result<void> Store::look_for_damage() {
  // Nor does closing it write to it, which would copy the newest changes into the damaged file.
  ::sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  Result<std::optional<std::string>> found = [this] {
    Query check(database_, "PRAGMA integrity_check(1)");
    return check.first("looking for damage", [](const Query& row) { return row.text(0); });
  }();
  if (found && *found == "ok") {
    Query strays(database_, "PRAGMA foreign_key_check");
    const Result<bool> stray = strays.any("looking for damage");
    if (!stray) found = fail(stray.error());
    else if (*stray) found = std::optional<std::string>("a booking of a hall that is not there");
  }
  if (found && *found == "ok") {
    ::sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    return {};
  }
  const int code = ::sqlite3_errcode(database_);
  if (!found && (code == SQLITE_BUSY || code == SQLITE_LOCKED)) return fail(found.error());
  return fail(
      Errc::io,
      fmt::format("the file is damaged ({}), and was left as it is. Put the newest backup in its place; without "
                  "one, move it away (and desk.sqlite3-wal, if that is there), start again, and add halls and "
                  "counsellors anew. A part of the bookings can often be saved from it: "
                  "sqlite3 desk.sqlite3 .recover",
                  found ? found->value_or("no answer") : found.error().message));
}

Result<void> Store::bring_up_to_date() {
  const auto version = [this]() -> Result<std::int64_t> {
    Query query(database_, "PRAGMA user_version");
    const auto found = query.first("reading its version", [](const Query& row) { return row.integer(0); });
    if (!found) return fail(found.error());
    return found->value_or(0);
  };
  const auto now = version();
  if (!now) return fail(now.error());
  if (*now == kVersion) return {};
  Transaction transaction(database_);
  if (!transaction.begun) return fail(Errc::io, "another process keeps it busy: try again");
  const auto from = version();  // another process may have been faster
  if (!from) return fail(from.error());
  if (*from > kVersion) return fail(Errc::unsupported, "a newer madoguchi-desk has written it: use that one");
  std::string steps;
  for (std::int64_t step = *from; step < kVersion; ++step) steps += kSteps[step];
  steps += fmt::format("PRAGMA user_version = {};", kVersion);
  const bool done = ::sqlite3_exec(database_, steps.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  if (!done || !transaction.commit()) {
    return fail(Errc::io, std::string("bringing it up to date: ") + ::sqlite3_errmsg(database_));
  }
  return {};
}

Store::~Store() { ::sqlite3_close(database_); }

// ---- halls and people ------------------------------------------------------------------------------------------------

Result<Hall> Store::put_hall(const std::string& id, const std::string& name, const std::string& token) {
  Hall hall{id, name, random_hex(16)};
  Query put(database_,
            "INSERT INTO halls(id, name, token, calendar) VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET "
            "name = excluded.name, token = excluded.token, calendar = excluded.calendar",
            id, name, sha256_hex(token), hall.calendar);
  if (auto done = put.done("keeping the hall"); !done) return fail(done.error());
  return hall;
}

Hall Store::read_hall(const Query& row) { return {row.text(0), row.text(1), row.text(2)}; }

Result<std::vector<Hall>> Store::halls() const {
  Query query(database_, "SELECT id, name, calendar FROM halls ORDER BY name");
  return query.all("reading the halls", read_hall);
}

Result<std::optional<Hall>> Store::hall_of_token(const std::string& token) const {
  Query query(database_, "SELECT id, name, calendar FROM halls WHERE token = ?", sha256_hex(token));
  return query.first("looking for the hall", read_hall);
}

Result<std::optional<Hall>> Store::hall_of_calendar(const std::string& calendar) const {
  Query query(database_, "SELECT id, name, calendar FROM halls WHERE calendar = ?", calendar);
  return query.first("looking for the hall", read_hall);
}

Result<void> Store::put_counsellor(const std::string& name, const std::string& password_hash) {
  Transaction transaction(database_);
  if (!transaction.begun) return fail(Errc::io, "another process keeps the desk's file busy: try again");
  Query put(database_,
            "INSERT INTO counsellors(name, password) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET "
            "password = excluded.password",
            name, password_hash);
  if (auto done = put.done("keeping the counsellor"); !done) return done;
  Query out(database_, "DELETE FROM logins WHERE name = ?", name);
  if (auto done = out.done("ending the counsellor's logins"); !done) return done;
  if (!transaction.commit())
    return fail(Errc::io, std::string("keeping the counsellor: ") + ::sqlite3_errmsg(database_));
  return {};
}

Result<std::optional<std::string>> Store::password_hash(const std::string& counsellor) const {
  Query query(database_, "SELECT password FROM counsellors WHERE name = ?", counsellor);
  return query.first("looking for the counsellor", [](const Query& row) { return row.text(0); });
}

Result<void> Store::put_login(const std::string& cookie, const Login& login, WallTime until, WallTime now) {
  // A day later only: a consultation that is on outlives its login.
  Query old(database_, "DELETE FROM logins WHERE until < ?", millis(now - 24h));
  if (auto done = old.done("forgetting old logins"); !done) return done;
  Query put(database_, "INSERT INTO logins(cookie, name, csrf, until) VALUES(?, ?, ?, ?)", sha256_hex(cookie),
            login.name, login.csrf, millis(until));
  return put.done("keeping the login");
}

Result<std::optional<Login>> Store::login(const std::string& cookie, WallTime now) const {
  Query query(database_, "SELECT name, csrf FROM logins WHERE cookie = ? AND until > ?", sha256_hex(cookie),
              millis(now));
  return query.first("looking for the login", [](const Query& row) { return Login{row.text(0), row.text(1)}; });
}

Result<bool> Store::has_login(const std::string& cookie) const {
  Query query(database_, "SELECT name FROM logins WHERE cookie = ?", sha256_hex(cookie));
  return query.any("looking for the login");
}

Result<void> Store::forget_login(const std::string& cookie) {
  Query query(database_, "DELETE FROM logins WHERE cookie = ?", sha256_hex(cookie));
  return query.done("forgetting the login");
}

// ---- bookings --------------------------------------------------------------------------------------------------------

tl::expected<Booking, BookingRefused> Store::book(const std::string& hall, WallTime start, std::chrono::minutes length,
                                                  WallTime now) {
  const auto refuse = [](Errc code, std::string_view reason, std::string words) {
    return tl::unexpected<BookingRefused>(BookingRefused(code, reason, std::move(words)));
  };
  if (length < 5min || length > 12h) {
    return refuse(Errc::invalid, "minutes", "a consultation takes between 5 minutes and 12 hours");
  }
  const WallTime end = start + length;
  if (end <= now) return refuse(Errc::invalid, "in-the-past", "that time is over already");
  if (start > now + 24h * 400) return refuse(Errc::invalid, "too-far-ahead", "that is more than a year ahead");
  // Looking and writing are one: a command and the server may book at the same time.
  Transaction transaction(database_);
  if (!transaction.begun) {
    return refuse(Errc::io, "try-again", "another process keeps the desk's file busy: try again");
  }
  Query known(database_, "SELECT name FROM halls WHERE id = ?", hall);
  const auto is_known = known.any("looking for the hall");
  if (!is_known) return refuse(Errc::io, "try-again", is_known.error().message);
  if (!*is_known) return refuse(Errc::not_found, "unknown-hall", "there is no such hall");
  Query taken(
      database_,
      "SELECT receipt FROM bookings WHERE hall = ? AND cancelled = 0 AND ended_at IS NULL AND start < ? AND \"end\" > ?",
      hall, millis(end), millis(start));
  const auto by = taken.first("looking for other bookings", [](const Query& row) { return row.text(0); });
  if (!by) return refuse(Errc::io, "try-again", by.error().message);
  if (*by) return refuse(Errc::busy, "taken", "the hall is taken then: receipt number " + **by);
  const std::string room = random_hex(12);
  Query put(database_, "INSERT INTO bookings(hall, start, \"end\", room, changed) VALUES(?, ?, ?, ?, ?)", hall,
            millis(start), millis(end), room, millis(now));
  if (const auto done = put.done("keeping the booking"); !done) {
    return refuse(Errc::io, "try-again", done.error().message);
  }
  if (!transaction.commit()) {
    return refuse(Errc::io, "try-again", std::string("keeping the booking: ") + ::sqlite3_errmsg(database_));
  }
  auto booked = booking_of_room(room);
  if (!booked || !*booked) {
    return refuse(Errc::io, "try-again", booked ? "the booking is not there" : booked.error().message);
  }
  return std::move(**booked);
}

Booking Store::read_booking(const Query& row) {
  const std::int64_t ended = row.integer(9);  // NULL is 0
  return {row.text(0),          row.text(1),
          row.text(2),          wall(row.integer(3)),
          wall(row.integer(4)), row.text(5),
          row.integer(6) != 0,  row.integer(7) != 0,
          wall(row.integer(8)), ended == 0 ? std::nullopt : std::optional<WallTime>(wall(ended))};
}

Result<std::vector<Booking>> Store::bookings(WallTime from, WallTime until, const std::string& hall) const {
  Query query(database_,
              std::string(kBooking) + "WHERE start >= ? AND start < ? AND (? = '' OR hall = ?) ORDER BY start",
              millis(from), millis(until), hall, hall);
  return query.all("reading the bookings", read_booking);
}

Result<std::vector<Booking>> Store::changed_since(WallTime time) const {
  Query query(database_, std::string(kBooking) + "WHERE changed >= ?", millis(time));
  return query.all("reading the bookings", read_booking);
}

Result<std::optional<Booking>> Store::booking_of_room(const std::string& room) const {
  Query query(database_, std::string(kBooking) + "WHERE room = ?", room);
  return query.first("looking for the booking", read_booking);
}

Result<std::optional<Booking>> Store::booking(const std::string& receipt) const {
  const auto key = number(receipt);
  if (!key) return std::optional<Booking>();
  Query query(database_, std::string(kBooking) + "WHERE receipt = ?", *key);
  return query.first("looking for the booking", read_booking);
}

Result<void> Store::cancel(const std::string& receipt, WallTime now) {
  const auto known = booking(receipt);
  if (!known) return fail(known.error());
  if (!*known) return fail(Errc::not_found, "there is no booking with this receipt number");
  Query query(database_, "UPDATE bookings SET cancelled = 1, changed = ? WHERE receipt = ?", millis(now),
              *number(receipt));
  return query.done("cancelling the booking");
}

Result<void> Store::mark_held(const std::string& room) {
  Query query(database_, "UPDATE bookings SET held = 1 WHERE room = ? AND held = 0", room);
  return query.done("marking the booking");
}

Result<void> Store::mark_ended(const std::string& room, WallTime now) {
  Query query(database_, "UPDATE bookings SET ended_at = ? WHERE room = ? AND ended_at IS NULL", millis(now), room);
  return query.done("marking the booking");
}

Result<void> Store::mark_resumed(const std::string& room) {
  Query query(database_, "UPDATE bookings SET ended_at = NULL WHERE room = ? AND ended_at IS NOT NULL", room);
  return query.done("marking the booking");
}

Result<bool> Store::is_given_away(const Booking& booking) const {
  Query query(database_,
              "SELECT receipt FROM bookings WHERE hall = ? AND room != ? AND cancelled = 0 AND ended_at IS NULL AND "
              "start < ? AND \"end\" > ?",
              booking.hall, booking.room, millis(booking.end), millis(booking.start));
  return query.any("looking for other bookings");
}

// ---- calls -----------------------------------------------------------------------------------------------------------

Result<void> Store::call_begins(const Booking& booking, WallTime now) {
  Query put(database_,
            "INSERT INTO calls(hall, receipt, pressed) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM calls WHERE "
            "receipt = ? AND ended IS NULL)",
            booking.hall, *number(booking.receipt), millis(now), *number(booking.receipt));
  return put.done("keeping the call");
}

Result<void> Store::call_answered(const Booking& booking, const std::string& by, WallTime now) {
  // A talk whose call was never told of has one all the same.
  if (auto begun = call_begins(booking, now); !begun) return begun;
  Query put(database_,
            "UPDATE calls SET answered = ?, \"by\" = ? WHERE receipt = ? AND ended IS NULL AND answered IS NULL",
            millis(now), by, *number(booking.receipt));
  return put.done("keeping the call");
}

Result<bool> Store::call_is_open(const Booking& booking) const {
  Query query(database_, "SELECT 1 FROM calls WHERE receipt = ? AND ended IS NULL", *number(booking.receipt));
  return query.any("reading the calls");
}

Result<void> Store::call_ends(const Booking& booking, const std::string& how, WallTime now) {
  Query put(database_, "UPDATE calls SET ended = ?, how = ? WHERE receipt = ? AND ended IS NULL", millis(now), how,
            *number(booking.receipt));
  return put.done("keeping the call");
}

Result<std::vector<Call>> Store::calls(WallTime from, WallTime until) const {
  Query query(
      database_,
      "SELECT id, hall, receipt, pressed, answered, \"by\", ended, how FROM calls WHERE pressed >= ? AND pressed "
      "< ? ORDER BY pressed, id",
      millis(from), millis(until));
  const auto when = [](std::int64_t value) { return value == 0 ? std::nullopt : std::optional<WallTime>(wall(value)); };
  return query.all("reading the calls", [&when](const Query& row) {
    return Call{row.integer(0),       row.text(1), row.text(2),          wall(row.integer(3)),
                when(row.integer(4)), row.text(5), when(row.integer(6)), row.text(7)};
  });
}

Result<std::int64_t> Store::version() const {
  Query query(database_, "PRAGMA data_version");
  const auto found = query.first("looking for changes", [](const Query& row) { return row.integer(0); });
  if (!found) return fail(found.error());
  return found->value_or(0);
}

}  // namespace madoguchi::desk
