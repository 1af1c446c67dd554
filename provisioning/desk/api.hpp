// SPDX-License-Identifier: Apache-2.0
// docs/desk-api.md: which request does what. On the desk's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "provisioning/desk/attempts.hpp"
#include "provisioning/desk/counsellors.hpp"
#include "provisioning/desk/http.hpp"
#include "provisioning/desk/pace.hpp"
#include "provisioning/desk/page_files.hpp"
#include "provisioning/desk/records.hpp"
#include "provisioning/desk/rooms.hpp"

namespace madoguchi::desk {

/// What a counsellor may know of a hall.
json::bj::object hall_json(const Hall& hall);
/// 503, and a line in the log: nothing is said to be so, or not to be so, that could not be read or written.
Reply store_failed(const Error& error);
struct ApiSettings {
  std::chrono::hours login_for{12};
  std::chrono::minutes opens_before{60};   ///< a booking's room is there from so long before its start
  std::chrono::minutes closes_after{120};  ///< until so long after its end
  std::chrono::hours rooms_for{24};        ///< after its end a room is forgotten
  std::chrono::hours device_for{90 * 24};  ///< a browser in which somebody logged in is known for so long
  AttemptLimits attempts;
  int most_events = 10;  ///< of a room's box in a second; then 429
  int most_offers = 10;  ///< the same
  // Event streams; for one more, the oldest of the same ends.
  std::size_t most_streams_of_token = 8;
  std::size_t most_streams_of_login = 16;
};

class Api {
 public:
  Api(boost::asio::any_io_executor executor, Clock& clock, Records& records, PageFiles page,
      boost::asio::thread_pool& pool, ApiSettings settings, RoomSettings rooms);

  /// "http://127.0.0.1:8080": what Host and Origin must say, and what the calendars' links begin with.
  void set_origin(std::string origin);
  boost::asio::awaitable<Reply> answer(Request request, OnGone on_gone);
  /// Each second: what other processes wrote to the store is told to the pages, rooms whose time is over are closed,
  /// streams whose login or token has been taken back are ended. Begun here, done when the store has answered.
  void tick();

 private:
  // api_box.cpp
  boost::asio::awaitable<Reply> answer_box(Request request, OnGone on_gone);
  boost::asio::awaitable<Reply> offer(Request request, Booking booking, OnGone on_gone);
  boost::asio::awaitable<Reply> calendar(Request request);
  boost::asio::awaitable<Reply> box_says(Request request, Booking booking);
  Reply box_stream(const Request& request);
  // api_login.cpp
  static constexpr const char* kLoginCookie = "madoguchi";
  /// Verified when there is no such counsellor, so that both take the same time. Of a password that nobody knows.
  static const std::string& nobodys_hash();
  boost::asio::awaitable<Reply> log_in(Request request);
  boost::asio::awaitable<Reply> log_out(std::string cookie);
  // api_page.cpp
  boost::asio::awaitable<Reply> answer_page(Request request);
  boost::asio::awaitable<Reply> signed_in(Request request, Login login);
  boost::asio::awaitable<Reply> halls();
  boost::asio::awaitable<Reply> bookings(Request request);
  boost::asio::awaitable<Reply> make_booking(Request request);
  boost::asio::awaitable<Reply> move_booking(Request request);
  /// `code`: why there is none (docs/desk-api.md).
  static Result<Slot> slot_of(const json::bj::object& body, std::string& code);
  [[nodiscard]] Reply booking_refused(const BookingRefused& refused) const;
  // api_calls.cpp
  boost::asio::awaitable<Reply> missed_calls();
  boost::asio::awaitable<Reply> mark_call(Request request, Login login);
  boost::asio::awaitable<Reply> record(std::string room);
  /// Written down for the call that is open, soon.
  boost::asio::awaitable<void> write_part(Booking booking, std::string who, std::string role);
  void takes_part(const std::string& room, const std::string& who, const std::string& role);
  // api_bookings.cpp, and the rest of the page's
  boost::asio::awaitable<Reply> cancel(std::string receipt);
  boost::asio::awaitable<Reply> join(std::string room, std::string seat, std::string who, bool takes_over);
  /// Hold, banner, handover; nothing of it is kept.
  Reply in_talk(const std::string& room, const std::string& what, const std::string& session,
                const json::bj::object& body);
  boost::asio::awaitable<Reply> end_room(std::string room, std::string session);
  boost::asio::awaitable<Reply> room(Request request, Login login);
  Reply answer_offer(const Request& request);
  Reply desk_stream(const Request& request, const Login& login);
  Reply set_state(const Request& request, const Login& login);
  boost::asio::awaitable<Reply> departments();
  Reply room_stream(const Request& request);

  /// What the store knows of a room.
  struct Known {
    std::optional<Booking> booking;
    bool call_is_open = false;
  };
  static Result<Known> look_up(Store& store, const std::string& room);
  struct Found {
    std::optional<Booking> booking;
    int status = 404;  ///< where there is none: 404 never or not yet, 410 over
    std::string words;
  };
  /// The room of a booking that is on now.
  Found find_room(const Known& known);
  /// Somebody ended it, perhaps before the desk was restarted, and the hall has not called anew.
  [[nodiscard]] bool has_ended(const Booking& booking) const;
  /// Until when who is in its room may stay. On the boot clock from when it is first asked on, as long as the room is in
  /// use: a wall clock that jumps ends no consultation.
  BootTime closes_at(const Booking& booking);
  /// From who sits in a room, about her seat: that goes on when her login's time is over.
  [[nodiscard]] bool is_of_own_seat(const Request& request, const std::string& who) const;
  void state_changed(const std::string& room);
  /// What a box says (rooms.hpp), or how a call ends otherwise, is written down before it is answered. `who` sits there.
  static Result<void> write_down(Store& store, const Booking& booking, const std::string& what, const std::string& who,
                                 WallTime now);
  [[nodiscard]] json::bj::object facts_of(const std::string& room) const;
  [[nodiscard]] json::bj::object booking_json(const Booking& booking) const;
  void bookings_changed(const Booking& booking);
  // api_tick.cpp
  boost::asio::awaitable<void> look_at_store();
  boost::asio::awaitable<void> close_call(Booking booking, std::string how);
  /// What a stream is open by: it ends when that is taken back, or when its owner has opened `most` newer ones.
  struct Key {
    enum Kind { login, token } kind = login;
    std::string secret;
  };
  void watch(const std::shared_ptr<Outbox>& stream, Key key, std::size_t most);
  void watch_login(const std::shared_ptr<Outbox>& stream, const Request& request);

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  Records& records_;
  PageFiles page_;
  boost::asio::thread_pool& pool_;
  ApiSettings settings_;
  Rooms rooms_;
  Counsellors counsellors_;
  Pace events_, offers_;  ///< by room
  Coalesced days_;        ///< whose bookings are others now
  struct Watched {
    std::weak_ptr<Outbox> stream;
    Key key;
  };
  std::vector<Watched> streams_;  ///< the oldest first
  std::string origin_, host_;
  struct Closing {
    WallTime end{};  ///< of the booking; another: it was moved
    BootTime at{};
  };
  std::map<std::string, Closing> closing_;  ///< of the rooms in use
  std::map<std::string, Booking> booked_;   ///< as they were read last, of the rooms in which something goes on
  bool looking_ = false;                    ///< at the store
  std::int64_t store_version_ = -1;
  WallTime store_seen_{};
  Attempts attempts_;
};

}  // namespace madoguchi::desk
