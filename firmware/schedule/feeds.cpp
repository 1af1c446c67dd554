// SPDX-License-Identifier: Apache-2.0
// Fetching, the child, keeping. On the daemon's loop.
#include "firmware/schedule/feeds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/log.hpp"
#include "base/off_loop.hpp"
#include "base/state_file.hpp"
#include "firmware/schedule/reading.hpp"

namespace madoguchi::schedule {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kMostKept = 16 << 20;
constexpr std::chrono::hours kHorizonBack{24};
constexpr std::chrono::hours kHorizonAhead{14 * 24};
constexpr std::chrono::hours kHorizonKept{6};
constexpr std::chrono::minutes kSlowestRetry{10};
constexpr std::chrono::seconds kAskAgain{30};    // whether a calendar is really empty all of a sudden
constexpr std::chrono::minutes kReadAtKept{10};  // how old the time on disk may be, for the disk's sake

/// The servers that a feed's rules can lead to: their templates write them out.
std::set<std::string> origins_of(const Settings& settings, const std::string& feed) {
  std::set<std::string> origins;
  const auto add = [&origins](const std::string& text) {
    const auto scheme = text.find("://");
    const auto path = scheme == std::string::npos ? scheme : text.find('/', scheme + 3);
    if (path == std::string::npos) return;
    if (const auto url = Url::parse(text.substr(0, path) + "/")) origins.insert(url->origin());
  };
  for (const LinkRule& rule : settings.links) {
    if (std::find(rule.feeds.begin(), rule.feeds.end(), feed) == rule.feeds.end()) continue;
    add(rule.events);
    for (const SeatRule& seat : rule.seats) {
      add(seat.publish);
      add(seat.play);
    }
  }
  return origins;
}

/// Until there is enough to know a calendar by.
asio::awaitable<bool> take_beginning(std::string& begin, std::string_view piece) {
  constexpr std::size_t kEnough = 64;
  begin += piece.substr(0, kEnough - begin.size());
  co_return begin.size() < kEnough;
}

bool leads_elsewhere(const Consultation& consultation, const std::set<std::string>& origins) {
  const auto foreign = [&origins](const std::string& text) {
    if (text.empty()) return false;
    const auto url = Url::parse(text);
    return !url || !origins.contains(url->origin());
  };
  return foreign(consultation.events) ||
         std::any_of(consultation.seats.begin(), consultation.seats.end(),
                     [&foreign](const Seat& seat) { return foreign(seat.publish) || foreign(seat.play); });
}
}  // namespace

struct Feeds::Feed {
  explicit Feed(FeedSettings s) : settings(std::move(s)) {}
  FeedSettings settings;
  std::set<std::string> origins;  ///< where its consultations may lead
  std::string etag, last_modified;
  Agenda agenda;
  FeedState state;
  WallTime expanded_at{};
  int failures = 0;
  bool doubted = false;  ///< the last answer was suddenly empty, and was not believed yet
  std::optional<Fault> fault;
  std::optional<WallTime> saved_at;  ///< the read_at that is on disk
};

Feeds::Failure Feeds::fetch_failure(const Error& error, const Url& url) {
  const std::string where = url.redacted() + ": ";
  const bool ours = error.message.rfind(where, 0) == 0;
  const auto told = [&](Fault fault, std::string_view why) {
    return Failure{fault, fmt::format("fetching it from {}: {} ({})", url.host(), name(error.code), why)};
  };
  // curl's words tell milliseconds and ports: each would be another line in the log. Those of the last three are ours, or
  // stand still.
  const std::string words = ours ? error.message.substr(where.size()) : std::string();
  switch (error.code) {
    case Errc::host_unknown: return told(Fault::feed_host_unknown, "no name server knows this name");
    case Errc::refused: return told(Fault::feed_down, "nobody listens there");
    case Errc::timeout: return told(Fault::feed_late, "no complete reply in time");
    case Errc::empty: return told(Fault::feed_server_error, "the connection was closed without a reply");
    case Errc::cut: return told(Fault::feed_unreachable, "the connection ended in the middle of the reply");
    case Errc::permission: return told(Fault::feed_refused, words);  // sent on to another server, which is not followed
    case Errc::tls: return told(Fault::feed_tls, words);
    case Errc::too_large: return told(Fault::feed_unreadable, words);
    case Errc::protocol: return told(Fault::feed_server_error, words);
    default: return told(Fault::feed_unreachable, "the connection failed");
  }
}

