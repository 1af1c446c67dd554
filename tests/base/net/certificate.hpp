// SPDX-License-Identifier: Apache-2.0
// A certificate for a server on loopback, made when a test runs. Any thread.
#pragma once

#include <string>

namespace madoguchi::test {

/// Self-signed, for 127.0.0.1 and localhost, one day from an hour ago; PEM text.
struct Certificate {
  std::string certificate, key;
};
Certificate make_certificate();

}  // namespace madoguchi::test
