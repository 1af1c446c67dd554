// SPDX-License-Identifier: Apache-2.0
// SQLite behind the desk's questions. On the loop's thread, or in a command.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "base/private_folder.hpp"
#include "provisioning/desk/names.hpp"
#include "provisioning/desk/secrets.hpp"
#include "provisioning/desk/store_query.hpp"

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
)sql",
                                  R"sql(
ALTER TABLE halls ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE halls ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE halls ADD COLUMN telephone TEXT NOT NULL DEFAULT '';
ALTER TABLE halls ADD COLUMN staffed TEXT NOT NULL DEFAULT '';
ALTER TABLE bookings ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bookings ADD COLUMN reference TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN settled INTEGER;
ALTER TABLE calls ADD COLUMN settled_by TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN trial INTEGER NOT NULL DEFAULT 0;
CREATE TABLE departments(name TEXT PRIMARY KEY);
CREATE TABLE attendance(
  call INTEGER NOT NULL REFERENCES calls(id), name TEXT NOT NULL, role TEXT NOT NULL, since INTEGER NOT NULL,
  UNIQUE(call, name, role));
)sql"};
constexpr std::int64_t kVersion = std::size(kSteps);

constexpr std::size_t kMostFact = 500;  ///< bytes
constexpr std::int64_t kMostOldLogins = 200;

/// Of the office's own form: printable ASCII, at most 20.
bool is_reference(const std::string& text) {
  return text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

constexpr const char* kHall = "SELECT id, name, calendar, address, place, telephone, staffed FROM halls ";
constexpr const char* kBooking =
    "SELECT receipt, hall, name, start, \"end\", room, cancelled, held, changed, ended_at, "
    "sequence, reference FROM bookings JOIN halls ON "
    "halls.id = hall ";

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
  auto plain = plain_name("the hall's name", name);
  if (!plain) return fail(plain.error());
  Hall hall;
  hall.id = id;
  hall.name = std::move(*plain);
  hall.calendar = random_hex(16);
  Query put(database_,
            "INSERT INTO halls(id, name, token, calendar) VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET "
            "name = excluded.name, token = excluded.token, calendar = excluded.calendar",
            id, hall.name, sha256_hex(token), hall.calendar);
  if (auto done = put.done("keeping the hall"); !done) return fail(done.error());
  return hall;
}

Result<bool> Store::describe_hall(const std::string& id, const HallFacts& told) {
  HallFacts facts = told;
  const std::pair<const char*, std::optional<std::string>*> all[] = {{"the hall's name", &facts.name},
                                                                     {"the address", &facts.address},
                                                                     {"the room", &facts.room},
                                                                     {"the telephone", &facts.telephone},
                                                                     {"the hours with staff", &facts.staffed}};
  for (const auto& [what, fact] : all) {
    if (!*fact) continue;
    if (trimmed(**fact).empty()) {
      fact->emplace();
      continue;
    }
    auto plain = plain_name(what, **fact, fact == &facts.name ? kMostName : kMostFact);
    if (!plain) return fail(plain.error());
    *fact = std::move(*plain);
  }
  Query put(database_,
            "UPDATE halls SET name = coalesce(nullif(?, ''), name), address = coalesce(?, address), place = "
            "coalesce(?, place), telephone = coalesce(?, telephone), staffed = coalesce(?, staffed) WHERE id = ?",
            facts.name.value_or(""), facts.address, facts.room, facts.telephone, facts.staffed, id);
  if (auto done = put.done("describing the hall"); !done) return fail(done.error());
  return ::sqlite3_changes(database_) > 0;
}

Hall Store::read_hall(const Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6)};
}

Result<std::vector<Hall>> Store::halls() const {
  Query query(database_, std::string(kHall) + "ORDER BY name");
  return query.all("reading the halls", read_hall);
}

Result<std::optional<Hall>> Store::hall(const std::string& id) const {
  Query query(database_, std::string(kHall) + "WHERE id = ?", id);
  return query.first("looking for the hall", read_hall);
}

Result<std::optional<Hall>> Store::hall_of_token(const std::string& token) const {
  Query query(database_, std::string(kHall) + "WHERE token = ?", sha256_hex(token));
  return query.first("looking for the hall", read_hall);
}

Result<std::optional<Hall>> Store::hall_of_calendar(const std::string& calendar) const {
  Query query(database_, std::string(kHall) + "WHERE calendar = ?", calendar);
  return query.first("looking for the hall", read_hall);
}