Feeds::Failure Feeds::status_failure(int status, const Url& url) {
  Fault fault = Fault::feed_unreadable;
  // 408, 425 and 429 pass by themselves.
  if (status >= 500 || status == 408 || status == 425 || status == 429) fault = Fault::feed_server_error;
  else if (status >= 400) fault = Fault::feed_refused;
  return {fault, fmt::format("fetching it from {}: HTTP {}", url.host(), status)};
}

Feeds::Feeds(asio::any_io_executor executor, HttpClient& http, Clock& clock, Settings settings,
             std::filesystem::path folder, asio::thread_pool& pool, Handlers handlers)
    : executor_(executor), http_(http), clock_(clock), settings_(std::move(settings)), folder_(std::move(folder)),
      pool_(pool), handlers_(std::move(handlers)),
      jitter_(static_cast<unsigned>(clock.wall().time_since_epoch().count())), started_(clock.boot()) {
  for (const FeedSettings& each : settings_.feeds) {
    feeds_.push_back(std::make_unique<Feed>(each));
    feeds_.back()->state.name = each.name;
    feeds_.back()->origins = origins_of(settings_, each.name);
  }
}

Feeds::~Feeds() = default;

bool Feeds::unread() const {
  return std::any_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return !feed->state.read_at; });
}

std::optional<Fault> Feeds::why_unread() const {
  for (const auto& feed : feeds_) {
    if (!feed->state.read_at && feed->fault) return feed->fault;
  }
  return std::nullopt;
}

bool Feeds::leads_to(const std::string& text) const {
  const auto url = Url::parse(text);
  return url && std::any_of(feeds_.begin(), feeds_.end(),
                            [&url](const auto& feed) { return feed->origins.contains(url->origin()); });
}

bool Feeds::old() const {
  return std::any_of(feeds_.begin(), feeds_.end(), [this](const auto& feed) {
    const auto& read_at = feed->state.read_at;
    // By the boot clock where it was never read: the wall clock may be set meanwhile.
    return read_at ? clock_.wall() - *read_at > settings_.old_after : clock_.boot() - started_ > settings_.old_after;
  });
}

std::vector<FeedState> Feeds::states() const {
  std::vector<FeedState> result;
  for (const auto& feed : feeds_) result.push_back(feed->state);
  return result;
}

void Feeds::load() {
  for (const auto& feed : feeds_) {
    (void)read_state(folder_ / fmt::format("agenda-{}.json", feed->settings.name), kMostKept,
                     [&feed](const json::bj::object& object) -> Result<void> {
                       auto agenda = agenda_from_json(object);
                       if (!agenda) return fail(agenda.error());
                       // A rule may have been taken out since.
                       const auto gone = std::erase_if(agenda->consultations, [&feed](const Consultation& each) {
                         return leads_elsewhere(each, feed->origins);
                       });
                       if (gone > 0) log::notice("agenda-cut", {{"feed", feed->settings.name}, {"no_rule", gone}});
                       feed->agenda = std::move(*agenda);
                       if (const auto at = json::integer(object, "read_at"))
                         feed->saved_at = feed->state.read_at = WallTime(std::chrono::milliseconds(*at));
                       return {};
                     });
  }
  merge();
}

void Feeds::merge() {
  Agenda all;
  for (const auto& feed : feeds_) {
    all.consultations.insert(all.consultations.end(), feed->agenda.consultations.begin(),
                             feed->agenda.consultations.end());
  }
  std::stable_sort(all.consultations.begin(), all.consultations.end(),
                   [](const Consultation& a, const Consultation& b) { return a.start < b.start; });
  agenda_ = std::move(all);
  if (handlers_.changed) handlers_.changed();
}

std::string Feeds::header(const Feed& feed) const {
  json::bj::object object;
  object["feed"] = feed.settings.name;
  object["time_zone"] = settings_.time_zone;
  object["from"] = (clock_.wall() - kHorizonBack).time_since_epoch().count();
  object["until"] = (clock_.wall() + kHorizonAhead).time_since_epoch().count();
  json::bj::array links;
  for (const LinkRule& rule : settings_.links) {
    if (std::find(rule.feeds.begin(), rule.feeds.end(), feed.settings.name) == rule.feeds.end()) continue;
    json::bj::array seats;
    for (const SeatRule& seat : rule.seats) {
      seats.push_back(
          json::bj::object{{"id", seat.id}, {"role", seat.role}, {"publish", seat.publish}, {"play", seat.play}});
    }
    links.push_back(json::bj::object{{"link", rule.link}, {"events", rule.events}, {"seats", std::move(seats)}});
  }
  object["links"] = std::move(links);
  return json::bj::serialize(object) + "\n";
}

