// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on Beast: reads requests under deadlines and caps, lets a route answer, keeps event streams alive. On the
// desk's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "provisioning/desk/http.hpp"

namespace madoguchi::desk {

struct ServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                           ///< 0: any that is free
  std::chrono::milliseconds request_within{10000};  ///< whole, of its first byte; a connection's first of its opening
  std::chrono::milliseconds idle{60000};            ///< a kept connection without a request
  std::chrono::milliseconds comment_every{5000};    ///< on event streams
  std::chrono::milliseconds write_within{10000};
  /// Of an event stream: whose box lost its power takes nothing any more, and is let go after this (RFC 5482).
  std::chrono::milliseconds untaken_for{9000};
  std::chrono::milliseconds stalled_after{1000};  ///< a client that takes nothing of its reply may give way then
  // Beyond these the one that has waited longest for a request, or takes nothing of its reply, gives way to a newcomer.
  std::size_t most_connections = 512;
  std::size_t most_of_block = 64;  ///< of one caller (callers.hpp)
  std::size_t for_people = 64;     ///< of all, kept for those who are logged in
  std::string proxy;               ///< the address of the reverse proxy whose X-Forwarded-For is believed, "" = none
  std::size_t most_header = 16 * 1024;
  std::size_t most_body = 64 * 1024;
};

class Server {
 public:
  /// Listens. Errc::permission for an address that is not loopback: there is no TLS yet.
  static Result<std::unique_ptr<Server>> open(boost::asio::any_io_executor executor, ServerSettings settings,
                                              Route route);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Begins to take connections.
  void start();
  /// Takes none any more, ends the event streams and idle connections.
  void stop();

  struct State;

 private:
  explicit Server(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace madoguchi::desk
