// SPDX-License-Identifier: Apache-2.0
// A certificate for a server on loopback, made when a test runs. Any thread.
#pragma once

#include <string>

namespace madoguchi::test {

/// Self-signed, one day from an hour ago; PEM text.
struct Certificate {
  std::string certificate, key;
};
/// `names` as OpenSSL's configuration writes them.
Certificate make_certificate(const std::string& names = "IP:127.0.0.1,DNS:localhost");

}  // namespace madoguchi::test