void Feeds::set_fault(Feed& feed, std::optional<Fault> fault) {
  const std::optional<Fault> before = std::exchange(feed.fault, fault);
  const bool remains =
      std::any_of(feeds_.begin(), feeds_.end(), [&before](const auto& f) { return f->fault == before; });
  if (before && !remains) handlers_.clear(*before);
  if (fault) handlers_.raise(*fault);
}

asio::awaitable<void> Feeds::run(std::size_t index) {
  Feed& feed = *feeds_.at(index);
  for (;;) {
    const std::optional<Failure> failure = co_await poll(feed);
    std::chrono::milliseconds delay = feed.settings.every;
    if (!failure) {
      feed.failures = 0;
      set_fault(feed, std::nullopt);
      feed.state.error.clear();
    } else {
      if (feed.state.error != failure->cause) {
        log::warning("feed-failed", {{"feed", feed.settings.name}, {"error", failure->cause}});
      }
      feed.state.error = failure->cause;
      set_fault(feed, failure->fault);
      delay = std::min<std::chrono::milliseconds>(delay * (1 << std::min(feed.failures, 8)), kSlowestRetry);
      ++feed.failures;
    }
    if (feed.doubted) delay = std::min<std::chrono::milliseconds>(delay, kAskAgain);
    // A fifth of jitter, so that a city's boxes do not all ask at once after an outage.
    delay += delay * static_cast<int>(jitter_() % 200) / 1000;
    co_await sleep_for(clock_, delay);
  }
}

asio::awaitable<std::optional<Feeds::Failure>> Feeds::try_out(HttpClient& http, FeedSettings feed,
                                                              std::chrono::milliseconds within) {
  const Result<Url> url = Url::parse(feed.url);
  if (!url) co_return Failure{Fault::feed_unreadable, url.error().message};
  std::string begin;
  HttpRequest request("GET", *url, within);
  request.headers.emplace_back("Accept", "text/calendar");
  request.bearer = feed.bearer;
  request.user = feed.user;
  request.password = feed.password;
  request.body_to = [&begin](std::string_view piece) { return take_beginning(begin, piece); };
  const Result<HttpResponse> response = co_await http.send(std::move(request));
  const bool enough = !response && response.error().code == Errc::cancelled;
  if (!response && !enough) co_return fetch_failure(response.error(), *url);
  if (response && response->status != 200) co_return status_failure(response->status, *url);
  if (begin.find("BEGIN:VCALENDAR") != std::string::npos) co_return std::nullopt;
  co_return Failure{Fault::feed_unreadable,
                    fmt::format("fetching it from {}: what is there is not a calendar", url->host())};
}

