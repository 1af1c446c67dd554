// SPDX-License-Identifier: Apache-2.0
// A client and a scripted server on one loop, and a request that runs while the test does something else.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/net/http_client.hpp"
#include "tests/support/scripted_server.hpp"

namespace madoguchi::test {

inline constexpr Millis kLong = std::chrono::seconds(10 * kSlow);

struct HttpBench {
  explicit HttpBench(HttpSettings settings = {})
      : client(std::make_unique<HttpClient>(io.get_executor(), std::move(settings))) {}

  static HttpRequest request_to(const std::string& method, const std::string& url) {
    const auto parsed = Url::parse(url);
    if (!parsed) throw std::runtime_error(url + ": " + parsed.error().message);
    return {method, *parsed, kLong};
  }
  [[nodiscard]] HttpRequest request(const std::string& method, const std::string& path) const {
    return request_to(method, server.url(path));
  }
  Result<HttpResponse> send(HttpRequest request) { return await(io, client->send(std::move(request))); }
  /// Notes the head and the data; stops when `enough` is in the data.
  Result<HttpResponse> stream(HttpRequest request, Millis idle, const std::string& enough = {}) {
    heads.clear();
    data.clear();
    auto on_head = [this](const HttpResponse& head) { heads.push_back(head.status); };
    auto on_data = [this, enough](std::string_view bytes) {
      data += bytes;
      return enough.empty() || data.find(enough) == std::string::npos;
    };
    return await(io, client->stream(std::move(request), on_head, on_data, idle));
  }
  bool waits(const std::function<bool()>& holds) { return until(io, holds, kLong); }
  /// The server sees that the client keeps no connection.
  bool all_closed() {
    return waits([this] { return server.open() == 0; });
  }

  asio::io_context io;
  ScriptedServer server{io};
  std::unique_ptr<HttpClient> client;
  std::vector<int> heads;
  std::string data;
};

/// A request under way. Must not be destroyed before it ended or the loop did.
struct Running {
  Running(HttpBench& bench, HttpRequest request) { start(bench.io, bench.client->send(std::move(request))); }
  Running(asio::io_context& io, asio::awaitable<Result<HttpResponse>> work) { start(io, std::move(work)); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  std::optional<Result<HttpResponse>> response;
  bool aborted = false;
  asio::cancellation_signal signal;

 private:
  void start(asio::io_context& io, asio::awaitable<Result<HttpResponse>> work) {
    auto ended = [this](std::exception_ptr failure, Result<HttpResponse> result) {
      try {
        if (failure) std::rethrow_exception(failure);
        response = std::move(result);
      } catch (const boost::system::system_error& error) {
        aborted = error.code() == asio::error::operation_aborted;
      }
    };
    asio::co_spawn(io, std::move(work), asio::bind_cancellation_slot(signal.slot(), std::move(ended)));
  }
};

}  // namespace madoguchi::test
