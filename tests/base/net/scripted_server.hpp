// SPDX-License-Identifier: Apache-2.0
// An HTTP(S) server on loopback that does what the test says, well or badly, connection by connection. On the test's
// thread, served by its io_context.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/base/net/certificate.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

struct Asked {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  ///< names in lower case
  int connection = 0;                          ///< 1 for the first that was accepted
  int nth = 0;                                 ///< 1 for the first request of its connection
  /// "" when it is not there.
  [[nodiscard]] std::string header(const std::string& name) const;
};

struct Answer {
  enum How {
    whole,
    held,       ///< nothing until release(), then whole
    hang,       ///< no byte is ever sent
    close,      ///< closed without a byte
    reset,      ///< the same with a TCP reset
    cut_head,   ///< closed in the middle of the head
    cut,        ///< closed in the middle of the body
    hang_body,  ///< half a body, then nothing more
    endless,    ///< a body without an end, as fast as it is taken
    stream,     ///< a head without a length, then what push() says
    raw,        ///< `body` is all that is sent
  } how = whole;
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool closes = false;  ///< after the reply, without having said so
};

class ScriptedServer {
 public:
  explicit ScriptedServer(asio::io_context& io) : ScriptedServer(io, Certificate()) {}
  /// Serves TLS with that certificate.
  ScriptedServer(asio::io_context& io, const Certificate& certificate);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::string url(const std::string& path) const { return origin() + path; }
  /// Every request so far whose head and body came whole.
  [[nodiscard]] const std::vector<Asked>& asked() const;
  [[nodiscard]] int connections() const;  ///< accepted so far
  [[nodiscard]] int open() const;         ///< of these, still there
  [[nodiscard]] int streams() const;
  void release();                       ///< answers what is held
  void push(const std::string& bytes);  ///< to every stream
  void drop();                          ///< closes every connection
  void shut();                          ///< and takes none any more

  std::function<Answer(const Asked&)> answer = [](const Asked&) { return Answer(); };

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace madoguchi::test
