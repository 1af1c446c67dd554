// SPDX-License-Identifier: Apache-2.0
// inotify(7). A node is made first and gets its group and mode from udev a moment later: both are changes.
#include "board/linux/node_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace madoguchi::board {

namespace asio = boost::asio;

struct NodeWatch::State : std::enable_shared_from_this<State> {
  asio::posix::stream_descriptor events;
  std::string prefix;
  std::function<void()> changed;

  State(asio::any_io_executor executor, int fd, std::string begins, std::function<void()> call)
      : events(std::move(executor), fd), prefix(std::move(begins)), changed(std::move(call)) {}

  void wait() {
    events.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (error || !self->changed) return;
                        if (self->read()) self->changed();
                        if (self->changed) self->wait();
                      });
  }

  /// Whether any event is of such a node.
  bool read() {
    alignas(inotify_event) std::array<char, 4096> room{};
    bool found = false;
    for (;;) {
      const ssize_t got = ::read(events.native_handle(), room.data(), room.size());
      if (got <= 0) return found;
      for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
        inotify_event event{};
        std::memcpy(&event, &room.at(at), sizeof event);
        const std::string_view name = event.len == 0 ? "" : room.data() + at + sizeof event;
        found = found || name.starts_with(prefix) || (event.mask & IN_Q_OVERFLOW) != 0;
        at += sizeof event + event.len;
      }
    }
  }
};

Result<std::unique_ptr<NodeWatch>> NodeWatch::open(asio::any_io_executor executor, const std::filesystem::path& folder,
                                                   std::string prefix, std::function<void()> changed) {
  const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return fail(errno_error("watching for devices", errno));
  auto state = std::make_shared<State>(std::move(executor), fd, std::move(prefix), std::move(changed));
  if (::inotify_add_watch(fd, folder.c_str(), IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVED_TO) < 0) {
    return fail(errno_error("watching " + folder.native() + " for devices", errno));
  }
  state->wait();
  return std::unique_ptr<NodeWatch>(new NodeWatch(std::move(state)));
}

NodeWatch::~NodeWatch() {
  state_->changed = {};
  boost::system::error_code ignored;
  state_->events.close(ignored);
}

}  // namespace madoguchi::board