Result<void> Store::put_department(const std::string& name) {
  const auto plain = plain_name("the department's name", name);
  if (!plain) return fail(plain.error());
  if (characters(*plain) > kMostListener) {
    return fail(Errc::invalid,
                fmt::format("the department's name: a screen has room for {} characters", kMostListener));
  }
  Query put(database_, "INSERT OR IGNORE INTO departments(name) VALUES(?)", *plain);
  return put.done("keeping the department");
}

Result<std::vector<std::string>> Store::departments() const {
  Query query(database_, "SELECT name FROM departments ORDER BY rowid");
  return query.all("reading the departments", [](const Query& row) { return row.text(0); });
}

Result<std::string> Store::put_counsellor(const std::string& wanted, const std::string& password_hash) {
  const auto plain = plain_name("the counsellor's name", wanted);
  if (!plain) return fail(plain.error());
  Transaction transaction(database_);
  if (!transaction.begun) return fail(Errc::io, "another process keeps the desk's file busy: try again");
  const auto known = account(*plain);
  if (!known) return fail(known.error());
  const std::string name = *known ? (*known)->name : *plain;
  Query put(database_,
            "INSERT INTO counsellors(name, password) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET "
            "password = excluded.password",
            name, password_hash);
  if (auto done = put.done("keeping the counsellor"); !done) return fail(done.error());
  Query out(database_, "DELETE FROM logins WHERE name = ?", name);
  if (auto done = out.done("ending the counsellor's logins"); !done) return fail(done.error());
  if (!transaction.commit())
    return fail(Errc::io, std::string("keeping the counsellor: ") + ::sqlite3_errmsg(database_));
  return name;
}

Result<std::optional<Account>> Store::account(const std::string& name) const {
  // An older desk kept names as they were typed, blanks and all, and also such as differ by case alone.
  Query query(database_,
              "SELECT name, password FROM counsellors WHERE "
              "trim(name, char(9, 10, 13, 32, 12288)) = ?1 COLLATE NOCASE ORDER BY name = ?1 DESC, rowid LIMIT 1",
              std::string(trimmed(name)));
  return query.first("looking for the counsellor", [](const Query& row) { return Account{row.text(0), row.text(1)}; });
}

