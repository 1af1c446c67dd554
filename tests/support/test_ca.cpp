// SPDX-License-Identifier: Apache-2.0
// OpenSSL behind TestCa.
#include "tests/support/test_ca.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace madoguchi::test {

namespace {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* it) const {
    free(it);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

void must(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("making a test certificate: ") + what);
}

Key new_key() {
  Key key(::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  must(key != nullptr, "key");
  return key;
}

void extend(X509* certificate, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = ::X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str());
  must(extension != nullptr, "extension");
  ::X509_add_ext(certificate, extension, -1);
  ::X509_EXTENSION_free(extension);
}

Certificate new_certificate(const std::string& common_name, EVP_PKEY* key, long serial, std::chrono::seconds from,
                            std::chrono::seconds until) {
  Certificate certificate(::X509_new());
  ::X509_set_version(certificate.get(), 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate.get()), serial);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), from.count());
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), until.count());
  ::X509_set_pubkey(certificate.get(), key);
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC, text, -1, -1, 0);
  return certificate;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Bio bio(::BIO_new(::BIO_s_mem()));
  must(::PEM_write_bio_X509(bio.get(), certificate) == 1, "PEM");
  return text_of(bio.get());
}

}  // namespace

struct TestCa::State {
  Key key = new_key();
  Certificate certificate;
  mutable long serial = 1;
};

TestCa::TestCa() : state_(std::make_unique<State>()) {
  using namespace std::chrono_literals;
  state_->certificate = new_certificate("Test authority", state_->key.get(), 1, -2h, 2h);
  X509* own = state_->certificate.get();
  ::X509_set_issuer_name(own, ::X509_get_subject_name(own));
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  extend(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(own, own, NID_subject_key_identifier, "hash");
  must(::X509_sign(own, state_->key.get(), ::EVP_sha256()) > 0, "signature");
}

TestCa::~TestCa() = default;

std::string TestCa::pem() const { return pem_of(state_->certificate.get()); }

TestCertificate TestCa::issue(const Wanted& wanted) const {
  const Key key = new_key();
  const Certificate leaf = new_certificate("Test server", key.get(), ++state_->serial, wanted.from, wanted.until);
  X509* authority = state_->certificate.get();
  ::X509_set_issuer_name(leaf.get(), ::X509_get_subject_name(authority));
  extend(leaf.get(), authority, NID_basic_constraints, "CA:FALSE");
  extend(leaf.get(), authority, NID_ext_key_usage, "serverAuth");
  extend(leaf.get(), authority, NID_subject_alt_name, wanted.names);
  must(::X509_sign(leaf.get(), state_->key.get(), ::EVP_sha256()) > 0, "signature");
  const Bio bio(::BIO_new(::BIO_s_mem()));
  must(::PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
  return {pem_of(leaf.get()), text_of(bio.get())};
}

}  // namespace madoguchi::test
