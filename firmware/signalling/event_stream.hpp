// SPDX-License-Identifier: Apache-2.0
// The events stream of one consultation: kept open, reconnected with back-off, its last snapshot remembered so that a
// press finds out at once who is there. On the daemon's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/net/http_client.hpp"
#include "firmware/signalling/office_events.hpp"
#include "firmware/signalling/settings.hpp"

namespace madoguchi::signalling {

class EventStream {
 public:
  struct Handlers {
    std::function<void()> up;
    std::function<void(const std::string& why)> down;
    std::function<void(const OfficeEvent&)> event;
  };

  EventStream(HttpClient& http, Clock& clock, Settings settings, Url url, std::string bearer, Handlers handlers);

  /// Connects, delivers, reconnects; ends only by cancellation (operation_aborted).
  boost::asio::awaitable<void> run();
  /// Tells the office. An HTTP status outside 2xx is Errc::http.
  boost::asio::awaitable<Result<void>> post(json::bj::object body);
  /// The office's newest snapshot names this feature (docs/desk-api.md).
  [[nodiscard]] bool knows(const std::string& feature) const;

  [[nodiscard]] const Url& url() const { return url_; }
  [[nodiscard]] bool is_up() const { return up_; }
  /// Who sits where, as the stream said last; nullopt while it is down.
  [[nodiscard]] const std::optional<Seats>& seats() const { return seats_; }
  /// Events that were not in the list or malformed.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  bool take(std::string_view bytes);
  void remember(const OfficeEvent& event);

  HttpClient& http_;
  Clock& clock_;
  Settings settings_;
  Url url_;
  std::string bearer_;
  Handlers handlers_;
  struct Parser;
  std::shared_ptr<Parser> parser_;
  std::optional<Seats> seats_;
  bool up_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace madoguchi::signalling
