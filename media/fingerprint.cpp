// SPDX-License-Identifier: Apache-2.0
// Digests of certificates, by OpenSSL. Pure.
#include "media/fingerprint.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>

namespace madoguchi::media {

namespace {

struct Hash {
  std::string_view name;
  const EVP_MD* (*function)();
};
/// Weakest first.
constexpr Hash kHashes[] = {{"sha-1", ::EVP_sha1},
                            {"sha-224", ::EVP_sha224},
                            {"sha-256", ::EVP_sha256},
                            {"sha-384", ::EVP_sha384},
                            {"sha-512", ::EVP_sha512}};

const Hash* find(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kHashes), std::end(kHashes), [name](const Hash& h) { return h.name == name; });
  return found == std::end(kHashes) ? nullptr : found;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string digest_of(X509* certificate, const Hash& hash) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (::X509_digest(certificate, hash.function(), digest.data(), &size) != 1) return {};
  return {digest.begin(), digest.begin() + size};
}

}  // namespace

std::optional<Fingerprint> parse_fingerprint(std::string_view value) {
  const auto space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  Fingerprint result;
  for (const char c : value.substr(0, space)) {
    result.hash += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  const Hash* hash = find(result.hash);
  if (hash == nullptr) return std::nullopt;
  std::string_view hex = value.substr(space + 1);
  while (!hex.empty() && hex.back() == ' ') hex.remove_suffix(1);
  for (std::size_t at = 0; at + 2 <= hex.size(); at += 3) {
    const int high = hex_value(hex[at]);
    const int low = hex_value(hex[at + 1]);
    if (high < 0 || low < 0 || (at + 2 < hex.size() && hex[at + 2] != ':')) return std::nullopt;
    result.digest += static_cast<char>(high * 16 + low);
  }
  if (hex.size() % 3 != 2 || result.digest.size() != static_cast<std::size_t>(::EVP_MD_size(hash->function()))) {
    return std::nullopt;
  }
  return result;
}

std::string to_string(const Fingerprint& fingerprint) {
  std::string text = fingerprint.hash;
  char before = ' ';
  for (const char byte : fingerprint.digest) {
    text += fmt::format("{}{:02X}", before, static_cast<unsigned char>(byte));
    before = ':';
  }
  return text;
}

bool certificate_matches(const std::string& pem, std::span<const Fingerprint> promised) {
  const Hash* strongest = nullptr;
  for (const Fingerprint& each : promised) {
    const Hash* hash = find(each.hash);
    if (hash != nullptr && (strongest == nullptr || hash > strongest)) strongest = hash;
  }
  if (strongest == nullptr) return false;
  const std::unique_ptr<BIO, decltype(&::BIO_free)> source(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                           ::BIO_free);
  const std::unique_ptr<X509, decltype(&::X509_free)> certificate(
      source ? ::PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr) : nullptr, ::X509_free);
  if (!certificate) return false;
  const std::string digest = digest_of(certificate.get(), *strongest);
  return !digest.empty() && std::any_of(promised.begin(), promised.end(), [&](const Fingerprint& each) {
    return each.hash == strongest->name && each.digest.size() == digest.size() &&
           ::CRYPTO_memcmp(each.digest.data(), digest.data(), digest.size()) == 0;
  });
}

}  // namespace madoguchi::media
