// SPDX-License-Identifier: Apache-2.0
// Randomness and digests by OpenSSL, passwords by libargon2.
#include "provisioning/desk/secrets.hpp"

#include <argon2.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace madoguchi::desk {

namespace {

std::string hex(const unsigned char* data, std::size_t size) {
  std::string text;
  text.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", data[i]);
  return text;
}

constexpr std::uint32_t kPasses = 2, kMemoryKiB = 19 * 1024, kLanes = 1;
constexpr std::size_t kSalt = 16, kHash = 32;

}  // namespace

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> data(bytes);
  if (::RAND_bytes(data.data(), static_cast<int>(bytes)) != 1) throw std::runtime_error("the system has no randomness");
  return hex(data.data(), data.size());
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const std::vector<unsigned char> bytes(text.begin(), text.end());
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return hex(digest.data(), digest.size());
}

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const std::vector<unsigned char> bytes(text.begin(), text.end());
  unsigned int size = 0;
  const auto* made = ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(),
                            digest.data(), &size);
  if (made == nullptr) throw std::runtime_error("the system has no HMAC");
  return hex(digest.data(), size);
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::string> hash_password(const std::string& password) {
  std::array<unsigned char, kSalt> salt{};
  if (::RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return fail(Errc::io, "no randomness");
  std::string encoded(::argon2_encodedlen(kPasses, kMemoryKiB, kLanes, kSalt, kHash, Argon2_id), '\0');
  const int result = ::argon2id_hash_encoded(kPasses, kMemoryKiB, kLanes, password.data(), password.size(), salt.data(),
                                             salt.size(), kHash, encoded.data(), encoded.size());
  if (result != ARGON2_OK)
    return fail(Errc::io, std::string("hashing the password: ") + ::argon2_error_message(result));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool verify_password(const std::string& encoded, const std::string& password) {
  return ::argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace madoguchi::desk
