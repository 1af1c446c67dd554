// SPDX-License-Identifier: Apache-2.0
// Calls that nobody answered, and what is written down of one that was. On the desk's loop.
#include <boost/asio/co_spawn.hpp>
#include <charconv>

#include "base/log.hpp"
#include "provisioning/desk/api.hpp"
#include "provisioning/desk/calendar.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
using json::bj::array;
using json::bj::object;
using namespace std::chrono_literals;

namespace {

constexpr auto kMissedFor = 24h * 30;

std::optional<std::int64_t> id_of(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

/// When Japan's day of this moment began.
WallTime days_begin(WallTime time) {
  return WallTime(std::chrono::floor<std::chrono::days>(time + kJapan).time_since_epoch() - kJapan);
}

}  // namespace

asio::awaitable<Reply> Api::missed_calls() {
  struct Missed {
    Call call;
    std::optional<Hall> hall;
  };
  std::function<Result<std::vector<Missed>>(Store&)> read =
      [now = clock_.wall()](Store& store) -> Result<std::vector<Missed>> {
    const auto calls = store.missed(now - kMissedFor, days_begin(now));
    if (!calls) return fail(calls.error());
    std::vector<Missed> all;
    for (const Call& call : *calls) {
      auto hall = store.hall(call.hall);
      if (!hall) return fail(hall.error());
      all.push_back({call, std::move(*hall)});
    }
    return all;
  };
  const auto stored = co_await records_.ask(std::move(read));
  if (!stored) co_return store_failed(stored.error());
  array all;
  for (const auto& [call, hall] : *stored) {
    object json{{"call", call.id},
                {"receipt", call.receipt},
                {"hall", hall_json(hall.value_or(Hall{}))},
                {"pressed", rfc3339(call.pressed)},
                {"how", call.how}};
    if (call.settled) {
      json["settled"] = rfc3339(*call.settled);
      json["settled_by"] = call.settled_by;
    }
    all.push_back(std::move(json));
  }
  co_return json_reply(200, all);
}

asio::awaitable<Reply> Api::mark_call(Request request, Login login) {
  const auto id = id_of(request.segments[2]);
  if (!id) co_return error_reply(404, "there is no such call");
  if (request.segments[3] == "settled") {
    std::function<Result<bool>(Store&)> write = [id = *id, who = login.name,
                                                 now = clock_.wall()](Store& store) -> Result<bool> {
      if (auto done = store.settle(id, who, now); !done) return fail(done.error());
      return true;
    };
    const Result<bool> done = co_await records_.ask(std::move(write));
    if (!done) co_return store_failed(done.error());
    rooms_.tell_desks({{"type", "missed"}});
    co_return empty_reply();
  }
  if (request.segments[3] != "trial") co_return error_reply(404, "there is nothing here");
  const auto body = json::parse_object(request.body);
  if (!body) co_return error_reply(400, body.error().message);
  const auto on = json::boolean(*body, "on");
  if (!on) co_return error_reply(422, on.error().message);
  std::function<Result<std::optional<Booking>>(Store&)> write = [id = *id, on = *on](Store& store) {
    return store.mark_trial(id, on);
  };
  const auto booking = co_await records_.ask(std::move(write));
  if (!booking) co_return store_failed(booking.error());
  if (!*booking) co_return error_reply(404, "there is no such call");
  if (!(*booking)->ended_at) rooms_.forget_end((*booking)->room);
  bookings_changed(**booking);
  rooms_.tell_desks({{"type", "missed"}});
  co_return empty_reply();
}

void Api::takes_part(const std::string& room, const std::string& who, const std::string& role) {
  const auto booking = booked_.find(room);
  if (booking == booked_.end()) return;
  asio::co_spawn(executor_, write_part(booking->second, who, role),
                 [](const std::exception_ptr& failure) { log::task_failed("takes-part", failure); });
}

asio::awaitable<void> Api::write_part(Booking booking, std::string who, std::string role) {
  std::function<Result<bool>(Store&)> write = [booking, who, role, now = clock_.wall()](Store& store) -> Result<bool> {
    if (auto done = store.attends(booking, who, role, now); !done) return fail(done.error());
    return true;
  };
  const Result<bool> done = co_await records_.ask(std::move(write));
  if (!done) (void)store_failed(done.error());
}

asio::awaitable<Reply> Api::record(std::string room) {
  struct Record {
    Booking booking;
    Call call;
    std::vector<Attendance> people;
  };
  std::function<Result<std::optional<Record>>(Store&)> read = [room](Store& store) -> Result<std::optional<Record>> {
    const auto booking = store.booking_of_room(room);
    if (!booking) return fail(booking.error());
    if (!*booking) return std::optional<Record>();
    const auto call = store.last_call((*booking)->receipt);
    if (!call) return fail(call.error());
    if (!*call) return std::optional<Record>();
    auto people = store.attendance((*call)->id);
    if (!people) return fail(people.error());
    return Record{**booking, **call, std::move(*people)};
  };
  const auto record = co_await records_.ask(std::move(read));
  if (!record) co_return store_failed(record.error());
  if (!*record) co_return error_reply(404, "no call is written down for this room");
  const auto& [booking, call, attendance] = **record;
  array people;
  for (const Attendance& each : attendance) people.push_back(object{{"name", each.name}, {"role", each.role}});
  object json{{"call", call.id},
              {"receipt", booking.receipt},
              {"reference", booking.reference},
              {"hall_name", booking.hall_name},
              {"pressed", rfc3339(call.pressed)},
              {"people", std::move(people)},
              {"trial", call.trial},
              {"how", call.how}};
  if (call.answered) json["answered"] = rfc3339(*call.answered);
  if (call.ended) json["ended"] = rfc3339(*call.ended);
  co_return json_reply(200, json);
}

}  // namespace madoguchi::desk
