// SPDX-License-Identifier: Apache-2.0
// Certificates of an authority that lives for one test: made with OpenSSL, never stored in the tree. Plain values.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace madoguchi::test {

struct TestCertificate {
  std::string chain_pem, key_pem;
};

class TestCa {
 public:
  TestCa();
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  [[nodiscard]] std::string pem() const;

  struct Wanted {
    std::string names = "IP:127.0.0.1,DNS:localhost";  ///< subjectAltName
    std::chrono::seconds from{-3600}, until{3600};     ///< relative to now
  };
  [[nodiscard]] TestCertificate issue(const Wanted& wanted) const;
  [[nodiscard]] TestCertificate issue() const { return issue(Wanted()); }

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace madoguchi::test
