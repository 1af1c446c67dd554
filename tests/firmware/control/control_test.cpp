// SPDX-License-Identifier: Apache-2.0
// Both ends of the control socket, over a real one. On the test's thread; the blocking end asks from a second thread.
#include "firmware/control/control.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <future>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;
using control::Question;
using control::Reply;
using json::bj::object;

namespace {

constexpr auto kBound = 10s * kSlow;

struct Office {
  asio::io_context io;
  Folder folder;
  std::filesystem::path path = folder / "control.sock";
  std::unique_ptr<control::Server> server;
  asio::cancellation_signal end;
  bool running = false;
  std::vector<std::string> asked;
  UniqueFd given;  ///< what "give" hands over
  asio::steady_timer never{io, asio::steady_timer::time_point::max()};

  explicit Office(bool start = true) {
    if (start) serve();
  }
  ~Office() { stop(); }

  void serve() {
    auto opened = control::Server::open(io.get_executor(), path,
                                        [this](Question question) { return answer(this, std::move(question)); });
    if (!opened) throw std::runtime_error(opened.error().message);
    server = std::move(*opened);
    running = true;
    auto work = server->run();
    asio::co_spawn(io, std::move(work),
                   asio::bind_cancellation_slot(end.slot(), [this](std::exception_ptr) { running = false; }));
    io.poll();
  }
  void stop() {
    never.cancel();
    if (running) end.emit(asio::cancellation_type::terminal);
    until(
        io, [this] { return !running; }, kBound);
    io.restart();
    io.poll();
  }

  static asio::awaitable<Result<Reply>> answer(Office* self, Question question) {
    self->asked.push_back(question.command);
    if (question.command == "echo") {
      object reply;
      reply["heard"] = question.arguments;
      co_return reply;
    }
    if (question.command == "give") {
      Reply reply{object()};
      for (std::int64_t i = 0; i < question.arguments.at("count").as_int64(); ++i) {
        reply.fds.emplace_back(::fcntl(self->given.get(), F_DUPFD_CLOEXEC, 0));
      }
      co_return reply;
    }
    if (question.command == "large") co_return object{{"text", std::string(kMaxMessage, 'x')}};
    if (question.command == "forbidden") co_return fail(Errc::permission, "not here: there are people");
    if (question.command == "throw") throw std::runtime_error("a mistake of ours");
    if (question.command == "wait") {
      boost::system::error_code ignored;
      co_await self->never.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      co_return object();
    }
    co_return fail(Errc::unsupported, "no such command");
  }

  Result<Reply> ask_whole(const object& question, std::chrono::milliseconds within = kBound) {
    auto asking = std::async(std::launch::async, [&] { return control::ask(path, question, within); });
    until(
        io, [&asking] { return asking.wait_for(0s) == std::future_status::ready; }, kBound + within);
    return asking.get();
  }
  Result<object> ask(const object& question, std::chrono::milliseconds within = kBound) {
    auto reply = ask_whole(question, within);
    if (!reply) return fail(reply.error());
    return std::move(reply->body);
  }

  UniqueFd connect() const {
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) socket.reset();
    return socket;
  }
  /// The next reply as text, "closed", or "nothing" when none comes.
  std::string reply(const UniqueFd& socket) {
    std::string result = "nothing";
    until(
        io,
        [&] {
          auto received = receive_message(socket.get());
          if (!received) return received.error().code != Errc::busy;
          result = *received ? (*received)->text : "closed";
          return true;
        },
        kBound);
    return result;
  }
};

object parsed(const std::string& text) { return json::parse_object(text).value_or(object()); }

}  // namespace

TEST_CASE("a question and its answer") {
  Office office;
  const auto reply = office.ask({{"command", "echo"}, {"x", 7}});
  REQUIRE(reply.has_value());
  CHECK(reply->at("ok").as_bool());
  CHECK(reply->at("heard").as_object().at("x").as_int64() == 7);
  CHECK(office.asked == std::vector<std::string>{"echo"});
}

