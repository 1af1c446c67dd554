// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange as the desk's routes see it, without Beast. On the desk's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace madoguchi::desk {

struct Request {
  std::string method;
  std::string path;                   ///< as it came, without the query
  std::vector<std::string> segments;  ///< of the path, percent-decoded
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string remote;  ///< the caller's address, without its port

  [[nodiscard]] std::string header(const std::string& name) const;
  [[nodiscard]] std::string cookie(const std::string& name) const;
  /// The token of "Authorization: Bearer TOKEN", or "".
  [[nodiscard]] std::string bearer() const;
  /// Does the path have this form? "*" stands for any one segment.
  [[nodiscard]] bool is(std::string_view wanted_method, const std::vector<std::string_view>& form) const;
};

/// Server-sent events on their way to one client.
class Outbox {
 public:
  explicit Outbox(const boost::asio::any_io_executor& executor);
  /// Who has not read the last kMost bytes is not served any more: the queue is dropped and the stream ends. Its client
  /// comes again and hears how things are then.
  void push(const json::bj::object& event);
  /// What is queued, which then is not.
  std::string take();
  /// What is queued is still sent.
  void close();

  static constexpr std::size_t kMost = 1024 * 1024;
  std::deque<std::string> queue;
  bool closed = false;
  boost::asio::steady_timer wake;

 private:
  std::size_t queued_ = 0;  ///< bytes
};

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<Outbox> stream;      ///< set: the reply is text/event-stream
  std::function<void()> stream_ended;  ///< the client has gone, or the outbox was closed
  bool signed_in = false;              ///< to a person who is logged in, who keeps a place
};

Reply json_reply(int status, const json::bj::value& body);
/// {"error": words}
Reply error_reply(int status, const std::string& words);
Reply empty_reply(int status = 204);

/// Is the tag in an If-None-Match? Weak ones count too (RFC 9110 section 13.1.2).
bool names_etag(std::string_view if_none_match, std::string_view etag);

/// Calls back, at most once, when the client has gone while its reply is being made.
using OnGone = std::function<void(std::function<void()>)>;

/// Answers one request. May wait.
using Route = std::function<boost::asio::awaitable<Reply>(Request request, OnGone on_gone)>;

/// Percent-decoding; nullopt when it is malformed or hides a slash or a control character.
std::optional<std::string> decoded_segment(std::string_view text);
/// False: the target is not an absolute path of decodable segments.
bool parse_target(std::string_view target, Request& request);

}  // namespace madoguchi::desk
