// SPDX-License-Identifier: Apache-2.0
// The address that the desk listens on, as a person writes it and as a URL does. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace madoguchi::desk {

struct ListenOn {
  boost::asio::ip::address address;
  std::uint16_t port = 0;  ///< 0: any that is free
};

/// "127.0.0.1:8080", "[::1]:8080"; without a port it is 8080. Errc::invalid says how to write it; nothing else passes: no
/// names, no blanks, no text after the number.
Result<ListenOn> parse_listen(std::string_view text);

/// As it stands in a URL and in Host: an IPv6 address in brackets (RFC 3986 section 3.2.2).
std::string authority(const boost::asio::ip::address& address, std::uint16_t port);

}  // namespace madoguchi::desk