TEST_CASE("the socket is for its owner and group, whatever the umask, and goes with its server") {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
    Office office(false);
    const mode_t before = ::umask(mask);
    office.serve();
    CHECK(::umask(before) == mask);  // left as it was
    struct stat status {};
    REQUIRE(::stat(office.path.c_str(), &status) == 0);
    CHECK(S_ISSOCK(status.st_mode));
    CHECK((status.st_mode & 07777) == 0660);
    office.stop();
    office.server.reset();
    CHECK_FALSE(std::filesystem::exists(office.path));
  }
}

TEST_CASE("a refusal and a failure") {
  Office office;
  const auto refused = office.ask({{"command", "forbidden"}});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::permission);
  CHECK(refused.error().message == "not here: there are people");
  const auto failed = office.ask({{"command", "dance"}});
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == Errc::invalid);
  CHECK(failed.error().message == "no such command");
}

TEST_CASE("a dead server's socket is taken over, a living one's is not, and a file is left alone") {
  Office office(false);
  {
    // Bound and never unlinked, as after SIGKILL.
    const UniqueFd dead(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, office.path.c_str(), sizeof where.sun_path - 1);
    REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
  }
  CHECK(std::filesystem::exists(office.path));
  office.serve();
  CHECK(office.ask({{"command", "echo"}}).has_value());

  const auto second = control::Server::open(office.io.get_executor(), office.path, {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::busy);
  CHECK(office.ask({{"command", "echo"}}).has_value());  // the first one goes on

  const auto file = office.folder / "file";
  write_text(file, "precious");
  const auto wrong = control::Server::open(office.io.get_executor(), file, {});
  REQUIRE_FALSE(wrong.has_value());
  CHECK(read_text(file) == "precious");
  const auto nowhere = control::Server::open(office.io.get_executor(), office.folder / "no/such.sock", {});
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.error().message.find("no/such.sock") != std::string::npos);
  const auto too_long = control::Server::open(office.io.get_executor(), "/tmp/" + std::string(120, 'x'), {});
  REQUIRE_FALSE(too_long.has_value());
  CHECK(too_long.error().code == Errc::invalid);
}

TEST_CASE("a question that can not be read is answered with an error, and the next one is served") {
  Office office;
  const UniqueFd socket = office.connect();
  REQUIRE(socket.valid());
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  for (const std::string& text : {std::string("{"), std::string("no JSON"), std::string("[]"), std::string("7"),
                                  std::string("{}"), std::string("{\"command\":7}"), deep, std::string(1, '\0'),
                                  std::string("\xff\xfe\xfd"), std::string(kMaxMessage, ' ')}) {
    CAPTURE(text.substr(0, 30));
    REQUIRE(send_message(socket.get(), text).has_value());
    const object reply = parsed(office.reply(socket));
    REQUIRE(reply.contains("ok"));
    CHECK_FALSE(reply.at("ok").as_bool());
    CHECK_FALSE(reply.at("error").as_string().empty());
    CHECK_FALSE(reply.at("refused").as_bool());
  }
  CHECK(office.asked.empty());
  REQUIRE(send_message(socket.get(), "{\"command\":\"echo\"}").has_value());
  CHECK(parsed(office.reply(socket)).at("ok").as_bool());
}

TEST_CASE("a question that is too long ends its connection, not the others'") {
  Office office;
  const UniqueFd other = office.connect();
  const UniqueFd socket = office.connect();
  const int room = 1 << 20;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  const std::string text(kMaxMessage + 1000, ' ');
  REQUIRE(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  CHECK(office.reply(socket) == "closed");
  REQUIRE(send_message(other.get(), "{\"command\":\"echo\"}").has_value());
  CHECK(parsed(office.reply(other)).at("ok").as_bool());
}

TEST_CASE("an answer that is too long is an error, not silence") {
  Office office;
  const auto reply = office.ask({{"command", "large"}});
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().message == "the answer is too long for the control socket");
}

