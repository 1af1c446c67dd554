// SPDX-License-Identifier: Apache-2.0
// The feeds: fetched, handed unread to the reading child, the last good agenda kept in memory and on disk. On the
// daemon's loop; owned by the composition root.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/faults.hpp"
#include "base/net/http_client.hpp"
#include "firmware/schedule/agenda.hpp"
#include "firmware/schedule/settings.hpp"

namespace madoguchi::schedule {

class Reading;

struct FeedState {
  std::string name;
  std::optional<WallTime> read_at;  ///< when it was last known to be good
  std::string error;                ///< "" = good; never an URL
  std::size_t skipped = 0;
};

class Feeds {
 public:
  struct Handlers {
    std::function<void()> changed;  ///< the agenda is another
    std::function<void(Fault fault)> raise, clear;
  };

  Feeds(boost::asio::any_io_executor executor, HttpClient& http, Clock& clock, Settings settings,
        std::filesystem::path folder, boost::asio::thread_pool& pool, Handlers handlers);
  ~Feeds();

  /// The agenda as it was on disk. Blocks, once at the start.
  void load();
  /// One feed's life, until it is cancelled; the owner spawns one for each index.
  boost::asio::awaitable<void> run(std::size_t index);
  [[nodiscard]] std::size_t count() const { return settings_.feeds.size(); }
  /// All feeds together.
  [[nodiscard]] const Agenda& agenda() const { return agenda_; }
  [[nodiscard]] std::vector<FeedState> states() const;
  /// Some feed has never been read: there may be bookings that the box does not know.
  [[nodiscard]] bool unread() const;
  /// What keeps such a feed from being read, of the first that has a reason.
  [[nodiscard]] std::optional<Fault> why_unread() const;
  /// Some feed was not read for Settings::old_after; one that was never read, since the start.
  [[nodiscard]] bool old() const;
  /// Some feed's rules lead to this server: nothing else is ever contacted.
  [[nodiscard]] bool leads_to(const std::string& url) const;
  /// An agenda could not be written to the disk, which `raise` was told of.
  [[nodiscard]] bool unsaved() const { return unsaved_; }

  /// What staff read, and a short cause for IT.
  struct Failure {
    Fault fault = Fault::feed_unreadable;
    std::string cause;  ///< never an URL, but for its host
  };
  /// Whether a calendar comes from there; not what is in it.
  static boost::asio::awaitable<std::optional<Failure>> try_out(HttpClient& http, FeedSettings feed,
                                                                std::chrono::milliseconds within);

 private:
  struct Feed;
  boost::asio::awaitable<std::optional<Failure>> poll(Feed& feed);
  static Failure fetch_failure(const Error& error, const Url& url);
  static Failure status_failure(int status, const Url& url);
  /// Into the child, which begins with the first piece.
  boost::asio::awaitable<bool> read_piece(const Feed& feed, std::unique_ptr<Reading>& reading, std::string_view piece);
  boost::asio::awaitable<Result<json::bj::object>> read_to_end(const Feed& feed, std::unique_ptr<Reading> reading);
  boost::asio::awaitable<bool> keep(Feed& feed, Agenda agenda);
  boost::asio::awaitable<bool> save(Feed& feed);
  [[nodiscard]] bool is_stale_on_disk(const Feed& feed) const;
  void merge();
  void set_fault(Feed& feed, std::optional<Fault> fault);
  std::string header(const Feed& feed) const;

  boost::asio::any_io_executor executor_;
  HttpClient& http_;
  Clock& clock_;
  Settings settings_;
  std::filesystem::path folder_;
  boost::asio::thread_pool& pool_;
  Handlers handlers_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  Agenda agenda_;
  std::minstd_rand jitter_;
  BootTime started_;
  bool unsaved_ = false;  ///< the fault disk-full is ours
};

}  // namespace madoguchi::schedule
