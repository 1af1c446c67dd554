// SPDX-License-Identifier: Apache-2.0
// An allocator for libcurl and OpenSSL that overwrites what it frees, and a buffer that does.
#include "base/net/cleansing.hpp"

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/log.hpp"

namespace madoguchi {

namespace {

constexpr std::size_t kRoom = 64 * 1024;
static_assert(kRoom >= CURL_MAX_WRITE_SIZE);

void cleansing_free(void* memory) {
  if (memory != nullptr) ::explicit_bzero(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

void* cleansing_realloc(void* memory, std::size_t size) {
  if (memory == nullptr) return std::malloc(size);
  if (size == 0) {
    cleansing_free(memory);
    return nullptr;
  }
  void* const larger = std::malloc(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, std::min(size, ::malloc_usable_size(memory)));
  cleansing_free(memory);
  return larger;
}

void* openssl_malloc(std::size_t size, const char*, int) { return std::malloc(size); }
void* openssl_realloc(void* memory, std::size_t size, const char*, int) { return cleansing_realloc(memory, size); }
void openssl_free(void* memory, const char*, int) { cleansing_free(memory); }

}  // namespace

bool start_curl() {
  if (::CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1) {
    log::debug("openssl-keeps-its-allocator");
  }
  return ::curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, cleansing_free, cleansing_realloc, ::strdup,
                                std::calloc) == CURLE_OK;
}

bool PrivateBytes::take(std::string_view bytes) {
  if (!data_) data_ = std::make_unique<char[]>(kRoom);
  if (bytes.size() > kRoom - size_) return false;
  std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return true;
}

void PrivateBytes::swap(PrivateBytes& other) noexcept {
  data_.swap(other.data_);
  std::swap(size_, other.size_);
}

void PrivateBytes::cleanse() {
  if (data_) ::explicit_bzero(data_.get(), size_);
  size_ = 0;
}

}  // namespace madoguchi
