// SPDX-License-Identifier: Apache-2.0
// An absolute http or https URL, parsed by libcurl's own parser. Plain value, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace madoguchi {

class Url {
 public:
  /// Errc::invalid for anything but absolute http(s) with a host. No user or password inside: they are given apart.
  static Result<Url> parse(std::string_view text);
  /// `reference` (a Location, say) against this one; it may be absolute, path-absolute or relative.
  [[nodiscard]] Result<Url> resolve(std::string_view reference) const;

  [[nodiscard]] const std::string& scheme() const { return scheme_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& query() const { return query_; }
  /// "https://host:port", the port always said: equal origins are equal strings.
  [[nodiscard]] std::string origin() const;
  /// The whole, as it goes over the wire.
  [[nodiscard]] const std::string& to_string() const { return text_; }
  /// Origin and "/...": the only form for logs, since paths and queries may hold tokens.
  [[nodiscard]] std::string redacted() const { return origin() + "/..."; }
  /// https, or http to this machine itself: the only ones that are ever contacted.
  [[nodiscard]] bool is_secure_or_loopback() const;

  bool operator==(const Url& other) const { return text_ == other.text_; }

 private:
  std::string text_, scheme_, host_, path_, query_;
  std::uint16_t port_ = 0;
};

/// "127.0.0.1", "[::1]", "localhost" and the rest of 127.0.0.0/8.
bool is_loopback_host(std::string_view host);

}  // namespace madoguchi
