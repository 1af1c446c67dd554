// SPDX-License-Identifier: Apache-2.0
// Every address and token of a configuration, tried: by the daemon at its start and every hour, and by
// `check-config --online`.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/faults.hpp"
#include "base/net/http_client.hpp"
#include "firmware/config/config.hpp"

namespace madoguchi {

HttpSettings http_settings(const config::Config& config);

/// Where a consultation would lead, for a room that is nobody's.
struct OfficeAddress {
  std::string method;  ///< GET of an events stream; OPTIONS of an offer's endpoint where there is none
  std::string url, host;
  auto operator<=>(const OfficeAddress&) const = default;
};
/// Of all [[link]] rules, each once; what is no address for that room is left out.
std::vector<OfficeAddress> office_addresses(const schedule::Settings& schedule);

/// What was found at one address.
struct Tried {
  std::string what;            ///< "feed hall", "office desk.example"
  std::optional<Fault> fault;  ///< nullopt: good
  std::string words;           ///< with the host: what is wrong, or what was found
};
boost::asio::awaitable<Tried> try_office(HttpClient& http, const config::Config& config, OfficeAddress address);
boost::asio::awaitable<Tried> try_feed(HttpClient& http, const config::Config& config, schedule::FeedSettings feed);

/// All of them, one after the other. Blocks.
std::vector<Tried> try_online(const config::Config& config);

}  // namespace madoguchi
