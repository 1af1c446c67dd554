// SPDX-License-Identifier: Apache-2.0
// The real madoguchi-desk in a folder of its own, and its callers: boxes with a token, pages with a cookie, event streams.
// Needs no GStreamer. On the test's thread.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/net/http_client.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

using json::bj::object;

std::string text_of(const object& event, const char* key);

/// An event stream that is being read. Ends, as a cut connection does, with its last owner.
class Listener {
 public:
  int status = 0;     ///< of the reply; 0 = none yet
  bool over = false;  ///< the desk closed it, or refused it
  std::vector<object> heard;

  [[nodiscard]] const object* find(const std::string& type, const char* key = nullptr,
                                   const std::string& value = {}) const;
  [[nodiscard]] long count(const std::string& type) const;
  void cut() { cancel.emit(asio::cancellation_type::terminal); }

  asio::cancellation_signal cancel;
  std::string kept;
};
using ListenerPtr = std::shared_ptr<Listener>;

/// A POST that waits for its reply.
struct Pending {
  std::optional<HttpResponse> response;
  std::string error;
  asio::cancellation_signal cancel;
  [[nodiscard]] int status() const { return response ? response->status : 0; }
};
using PendingPtr = std::shared_ptr<Pending>;

struct HallKeys {
  std::string id, token, calendar_path;
};

class Office {
 public:
  Office();

  /// One of the program's commands, its --json reply; throws when it fails.
  object command(std::vector<std::string> arguments, const std::string& input = {});
  HallKeys add_hall(const std::string& id, const std::string& name);
  /// The room of a booking that begins so far from now.
  std::string book(const std::string& hall, std::chrono::minutes from, std::chrono::minutes length);
  void start();
  /// SIGTERM; the exit status.
  int stop();

  HttpResponse send(HttpRequest request);
  [[nodiscard]] HttpRequest request(const std::string& method, const std::string& path) const;
  PendingPtr send_later(HttpRequest request);
  ListenerPtr listen(HttpRequest request);
  /// Waits until something holds; false after 20 s.
  bool until(const std::function<bool()>& holds) { return test::until(io, holds, std::chrono::seconds(20 * kSlow)); }
  /// Writes these bytes to the desk's port; what it says until it closes.
  std::string raw(const std::string& bytes);

  asio::io_context io;
  Folder folder;
  Program desk;
  std::string origin, listen_on = "127.0.0.1:0";

 private:
  HttpClient http_;
};

/// A box of one hall.
class BoxCaller {
 public:
  BoxCaller(Office& office, std::string token) : office_(office), token_(std::move(token)) {}
  [[nodiscard]] HttpRequest request(const std::string& method, const std::string& path, std::string body = {},
                                    const std::string& type = {}) const;
  int say(const std::string& room, const std::string& type);
  ListenerPtr listen(const std::string& room) { return office_.listen(request("GET", "/events/" + room)); }
  PendingPtr offer(const std::string& path, const std::string& sdp = "v=0\r\no=the box\r\n");

 private:
  Office& office_;
  std::string token_;
};

/// A counsellor's browser. Its headers can be changed, to see them refused.
class PageCaller {
 public:
  explicit PageCaller(Office& office) : origin(office.origin), office_(office) {}
  HttpResponse log_in(const std::string& name, const std::string& password);
  [[nodiscard]] HttpRequest request(const std::string& method, const std::string& path, const object& body = {}) const;
  HttpResponse send(const std::string& method, const std::string& path, const object& body = {});
  /// Joins and opens the stream; throws when refused.
  ListenerPtr sit(const std::string& room);

  std::string cookie, csrf, origin, session;

 private:
  Office& office_;
};

}  // namespace madoguchi::test
