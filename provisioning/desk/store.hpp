// SPDX-License-Identifier: Apache-2.0
// What the desk keeps: halls, counsellors, logins, bookings, in one SQLite file (0600, WAL). Commands may write to it
// while the server runs. Queries take well under a millisecond and stay on the loop. What can't be read is an error, never
// "there is none".
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

struct sqlite3;

namespace madoguchi::desk {

struct Hall {
  std::string id, name;
  std::string calendar;  ///< the unguessable part of its feed's path
  std::string address, room, telephone;
  std::string staffed;  ///< hours with staff, in words
};

/// What is known of a hall besides its box; what is missing stays as it is, "" removes it (a name stays).
struct HallFacts {
  std::optional<std::string> name, address, room, telephone, staffed;
};

struct Slot {
  std::string hall;
  WallTime start{};
  std::chrono::minutes length{};
};

struct Booking {
  std::string receipt;  ///< 受付番号: digits
  std::string hall, hall_name;
  WallTime start{}, end{};
  std::string room;  ///< unguessable
  bool cancelled = false;
  bool held = false;  ///< the consultation took place
  WallTime changed{};
  std::optional<WallTime> ended_at;  ///< somebody ended it, and the hall has not called anew
  std::int64_t sequence = 0;         ///< goes up with each move (RFC 5545 3.8.7.4)
  std::string reference;             ///< of the office's own form; never in the feed
};

/// One press of a hall's button, from the ring on.
struct Call {
  std::int64_t id = 0;
  std::string hall, receipt;  ///< the booking's, "" = none
  WallTime pressed{};
  std::optional<WallTime> answered;  ///< the talk began; none: it was missed
  std::string by;                    ///< who answered
  std::optional<WallTime> ended;
  std::string how;  ///< "ended" or "cancelled" by the hall, "counsellor", "cancelled-booking", "over", "lost"
  std::optional<WallTime> settled;  ///< missed, and somebody has seen to it
  std::string settled_by;
  bool trial = false;  ///< by mistake, or to try the button: counts nowhere
};

struct Attendance {
  std::string name;
  std::string role;  ///< "counsellor", "listener"
  WallTime since{};
};

/// A counsellor who can log in.
struct Account {
  std::string name, password_hash;
};

struct Login {
  std::string name, csrf;
};

/// Why a booking is not made. `reason` is the interface's stable word for it (docs/desk-api.md).
struct BookingRefused : Error {
  BookingRefused(Errc errc, std::string_view stable, std::string words)
      : Error(errc, std::move(words)), reason(stable) {}
  std::string_view reason;
  std::optional<Booking> by;  ///< taken: the one that has the time
};

class Store {
 public:
  /// Makes the folder (0700) and the file where they are missing (base/private_folder.hpp); brings an older version's file up to date. A file that
  /// is damaged is refused and left as it is.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Adds it, or gives it a new name, a new token and a new calendar; the token is kept only as a digest.
  Result<Hall> put_hall(const std::string& id, const std::string& name, const std::string& token);
  /// False: no such hall.
  Result<bool> describe_hall(const std::string& id, const HallFacts& facts);
  [[nodiscard]] Result<std::vector<Hall>> halls() const;
  [[nodiscard]] Result<std::optional<Hall>> hall(const std::string& id) const;
  [[nodiscard]] Result<std::optional<Hall>> hall_of_token(const std::string& token) const;
  [[nodiscard]] Result<std::optional<Hall>> hall_of_calendar(const std::string& calendar) const;

  /// Those who may listen beside a counsellor; the same again changes nothing. At most kMostListener characters.
  Result<void> put_department(const std::string& name);
  [[nodiscard]] Result<std::vector<std::string>> departments() const;

  /// A new password ends the logins that the old one made. The name as it is kept: the known one, where it differs only as
  /// account() allows.
  Result<std::string> put_counsellor(const std::string& name, const std::string& password_hash);
  /// Whatever its case (of A to Z) and the blanks at its ends.
  [[nodiscard]] Result<std::optional<Account>> account(const std::string& name) const;

