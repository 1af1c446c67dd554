// SPDX-License-Identifier: Apache-2.0
// The local control socket: SOCK_SEQPACKET under a path, mode 0660, a JSON object each way. The daemon serves it on its
// loop; the madoguchi command asks. Nothing of it is on the network.
//
// A question: {"command": "status", ...}. A reply: {"ok": true, ...} or {"ok": false, "error": "...", "refused": bool}.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/seqpacket.hpp"
#include "base/unique_fd.hpp"

namespace madoguchi::control {

struct Question {
  std::string command;
  json::bj::object arguments;  ///< the whole object
};

struct Reply {
  Reply() = default;
  Reply(json::bj::object b) : body(std::move(b)) {}  // NOLINT: most replies are no more than that
  json::bj::object body;
  std::vector<UniqueFd> fds;  ///< handed to the asker
};

/// Answers one question; an error becomes {"ok": false, ...}, Errc::permission with "refused": true.
using Answer = std::function<boost::asio::awaitable<Result<Reply>>(Question)>;

class Server {
 public:
  /// Takes over a dead daemon's socket file; Errc::busy while a living one has the lock beside it, even one that hangs.
  static Result<std::unique_ptr<Server>> open(boost::asio::any_io_executor executor, std::filesystem::path path,
                                              Answer answer);
  ~Server();

  /// Serves until cancelled, then closes all connections. Each may ask any number of questions; at most 16 at a time:
  /// for one more, the one that has been silent longest is closed.
  boost::asio::awaitable<void> run();

 private:
  Server(boost::asio::any_io_executor executor, std::filesystem::path path, UniqueFd listener, UniqueFd lock,
         Answer answer);
  struct Connections;
  boost::asio::any_io_executor executor_;
  std::filesystem::path path_;
  UniqueFd lock_;
  boost::asio::posix::stream_descriptor listener_;
  std::shared_ptr<Connections> connections_;
};

/// Asks a daemon and waits, blocking. Errc::unreachable when none listens, timeout; a refusal is Errc::permission.
Result<Reply> ask(const std::filesystem::path& path, const json::bj::object& question,
                  std::chrono::milliseconds within);

}  // namespace madoguchi::control
