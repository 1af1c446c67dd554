// SPDX-License-Identifier: Apache-2.0
// Options and callbacks of one libcurl exchange. On the loop's thread.
#include "base/net/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace madoguchi {

namespace {
std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return result;
}
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}
}  // namespace

Transfer::Transfer(boost::asio::any_io_executor executor, const HttpRequest& request, const HttpSettings& settings,
                   bool streams)
    : wake(executor, boost::asio::steady_timer::time_point::max()), easy_(::curl_easy_init()), body_(request.body),
      body_cap_(request.body_cap), streams_(streams), hands_on_(static_cast<bool>(request.body_to)) {
  CURL* curl = easy_.get();
  // An option that libcurl does not take would be a request that is not what it says: it is never sent.
  const auto set = [this, curl](CURLoption option, auto value) {
    const CURLcode taken = ::curl_easy_setopt(curl, option, value);
    if (taken != CURLE_OK && unset_ == CURLE_OK) unset_ = taken;
  };
  set(CURLOPT_URL, request.url.to_string().c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs holds its own thread, not this one
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_USERAGENT, settings.user_agent.c_str());
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(words_));
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  if (!settings.ca_file.empty()) {
    set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // HTTP/2 has buffers of its own, which live as long as the connection.
  if (hands_on_) set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (!streams) set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<long long>(1, request.deadline.count())));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max<long long>(1, request.deadline.count())));
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (request.method == "GET") {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
      set(CURLOPT_POSTFIELDS, body_.c_str());
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  for (const auto& [name, value] : request.headers) add_header(fmt::format("{}: {}", name, value));
  if (!request.bearer.empty()) add_header("Authorization: Bearer " + request.bearer);
  if (!request.user.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(CURLOPT_USERNAME, request.user.c_str());
    set(CURLOPT_PASSWORD, request.password.c_str());
  }
  add_header("Expect:");  // no pause before a small body
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::add_header(const std::string& line) {
  headers_.reset(::curl_slist_append(headers_.release(), line.c_str()));
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<Transfer*>(self)->header_line({data, size * count});
  return size * count;
}

void Transfer::header_line(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {  // each response of the exchange: only the last counts
    response.headers.clear();
    return;
  }
  const std::string_view text = trimmed(line);
  if (text.empty()) {
    long status = 0;
    ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    head_complete = status >= 200;
    wake.cancel();
    return;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || response.headers.size() >= 100) return;
  response.headers.emplace_back(lower(text.substr(0, colon)), std::string(trimmed(text.substr(colon + 1))));
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  // A stream's body is handed on as it comes: its bound is what waits.
  const std::size_t before = transfer.streams_ ? transfer.response.body.size() : transfer.body_bytes_;
  if (before + bytes > transfer.body_cap_) {
    transfer.too_large_ = true;
    return 0;
  }
  if (transfer.hands_on_) {
    if (transfer.response.status == 200 && !transfer.filling_.take({data, bytes})) {
      transfer.held_up_ = true;
      return CURL_WRITEFUNC_PAUSE;  // it comes again
    }
    transfer.body_bytes_ += bytes;
    transfer.wake.cancel();
    return bytes;
  }
  transfer.body_bytes_ += bytes;
  transfer.response.body.append(data, bytes);
  if (transfer.streams_) transfer.wake.cancel();
  return bytes;
}

std::string_view Transfer::piece() {
  if (handing_.empty()) handing_.swap(filling_);
  return handing_.bytes();
}

void Transfer::drop_piece() {
  handing_.cleanse();
  if (std::exchange(held_up_, false)) ::curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

void Transfer::finish(CURLcode result) {
  finished = true;
  // libcurl takes a connection that is closed in the middle of the head for the end of an empty reply.
  code = result == CURLE_OK && !head_complete ? CURLE_RECV_ERROR : result;
  wake.cancel();
}

void Transfer::cancel() {
  cancelled = true;
  finish(CURLE_ABORTED_BY_CALLBACK);
}

Error Transfer::error(const Url& url) const {
  const std::string where = url.redacted();
  const std::string words = words_[0] != '\0' ? std::string(words_) : std::string(::curl_easy_strerror(code));
  if (cancelled) return {Errc::cancelled, where + ": given up"};
  if (unset_ == CURLE_BAD_FUNCTION_ARGUMENT) return {Errc::invalid, where + ": a value of the request is too long"};
  if (unset_ != CURLE_OK) {
    return {Errc::unsupported, fmt::format("{}: this machine's libcurl lacks what is needed ({}): install Debian's own",
                                           where, ::curl_easy_strerror(unset_))};
  }
  if (too_large_) return {Errc::too_large, fmt::format("{}: the reply is larger than {} bytes", where, body_cap_)};
  long header_bytes = 0;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_HEADER_SIZE, &header_bytes);
  const bool began = header_bytes > 0 || !response.headers.empty();
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return {Errc::timeout, where + ": no complete reply within the deadline"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Errc::host_unknown, fmt::format("{}: no name server knows this name ({})", where, words)};
    case CURLE_COULDNT_CONNECT: {
      long why = 0;
      ::curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &why);
      if (why == ECONNREFUSED) return {Errc::refused, where + ": nobody listens there (connection refused)"};
      return {Errc::unreachable, fmt::format("{}: not reachable ({})", where, words)};
    }
    case CURLE_GOT_NOTHING: return {Errc::empty, where + ": the connection was closed without a reply"};
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2_STREAM:
      if (began) return {Errc::cut, fmt::format("{}: cut in the middle of the reply ({})", where, words)};
      return {Errc::empty, fmt::format("{}: cut before any reply ({})", where, words)};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_USE_SSL_FAILED:
      return {Errc::tls, fmt::format("{}: the server could not be verified ({})", where, words)};
    default: return {Errc::protocol, fmt::format("{}: {}", where, words)};
  }
}

}  // namespace madoguchi
