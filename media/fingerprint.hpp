// SPDX-License-Identifier: Apache-2.0
// What an answer promises about its sender's certificate (RFC 8122), and whether a certificate keeps it. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace madoguchi::media {

/// One a=fingerprint line.
struct Fingerprint {
  std::string hash;    ///< "sha-256"; one of those that can be computed here
  std::string digest;  ///< its bytes
  bool operator==(const Fingerprint&) const = default;
};

/// The value of an a=fingerprint line, "sha-256 AB:CD:...". Nothing where it is malformed, or of a hash that is unknown, or
/// MD2 or MD5, which must not be relied on (RFC 8122 section 5).
std::optional<Fingerprint> parse_fingerprint(std::string_view value);

/// As parse_fingerprint() reads it.
std::string to_string(const Fingerprint& fingerprint);

/// Is it one of those promised? Of several hashes the strongest decides; of several fingerprints by one hash any will do
/// (RFC 8122 section 5.1). False where none is promised, or `pem` is no certificate.
bool certificate_matches(const std::string& pem, std::span<const Fingerprint> promised);

}  // namespace madoguchi::media