  /// Forgets those whose time was over a day ago, but none of the newest: a clock that jumped says so of all.
  Result<void> put_login(const std::string& cookie, const Login& login, WallTime until, WallTime now);
  [[nodiscard]] Result<std::optional<Login>> login(const std::string& cookie, WallTime now) const;
  // Not ended by a logout or a new password; its time may be over.
  [[nodiscard]] Result<std::optional<Login>> login_whenever(const std::string& cookie) const;
  [[nodiscard]] Result<bool> has_login(const std::string& cookie) const;
  Result<void> forget_login(const std::string& cookie);

  /// Errc::not_found: no such hall; busy: the hall is taken then; invalid: says what is wrong with the times; io: try
  /// again.
  tl::expected<Booking, BookingRefused> book(const Slot& slot, const std::string& reference, WallTime now);
  /// Another hall, time or length under the same receipt number and room. As book(); and invalid: it is over; busy: the
  /// hall calls or talks for it.
  tl::expected<Booking, BookingRefused> move(const std::string& receipt, const Slot& slot, WallTime now);
  /// Those that begin in [from, until), by start; of one hall when `hall` is not empty.
  [[nodiscard]] Result<std::vector<Booking>> bookings(WallTime from, WallTime until,
                                                      const std::string& hall = {}) const;
  [[nodiscard]] Result<std::vector<Booking>> changed_since(WallTime time) const;
  [[nodiscard]] Result<std::optional<Booking>> booking_of_room(const std::string& room) const;
  [[nodiscard]] Result<std::optional<Booking>> booking(const std::string& receipt) const;
  Result<void> cancel(const std::string& receipt, WallTime now);
  Result<void> mark_held(const std::string& room);
  /// Its time is free for another booking from now on, until it is resumed.
  Result<void> mark_ended(const std::string& room, WallTime now);
  Result<void> mark_resumed(const std::string& room);
  /// Does another booking of the hall, neither cancelled nor ended, have some of its time?
  [[nodiscard]] Result<bool> is_given_away(const Booking& booking) const;

  /// The hall calls for this booking: the call that is open goes on, or one begins.
  Result<void> call_begins(const Booking& booking, WallTime now);
  /// The open call becomes a talk, unless it is one.
  Result<void> call_answered(const Booking& booking, const std::string& by, WallTime now);
  [[nodiscard]] Result<bool> call_is_open(const Booking& booking) const;
  /// Where one is open.
  Result<void> call_ends(const Booking& booking, const std::string& how, WallTime now);
  /// Somebody takes part in the open call; the same again changes nothing.
  Result<void> attends(const Booking& booking, const std::string& name, const std::string& role, WallTime now);
  [[nodiscard]] Result<std::vector<Attendance>> attendance(std::int64_t call) const;
  [[nodiscard]] Result<std::optional<Call>> last_call(const std::string& receipt) const;
  /// Those pressed since then that nobody answered, nor the hall's next call for the same booking; without those that were
  /// settled before `settled_since`.
  [[nodiscard]] Result<std::vector<Call>> missed(WallTime since, WallTime settled_since) const;
  Result<void> settle(std::int64_t call, const std::string& by, WallTime now);
  /// Its booking, which was not held by it; nullopt: no such call.
  Result<std::optional<Booking>> mark_trial(std::int64_t call, bool on);
  /// Those pressed in [from, until), by time.
  [[nodiscard]] Result<std::vector<Call>> calls(WallTime from, WallTime until) const;

  /// Changes when another process has written.
  [[nodiscard]] Result<std::int64_t> version() const;

 private:
  explicit Store(sqlite3* database) : database_(database) {}
  class Query;
  Result<void> bring_up_to_date();
  Result<void> look_for_damage();
  static Hall read_hall(const Query& row);
  static Booking read_booking(const Query& row);
  static Call read_call(const Query& row);
  /// Why nothing can be booked there, but for the booking `but`.
  std::optional<BookingRefused> not_free(const Slot& slot, const std::string& but, WallTime now);
  static tl::expected<Booking, BookingRefused> booked(Result<std::optional<Booking>> found);
  sqlite3* database_;
};

}  // namespace madoguchi::desk
