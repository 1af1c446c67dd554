// SPDX-License-Identifier: Apache-2.0
// What the desk does without being asked: a look at the store each second, and what follows from it. On the desk's loop.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "base/log.hpp"
#include "provisioning/desk/api.hpp"

namespace madoguchi::desk {

namespace asio = boost::asio;
using namespace std::chrono_literals;

void Api::watch(const std::shared_ptr<Outbox>& stream, Key key, std::size_t most) {
  const auto is_own = [&key](const Watched& each) {
    const auto open = each.stream.lock();
    return open && !open->closed && each.key.kind == key.kind && each.key.secret == key.secret;
  };
  if (static_cast<std::size_t>(std::count_if(streams_.begin(), streams_.end(), is_own)) >= most) {
    std::find_if(streams_.begin(), streams_.end(), is_own)->stream.lock()->close();
  }
  streams_.push_back({stream, std::move(key)});
}

void Api::tick() {
  events_.tidy();
  offers_.tidy();
  rooms_.forget_ended(settings_.rooms_for);
  const std::vector<std::string> rooms = rooms_.all();
  std::erase_if(closing_, [this](const auto& each) { return !rooms_.in_use(each.first); });
  std::erase_if(
      booked_, [&rooms](const auto& each) { return std::find(rooms.begin(), rooms.end(), each.first) == rooms.end(); });
  if (std::exchange(looking_, true)) return;
  asio::co_spawn(executor_, look_at_store(), [this](const std::exception_ptr& failure) {
    log::task_failed("look-at-store", failure);
    looking_ = false;
  });
}

BootTime Api::closes_at(const Booking& booking) {
  const auto [found, is_new] = closing_.try_emplace(booking.room);
  Closing& closing = found->second;
  if (is_new || closing.end != booking.end) {
    closing = {booking.end, clock_.boot() + (booking.end + settings_.closes_after - clock_.wall())};
  }
  return closing.at;
}

asio::awaitable<void> Api::look_at_store() {
  struct Seen {
    std::int64_t version = -1;
    std::vector<Booking> changed;                  ///< when the version is another
    std::vector<bool> holds;                       ///< by key
    std::vector<std::optional<Booking>> bookings;  ///< by room
  };
  std::vector<std::shared_ptr<Outbox>> streams;
  std::vector<Key> keys;
  std::erase_if(streams_, [&](const Watched& each) {
    const auto stream = each.stream.lock();
    if (!stream || stream->closed) return true;
    streams.push_back(stream);
    keys.push_back(each.key);
    return false;
  });
  std::vector<std::string> rooms = rooms_.all();
  std::erase_if(rooms, [this](const std::string& room) { return !rooms_.in_use(room); });
  // The other process has stamped what it wrote a moment before it was there to be seen.
  std::function<Result<Seen>(Store&)> look = [keys, rooms, before = store_version_,
                                              since = store_seen_ - 10s](Store& store) -> Result<Seen> {
    Seen seen;
    const auto version = store.version();
    if (!version) return fail(version.error());
    seen.version = *version;
    if (seen.version != before) {
      auto changed = store.changed_since(since);
      if (!changed) return fail(changed.error());
      seen.changed = std::move(*changed);
    }
    // Only what is known ends a stream or a room: nobody is sent away because a disk fails.
    for (const Key& key : keys) {
      if (key.kind == Key::login) {
        seen.holds.push_back(store.has_login(key.secret).value_or(true));
      } else {
        const auto hall = store.hall_of_token(key.secret);
        seen.holds.push_back(!hall || hall->has_value());
      }
    }
    for (const std::string& room : rooms) {
      auto booking = store.booking_of_room(room);
      if (!booking) return fail(booking.error());
      seen.bookings.push_back(std::move(*booking));
    }
    return seen;
  };
  const WallTime now = clock_.wall();
  const Result<Seen> seen = co_await records_.ask(std::move(look));
  if (!seen) {  // again in a second
    (void)store_failed(seen.error());
    co_return;
  }
  if (std::exchange(store_version_, seen->version) != seen->version) store_seen_ = now;
  for (const Booking& booking : seen->changed) bookings_changed(booking);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (!seen->holds[i] && !streams[i]->closed) streams[i]->close();
  }
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const std::optional<Booking>& booking = seen->bookings[i];
    if (booking && !booking->cancelled && clock_.boot() <= closes_at(*booking)) continue;
    if (booking) co_await close_call(*booking, booking->cancelled ? "cancelled-booking" : "over");
    rooms_.close_room(rooms[i]);
  }
}

asio::awaitable<void> Api::close_call(Booking booking, std::string how) {
  std::function<Result<bool>(Store&)> write = [booking, how, now = clock_.wall()](Store& store) -> Result<bool> {
    if (auto done = write_down(store, booking, how, {}, now); !done) return fail(done.error());
    return true;
  };
  const Result<bool> written = co_await records_.ask(std::move(write));
  if (!written) (void)store_failed(written.error());
}

}  // namespace madoguchi::desk
