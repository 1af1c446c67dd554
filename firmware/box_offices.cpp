// SPDX-License-Identifier: Apache-2.0
// Trying addresses, and the daemon's habit of it. On the daemon's loop.
#include "firmware/box_offices.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <set>

#include "base/log.hpp"
#include "firmware/box.hpp"
#include "firmware/session/refusals.hpp"
#include "firmware/signalling/try_out.hpp"

namespace madoguchi {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kTryEvery = 1h;
constexpr std::chrono::milliseconds kTryAgainFirst = 10s, kTryAgainMost = 10min;

/// A template with the room that is nobody's in all its groups.
std::string filled(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto end = text[at] == '{' ? text.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      result += text[at];
    } else {
      result += signalling::kNobodysRoom;
      at = end;
    }
  }
  return result;
}

std::string token_for(const config::Config& config, const Url& url) {
  for (const signalling::Token& each : config.offices) {
    if (each.origin == url.origin()) return each.token;
  }
  return {};
}

asio::awaitable<void> try_all(HttpClient& http, const config::Config& config, std::vector<Tried>& found) {
  for (const schedule::FeedSettings& feed : config.schedule.feeds) {
    found.push_back(co_await try_feed(http, config, feed));
  }
  for (const OfficeAddress& address : office_addresses(config.schedule)) {
    found.push_back(co_await try_office(http, config, address));
  }
}

}  // namespace

HttpSettings http_settings(const config::Config& config) {
  HttpSettings settings;
  settings.ca_file = config.box.ca_file;
  return settings;
}

std::vector<OfficeAddress> office_addresses(const schedule::Settings& schedule) {
  std::set<OfficeAddress> addresses;
  const auto add = [&addresses](const char* method, const std::string& text) {
    const auto url = Url::parse(filled(text));
    if (url) addresses.insert({method, url->to_string(), url->host()});
  };
  for (const schedule::LinkRule& rule : schedule.links) {
    if (!rule.events.empty()) {
      add("GET", rule.events);
      continue;
    }
    for (const schedule::SeatRule& seat : rule.seats) add("OPTIONS", seat.publish.empty() ? seat.play : seat.publish);
  }
  return {addresses.begin(), addresses.end()};
}

asio::awaitable<Tried> try_office(HttpClient& http, const config::Config& config, OfficeAddress address) {
  Tried tried{"office " + address.host, std::nullopt, {}};
  const Result<Url> url = Url::parse(address.url);  // it was one
  const auto trouble = co_await signalling::try_out(http, std::move(address.method), *url, token_for(config, *url),
                                                    config.signalling.events_head_within);
  if (!trouble) {
    tried.words = address.host + ": it answers, and refuses no token";
    co_return tried;
  }
  tried.fault = session::fault_of(trouble->failure).value_or(Fault::office_error);
  tried.words = trouble->message;
  co_return tried;
}

asio::awaitable<Tried> try_feed(HttpClient& http, const config::Config& config, schedule::FeedSettings feed) {
  Tried tried{"feed " + feed.name, std::nullopt, {}};
  const auto failure = co_await schedule::Feeds::try_out(http, feed, config.schedule.fetch_within);
  if (failure) {
    tried.fault = failure->fault;
    tried.words = failure->cause;
  } else {
    tried.words = "a calendar comes";
  }
  co_return tried;
}

std::vector<Tried> try_online(const config::Config& config) {
  asio::io_context io(1);
  HttpClient http(io.get_executor(), http_settings(config));
  std::vector<Tried> found;
  asio::co_spawn(io, try_all(http, config, found), asio::detached);
  io.run();
  return found;
}

// ---- the daemon's ----------------------------------------------------------------------------------------------------

asio::awaitable<void> Box::keep_trying_offices() {
  const std::vector<OfficeAddress> addresses = office_addresses(config_.schedule);
  std::chrono::milliseconds again = kTryAgainFirst;
  for (;;) {
    std::map<std::string, std::optional<Tried>> hosts;  // what is wrong with each
    for (const OfficeAddress& address : addresses) {
      std::optional<Tried>& known = hosts[address.host];
      if (known) continue;
      Tried tried = co_await try_office(http_, config_, address);
      if (tried.fault) known = std::move(tried);
    }
    bool all_good = true;
    for (const auto& [host, tried] : hosts) {
      office_is(host, tried ? tried->fault : std::nullopt, tried ? tried->words : std::string());
      all_good = all_good && !tried;
    }
    const std::chrono::milliseconds delay = all_good ? kTryEvery : again;
    again = all_good ? kTryAgainFirst : std::min(again * 2, kTryAgainMost);
    // A fifth of jitter: a city's boxes do not ask all at once.
    co_await sleep_for(clock_, delay + delay * (boot_now().time_since_epoch().count() % 200) / 1000);
  }
}

void Box::office_is(const std::string& host, std::optional<Fault> fault, const std::string& words) {
  const FaultSource source{FaultSource::Kind::office, host};
  OfficeKnown& known = offices_known_[host];
  if (known.fault && known.fault != fault) faults_.clear(*known.fault, source);
  if (fault && known.words != words) log::warning("office-unusable", {{"host", host}, {"why", words}});
  known = {fault, words};
  if (fault) faults_.raise(*fault, source);
}

json::bj::array Box::offices_status() const {
  json::bj::array offices;
  for (const auto& [host, known] : offices_known_) {
    offices.push_back(json::bj::object{{"host", host}, {"error", known.words}});
  }
  return offices;
}

}  // namespace madoguchi
