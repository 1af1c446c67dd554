// SPDX-License-Identifier: Apache-2.0
// The POST, the DELETE, and what each reply means. On the daemon's loop.
#include "firmware/signalling/whip.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/locale/utf.hpp>
#include <charconv>

namespace madoguchi::signalling {

namespace asio = boost::asio;

std::string_view name(PostFailure failure) {
  switch (failure) {
    case PostFailure::not_found: return "not-found";
    case PostFailure::not_acceptable: return "not-acceptable";
    case PostFailure::conflict: return "conflict";
    case PostFailure::gone: return "gone";
    case PostFailure::busy: return "busy";
    case PostFailure::server_error: return "server-error";
    case PostFailure::refused: return "refused";
    case PostFailure::no_location: return "no-location";
    case PostFailure::answer_invalid: return "answer-invalid";
    case PostFailure::empty_reply: return "empty-reply";
    case PostFailure::late: return "late";
    case PostFailure::cut: return "cut";
    case PostFailure::host_unknown: return "host-unknown";
    case PostFailure::down: return "down";
    case PostFailure::unreachable: return "unreachable";
    case PostFailure::tls: return "tls";
    case PostFailure::protocol: return "protocol";
  }
  return "?";
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, WallTime now) {
  constexpr std::int64_t kMost = 600;
  const bool digits = std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (value.empty() || (!digits && value.front() == '-')) return std::nullopt;
  std::int64_t seconds = kMost;
  if (digits) {
    std::from_chars(value.data(), value.data() + value.size(), seconds);  // kMost stays when it is too large for it
  } else {
    const std::time_t date = ::curl_getdate(std::string(value).c_str(), nullptr);
    if (date == -1) return std::nullopt;
    seconds = date - std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMost));
}

PostFailure failure_of(Errc code) {
  switch (code) {
    case Errc::timeout: return PostFailure::late;
    case Errc::host_unknown: return PostFailure::host_unknown;
    case Errc::refused: return PostFailure::down;
    case Errc::unreachable: return PostFailure::unreachable;
    case Errc::tls: return PostFailure::tls;
    case Errc::cut: return PostFailure::cut;
    case Errc::empty: return PostFailure::empty_reply;
    case Errc::too_large: return PostFailure::answer_invalid;
    default: return PostFailure::protocol;
  }
}

namespace {

PostFailure failure_of_status(int status) {
  if (status == 404) return PostFailure::not_found;
  if (status == 406) return PostFailure::not_acceptable;
  if (status == 409) return PostFailure::conflict;
  if (status == 410) return PostFailure::gone;
  if (status == 503 || status == 429) return PostFailure::busy;
  if (status == 401 || status == 403) return PostFailure::refused;
  if (status >= 500) return PostFailure::server_error;
  return PostFailure::protocol;
}

/// UTF-8 without controls but those that end lines (RFC 8866 section 9): all else would spoil the message to the media
/// process.
bool is_text(std::string_view body) {
  for (auto at = body.begin(); at != body.end();) {
    const auto c = boost::locale::utf::utf_traits<char>::decode(at, body.end());
    if (c == boost::locale::utf::illegal || c == boost::locale::utf::incomplete) return false;
    if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

bool is_sdp(const HttpResponse& response) {
  std::string type = response.header("content-type").value_or("");
  type.resize(std::min(type.find_first_of("; \t"), type.size()));  // parameters
  for (char& c : type) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return type == "application/sdp" && response.body.rfind("v=0", 0) == 0 && is_text(response.body);
}

tl::unexpected<PostError> failed(PostFailure failure, const Url& where, std::string_view what) {
  return tl::unexpected<PostError>(
      PostError{failure, fmt::format("posting the offer: {}: {}", where.redacted(), what), std::nullopt});
}

}  // namespace

asio::awaitable<tl::expected<Answered, PostError>> post_offer(HttpClient& http, const Clock& clock, Url endpoint,
                                                              std::string offer, std::string bearer,
                                                              std::chrono::milliseconds within) {
  HttpRequest request("POST", endpoint, within);
  request.headers.emplace_back("Content-Type", "application/sdp");
  request.headers.emplace_back("Accept", "application/sdp");
  request.body = std::move(offer);
  request.bearer = std::move(bearer);
  request.body_cap = 64 * 1024;
  const Result<HttpResponse> response = co_await http.send(std::move(request));
  if (!response) {
    PostError error{failure_of(response.error().code), "posting the offer: " + response.error().message, std::nullopt};
    co_return tl::unexpected<PostError>(std::move(error));
  }
  if (response->status != 201) {
    PostError error{failure_of_status(response->status),
                    fmt::format("posting the offer: {}: HTTP {}", endpoint.redacted(), response->status), std::nullopt};
    if (const auto after = response->header("retry-after")) {
      error.retry_after = parse_retry_after(*after, clock.wall());
    }
    co_return tl::unexpected<PostError>(std::move(error));
  }
  const Url& answered_by = *response->url;
  const std::optional<std::string> location = response->header("location");
  if (!location) co_return failed(PostFailure::no_location, endpoint, "201 without a Location");
  const Result<Url> resource = answered_by.resolve(*location);
  if (!resource || resource->origin() != answered_by.origin()) {
    co_return failed(PostFailure::no_location, endpoint, "the Location is not on the same server");
  }
  if (!is_sdp(*response)) co_return failed(PostFailure::answer_invalid, endpoint, "the reply is not an SDP answer");
  co_return Answered{response->body, *resource};
}

asio::awaitable<Result<void>> delete_resource(HttpClient& http, Url resource, std::string bearer,
                                              std::chrono::milliseconds within) {
  HttpRequest request("DELETE", resource, within);
  request.bearer = std::move(bearer);
  const Result<HttpResponse> response = co_await http.send(std::move(request));
  if (!response) co_return fail(response.error().in("ending the old connection"));
  const int status = response->status;
  if ((status >= 200 && status < 300) || status == 404 || status == 410) co_return Result<void>();
  co_return fail(Errc::http, fmt::format("ending the old connection: {}: HTTP {}", resource.redacted(), status),
                 status);
}

}  // namespace madoguchi::signalling
