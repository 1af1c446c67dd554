// SPDX-License-Identifier: Apache-2.0
// The office, as a box knows it: one events stream at a time, offers posted and resources ended, each with the token of its
// origin; what is still to be ended is on disk. On the daemon's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/net/http_client.hpp"
#include "firmware/signalling/event_stream.hpp"
#include "firmware/signalling/resource_book.hpp"
#include "firmware/signalling/settings.hpp"
#include "firmware/signalling/whip.hpp"

namespace madoguchi::signalling {

class Office {
 public:
  /// Called on the loop, never from inside a call. All are needed.
  struct Handlers {
    std::function<void()> up;
    std::function<void()> down;
    std::function<void(const OfficeEvent&)> event;
    std::function<void(const Result<void>&)> saved;  ///< after each write of what is to be ended
    std::function<bool(const std::string& url)>
        leads_to;  ///< a rule makes addresses of this server: the disk is not believed
  };

  /// `disk` has one thread.
  Office(boost::asio::any_io_executor executor, HttpClient& http, Clock& clock, const Settings& settings,
         std::vector<Token> tokens, const std::filesystem::path& state, boost::asio::thread_pool& disk,
         Handlers handlers);
  ~Office();
  Office(const Office&) = delete;
  Office& operator=(const Office&) = delete;

  /// The resources of an earlier life. Blocks, once at the start; sweep() ends them.
  void load();
  boost::asio::awaitable<void> sweep();

  /// Keeps this events stream open and no other; "" or no address: none. The same again changes nothing.
  void listen(const std::string& events);
  /// Nothing is heard any more, also not that the stream is down.
  void stop();
  [[nodiscard]] bool is_up() const;
  /// Of the stream that is open; "" where none is.
  [[nodiscard]] std::string host() const;
  /// Who sits where, as the stream said last; nullptr while it is down.
  [[nodiscard]] const Seats* seats() const;

  /// The resource is on disk when this ends. Cancellation throws operation_aborted, here and below.
  boost::asio::awaitable<tl::expected<Answered, PostError>> post_offer(std::string endpoint, std::string offer);
  /// Forgets a resource that the office has ended or does not know; one that cannot be ended now is kept for sweep().
  boost::asio::awaitable<void> end(std::string resource);

  // What is told goes to the stream that is open. True: the office has it, or will never want it.
  /// News: "calling", "talking". False when another stream, or none, is open.
  boost::asio::awaitable<bool> tell(std::string events, std::string type);
  /// How things are, with what this box understands; an office that knows only news (docs/desk-api.md) gets news.
  boost::asio::awaitable<bool> tell_state(std::string phase, std::string end_reason);

 private:
  struct Stream;
  [[nodiscard]] std::string token_for(const Url& url) const;
  /// The stream that is open is this one: by the address, not by how a template writes it ("HTTPS://", "#x").
  [[nodiscard]] bool hears(const std::string& events) const;
  boost::asio::awaitable<bool> tell(json::bj::object body);
  boost::asio::awaitable<Result<void>> end_now(std::string resource);

  boost::asio::any_io_executor executor_;
  HttpClient& http_;
  Clock& clock_;
  Settings settings_;
  std::vector<Token> tokens_;
  ResourceBook resources_;
  Handlers handlers_;
  std::shared_ptr<Stream> stream_;
  bool untold_ = false;  ///< the last word did not get through
};

}  // namespace madoguchi::signalling
