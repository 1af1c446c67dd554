// SPDX-License-Identifier: Apache-2.0
// The server's own bounds against callers that are silent, slow, endless or deaf. Any route will do.
#include "provisioning/desk/server.hpp"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <thread>

#include "provisioning/desk/callers.hpp"
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

TEST_CASE(
    "the server: where two readers could differ - two Hosts, two Origins, an unknown coding - nothing is read on") {
  Line line({});
  int asked = 0;
  line.route = [&asked](Request, OnGone) {
    ++asked;
    return reply_with(empty_reply());
  };
  const std::string host = "Host: a\r\n", chunks = "3\r\nabc\r\n0\r\n\r\n";
  const std::tuple<std::string, std::string, int> bad[] = {
      {"GET / HTTP/1.1\r\n", "", 400},
      {"GET / HTTP/1.1\r\n" + host + host, "", 400},
      {"GET / HTTP/1.1\r\n" + host + "hOST: b\r\n", "", 400},
      {"POST / HTTP/1.1\r\n" + host + "Origin: http://a\r\nOrigin: http://b\r\n", "", 400},
      {"GET / HTTP/1.1\r\n" + host + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", "", 400},
      {"GET / HTTP/1.1\r\n" + host + "Cookie: a=1\r\nCookie: a=2\r\n", "", 400},
      {"POST / HTTP/1.1\r\n" + host + "X-CSRF-Token: a\r\nx-csrf-token: b\r\n", "", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n", "", 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n", chunks, 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n", chunks, 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n", chunks, 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks, 400},
      {"POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n", chunks, 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", chunks, 400}};
  for (const auto& [head, body, status] : bad) {
    CAPTURE(head);
    // Whatever stands behind it is no request of its own.
    const auto caller = line.call(head + "\r\n" + body + "GET /smuggled HTTP/1.1\r\n" + host + "\r\n");
    CHECK(line.closed(caller));
    CHECK(caller->said.rfind("HTTP/1.1 " + std::to_string(status) + " ", 0) == 0);
    CHECK(caller->said.find("HTTP/1.1 ", 1) == std::string::npos);
  }
  CHECK(asked == 0);
  const auto good = line.call("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: Chunked\r\n\r\n" + chunks);
  CHECK(line.answered(good));
  CHECK(good->said.rfind("HTTP/1.1 204 ", 0) == 0);
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
  settings.for_people = 0;
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

TEST_CASE(
    "where a caller counts to: this machine is one, IPv6 goes by /64, and a proxy is seen through when it is named") {
  struct Row {
    const char *remote, *forwarded, *proxy, *client, *block;
  };
  const Row rows[] = {
      {"127.0.0.1", "", "", "127.0.0.1", "loopback"},
      {"127.9.9.9", "", "", "127.9.9.9", "loopback"},
      {"::1", "", "", "::1", "loopback"},
      {"::ffff:127.0.0.1", "", "", "127.0.0.1", "loopback"},
      {"192.0.2.7", "", "", "192.0.2.7", "192.0.2.7"},
      {"2001:db8:1:2:3:4:5:6", "", "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
      {"127.0.0.1", "192.0.2.7", "", "127.0.0.1", "loopback"},  // nobody is believed unasked
      {"127.0.0.1", "192.0.2.7", "127.0.0.1", "192.0.2.7", "192.0.2.7"},
      {"127.0.0.1", "203.0.113.1, 192.0.2.7", "127.0.0.1", "192.0.2.7",
       "192.0.2.7"},  // the first is the caller's own word
      {"127.0.0.1", "[2001:db8::5]", "127.0.0.1", "2001:db8::5", "2001:db8::/64"},
      {"127.0.0.1", "unknown", "127.0.0.1", "127.0.0.1", "loopback"},
      {"127.0.0.1", "", "127.0.0.1", "127.0.0.1", "loopback"},
      {"192.0.2.9", "203.0.113.1", "127.0.0.1", "192.0.2.9", "192.0.2.9"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.remote, row.forwarded, row.proxy);
    const auto client = client_address(asio::ip::make_address(row.remote), row.forwarded, row.proxy);
    CHECK(client.to_string() == row.client);
    CHECK(address_block(client) == row.block);
  }
}

TEST_CASE("the server: one caller has so many connections - those of others are not touched, streams neither") {
  ServerSettings settings;
  settings.idle = settings.request_within = 1h;
  settings.most_of_block = 3;
  settings.proxy = "127.0.0.1";
  Line line(settings);
  line.route = [&line](Request request, OnGone) {
    Reply reply = empty_reply();
    if (request.path == "/stream") reply.stream = std::make_shared<Outbox>(line.io.get_executor());
    return reply_with(std::move(reply));
  };
  const auto from = [](const std::string& address, const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + address + "\r\n\r\n";
  };
  const auto other = line.call(from("192.0.2.1", "/"));
  CHECK(line.answered(other));
  std::vector<Line::CallerPtr> rests;
  for (int i = 0; i < 3; ++i) {
    rests.push_back(line.call(from("203.0.113.9", "/")));
    CHECK(line.answered(rests.back()));
  }
  // A fourth: the one that has rested longest gives way.
  const auto fourth = line.call(from("203.0.113.9", "/stream"));
  CHECK(line.answered(fourth));
  CHECK(line.closed(rests[0]));
  std::vector<Line::CallerPtr> streams;
  for (int i = 0; i < 2; ++i) {
    streams.push_back(line.call(from("203.0.113.9", "/stream")));
    CHECK(line.answered(streams.back()));
  }
  CHECK(line.closed(rests[2]));
  // All three are streams, which nobody ends: the next is told so.
  const auto beyond = line.call(from("203.0.113.9", "/"));
  CHECK(line.closed(beyond));
  CHECK(beyond->said.rfind("HTTP/1.1 429 ", 0) == 0);
  CHECK(beyond->said.find("Retry-After") != std::string::npos);
  for (const auto& each : {other, fourth, streams[0], streams[1]}) CHECK_FALSE(each->closed);
}

TEST_CASE("the server: strangers never have the places that are kept for people who are logged in") {
  ServerSettings settings;
  settings.idle = settings.request_within = 1h;
  settings.most_connections = 6;
  settings.for_people = 2;
  Line line(settings);
  line.route = [&line](Request request, OnGone) {
    Reply reply = empty_reply();
    if (request.path.find("stream") != std::string::npos) {
      reply.stream = std::make_shared<Outbox>(line.io.get_executor());
    }
    reply.signed_in = request.path.rfind("/me", 0) == 0;
    return reply_with(std::move(reply));
  };
  const auto get = [](const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"; };
  std::vector<Line::CallerPtr> strangers;
  for (int i = 0; i < 4; ++i) {
    strangers.push_back(line.call(get("/stream")));
    CHECK(line.answered(strangers.back()));
    CHECK(strangers.back()->said.rfind("HTTP/1.1 200 ", 0) == 0);
  }
  const auto fifth = line.call(get("/stream"));
  CHECK(line.closed(fifth));
  CHECK(fifth->said.rfind("HTTP/1.1 503 ", 0) == 0);
  // A person comes in, on the way to her login and with her streams.
  const auto on_the_way = line.call(get("/"));
  CHECK(line.closed(on_the_way));
  CHECK(on_the_way->said.rfind("HTTP/1.1 204 ", 0) == 0);
  const auto person = line.call(get("/me"));
  CHECK(line.answered(person));
  const auto stream = line.call(get("/me/stream"));
  CHECK(line.answered(stream));
  CHECK(stream->said.rfind("HTTP/1.1 200 ", 0) == 0);
  for (const auto& each : strangers) CHECK_FALSE(each->closed);
  CHECK_FALSE(person->closed);
}

TEST_CASE("the server: where people have all places, the one that has rested longest gives way") {
  ServerSettings settings;
  settings.idle = settings.request_within = 1h;
  settings.most_connections = 3;
  settings.for_people = 2;
  Line line(settings);
  line.route = [](Request, OnGone) {
    Reply reply = empty_reply();
    reply.signed_in = true;
    return reply_with(std::move(reply));
  };
  std::vector<Line::CallerPtr> people;
  for (int i = 0; i < 4; ++i) {
    people.push_back(line.call(kGet));
    CHECK(line.answered(people.back()));
  }
  CHECK(line.closed(people[0]));
  for (std::size_t i = 1; i < people.size(); ++i) CHECK_FALSE(people[i]->closed);
}

TEST_CASE("the server: who takes nothing of a reply gives way to a newcomer") {
  ServerSettings settings;
  settings.idle = settings.request_within = settings.write_within = 1h;
  settings.most_of_block = 2;
  settings.stalled_after = 0ms;
  Line line(settings);
  line.route = [](Request request, OnGone) {
    Reply reply;
    if (request.path == "/large") reply.body = std::string(64 << 20, 'x');
    return reply_with(std::move(reply));
  };
  const std::string large = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto deaf = line.call(large, false), deafer = line.call(large, false);
  // Both are being written to: their buffers are full.
  const auto stuck = [](const Line::CallerPtr& caller) {
    int waiting = 0;
    return ::ioctl(caller->socket.native_handle(), FIONREAD, &waiting) == 0 && waiting > 0;
  };
  CHECK(line.until([&] { return stuck(deaf) && stuck(deafer); }));
  for (int i = 0; i < 3; ++i) {
    const auto quick = line.call(kGet);
    CHECK(line.answered(quick));
  }
}

namespace {

/// The test's thread alone gets a network of its own, with a loopback that can be switched off.
bool own_network() {
  const auto loopback = [](short flags) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = flags;
    const bool done = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    ::close(socket);
    return done;
  };
  return ::unshare(CLONE_NEWNET) == 0 && loopback(IFF_UP);
}

void cut_loopback() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  CHECK(::ioctl(socket, SIOCSIFFLAGS, &request) == 0);
  ::close(socket);
}

}  // namespace

TEST_CASE("the server: a stream whose box has lost its power ends as soon as a comment was not taken for long") {
  bool has_network = false, ended = false;
  std::thread([&] {
    has_network = own_network();
    if (!has_network) return;
    ServerSettings settings;
    settings.comment_every = 50ms;
    settings.untaken_for = 300ms;
    settings.write_within = 1h;
    Line line(settings);
    line.route = [&](Request, OnGone) {
      Reply reply;
      reply.stream = std::make_shared<Outbox>(line.io.get_executor());
      reply.stream_ended = [&ended] { ended = true; };
      return reply_with(std::move(reply));
    };
    const auto caller = line.call(kGet);
    CHECK(line.answered(caller));
    CHECK_FALSE(ended);
    cut_loopback();  // nothing says that the other end is gone
    CHECK(line.until([&ended] { return ended; }));
    caller->socket.close();
  }).join();
  if (!has_network) WARN("no network of one's own here (not root?): not shown");
  CHECK((ended || !has_network));
}
