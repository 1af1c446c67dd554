// SPDX-License-Identifier: Apache-2.0
// Fingerprints: what is read, what is refused, and which of several decides.
#include "media/fingerprint.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace madoguchi::media;

namespace {

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -days 36500; the digests are those
// that openssl x509 -fingerprint says.
constexpr const char* kPem = R"(-----BEGIN CERTIFICATE-----
MIIBczCCARugAwIBAgIUJdBzVzOH+3zKBNxBijU4w4Tt/EUwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYwMDU2NTNaGA8yMTI2MTEwMjAwNTY1
M1owDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNRF
bB+6NJ6cymvFZC00Plp7A6dKARJfcioBe09fr5eoCatRnzqao4ZVLRD0pQaNWPRJ
CkSe3y5mLDxifeN8UCCjUzBRMB0GA1UdDgQWBBRzOq0nhQ/DYxyrIoUEsdy7esX8
szAfBgNVHSMEGDAWgBRzOq0nhQ/DYxyrIoUEsdy7esX8szAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0YAMEMCH0vQryqW0qbzFC5n7Mr1YHXCPOLMX/PKI97z
L+ikP4UCIEEGr4X4iXCp/cjIfwFKj+P95/hljGRY4WvOQsZ7SBke
-----END CERTIFICATE-----
)";
constexpr const char* kSha1 = "sha-1 CB:F4:BC:5D:9D:F0:83:A2:D5:D5:79:33:2A:04:0E:BA:56:07:D2:E9";
constexpr const char* kSha224 =
    "sha-224 51:20:78:32:2B:23:A6:A1:68:4C:61:E1:6D:DB:EB:65:9B:3E:BD:72:E5:5A:C6:8C:2B:3B:10:57";
constexpr const char* kSha256 =
    "sha-256 AA:85:CC:1B:C7:CE:7B:7C:4D:66:0B:6B:FF:63:0C:00:F4:52:E4:6C:B3:ED:6D:92:B4:68:A0:89:CD:54:BD:0F";
constexpr const char* kSha384 =
    "sha-384 71:EC:C6:61:D1:89:3B:D6:4F:25:D5:80:5C:49:51:0C:49:0A:7F:EF:59:5A:FF:3B:3E:7D:D0:AC:78:14:5B:78:E9:B7:E5:22:2D:C3:14:AA:7A:CB:26:2D:D3:D8:C7:F2";
constexpr const char* kSha512 =
    "sha-512 24:90:B7:DC:AE:4E:F7:47:FD:42:ED:E6:EE:5B:8C:D5:63:85:5F:07:EC:CB:76:C5:C4:57:2C:1A:F3:20:FC:42:92:FC:30:56:C5:95:92:D3:2C:FC:8D:90:C2:71:EE:7A:DC:EC:85:02:0F:37:F8:97:19:54:5E:AD:A4:96:32:86";

/// With its last digit changed.
std::string wrong(std::string line) {
  line.back() = line.back() == '0' ? '1' : '0';
  return line;
}

std::vector<Fingerprint> promised(const std::vector<std::string>& lines) {
  std::vector<Fingerprint> result;
  for (const std::string& line : lines) {
    if (auto one = parse_fingerprint(line)) result.push_back(*one);
  }
  return result;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

}  // namespace

TEST_CASE("a certificate keeps its promise, or does not") {
  struct Row {
    const char* what;
    std::vector<std::string> lines;
    bool expected;
  };
  const Row rows[] = {
      {"by each hash that is named: sha-1", {kSha1}, true},
      {"sha-224", {kSha224}, true},
      {"sha-256", {kSha256}, true},
      {"sha-384", {kSha384}, true},
      {"sha-512", {kSha512}, true},
      {"in small letters", {lower(kSha256)}, true},
      {"the hash in capitals", {"SHA-256" + std::string(kSha256).substr(7)}, true},
      {"one digit is another: sha-1", {wrong(kSha1)}, false},
      {"sha-256", {wrong(kSha256)}, false},
      {"sha-512", {wrong(kSha512)}, false},
      {"zeros",
       {"sha-256 00" +
        [] {
          std::string zeros;
          for (int i = 0; i < 31; ++i) zeros += ":00";
          return zeros;
        }()},
       false},
      {"nothing", {}, false},
      {"two of one hash, one of them right", {wrong(kSha256), kSha256}, true},
      {"two of one hash, none right", {wrong(kSha256), wrong(kSha256)}, false},
      {"the stronger is right", {wrong(kSha1), kSha512}, true},
      {"the stronger is wrong: the weaker does not help", {kSha1, kSha256, wrong(kSha512)}, false},
      {"a hash that nobody here knows does not decide", {"sha-999 AB:CD", kSha256}, true},
      {"nor does MD5", {"md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"}, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(certificate_matches(kPem, promised(row.lines)) == row.expected);
  }
  CHECK_FALSE(certificate_matches("", promised({kSha256})));
  CHECK_FALSE(
      certificate_matches("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", promised({kSha256})));
}

TEST_CASE("what is no fingerprint is none") {
  const std::string good = kSha256;
  REQUIRE(parse_fingerprint(good));
  CHECK(parse_fingerprint(good)->hash == "sha-256");
  CHECK(parse_fingerprint(good)->digest.size() == 32);
  CHECK(to_string(*parse_fingerprint(good)) == good);
  for (const std::string& each :
       {std::string(), std::string("sha-256"), std::string("sha-256 "), good + ":", good + ":00",
        good.substr(0, good.size() - 1), good.substr(0, good.size() - 3), "sha-1" + good.substr(7),
        std::string(good).replace(10, 1, ";"), std::string(good).replace(8, 1, "G"), "sha-256  " + good.substr(8),
        "md5 " + good.substr(8), good + "\n"}) {
    CAPTURE(each);
    CHECK_FALSE(parse_fingerprint(each));
  }
}
