// SPDX-License-Identifier: Apache-2.0
// The counsellor's page without a browser: logs in at a real desk, sits down, answers offers with webrtcbin. For tests
// and benches where what the browser does is not the question. On the test's thread, served by its io_context.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/net/http_client.hpp"
#include "tests/support/answerer.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

class Counsellor {
 public:
  Counsellor(asio::io_context& io, std::string origin, std::string name, std::string password);
  ~Counsellor();

  /// Throws when the desk refuses.
  void log_in();
  /// Sits down: joins the room and opens its stream. Throws when the desk refuses.
  void join(const std::string& room);
  /// As a closed tab: the stream ends without a word.
  void vanish();
  void leave();
  void end();

  /// A request of the page; `body` empty = none.
  HttpResponse request(const std::string& method, const std::string& path, const json::bj::object& body = {});

  /// What the box sends us and what it asks of us, newest peers; null when there is none.
  [[nodiscard]] const Answerer* receiving() const { return peer("whip"); }
  [[nodiscard]] const Answerer* sending() const { return peer("whep"); }
  [[nodiscard]] std::size_t peers() const;
  /// "offer whip", "offer-gone", "box talking", "ended room", in order.
  [[nodiscard]] const std::vector<std::string>& heard() const;
  [[nodiscard]] bool has_heard(const std::string& what) const;

  AnswererOptions send_options;  ///< codec, tone and size of what we send
  std::string receive_codec = "h264";

 private:
  struct Seat;
  [[nodiscard]] const Answerer* peer(const std::string& direction) const;
  HttpRequest make(const std::string& method, const std::string& path, const json::bj::object& body) const;
  static asio::awaitable<int> listen(std::shared_ptr<Seat> seat, HttpClient& http, HttpRequest request);
  void hear(Seat& seat, const std::string& data);

  asio::io_context& io_;
  std::string origin_, name_, password_;
  HttpClient http_;
  std::string cookie_, csrf_, room_;
  std::shared_ptr<Seat> seat_;
};

}  // namespace madoguchi::test