TEST_CASE("sixteen connections at a time: who is being answered stays, who has been silent longest gives way") {
  Office office;
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < 16; ++i) {
    sockets.push_back(office.connect());
    REQUIRE(sockets.back().valid());
    REQUIRE(send_message(sockets.back().get(), "{\"command\":\"echo\"}").has_value());
    CHECK(parsed(office.reply(sockets.back())).at("ok").as_bool());
  }
  // The first speaks again, so the second has been silent longest.
  REQUIRE(send_message(sockets[0].get(), "{\"command\":\"echo\"}").has_value());
  CHECK(parsed(office.reply(sockets[0])).at("ok").as_bool());
  CHECK(office.ask({{"command", "echo"}}).has_value());
  CHECK(office.reply(sockets[1]) == "closed");
  sockets.erase(sockets.begin() + 1);

  // All sixteen wait for an answer: none of them is sent away.
  sockets.push_back(office.connect());
  const std::size_t before = office.asked.size();
  for (const UniqueFd& socket : sockets) REQUIRE(send_message(socket.get(), "{\"command\":\"wait\"}").has_value());
  REQUIRE(until(
      office.io, [&] { return office.asked.size() == before + sockets.size(); }, kBound));
  // Nor is one more: it is the next.
  const UniqueFd one_more = office.connect();
  REQUIRE(send_message(one_more.get(), "{\"command\":\"echo\"}").has_value());
  const std::size_t asked = office.asked.size();
  for (int i = 0; i < 50; ++i) office.io.poll();
  CHECK(office.asked.size() == asked);
  office.never.cancel();
  CHECK(parsed(office.reply(one_more)).at("ok").as_bool());
  for (const UniqueFd& socket : sockets) CHECK(parsed(office.reply(socket)).at("ok").as_bool());
  sockets.pop_back();  // a place that is left is free
  CHECK(office.ask({{"command", "echo"}}).has_value());
}

TEST_CASE("silent visitors without end keep nobody out") {
  Office office;
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(office.connect());
    REQUIRE(silent.back().valid());
    office.io.restart();
    office.io.poll();
  }
  CHECK(office.ask({{"command", "echo"}}).has_value());
  CHECK(office.reply(silent.front()) == "closed");
}

TEST_CASE("mistakes and visitors who leave early take no place") {
  Office office;
  for (int i = 0; i < 20; ++i) {
    const UniqueFd socket = office.connect();
    REQUIRE(send_message(socket.get(), "{\"command\":\"throw\"}").has_value());
    CHECK(office.reply(socket) == "closed");
  }
  for (int i = 0; i < 20; ++i) {
    {
      const UniqueFd socket = office.connect();
      REQUIRE(send_message(socket.get(), "{\"command\":\"wait\"}").has_value());
      const std::size_t before = office.asked.size();
      REQUIRE(until(
          office.io, [&] { return office.asked.size() > before; }, kBound));
    }
    office.never.cancel();  // the answer comes when nobody is there to hear it
    office.io.poll();
  }
  CHECK(office.ask({{"command", "echo"}}).has_value());
}

TEST_CASE("descriptors are handed to the asker, up to four, and what an asker sends along is closed") {
  Office office;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd read_end(ends[0]);
  office.given = UniqueFd(ends[1]);
  {
    const auto two = office.ask_whole({{"command", "give"}, {"count", 2}});
    REQUIRE(two.has_value());
    REQUIRE(two->fds.size() == 2);
    for (const UniqueFd& fd : two->fds) CHECK(::write(fd.get(), "here", 4) == 4);
  }
  office.given.reset();
  std::string all;
  char text[32] = {};
  for (ssize_t count = 0; (count = ::read(read_end.get(), text, sizeof text)) > 0;) {
    all.append(text, static_cast<std::size_t>(count));
  }
  CHECK(all == "herehere");  // and no end of it was left open, here or in the server

  office.given = UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const auto many = office.ask({{"command", "give"}, {"count", 5}});
  REQUIRE_FALSE(many.has_value());
  CHECK(many.error().message.find("too long") != std::string::npos);

  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd other_read(ends[0]);
  UniqueFd other_write(ends[1]);
  const UniqueFd socket = office.connect();
  const int fds[] = {other_write.get()};
  REQUIRE(send_message(socket.get(), R"({"command":"echo"})", fds));
  other_write.reset();
  CHECK(office.reply(socket).find("heard") != std::string::npos);
  CHECK(::read(other_read.get(), text, sizeof text) == 0);
}

