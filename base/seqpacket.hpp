// SPDX-License-Identifier: Apache-2.0
// Messages with descriptors over a SOCK_SEQPACKET pair: the daemon's line to each child. The functions serve any
// process; Channel is the daemon's end on its loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/seq_packet_protocol.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace madoguchi {

inline constexpr std::size_t kMaxMessage = 128 * 1024;
inline constexpr std::size_t kMaxMessageFds = 4;
inline constexpr int kMessagesATurn = 16;

struct Message {
  std::string text;
  std::vector<UniqueFd> fds;
};

/// Two connected, close-on-exec, non-blocking ends.
Result<std::pair<UniqueFd, UniqueFd>> seqpacket_pair();

/// Never blocks. Errc::busy when the peer does not read, too_large beyond kMaxMessage, cut when it is gone.
Result<void> send_message(int socket, std::string_view text, std::span<const int> fds = {});

/// Never blocks. nullopt when the peer has closed (a read of 0 bytes), Errc::busy when nothing is there yet.
Result<std::optional<Message>> receive_message(int socket);

class Channel {
 public:
  Channel(boost::asio::any_io_executor executor, UniqueFd socket);

  Result<void> send(std::string_view text, std::span<const int> fds = {});
  /// The next message, or nullopt when the peer has closed. Cancellation throws operation_aborted. A peer that floods the
  /// channel does not hold the loop: after kMessagesATurn messages in a row everything else there has its turn.
  boost::asio::awaitable<Result<std::optional<Message>>> receive();
  void close();
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  /// Something came that receive() has not handed on yet.
  [[nodiscard]] bool has_unread();

 private:
  boost::asio::generic::seq_packet_protocol::socket socket_;
  int in_a_row_ = 0;  ///< messages that were there already
};

}  // namespace madoguchi
