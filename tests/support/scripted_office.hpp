// SPDX-License-Identifier: Apache-2.0
// An office that does what the test says, well or badly: calendar, events stream, WHIP and WHEP on loopback. Its good
// answers come from webrtcbin. On the test's thread, served by its io_context.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/answerer.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

struct OfficeRequest {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

struct OfficeReply {
  enum How {
    whole,
    hang,   ///< no byte is ever sent
    close,  ///< closed without a byte
    cut,    ///< closed in the middle of the body
  } how = whole;
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

class ScriptedOffice {
 public:
  explicit ScriptedOffice(asio::io_context& io);
  ~ScriptedOffice();

  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::string calendar() const { return origin() + "/bookings.ics"; }
  /// Every request so far but those of the calendar, "POST /whip/room/counsellor".
  [[nodiscard]] const std::vector<OfficeRequest>& requests() const;
  [[nodiscard]] std::size_t count(const std::string& method_and_target) const;

  /// The reply to a POST of an offer; by default a good one.
  std::function<OfficeReply(const OfficeRequest&)> on_offer;
  /// A good 201 out of webrtcbin for this offer.
  OfficeReply good_answer(const OfficeRequest& request);
  /// The peers that were answered well and not DELETEd, by their path.
  std::map<std::string, std::unique_ptr<Answerer>> peers;

  /// The bookings' text; by default one that is open now.
  std::string calendar_text;
  int check_status = 404;  ///< what a request for nobody's room is answered with; such requests are not in requests()
  /// Is the counsellor there? Tells every open stream.
  void seat(bool present, const std::string& session = "s1");
  void tell(const std::string& event);
  [[nodiscard]] std::size_t streams() const;
  /// No connection is taken or kept any more, until open().
  void shut();
  void open();
  std::function<OfficeReply(const OfficeRequest&)> on_event;  ///< the reply to what the box tells; by default 204
  OfficeReply last_delete;                                    ///< what a DELETE is answered with; 200

  struct State;

 private:
  std::shared_ptr<State> state_;
};

/// An iCalendar text with one event from `from` to `until` (relative to now) whose link is ORIGIN/rooms/ROOM.
std::string one_booking(const std::string& origin, const std::string& room, std::chrono::seconds from,
                        std::chrono::seconds until, const std::string& more = {});

}  // namespace madoguchi::test
