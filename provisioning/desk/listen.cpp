// SPDX-License-Identifier: Apache-2.0
// Addresses read strictly. Pure.
#include "provisioning/desk/listen.hpp"

#include <fmt/format.h>

#include <boost/system/error_code.hpp>
#include <charconv>

namespace madoguchi::desk {

namespace ip = boost::asio::ip;

namespace {

constexpr std::uint16_t kPort = 8080;

Error wrong(std::string_view text) {
  return {Errc::invalid,
          fmt::format("\"{}\": write an address and a port, such as 127.0.0.1:8080 or [::1]:8080", text)};
}

}  // namespace

Result<ListenOn> parse_listen(std::string_view text) {
  const bool bracketed = !text.empty() && text.front() == '[';
  const auto end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return fail(wrong(text));
  const std::string address(bracketed ? text.substr(1, end - 1) : text.substr(0, end));
  std::string_view rest = end == std::string_view::npos ? std::string_view() : text.substr(end + (bracketed ? 1 : 0));
  boost::system::error_code error;
  ListenOn listen{ip::make_address(address, error), kPort};
  const bool scoped = address.find('%') != std::string::npos;  // no URL has a place for it (RFC 9844)
  if (error || scoped || listen.address.is_v6() != bracketed) return fail(wrong(text));
  if (rest.empty()) return listen;
  if (rest.front() != ':') return fail(wrong(text));
  rest.remove_prefix(1);
  const auto [after, bad] = std::from_chars(rest.data(), rest.data() + rest.size(), listen.port);
  if (rest.empty() || bad != std::errc() || after != rest.data() + rest.size()) return fail(wrong(text));
  return listen;
}

std::string authority(const ip::address& address, std::uint16_t port) {
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), port)
                         : fmt::format("{}:{}", address.to_string(), port);
}

}  // namespace madoguchi::desk
