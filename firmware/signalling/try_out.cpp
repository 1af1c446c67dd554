// SPDX-License-Identifier: Apache-2.0
// One request, whose body nobody waits for.
#include "firmware/signalling/try_out.hpp"

#include <fmt/format.h>

namespace madoguchi::signalling {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::seconds kBodyWithin{2};  // a stream may have nothing to say; the rest of a refusal comes at once
}  // namespace

asio::awaitable<std::optional<PostError>> try_out(HttpClient& http, std::string method, Url url, std::string bearer,
                                                  std::chrono::milliseconds within) {
  HttpRequest request(std::move(method), url, within);
  request.bearer = std::move(bearer);
  bool streams = false;
  std::function<void(const HttpResponse&)> on_head = [&streams](const HttpResponse&) { streams = true; };
  std::function<bool(std::string_view)> on_data = [](std::string_view) { return false; };
  const Result<HttpResponse> response = co_await http.stream(std::move(request), on_head, on_data, kBodyWithin);
  if (streams) co_return std::nullopt;
  const auto trouble = [&url](PostFailure failure, const std::string& words) {
    return PostError{failure, fmt::format("{}: {}", url.host(), words), std::nullopt};
  };
  if (!response) {
    const std::string where = url.redacted() + ": ";
    const std::string& words = response.error().message;
    co_return trouble(failure_of(response.error().code), words.starts_with(where) ? words.substr(where.size()) : words);
  }
  const int status = response->status;
  if (status == 401 || status == 403) {
    co_return trouble(PostFailure::refused, fmt::format("it does not take this box's token (HTTP {})", status));
  }
  if (status >= 500 && status != 503) co_return trouble(PostFailure::server_error, fmt::format("HTTP {}", status));
  if (status >= 300 && status < 400) {
    co_return trouble(PostFailure::protocol, fmt::format("it sends us elsewhere (HTTP {})", status));
  }
  co_return std::nullopt;
}

}  // namespace madoguchi::signalling
