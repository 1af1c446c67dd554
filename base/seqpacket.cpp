// SPDX-License-Identifier: Apache-2.0
// sendmsg and recvmsg with SCM_RIGHTS, and the channel on the daemon's loop.
#include "base/seqpacket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>

namespace madoguchi {

namespace asio = boost::asio;

Result<std::pair<UniqueFd, UniqueFd>> seqpacket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return fail(errno_error("making a socket pair", errno));
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> send_message(int socket, std::string_view text, std::span<const int> fds) {
  if (text.empty()) return fail(Errc::invalid, "an empty message would read as the peer's end");
  if (text.size() > kMaxMessage || fds.size() > kMaxMessageFds) return fail(Errc::too_large, "message over 128 KiB");
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxMessageFds * sizeof(int))] = {};
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS) return fail(Errc::busy, "the peer does not read its messages");
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return fail(Errc::cut, "the peer has closed");
    return fail(errno_error("sending a message", errno));
  }
}

Result<std::optional<Message>> receive_message(int socket) {
  Message result;
  result.text.resize(kMaxMessage + 1);
  iovec part{result.text.data(), result.text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxMessageFds * sizeof(int))] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = -1;
  do {
    count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    if (errno == EAGAIN) return fail(Errc::busy, "no message yet");
    if (errno == ECONNRESET) return std::optional<Message>();
    return fail(errno_error("receiving a message", errno));
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t held = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < held; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      result.fds.emplace_back(fd);
    }
  }
  if (count == 0) return std::optional<Message>();
  const bool truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  if (truncated || static_cast<std::size_t>(count) > kMaxMessage) return fail(Errc::too_large, "message over 128 KiB");
  result.text.resize(static_cast<std::size_t>(count));
  result.text.shrink_to_fit();
  return std::optional<Message>(std::move(result));
}

Channel::Channel(asio::any_io_executor executor, UniqueFd socket)
    : socket_(executor, asio::generic::seq_packet_protocol(AF_UNIX, 0), socket.release()) {
  socket_.non_blocking(true);
}

Result<void> Channel::send(std::string_view text, std::span<const int> fds) {
  if (!socket_.is_open()) return fail(Errc::cut, "the channel is closed");
  return send_message(socket_.native_handle(), text, fds);
}

asio::awaitable<Result<std::optional<Message>>> Channel::receive() {
  for (;;) {
    if (!socket_.is_open()) co_return std::optional<Message>();
    if (++in_a_row_ > kMessagesATurn) {
      co_await asio::post(socket_.get_executor(), asio::use_awaitable);
      in_a_row_ = 0;
      continue;
    }
    Result<std::optional<Message>> received = receive_message(socket_.native_handle());
    if (received || received.error().code != Errc::busy) co_return received;
    in_a_row_ = 0;
    boost::system::error_code error;
    co_await socket_.async_wait(asio::generic::seq_packet_protocol::socket::wait_read,
                                asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      const asio::cancellation_state cancelled = co_await asio::this_coro::cancellation_state;
      if (cancelled.cancelled() != asio::cancellation_type::none) throw boost::system::system_error(error);
      co_return std::optional<Message>();  // closed under us
    }
  }
}

bool Channel::has_unread() {
  pollfd wait{socket_.native_handle(), POLLIN, 0};
  return socket_.is_open() && ::poll(&wait, 1, 0) > 0;
}

void Channel::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace madoguchi
