// SPDX-License-Identifier: Apache-2.0
// Addresses and their blocks. Pure.
#include "provisioning/desk/callers.hpp"

#include <boost/asio/ip/address_v6.hpp>
#include <boost/system/error_code.hpp>

namespace madoguchi::desk {

namespace ip = boost::asio::ip;

namespace {

ip::address plain(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

ip::address client_address(const ip::address& remote, const std::string& forwarded_for, const std::string& proxy) {
  boost::system::error_code error;
  const ip::address trusted = ip::make_address(proxy, error);
  if (error || plain(remote) != plain(trusted)) return plain(remote);
  const auto comma = forwarded_for.rfind(',');
  std::string last = comma == std::string::npos ? forwarded_for : forwarded_for.substr(comma + 1);
  last.erase(0, last.find_first_not_of(" \t[\""));
  const auto end = last.find_last_not_of(" \t]\"");
  last.resize(end == std::string::npos ? 0 : end + 1);
  const ip::address told = ip::make_address(last, error);
  return error ? plain(remote) : plain(told);
}

std::string address_block(const ip::address& address) {
  const ip::address simple = plain(address);
  if (simple.is_loopback()) return "loopback";
  if (simple.is_v4()) return simple.to_string();
  auto bytes = simple.to_v6().to_bytes();
  for (std::size_t i = 8; i < bytes.size(); ++i) bytes[i] = 0;
  return ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace madoguchi::desk