TEST_CASE("nobody there, nobody answers, nobody may") {
  Office office(false);
  const auto nobody = office.ask({{"command", "echo"}});
  REQUIRE_FALSE(nobody.has_value());
  CHECK(nobody.error().code == Errc::unreachable);
  CHECK(nobody.error().message.find(office.path.native()) == 0);
  office.serve();
  const auto late = office.ask({{"command", "wait"}}, 50ms);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Errc::timeout);
  if (::geteuid() != 0) {
    ::chmod(office.path.c_str(), 0);
    const auto forbidden = office.ask({{"command", "echo"}});
    REQUIRE_FALSE(forbidden.has_value());
    CHECK(forbidden.error().code == Errc::permission);
  }
}

TEST_CASE("a visitor who asks and never listens is shown out, and the others are served") {
  Office office;
  const UniqueFd socket = office.connect();
  const std::string question = "{\"command\":\"echo\",\"x\":\"" + std::string(60000, 'x') + "\"}";
  bool gone = false;
  for (int i = 0; i < 2000 && !gone; ++i) {
    const auto sent = send_message(socket.get(), question);
    gone = !sent && sent.error().code == Errc::cut;
    office.io.restart();
    office.io.poll();
  }
  CHECK(gone);
  CHECK(office.ask({{"command", "echo"}}).has_value());
}

TEST_CASE("a server that ends closes its connections, and nothing of it waits") {
  Office office;
  const UniqueFd idle = office.connect();
  const UniqueFd talked = office.connect();
  REQUIRE(send_message(talked.get(), "{\"command\":\"echo\"}").has_value());
  CHECK(parsed(office.reply(talked)).at("ok").as_bool());
  until(
      office.io, [] { return false; }, 50ms);  // the idle one is taken in
  office.stop();
  CHECK(office.reply(idle) == "closed");
  CHECK(office.reply(talked) == "closed");
}

TEST_CASE("a daemon that hangs keeps its socket - a second one never takes it, the next one after its death does") {
  Office office;
  std::vector<UniqueFd> visitors;  // nobody serves them: the loop does not run
  for (int i = 0; i < 100; ++i) visitors.push_back(office.connect());
  REQUIRE_FALSE(visitors.back().valid());  // the queue is full
  asio::io_context io;
  const auto answer = [](Question) -> asio::awaitable<Result<Reply>> { co_return object(); };
  const auto second = [&] { return control::Server::open(io.get_executor(), office.path, answer); };
  struct stat before {};
  struct stat after {};
  REQUIRE(::lstat(office.path.c_str(), &before) == 0);
  const auto refused = second();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
  CHECK(refused.error().message.find("another madoguchid") != std::string::npos);
  REQUIRE(::lstat(office.path.c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  const auto asked = control::ask(office.path, {{"command", "status"}}, 100ms);
  REQUIRE_FALSE(asked);
  CHECK(asked.error().message.find("hangs") != std::string::npos);
  office.stop();
  office.server.reset();
  CHECK(second());
}

TEST_CASE("a daemon of an older version, which knows no lock, keeps its socket too, also while it hangs") {
  Folder folder;
  const std::string path = folder / "control.sock";
  UniqueFd old(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
  REQUIRE(::bind(old.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
  REQUIRE(::listen(old.get(), 1) == 0);
  asio::io_context io;
  std::vector<UniqueFd> visitors;
  for (int i = 0; i < 10; ++i) {
    CAPTURE(i);
    const auto answer = [](Question) -> asio::awaitable<Result<Reply>> { co_return object(); };
    const auto refused = control::Server::open(io.get_executor(), path, answer);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::busy);
    visitors.emplace_back(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)::connect(visitors.back().get(), reinterpret_cast<const sockaddr*>(&where), sizeof where);
  }
}
