// SPDX-License-Identifier: Apache-2.0
// The line between daemon and children: texts, descriptors, sizes, a peer that closes or does not read. On a loop.
#include "base/seqpacket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;

namespace {

struct Pair {
  Pair() {
    auto made = seqpacket_pair();
    REQUIRE(made);
    ours = std::move(made->first);
    theirs = std::move(made->second);
  }
  UniqueFd ours, theirs;
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

asio::awaitable<void> read_all(Channel& channel, std::function<bool()> wants_more) {
  do {
    Result<std::optional<Message>> got = co_await channel.receive();
    if (!got || !*got) co_return;
  } while (wants_more());
}

}  // namespace

TEST_CASE("both ends are close-on-exec and do not block") {
  const Pair pair;
  for (const int fd : {pair.ours.get(), pair.theirs.get()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  }
}

TEST_CASE("messages keep their borders and their order, both ways") {
  const Pair pair;
  REQUIRE(send_message(pair.ours.get(), "one"));
  REQUIRE(send_message(pair.ours.get(), std::string("t\0o", 3)));
  REQUIRE(send_message(pair.theirs.get(), "back"));
  CHECK((*receive_message(pair.theirs.get()))->text == "one");
  CHECK(((*receive_message(pair.theirs.get()))->text == std::string("t\0o", 3)));
  CHECK((*receive_message(pair.ours.get()))->text == "back");
  CHECK(receive_message(pair.ours.get()).error().code == Errc::busy);
}

TEST_CASE("128 KiB pass, one byte more is refused, nothing at all too") {
  const Pair pair;
  std::string most(kMaxMessage, 'x');
  most.back() = 'y';
  REQUIRE(send_message(pair.ours.get(), most));
  const auto received = receive_message(pair.theirs.get());
  REQUIRE(received);
  REQUIRE(*received);
  CHECK(((*received)->text == most));
  CHECK(send_message(pair.ours.get(), most + "x").error().code == Errc::too_large);
  CHECK(send_message(pair.ours.get(), "").error().code == Errc::invalid);
  CHECK(receive_message(pair.theirs.get()).error().code == Errc::busy);  // nothing of either was sent
}

TEST_CASE("a larger message of a peer that does not keep to it is refused, and the next one is read") {
  const Pair pair;
  const std::string large(kMaxMessage + 1, 'x');
  REQUIRE(::send(pair.theirs.get(), large.data(), large.size(), 0) == static_cast<ssize_t>(large.size()));
  REQUIRE(send_message(pair.theirs.get(), "next"));
  const std::string larger(kMaxMessage + 5000, 'x');
  REQUIRE(::send(pair.theirs.get(), larger.data(), larger.size(), 0) == static_cast<ssize_t>(larger.size()));
  CHECK(receive_message(pair.ours.get()).error().code == Errc::too_large);
  CHECK((*receive_message(pair.ours.get()))->text == "next");
  CHECK(receive_message(pair.ours.get()).error().code == Errc::too_large);
}

TEST_CASE("descriptors pass with their message, in order, close-on-exec") {
  const Folder folder;
  const Pair pair;
  std::vector<UniqueFd> files;
  std::vector<int> numbers;
  for (int i = 0; i < static_cast<int>(kMaxMessageFds); ++i) {
    const std::string name = std::to_string(i);
    write_text(folder / name, "file " + name);
    files.emplace_back(::open((folder / name).c_str(), O_RDONLY));
    numbers.push_back(files.back().get());
  }
  REQUIRE(send_message(pair.ours.get(), "with files", numbers));
  files.clear();  // ours may go: the message holds them
  auto received = receive_message(pair.theirs.get());
  REQUIRE(received);
  REQUIRE(*received);
  REQUIRE((*received)->fds.size() == kMaxMessageFds);
  for (std::size_t i = 0; i < kMaxMessageFds; ++i) {
    const int fd = (*received)->fds[i].get();
    char text[16] = {};
    CHECK(::read(fd, text, sizeof text) == 6);
    CHECK(std::string(text) == "file " + std::to_string(i));
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("too many descriptors are refused, and none stays open") {
  const Pair pair;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<int> five(kMaxMessageFds + 1, null.get());
  CHECK(send_message(pair.ours.get(), "x", five).error().code == Errc::too_large);

  // A peer that sends more all the same.
  const std::size_t before = open_descriptors();
  char text[] = "x";
  iovec part{text, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(20 * sizeof(int))] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(20 * sizeof(int));
  const std::vector<int> twenty(20, null.get());
  std::copy_n(twenty.begin(), 20, reinterpret_cast<int*>(CMSG_DATA(header)));
  REQUIRE(::sendmsg(pair.theirs.get(), &message, 0) == 1);
  CHECK(receive_message(pair.ours.get()).error().code == Errc::too_large);
  CHECK(open_descriptors() == before);
}

TEST_CASE("a peer that closed is an end, not an error, after what it said before") {
  Pair pair;
  REQUIRE(send_message(pair.theirs.get(), "last words"));
  pair.theirs.reset();
  CHECK((*receive_message(pair.ours.get()))->text == "last words");
  const auto ended = receive_message(pair.ours.get());
  REQUIRE(ended);
  CHECK_FALSE(*ended);
  const auto sent = send_message(pair.ours.get(), "hello?");  // and no SIGPIPE
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::cut);
}

TEST_CASE("a peer that closed with unread messages is an end too") {
  Pair pair;
  REQUIRE(send_message(pair.ours.get(), "never read"));
  pair.theirs.reset();
  const auto ended = receive_message(pair.ours.get());
  REQUIRE(ended);
  CHECK_FALSE(*ended);
}

TEST_CASE("a peer that does not read is busy, soon, and never blocks us") {
  const Pair pair;
  Result<void> sent;
  int count = 0;
  while (sent && count < 100'000) {
    sent = send_message(pair.ours.get(), std::string(1000, 'x'));
    ++count;
  }
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Errc::busy);
  CHECK((*receive_message(pair.theirs.get()))->text.size() == 1000);
}

TEST_CASE("a peer that floods its channel does not hold the loop: what else waits there has its turn") {
  asio::io_context io;
  Pair pair;
  Channel channel(io.get_executor(), std::move(pair.ours));
  constexpr int kFlood = 10'000;
  int read = 0, sent = 0, turns = 0;
  const auto flood = [&] {
    while (sent < kFlood && send_message(pair.theirs.get(), "x")) ++sent;
  };
  flood();
  REQUIRE(sent > kMessagesATurn);
  bool over = false;
  // As each reader in the daemon: it asks again at once.
  asio::co_spawn(io,
                 read_all(channel,
                          [&] {
                            flood();
                            return ++read < kFlood;
                          }),
                 [&over](std::exception_ptr) { over = true; });
  int most_between = 0, before = 0;
  const std::function<void()> other = [&] {
    ++turns;
    most_between = std::max(most_between, read - before);
    before = read;
    if (!over) asio::post(io, other);
  };
  asio::post(io, other);
  REQUIRE(until(
      io, [&over] { return over; }, std::chrono::seconds(20 * kSlow)));
  CHECK(read == kFlood);
  CHECK(most_between <= kMessagesATurn);
  CHECK(turns >= kFlood / kMessagesATurn);
}

TEST_CASE("a channel hands on messages as they come, and the end") {
  asio::io_context io;
  Pair pair;
  Channel channel(io.get_executor(), std::move(pair.ours));
  REQUIRE(send_message(pair.theirs.get(), "already there"));
  CHECK((*await(io, channel.receive()))->text == "already there");

  std::optional<std::string> heard;
  auto receiving = channel.receive();
  asio::co_spawn(io, std::move(receiving), [&heard](std::exception_ptr, Result<std::optional<Message>> message) {
    heard = message && *message ? (*message)->text : "?";
  });
  io.poll();
  CHECK_FALSE(heard);
  REQUIRE(send_message(pair.theirs.get(), "later"));
  CHECK(until(
      io, [&heard] { return heard.has_value(); }, std::chrono::seconds(10 * kSlow)));
  CHECK(heard == "later");

  REQUIRE(channel.send("answer"));
  CHECK((*receive_message(pair.theirs.get()))->text == "answer");
  pair.theirs.reset();
  const auto ended = await(io, channel.receive());
  REQUIRE(ended);
  CHECK_FALSE(*ended);
}

TEST_CASE("a channel that is closed while it waits ends the wait, and takes no more") {
  asio::io_context io;
  Pair pair;
  auto channel = std::make_unique<Channel>(io.get_executor(), std::move(pair.ours));
  bool ended = false;
  auto receiving = channel->receive();
  asio::co_spawn(io, std::move(receiving),
                 [&ended](std::exception_ptr failure, Result<std::optional<Message>> message) {
                   ended = !failure && message && !*message;
                 });
  io.poll();
  CHECK_FALSE(ended);
  const bool destroyed = GENERATE(false, true);
  if (destroyed) {
    channel.reset();
  } else {
    channel->close();
    CHECK_FALSE(channel->is_open());
    CHECK(channel->send("x").error().code == Errc::cut);
  }
  CHECK(until(
      io, [&ended] { return ended; }, std::chrono::seconds(10 * kSlow)));
  CHECK_FALSE(*receive_message(pair.theirs.get()));
}

TEST_CASE("a wait on a channel that is cancelled throws, and the channel goes on") {
  asio::io_context io;
  Pair pair;
  Channel channel(io.get_executor(), std::move(pair.ours));
  asio::cancellation_signal signal;
  bool aborted = false;
  auto ended = [&aborted](std::exception_ptr failure, const Result<std::optional<Message>>&) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      aborted = error.code() == asio::error::operation_aborted;
    }
  };
  asio::co_spawn(io, channel.receive(), asio::bind_cancellation_slot(signal.slot(), ended));
  io.poll();
  signal.emit(asio::cancellation_type::terminal);
  CHECK(until(
      io, [&aborted] { return aborted; }, std::chrono::seconds(10 * kSlow)));
  REQUIRE(send_message(pair.theirs.get(), "still here"));
  CHECK((*await(io, channel.receive()))->text == "still here");
}
