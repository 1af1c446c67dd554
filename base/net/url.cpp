// SPDX-License-Identifier: Apache-2.0
// libcurl's URL API behind Url.
#include "base/net/url.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>

#include <charconv>
#include <memory>

namespace madoguchi {

namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { ::curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, FreeUrl>;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url, which, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string result(text);
  ::curl_free(text);
  return result;
}

// RFC 3986 knows ASCII alone; such a byte would spoil each JSON file and message that the URL gets into.
constexpr const char* kBeyondAscii =
    "not a URL: it holds letters beyond ASCII; write them as %XX, a host's name in its xn-- form";

}  // namespace

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host == "[::1]" || host == "::1") return true;
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return false;
  return (ntohl(address.s_addr) >> 24) == 127;
}

Result<Url> Url::parse(std::string_view text) {
  // libcurl is lenient where a security decision must not be: no blanks, controls or backslashes.
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\\' || c == 127) {
      return fail(Errc::invalid, "not a URL: it holds a blank, a control character or a backslash");
    }
    if (static_cast<unsigned char>(c) > 127) return fail(Errc::invalid, kBeyondAscii);
  }
  if (text.size() > 4096) return fail(Errc::invalid, "not a URL: longer than 4096 bytes");
  // Nor would it mind one slash, or three, before the host.
  const auto host = text.find("://");
  if (host == std::string_view::npos || text.substr(host + 3, 1) == "/") {
    return fail(Errc::invalid, "not a URL: it must begin with https:// and a host");
  }
  const CurlUrl url(::curl_url());
  const std::string copy(text);
  if (const CURLUcode code = ::curl_url_set(url.get(), CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME);
      code != CURLUE_OK) {
    return fail(Errc::invalid, fmt::format("not a URL: {}", ::curl_url_strerror(code)));
  }
  ::curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  Url result;
  result.scheme_ = part(url.get(), CURLUPART_SCHEME);
  if (result.scheme_ != "http" && result.scheme_ != "https") {
    return fail(Errc::invalid, "the URL must begin with https:// (or http:// for this machine itself)");
  }
  if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty()) {
    return fail(Errc::invalid, "the URL may not hold a user or password; give them in their own settings");
  }
  result.host_ = part(url.get(), CURLUPART_HOST);
  for (char& c : result.host_) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (result.host_.empty()) return fail(Errc::invalid, "the URL has no host");
  const std::string port = part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), result.port_);
  if (result.port_ == 0) return fail(Errc::invalid, "the URL's port is not a port");
  result.path_ = part(url.get(), CURLUPART_PATH);
  result.query_ = part(url.get(), CURLUPART_QUERY);
  result.text_ = part(url.get(), CURLUPART_URL);
  return result;
}

Result<Url> Url::resolve(std::string_view reference) const {
  for (const char c : reference) {  // a blank is taken as %20; a NUL would hide what follows it
    if (static_cast<unsigned char>(c) < ' ' || c == '\\' || c == 127) {
      return fail(Errc::invalid, "not a reference to a URL: it holds a control character or a backslash");
    }
    if (static_cast<unsigned char>(c) > 127) return fail(Errc::invalid, kBeyondAscii);
  }
  const CurlUrl url(::curl_url());
  ::curl_url_set(url.get(), CURLUPART_URL, text_.c_str(), 0);
  const std::string copy(reference);
  if (copy.empty() || ::curl_url_set(url.get(), CURLUPART_URL, copy.c_str(), 0) != CURLUE_OK) {
    return fail(Errc::invalid, "not a reference to a URL");
  }
  return parse(part(url.get(), CURLUPART_URL));
}

std::string Url::origin() const { return fmt::format("{}://{}:{}", scheme_, host_, port_); }

bool Url::is_secure_or_loopback() const { return scheme_ == "https" || is_loopback_host(host_); }

}  // namespace madoguchi
