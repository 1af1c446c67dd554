// SPDX-License-Identifier: Apache-2.0
// The table of calls: each press of a hall's button from the ring on, who answered it and who took part. On the loop's
// thread, or in a command.
#include "provisioning/desk/store_query.hpp"

namespace madoguchi::desk {

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
  if (auto done = put.done("keeping the call"); !done) return done;
  return by.empty() ? Result<void>() : attends(booking, by, "counsellor", now);
}

Result<void> Store::attends(const Booking& booking, const std::string& name, const std::string& role, WallTime now) {
  Query put(database_,
            "INSERT OR IGNORE INTO attendance(call, name, role, since) SELECT id, ?, ?, ? FROM calls WHERE receipt = ? "
            "AND ended IS NULL",
            name, role, millis(now), *number(booking.receipt));
  return put.done("keeping who takes part");
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

namespace {

constexpr const char* kCall =
    "SELECT id, hall, receipt, pressed, answered, \"by\", ended, how, settled, settled_by, trial FROM calls ";

std::optional<WallTime> when(std::int64_t value) {
  return value == 0 ? std::nullopt : std::optional<WallTime>(wall(value));
}

}  // namespace

Call Store::read_call(const Query& row) {
  return {row.integer(0),       row.text(1), row.text(2),          wall(row.integer(3)),
          when(row.integer(4)), row.text(5), when(row.integer(6)), row.text(7),
          when(row.integer(8)), row.text(9), row.integer(10) != 0};
}

Result<std::vector<Call>> Store::calls(WallTime from, WallTime until) const {
  Query query(database_, std::string(kCall) + "WHERE pressed >= ? AND pressed < ? ORDER BY pressed, id", millis(from),
              millis(until));
  return query.all("reading the calls", read_call);
}

Result<std::vector<Call>> Store::missed(WallTime since, WallTime settled_since) const {
  Query query(database_,
              std::string(kCall) +
                  "WHERE ended IS NOT NULL AND answered IS NULL AND trial = 0 AND pressed >= ? AND (settled IS NULL OR "
                  "settled >= ?) AND NOT EXISTS (SELECT 1 FROM calls AS later WHERE later.receipt = calls.receipt AND "
                  "later.id > calls.id AND later.answered IS NOT NULL) ORDER BY pressed, id",
              millis(since), millis(settled_since));
  return query.all("reading the calls", read_call);
}

Result<std::optional<Call>> Store::last_call(const std::string& receipt) const {
  Query query(database_, std::string(kCall) + "WHERE receipt = ? ORDER BY id DESC LIMIT 1",
              number(receipt).value_or(0));
  return query.first("reading the calls", read_call);
}

Result<std::vector<Attendance>> Store::attendance(std::int64_t call) const {
  Query query(database_, "SELECT name, role, since FROM attendance WHERE call = ? ORDER BY since, rowid", call);
  return query.all("reading who took part", [](const Query& row) {
    return Attendance{row.text(0), row.text(1), wall(row.integer(2))};
  });
}

Result<void> Store::settle(std::int64_t call, const std::string& by, WallTime now) {
  Query put(database_, "UPDATE calls SET settled = ?, settled_by = ? WHERE id = ? AND settled IS NULL", millis(now), by,
            call);
  return put.done("settling the call");
}

Result<std::optional<Booking>> Store::mark_trial(std::int64_t call, bool on) {
  Transaction transaction(database_);
  if (!transaction.begun) return fail(Errc::io, "another process keeps the desk's file busy: try again");
  Query receipt(database_, "SELECT receipt FROM calls WHERE id = ?", call);
  const auto found = receipt.first("looking for the call", [](const Query& row) { return row.text(0); });
  if (!found) return fail(found.error());
  if (!*found) return std::optional<Booking>();
  Query put(database_, "UPDATE calls SET trial = ? WHERE id = ?", static_cast<std::int64_t>(on), call);
  if (auto done = put.done("marking the call"); !done) return fail(done.error());
  Query talked(database_, "SELECT 1 FROM calls WHERE receipt = ? AND answered IS NOT NULL AND trial = 0",
               number(**found).value_or(0));
  const auto held = talked.any("reading the calls");
  if (!held) return fail(held.error());
  // A booking that was only tried was not held and has not ended; it is there for who comes, and its hall's box hears
  // that it is another. One that was talked after all has ended as its last talk did, unless the hall calls.
  Query booked(
      database_,
      *held ? "UPDATE bookings SET held = 1, ended_at = COALESCE(ended_at, (SELECT ended FROM calls AS last WHERE "
              "receipt = bookings.receipt AND trial = 0 AND how IN ('ended', 'counsellor') AND NOT EXISTS "
              "(SELECT 1 FROM calls WHERE receipt = bookings.receipt AND id > last.id AND trial = 0) "
              "ORDER BY id DESC LIMIT 1)) WHERE receipt = ?"
            : "UPDATE bookings SET held = 0, ended_at = NULL, sequence = sequence + 1 WHERE receipt = ?",
      number(**found).value_or(0));
  if (auto done = booked.done("marking the booking"); !done) return fail(done.error());
  if (!transaction.commit()) return fail(Errc::io, std::string("marking the call: ") + ::sqlite3_errmsg(database_));
  return booking(**found);
}

}  // namespace madoguchi::desk