Result<void> Store::put_login(const std::string& cookie, const Login& login, WallTime until, WallTime now) {
  // A day later only: a consultation that is on outlives its login.
  Query old(
      database_,
      "DELETE FROM logins WHERE until < ? AND rowid NOT IN (SELECT rowid FROM logins ORDER BY rowid DESC LIMIT ?)",
      millis(now - 24h), kMostOldLogins);
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

Result<std::optional<Login>> Store::login_whenever(const std::string& cookie) const {
  Query query(database_, "SELECT name, csrf FROM logins WHERE cookie = ?", sha256_hex(cookie));
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

namespace {

tl::unexpected<BookingRefused> refuse(Errc code, std::string_view reason, std::string words) {
  return tl::unexpected<BookingRefused>(BookingRefused(code, reason, std::move(words)));
}

}  // namespace

std::optional<BookingRefused> Store::not_free(const Slot& slot, const std::string& but, WallTime now) {
  if (slot.length < 5min || slot.length > 12h) {
    return BookingRefused(Errc::invalid, "minutes", "a consultation takes between 5 minutes and 12 hours");
  }
  const WallTime end = slot.start + slot.length;
  if (end <= now) return BookingRefused(Errc::invalid, "in-the-past", "that time is over already");
  if (slot.start > now + 24h * 400) {
    return BookingRefused(Errc::invalid, "too-far-ahead", "that is more than a year ahead");
  }
  Query known(database_, "SELECT name FROM halls WHERE id = ?", slot.hall);
  const auto is_known = known.any("looking for the hall");
  if (!is_known) return BookingRefused(Errc::io, "try-again", is_known.error().message);
  if (!*is_known) return BookingRefused(Errc::not_found, "unknown-hall", "there is no such hall");
  Query taken(
      database_,
      std::string(kBooking) +
          "WHERE hall = ? AND cancelled = 0 AND ended_at IS NULL AND start < ? AND \"end\" > ? AND receipt != ?",
      slot.hall, millis(end), millis(slot.start), number(but).value_or(0));
  auto by = taken.first("looking for other bookings", read_booking);
  if (!by) return BookingRefused(Errc::io, "try-again", by.error().message);
  if (!*by) return std::nullopt;
  BookingRefused refused(Errc::busy, "taken", "the hall is taken then: receipt number " + (*by)->receipt);
  refused.by = std::move(**by);
  return refused;
}

tl::expected<Booking, BookingRefused> Store::book(const Slot& slot, const std::string& reference, WallTime now) {
  // Looking and writing are one: a command and the server may book at the same time.
  Transaction transaction(database_);
  if (!transaction.begun) {
    return refuse(Errc::io, "try-again", "another process keeps the desk's file busy: try again");
  }
  if (!is_reference(reference)) {
    return refuse(Errc::invalid, "reference", "a reference has at most 20 letters, digits, dashes and the like");
  }
  if (auto refused = not_free(slot, {}, now)) return tl::unexpected<BookingRefused>(std::move(*refused));
  const std::string room = random_hex(12);
  Query put(database_, "INSERT INTO bookings(hall, start, \"end\", room, changed, reference) VALUES(?, ?, ?, ?, ?, ?)",
            slot.hall, millis(slot.start), millis(slot.start + slot.length), room, millis(now), reference);
  if (const auto done = put.done("keeping the booking"); !done) {
    return refuse(Errc::io, "try-again", done.error().message);
  }
  if (!transaction.commit()) {
    return refuse(Errc::io, "try-again", std::string("keeping the booking: ") + ::sqlite3_errmsg(database_));
  }
  return booked(booking_of_room(room));
}

tl::expected<Booking, BookingRefused> Store::booked(Result<std::optional<Booking>> found) {
  if (!found || !*found) {
    return refuse(Errc::io, "try-again", found ? "the booking is not there" : found.error().message);
  }
  return std::move(**found);
}

tl::expected<Booking, BookingRefused> Store::move(const std::string& receipt, const Slot& slot, WallTime now) {
  Transaction transaction(database_);
  if (!transaction.begun) {
    return refuse(Errc::io, "try-again", "another process keeps the desk's file busy: try again");
  }
  const auto known = booking(receipt);
  if (!known) return refuse(Errc::io, "try-again", known.error().message);
  if (!*known) return refuse(Errc::not_found, "unknown-booking", "there is no booking with this receipt number");
  if ((*known)->cancelled || (*known)->ended_at) {
    return refuse(Errc::invalid, "over", "the booking was cancelled, or its consultation has ended");
  }
  const auto open = call_is_open(**known);
  if (!open) return refuse(Errc::io, "try-again", open.error().message);
  if (*open) return refuse(Errc::busy, "calling", "the hall calls or talks for this booking just now");
  if (auto refused = not_free(slot, receipt, now)) return tl::unexpected<BookingRefused>(std::move(*refused));
  Query put(database_,
            "UPDATE bookings SET hall = ?, start = ?, \"end\" = ?, sequence = sequence + 1, held = 0, changed = ? "
            "WHERE receipt = ?",
            slot.hall, millis(slot.start), millis(slot.start + slot.length), millis(now), *number(receipt));
  if (const auto done = put.done("moving the booking"); !done) {
    return refuse(Errc::io, "try-again", done.error().message);
  }
  if (!transaction.commit()) {
    return refuse(Errc::io, "try-again", std::string("moving the booking: ") + ::sqlite3_errmsg(database_));
  }
  return booked(booking(receipt));
}

Booking Store::read_booking(const Query& row) {
  const std::int64_t ended = row.integer(9);  // NULL is 0
  return {row.text(0),          row.text(1),
          row.text(2),          wall(row.integer(3)),
          wall(row.integer(4)), row.text(5),
          row.integer(6) != 0,  row.integer(7) != 0,
          wall(row.integer(8)), ended == 0 ? std::nullopt : std::optional<WallTime>(wall(ended)),
          row.integer(10),      row.text(11)};
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
  Query query(database_, "UPDATE bookings SET cancelled = 1, sequence = sequence + 1, changed = ? WHERE receipt = ?",
              millis(now), *number(receipt));
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

Result<std::int64_t> Store::version() const {
  Query query(database_, "PRAGMA data_version");
  const auto found = query.first("looking for changes", [](const Query& row) { return row.integer(0); });
  if (!found) return fail(found.error());
  return found->value_or(0);
}

}  // namespace madoguchi::desk
