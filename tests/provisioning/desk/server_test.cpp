// SPDX-License-Identifier: Apache-2.0
// The server's own bounds against callers that are silent, slow, endless or deaf. Any route will do.
#include "provisioning/desk/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::desk;
using json::bj::object;
namespace asio = boost::asio;

namespace {

asio::awaitable<Reply> reply_with(Reply reply) { co_return reply; }

/// The server alone, with a route that answers 204, and those who call it.
struct Line {
  explicit Line(ServerSettings settings) {
    const Route through = [this](Request request, OnGone on_gone) {
      return route(std::move(request), std::move(on_gone));
    };
    server = Server::open(io.get_executor(), settings, through).value();
    server->start();
  }
  ~Line() {
    server->stop();
    io.restart();
    io.run_for(5s);
    CHECK(io.stopped());
  }
  struct Caller {
    explicit Caller(asio::io_context& context) : socket(context) {}
    asio::ip::tcp::socket socket;
    std::string bytes, said;
    bool closed = false;
  };
  using CallerPtr = std::shared_ptr<Caller>;
  void write(const CallerPtr& caller, std::string bytes) {
    caller->bytes = std::move(bytes);
    asio::async_write(caller->socket, asio::buffer(caller->bytes), [caller](boost::system::error_code, std::size_t) {});
  }
  CallerPtr call(std::string bytes, bool reads = true) {
    auto caller = std::make_shared<Caller>(io);
    caller->socket.connect({asio::ip::make_address("127.0.0.1"), server->port()});
    write(caller, std::move(bytes));
    if (!reads) return caller;
    asio::async_read(caller->socket, asio::dynamic_buffer(caller->said),
                     [caller](boost::system::error_code, std::size_t) { caller->closed = true; });
    return caller;
  }
  bool until(const std::function<bool()>& holds) { return test::until(io, holds, 10s * test::kSlow); }
  /// Its text has room before there is any.
  bool answered(const CallerPtr& caller) {
    return until([&caller] { return caller->said.find("\r\n\r\n") != std::string::npos; });
  }
  bool closed(const CallerPtr& caller) {
    return until([&caller] { return caller->closed; });
  }

  asio::io_context io;
  Route route = [](Request, OnGone) { return reply_with(empty_reply()); };
  std::unique_ptr<Server> server;
};

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("the server: a chunk's extensions and trailers have an end - 400, and the connection is closed") {
  Line line({});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* chunk : {"1;name=", "1\r\na\r\n0\r\nX: "}) {
    CAPTURE(chunk);
    const auto caller = line.call(head + chunk + std::string(1 << 20, 'y'));
    CHECK(line.closed(caller));
    CHECK(caller->said.rfind("HTTP/1.1 400 ", 0) == 0);
  }
}

TEST_CASE("the server: a request has its time, the first one of the connection's beginning - who has asked may rest") {
  ServerSettings settings;
  settings.idle = 1h;
  settings.request_within = 300ms;
  Line line(settings);
  const auto kept = line.call(kGet);
  CHECK(line.answered(kept));
  for (const char* part : {"", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"}) {
    CAPTURE(part);
    const auto caller = line.call(part);
    CHECK(line.closed(caller));
    CHECK(caller->said.empty());
  }
  CHECK_FALSE(kept->closed);
  const auto whole = line.call("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  CHECK(line.closed(whole));
  CHECK(whole->said.rfind("HTTP/1.1 204 ", 0) == 0);
  // Its second request, in part.
  line.write(kept, "GET / HT");
  CHECK(line.closed(kept));
}

TEST_CASE("the server: a request bears its caller's address") {
  std::string remote;
  Line line({});
  line.route = [&remote](Request request, OnGone) {
    remote = request.remote;
    return reply_with(empty_reply());
  };
  const auto caller = line.call(kGet);
  CHECK(line.answered(caller));
  CHECK(remote == "127.0.0.1");
}

TEST_CASE("the server: a kept connection is closed when nothing comes") {
  ServerSettings settings;
  settings.idle = 300ms;
  Line line(settings);
  const auto kept = line.call(kGet);
  CHECK(line.closed(kept));
  CHECK(kept->said.rfind("HTTP/1.1 204 ", 0) == 0);
}

TEST_CASE(
    "the server: at the most connections the one that was silent longest gives way, one that is answered does not") {
  ServerSettings settings;
  settings.idle = settings.request_within = 1h;
  settings.most_connections = 3;
  Line line(settings);
  line.route = [&line](Request request, OnGone) {
    Reply reply = empty_reply();
    if (request.path == "/stream") reply.stream = std::make_shared<Outbox>(line.io.get_executor());
    return reply_with(std::move(reply));
  };
  const std::string stream = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto hears = line.call(stream);
  CHECK(line.answered(hears));
  const auto silent = line.call("");
  const auto kept = line.call(kGet);
  CHECK(line.answered(kept));
  const auto next = line.call(kGet);
  CHECK(line.answered(next));
  CHECK(line.closed(silent));
  CHECK_FALSE(kept->closed);
  const auto second = line.call(stream);
  CHECK(line.answered(second));
  CHECK(line.closed(kept));
  const auto third = line.call(stream);
  CHECK(line.answered(third));
  CHECK(line.closed(next));
  // All three are streams now.
  const auto beyond = line.call(kGet);
  CHECK(line.closed(beyond));
  CHECK(beyond->said.empty());
  for (const auto& each : {hears, second, third}) CHECK_FALSE(each->closed);
}

TEST_CASE("the server: a stream that is not read keeps a megabyte at most, and then ends") {
  bool ended = false;
  Line line({});
  std::shared_ptr<Outbox> outbox;  // gone before the loop that its timer waits on
  line.route = [&](Request, OnGone) {
    Reply reply;
    reply.stream = outbox = std::make_shared<Outbox>(line.io.get_executor());
    reply.stream_ended = [&ended] { ended = true; };
    return reply_with(std::move(reply));
  };
  const auto caller = line.call(kGet);
  CHECK(line.answered(caller));
  const object event{{"type", "offer"}, {"sdp", std::string(1000, 'v')}};
  // What is taken counts no more.
  for (int i = 0; i < 1000; ++i) outbox->push(event);
  CHECK_FALSE(outbox->closed);
  CHECK(line.until([&] { return outbox->queue.empty(); }));
  std::size_t most = 0;
  for (int i = 0; i < 4000; ++i) {
    outbox->push(event);
    most = std::max(most, outbox->queue.size());
  }
  CHECK(most > 900);
  CHECK(most < 1100);
  CHECK(outbox->closed);
  CHECK(outbox->queue.empty());
  CHECK(line.closed(caller));
  CHECK(ended);
}
