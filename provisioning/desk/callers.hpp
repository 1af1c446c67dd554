// SPDX-License-Identifier: Apache-2.0
// Where a request comes from. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>

namespace madoguchi::desk {

/// The caller's address: the connection's own; behind the proxy that is configured ("" = none) the last element of its
/// X-Forwarded-For, if that is an address.
boost::asio::ip::address client_address(const boost::asio::ip::address& remote, const std::string& forwarded_for,
                                        const std::string& proxy);

/// What counts as one caller where callers are counted: this machine is one, IPv6 goes by /64, IPv4 by the address.
std::string address_block(const boost::asio::ip::address& address);

}  // namespace madoguchi::desk
