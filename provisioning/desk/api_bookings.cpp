// SPDX-License-Identifier: Apache-2.0
// The day's bookings, as the counsellor's page reads and changes them. On the desk's loop.
#include <algorithm>

#include "provisioning/desk/api.hpp"
#include "provisioning/desk/calendar.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
using json::bj::array;
using json::bj::object;
using namespace std::chrono_literals;

object Api::booking_json(const Booking& booking) const {
  std::string state = "cancelled";
  if (!booking.cancelled) {
    const RoomState now = rooms_.state(booking.room);
    // Held, and quiet before its end: the desk was restarted in the middle, or the hall pressed by mistake.
    const bool over = now == RoomState::quiet && booking.held && clock_.wall() > booking.end;
    state = name(over || has_ended(booking) ? RoomState::ended : now);
  }
  object json{{"receipt", booking.receipt},     {"hall", booking.hall},
              {"hall_name", booking.hall_name}, {"start", rfc3339(booking.start)},
              {"end", rfc3339(booking.end)},    {"room", booking.room},
              {"reference", booking.reference}, {"state", state}};
  if (state == "calling" || state == "talking") {
    json["who"] = rooms_.who(booking.room);
    json["since"] = rfc3339(rooms_.since(booking.room));
  }
  return json;
}

Result<Slot> Api::slot_of(const object& body, std::string& code) {
  const auto hall = json::string(body, "hall");
  const auto start_text = json::string(body, "start");
  const auto minutes = json::integer(body, "minutes");
  code = "incomplete";
  if (!hall || !start_text || !minutes) return fail(Errc::invalid, "a hall, a start and minutes are needed");
  const auto start = parse_rfc3339(*start_text);
  code = "not-a-time";
  if (!start) return fail(start.error());
  return Slot{*hall, *start, std::chrono::minutes(std::clamp<std::int64_t>(*minutes, 0, 100000))};
}

/// 409 for what is busy, 503 for what passes, else 422.
Reply Api::booking_refused(const BookingRefused& refused) const {
  const int status = refused.code == Errc::busy ? 409 : refused.code == Errc::io ? 503 : 422;
  object body{{"error", refused.message}, {"code", refused.reason}};
  if (refused.by) body["by"] = booking_json(*refused.by);
  return json_reply(status, body);
}

asio::awaitable<Reply> Api::bookings(Request request) {
  const auto day = request.query.find("day");
  const auto from = parse_rfc3339((day == request.query.end() ? "" : day->second) + "T00:00:00+09:00");
  if (!from) co_return error_reply(422, "write the day as 2026-11-23");
  std::function<Result<std::vector<Booking>>(Store&)> read = [from = *from](Store& store) {
    return store.bookings(from, from + 24h);
  };
  const auto stored = co_await records_.ask(std::move(read));
  if (!stored) co_return store_failed(stored.error());
  array all;
  for (const Booking& booking : *stored) all.push_back(booking_json(booking));
  co_return json_reply(200, all);
}

asio::awaitable<Reply> Api::make_booking(Request request) {
  const auto body = json::parse_object(request.body);
  if (!body) co_return error_reply(400, body.error().message);
  std::string code;
  const auto slot = slot_of(*body, code);
  if (!slot) co_return booking_refused({Errc::invalid, code, slot.error().message});
  const auto reference = json::string_or(*body, "reference", "");
  if (!reference) co_return booking_refused({Errc::invalid, "reference", reference.error().message});
  using Booked = tl::expected<Booking, BookingRefused>;
  std::function<Result<Booked>(Store&)> write = [slot = *slot, reference = *reference,
                                                 now = clock_.wall()](Store& store) -> Result<Booked> {
    return store.book(slot, reference, now);
  };
  const Result<Booked> asked = co_await records_.ask(std::move(write));
  if (!asked) co_return store_failed(asked.error());
  const Booked& booking = *asked;
  if (!booking) co_return booking_refused(booking.error());
  bookings_changed(*booking);
  co_return json_reply(201, booking_json(*booking));
}

asio::awaitable<Reply> Api::move_booking(Request request) {
  const auto body = json::parse_object(request.body);
  if (!body) co_return error_reply(400, body.error().message);
  std::string code;
  const auto slot = slot_of(*body, code);
  if (!slot) co_return booking_refused({Errc::invalid, code, slot.error().message});
  using Moved = tl::expected<std::pair<Booking, Booking>, BookingRefused>;  // before and after
  std::function<Result<Moved>(Store&)> write = [slot = *slot, receipt = request.segments[2],
                                                now = clock_.wall()](Store& store) -> Result<Moved> {
    const auto before = store.booking(receipt);
    if (!before) return fail(before.error());
    auto after = store.move(receipt, slot, now);
    if (!after) return Moved(tl::unexpected<BookingRefused>(std::move(after.error())));
    return Moved(std::pair(before->value_or(Booking{}), std::move(*after)));
  };
  const Result<Moved> asked = co_await records_.ask(std::move(write));
  if (!asked) co_return store_failed(asked.error());
  if (!*asked) co_return booking_refused(asked->error());
  const auto& [before, after] = **asked;
  if (booked_.contains(after.room)) booked_.insert_or_assign(after.room, after);
  bookings_changed(before);
  bookings_changed(after);
  co_return json_reply(200, booking_json(after));
}

asio::awaitable<Reply> Api::cancel(std::string receipt) {
  std::function<Result<Booking>(Store&)> write = [receipt, now = clock_.wall()](Store& store) -> Result<Booking> {
    const auto booking = store.booking(receipt);
    if (!booking) return fail(booking.error());
    if (auto done = store.cancel(receipt, now); !done) return fail(done.error());
    // The booking is cancelled, whatever becomes of its call.
    if (const auto kept = write_down(store, **booking, "cancelled-booking", {}, now); !kept) {
      (void)store_failed(kept.error());
    }
    return **booking;
  };
  const Result<Booking> cancelled = co_await records_.ask(std::move(write));
  if (!cancelled && cancelled.error().code == Errc::not_found) co_return error_reply(404, cancelled.error().message);
  if (!cancelled) co_return store_failed(cancelled.error());
  rooms_.close_room(cancelled->room);
  bookings_changed(*cancelled);
  co_return empty_reply();
}

}  // namespace madoguchi::desk
