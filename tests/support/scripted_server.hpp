// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server on loopback that plays a script of misbehaviours, one reply a request, and notes what was asked. It
// never waits for a time: what is late is late until the test releases it. On the test's io_context.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/program.hpp"
#include "tests/support/test_ca.hpp"

namespace madoguchi::test {

struct ServerRequest {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  ///< names in lower case
  int connection = 0;                          ///< 1 for the first
  int nth = 0;                                 ///< 1 for the first request of its connection
  /// "" when it is not there.
  [[nodiscard]] std::string header(const std::string& name) const;
};

struct ServerReply {
  enum How {
    whole,      ///< head and body; the connection stays open
    late,       ///< not a byte until release(), then whole
    hang,       ///< not a byte, ever
    close,      ///< closed without a byte
    cut_head,   ///< closed in the middle of the head
    cut,        ///< closed in the middle of the body
    hang_body,  ///< half of the body, then nothing more
    reset,      ///< as close, but with a TCP reset
    cut_reset,  ///< as cut, but with a TCP reset
    slow_head,  ///< a header line at once and one more each release(); the head has no end
    endless,    ///< a body that never ends, as fast as the peer takes it
    stream,     ///< the head, then what push() says until finish()
    garbage     ///< the body alone, which is no HTTP
  };

  explicit ServerReply(int with_status = 200, std::string with_body = {})
      : status(with_status), body(std::move(with_body)) {}
  ServerReply& does(How what) {
    how = what;
    return *this;
  }
  ServerReply& with(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }

  How how = whole;
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool closes = false;  ///< after the reply, without having said so
};

class ScriptedServer {
 public:
  /// Plain HTTP.
  explicit ScriptedServer(asio::io_context& io);
  /// HTTPS with this certificate.
  ScriptedServer(asio::io_context& io, const TestCertificate& certificate);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string origin() const { return url(""); }
  [[nodiscard]] std::string url(const std::string& path) const;

  /// The replies in order; the last stays for all that follow. Empty: 500.
  void script(std::deque<ServerReply> replies);
  void script(ServerReply reply);
  /// Instead of a script: what each request is answered with.
  std::function<ServerReply(const ServerRequest&)> answer;
  [[nodiscard]] const std::vector<ServerRequest>& requests() const;
  [[nodiscard]] int connections() const;  ///< taken so far

  void release();  ///< what is late goes on
  /// Of every reply with How::stream that is open: more body, its proper end, or the connection closed.
  void push(const std::string& bytes);
  void finish();
  void drop();
  [[nodiscard]] std::size_t streams() const;
  [[nodiscard]] std::size_t waiting() const;  ///< replies that wait for release()
  [[nodiscard]] std::size_t open() const;     ///< connections

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace madoguchi::test