asio::awaitable<std::optional<Feeds::Failure>> Feeds::poll(Feed& feed) {
  Failure failure;
  const Result<Url> url = Url::parse(feed.settings.url);
  if (!url) {
    failure.cause = "its address is not a URL; mend the configuration";
    co_return failure;
  }
  HttpRequest request("GET", *url, settings_.fetch_within);
  request.body_cap = settings_.fetch_cap;
  request.headers.emplace_back("Accept", "text/calendar");
  // The horizon moves on, or jumps with the clock: what is unchanged is still read again now and then.
  const auto since = clock_.wall() - feed.expanded_at;
  const bool fresh = since < kHorizonKept && since > -kHorizonKept;
  if (fresh && !feed.etag.empty()) request.headers.emplace_back("If-None-Match", feed.etag);
  if (fresh && !feed.last_modified.empty()) request.headers.emplace_back("If-Modified-Since", feed.last_modified);
  const bool asked_if_new = request.headers.size() > 1;
  request.bearer = feed.settings.bearer;
  request.user = feed.settings.user;
  request.password = feed.settings.password;
  // The bytes go through to the child as they come: names stay in no memory of ours.
  std::unique_ptr<Reading> reading;
  request.body_to = [this, &feed, &reading](std::string_view piece) { return read_piece(feed, reading, piece); };
  Result<HttpResponse> response = co_await http_.send(std::move(request));
  const bool child_stopped = !response && response.error().code == Errc::cancelled;
  if (!response && !child_stopped) {
    failure = fetch_failure(response.error(), *url);
    co_return failure;
  }
  const std::string etag = response ? response->header("etag").value_or("") : "";
  const std::string last_modified = response ? response->header("last-modified").value_or("") : "";
  if (response && response->status == 304 && asked_if_new) {
    feed.state.read_at = clock_.wall();
    if (is_stale_on_disk(feed)) co_await save(feed);
    co_return std::nullopt;
  }
  if (response && response->status != 200) {
    failure = status_failure(response->status, *url);
    co_return failure;
  }
  Result<json::bj::object> object = co_await read_to_end(feed, std::move(reading));
  if (!object) {
    if (object.error().code == Errc::timeout) failure.fault = Fault::feed_child_killed;
    failure.cause = object.error().message;
    co_return failure;
  }
  Result<Agenda> agenda = agenda_from_json(*object);
  if (!agenda) {
    failure.cause = agenda.error().in("the reader's output").message;
    co_return failure;
  }
  // The child reads what strangers wrote, and the rules are applied there: what it says is not believed.
  for (const Consultation& each : agenda->consultations) {
    if (!leads_elsewhere(each, feed.origins)) continue;
    failure.cause = "the reader made an address that no rule makes";
    co_return failure;
  }
  // A server whose disk fails may serve a calendar that is valid and empty: what it says once is asked again, whole.
  const auto to_come = [now = clock_.wall()](const Consultation& each) { return each.end > now; };
  const auto& known = feed.agenda.consultations;
  const bool sudden =
      agenda->consultations.empty() && std::any_of(known.begin(), known.end(), to_come) && !feed.doubted;
  feed.doubted = sudden;
  if (sudden) {
    log::notice("calendar-suddenly-empty", {{"feed", feed.settings.name}});
    feed.etag.clear();
    feed.last_modified.clear();
    co_return std::nullopt;
  }
  if (const auto* skipped = object->if_contains("skipped"); skipped != nullptr && skipped->is_array()) {
    feed.state.skipped = skipped->get_array().size();
  }
  feed.expanded_at = feed.state.read_at.emplace(clock_.wall());
  const bool kept = co_await keep(feed, std::move(*agenda));
  // What is not on disk is fetched whole the next time, too.
  feed.etag = kept ? etag : "";
  feed.last_modified = kept ? last_modified : "";
  co_return std::nullopt;
}

asio::awaitable<bool> Feeds::read_piece(const Feed& feed, std::unique_ptr<Reading>& reading, std::string_view piece) {
  if (!reading) {
    Result<std::unique_ptr<Reading>> begun = Reading::begin(executor_, clock_, settings_);
    if (!begun) co_return false;
    reading = std::move(*begun);
    const std::string head = header(feed);
    if (!co_await reading->write(head)) co_return false;
  }
  co_return co_await reading->write(piece);
}

asio::awaitable<Result<json::bj::object>> Feeds::read_to_end(const Feed& feed, std::unique_ptr<Reading> reading) {
  if (!reading) {  // not a byte came, or the child did not begin
    Result<std::unique_ptr<Reading>> begun = Reading::begin(executor_, clock_, settings_);
    if (!begun) co_return fail(begun.error());
    reading = std::move(*begun);
    const std::string head = header(feed);
    co_await reading->write(head);
  }
  co_return co_await reading->finish();
}

asio::awaitable<bool> Feeds::keep(Feed& feed, Agenda agenda) {
  feed.agenda = std::move(agenda);
  merge();
  co_return co_await save(feed);
}

/// After a restart what is on disk tells whether bookings are old: it follows the answers, not each of them.
bool Feeds::is_stale_on_disk(const Feed& feed) const {
  if (!feed.saved_at) return true;
  const auto since = clock_.wall() - *feed.saved_at;
  return since < std::chrono::milliseconds(0) ||
         since >= std::min<std::chrono::milliseconds>(kReadAtKept, settings_.old_after / 4);
}

asio::awaitable<bool> Feeds::save(Feed& feed) {
  const std::optional<WallTime> read_at = feed.state.read_at;
  json::bj::object object = to_json(feed.agenda);
  if (read_at) object["read_at"] = read_at->time_since_epoch().count();
  std::function<Result<void>()> work = [file = folder_ / fmt::format("agenda-{}.json", feed.settings.name),
                                        text = json::bj::serialize(object)] {
    return write_file_atomically(file, text, 0600);
  };
  Result<void> saved = co_await off_loop<Result<void>>(pool_, std::move(work));
  if (saved) {
    feed.saved_at = read_at;
    if (std::exchange(unsaved_, false)) handlers_.clear(Fault::disk_full);
    co_return true;
  }
  unsaved_ = true;
  log::error("agenda-not-saved", {{"feed", feed.settings.name}, {"error", saved.error().message}});
  handlers_.raise(Fault::disk_full);
  co_return false;
}

}  // namespace madoguchi::schedule
