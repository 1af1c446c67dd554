// SPDX-License-Identifier: Apache-2.0
// Random names, digests and passwords. Hashing a password takes a tenth of a second: keep it off the loop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace madoguchi::desk {

/// `bytes` of the system's randomness as lower-case hexadecimal.
std::string random_hex(std::size_t bytes);
/// SHA-256 as lower-case hexadecimal.
std::string sha256_hex(std::string_view text);
/// HMAC-SHA-256 (RFC 2104) as lower-case hexadecimal.
std::string hmac_sha256_hex(std::string_view key, std::string_view text);
/// Takes the same time wherever they differ.
bool same_secret(std::string_view a, std::string_view b);

constexpr std::size_t kLeastPassword = 8, kMostPassword = 1000;  ///< bytes

/// Argon2id in its own encoded form (RFC 9106): 19 MiB, 2 passes.
Result<std::string> hash_password(const std::string& password);
bool verify_password(const std::string& encoded, const std::string& password);

}  // namespace madoguchi::desk
