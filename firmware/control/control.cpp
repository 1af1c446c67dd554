// SPDX-License-Identifier: Apache-2.0
// The daemon's end of the control socket on its loop, and the command's blocking end.
#include "firmware/control/control.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/private_folder.hpp"

namespace madoguchi::control {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostConnections = 16;
constexpr int kMostWaiting = 64;  // in the kernel's queue
constexpr std::chrono::milliseconds kPlaceAgain{10};
constexpr std::chrono::milliseconds kToAsk{100};  // who has just come is not shown out before he could ask

Result<sockaddr_un> address(const std::filesystem::path& path) {
  sockaddr_un result{};
  result.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof result.sun_path) {
    return fail(Errc::invalid, "the control socket's path is too long (at most 107 bytes): " + text);
  }
  std::memcpy(result.sun_path, text.c_str(), text.size() + 1);
  return result;
}

/// Waits so long for a place in the daemon's queue.
Result<UniqueFd> connect_to(const std::filesystem::path& path, std::chrono::milliseconds within = {}) {
  auto where = address(path);
  if (!where) return fail(where.error());
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (within.count() > 0 ? 0 : SOCK_NONBLOCK), 0));
  if (!socket.valid()) return fail(errno_error("making a socket", errno));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(within);
  const timeval wait{seconds.count(), std::chrono::microseconds(within - seconds).count()};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);  // connect(2) keeps to it
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*where), sizeof *where) != 0) {
    const int error = errno;
    if (error == EACCES) {
      return fail(Errc::permission, path.native() + ": you may not use this socket; join its group or use sudo");
    }
    if (error == EAGAIN) {
      return fail(Errc::busy, path.native() + ": madoguchid takes no visitors: it hangs, or very many ask it just now");
    }
    return fail(Errc::unreachable, path.native() + ": no daemon listens here; is madoguchid running?");
  }
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  return socket;
}

json::bj::object refusal(const Error& error) {
  json::bj::object reply;
  reply["ok"] = false;
  reply["error"] = error.message;
  reply["refused"] = error.code == Errc::permission;
  return reply;
}

}  // namespace

struct Server::Connections {
  struct Connection {
    Connection(asio::any_io_executor executor, UniqueFd socket) : channel(executor, std::move(socket)) {}
    Channel channel;
    bool answering = false;
    bool has_asked = false;
    std::chrono::steady_clock::time_point came = steady_now();
    std::uint64_t silent_since = 0;  ///< in turns: how many questions and visitors had come by then
  };

  explicit Connections(Answer a) : answer(std::move(a)) {}
  Answer answer;
  std::vector<std::weak_ptr<Connection>> open;  ///< and some that are gone
  std::uint64_t turns = 0;

