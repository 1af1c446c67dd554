// SPDX-License-Identifier: Apache-2.0
// HTTP(S) requests on the daemon's loop: libcurl's multi interface driven by Asio. No request without a deadline, none
// in the clear but to this machine itself, no redirect and no credential to another origin, TLS always verified.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net/url.hpp"
#include "base/result.hpp"

namespace madoguchi {

struct HttpRequest {
  HttpRequest(std::string m, Url u, std::chrono::milliseconds within)
      : method(std::move(m)), url(std::move(u)), deadline(within) {}

  std::string method;
  Url url;
  std::chrono::milliseconds deadline;  ///< of the whole exchange; of a stream: until its head is there
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string bearer;          ///< "" = none
  std::string user, password;  ///< Basic; "" = none
  std::size_t body_cap = 1024 * 1024;
  /// Of send() alone, for what must not stay in memory: the body of a 200 goes there piece by piece, and never into the
  /// response; the bytes of a piece are good until it ends. Other bodies are dropped. While it takes its time the far end
  /// is held up; false: no more is wanted (Errc::cancelled). All buffers are cleansed,
  /// and with them the connection ends.
  std::function<boost::asio::awaitable<bool>(std::string_view piece)> body_to;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::optional<Url> url;  ///< the one that answered, after redirects

  /// The last of that name (in lower case), or nullopt.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

struct HttpSettings {
  std::string ca_file;  ///< "" = the system's certificates
  std::string user_agent = "madoguchi";
};

class HttpClient {
 public:
  HttpClient(boost::asio::any_io_executor executor, HttpSettings settings);
  /// Requests that are under way end with Errc::cancelled.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is a response. Errors: permission (plain http to elsewhere, redirect to another origin), timeout,
  /// host_unknown, refused, unreachable, tls, cut, empty, too_large. Cancellation ends the transfer at once and throws operation_aborted.
  boost::asio::awaitable<Result<HttpResponse>> send(HttpRequest request);

  /// Hands the body on as it comes, until the far end closes, `idle` passes without a byte, or on_data returns false.
  /// on_head hears the response's head before that; a status other than 200 ends it with that response.
  boost::asio::awaitable<Result<HttpResponse>> stream(HttpRequest request,
                                                      std::function<void(const HttpResponse&)> on_head,
                                                      std::function<bool(std::string_view)> on_data,
                                                      std::chrono::milliseconds idle);

  class Multi;

 private:
  std::shared_ptr<Multi> multi_;
};

}  // namespace madoguchi