  /// A free place, or that of who has been silent longest, which is closed. False: all of them are being answered.
  bool make_place() {
    std::erase_if(open, [](const auto& each) { return each.expired(); });
    if (open.size() < kMostConnections) return true;
    std::shared_ptr<Connection> oldest;
    for (const auto& each : open) {
      auto connection = each.lock();
      if (connection->answering || (oldest && oldest->silent_since < connection->silent_since)) continue;
      if (connection->channel.has_unread()) continue;  // it has asked, and its turn comes
      if (!connection->has_asked && steady_now() - connection->came < kToAsk) continue;
      oldest = std::move(connection);
    }
    if (!oldest) return false;
    oldest->channel.close();
    std::erase_if(open, [&oldest](const auto& each) { return each.lock() == oldest; });
    return true;
  }
  void close_all() {
    for (const auto& each : open) {
      if (const auto connection = each.lock()) connection->channel.close();
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Connections> self, std::shared_ptr<Connection> connection) {
    Channel& channel = connection->channel;
    for (;;) {
      connection->answering = false;
      connection->silent_since = ++self->turns;
      Result<std::optional<Message>> received = co_await channel.receive();
      if (!received || !*received) break;
      connection->answering = connection->has_asked = true;
      const Message message = std::move(**received);
      Reply reply;
      auto object = json::parse_object(message.text);
      auto command = object ? json::string(*object, "command") : Result<std::string>(fail(object.error()));
      if (!command) {
        reply = refusal(command.error());
      } else {
        Question question;
        question.command = *command;
        question.arguments = std::move(*object);
        Result<Reply> answered = co_await self->answer(std::move(question));
        if (answered) {
          reply = std::move(*answered);
          reply.body["ok"] = true;
        } else {
          reply = refusal(answered.error());
        }
      }
      std::vector<int> fds;
      for (const UniqueFd& fd : reply.fds) fds.push_back(fd.get());
      Result<void> sent = channel.send(json::bj::serialize(reply.body), fds);
      if (!sent && sent.error().code == Errc::too_large) {
        reply = refusal(Error(Errc::too_large, "the answer is too long for the control socket"));
        sent = channel.send(json::bj::serialize(reply.body));
      }
      if (!sent) break;
    }
    channel.close();
  }
};

Server::Server(asio::any_io_executor executor, std::filesystem::path path, UniqueFd listener, UniqueFd lock,
               Answer answer)
    : executor_(executor), path_(std::move(path)), lock_(std::move(lock)), listener_(executor, listener.release()),
      connections_(std::make_shared<Connections>(std::move(answer))) {}

Server::~Server() { ::unlink(path_.c_str()); }

Result<std::unique_ptr<Server>> Server::open(asio::any_io_executor executor, std::filesystem::path path,
                                             Answer answer) {
  const Error another(Errc::busy, path.native() + ": another madoguchid serves this socket; stop it first");
  // The lock says whether somebody is there, whatever state the socket is in: one that hangs takes no visitors.
  auto lock = lock_file(path.native() + ".lock");
  if (!lock) return fail(lock.error().code == Errc::busy ? another : lock.error());
  const auto visited = connect_to(path);  // of an older version, which knew no lock
  if (visited || visited.error().code == Errc::busy) return fail(another);
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return fail(Errc::invalid, path.native() + ": this is no socket; it is left alone");
    ::unlink(path.c_str());
  }
  auto where = address(path);
  if (!where) return fail(where.error());
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.valid()) return fail(errno_error("making the control socket", errno));
  // The mode is right from the first moment: the umask is narrowed around bind(), on the only thread that makes files.
  const mode_t before = ::umask(0117);
  const int bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&*where), sizeof *where);
  const int error = errno;
  ::umask(before);
  if (bound != 0) return fail(errno_error("binding the control socket " + path.native(), error));
  if (::listen(listener.get(), kMostWaiting) != 0) return fail(errno_error("listening on the control socket", errno));
  return std::unique_ptr<Server>(
      new Server(executor, std::move(path), std::move(listener), std::move(*lock), std::move(answer)));
}

asio::awaitable<void> Server::run() {
  for (;;) {
    boost::system::error_code error;
    co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      connections_->close_all();
      co_return;
    }
    // Where all places are being answered the newcomer stays in the kernel's queue: it is the next, not turned away.
    while (!connections_->make_place()) {
      asio::steady_timer pause(executor_, kPlaceAgain);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (error) {
        connections_->close_all();
        co_return;
      }
    }
    UniqueFd socket(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid() && errno != EAGAIN && errno != ECONNABORTED) {
      // Out of descriptors, say: the visitor stays in the queue, and asking again at once would eat the processor.
      log::warning("control-accept-failed", {{"error", ::strerrordesc_np(errno)}});
      asio::steady_timer pause(executor_, std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    if (!socket.valid()) continue;
    auto connection = std::make_shared<Connections::Connection>(executor_, std::move(socket));
    connections_->open.push_back(connection);
    auto serve = Connections::serve(connections_, connection);
    asio::co_spawn(executor_, std::move(serve), [](std::exception_ptr failure) {
      if (failure) log::debug("control-connection-ended");
    });
  }
}

Result<Reply> ask(const std::filesystem::path& path, const json::bj::object& question,
                  std::chrono::milliseconds within) {
  const auto until = steady_now() + within;
  auto socket = connect_to(path, within);  // very many may ask just now
  if (!socket) return fail(socket.error());
  if (auto sent = send_message(socket->get(), json::bj::serialize(question)); !sent) return fail(sent.error());
  pollfd wait{socket->get(), POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_now());
    if (left.count() <= 0) return fail(Errc::timeout, "the daemon did not answer in time; its log may say why");
    if (::poll(&wait, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return fail(errno_error("waiting for the daemon", errno));
    }
    auto received = receive_message(socket->get());
    if (!received) {
      if (received.error().code == Errc::busy) continue;
      return fail(received.error());
    }
    if (!*received) return fail(Errc::cut, "the daemon closed the connection without an answer");
    auto reply = json::parse_object((*received)->text);
    if (!reply) return fail(reply.error());
    if (json::boolean_or(*reply, "ok", false).value_or(false)) {
      Reply good(std::move(*reply));
      good.fds = std::move((*received)->fds);
      return good;
    }
    const bool refused = json::boolean_or(*reply, "refused", false).value_or(false);
    return fail(refused ? Errc::permission : Errc::invalid,
                json::string_or(*reply, "error", "the daemon gave no reason").value_or("?"));
  }
}

}  // namespace madoguchi::control
