// SPDX-License-Identifier: Apache-2.0
// The stream's life. On the daemon's loop.
#include "firmware/signalling/event_stream.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/log.hpp"
#include "firmware/signalling/sse.hpp"

namespace madoguchi::signalling {

namespace asio = boost::asio;

namespace {

/// What a consultation can need, many times over: each event may cost an offer or a message to the media process.
constexpr double kBurst = 60;
constexpr double kPerSecond = 20;

/// A stream that lived for so long worked. One byte is no sign of that: an office that sends it and closes would be asked
/// twice a second, by every box of a city.
constexpr std::chrono::seconds kSteady{10};

}  // namespace

/// One connection's reading.
struct EventStream::Parser {
  SseParser sse;
  double allowance = kBurst;
  BootTime counted{};
  std::uint64_t dropped = 0;
  bool flooded = false;

  bool allows(BootTime now) {
    const std::chrono::duration<double> passed = now - counted;
    counted = now;
    allowance = std::min(kBurst, allowance + passed.count() * kPerSecond);
    if (allowance < 1) return false;
    allowance -= 1;
    return true;
  }
};

EventStream::EventStream(HttpClient& http, Clock& clock, Settings settings, Url url, std::string bearer,
                         Handlers handlers)
    : http_(http), clock_(clock), settings_(settings), url_(std::move(url)), bearer_(std::move(bearer)),
      handlers_(std::move(handlers)), parser_(std::make_shared<Parser>()) {}

void EventStream::remember(const OfficeEvent& event) {
  if (const auto* all = std::get_if<Seats>(&event)) seats_ = *all;
  if (!seats_) return;
  const auto set = [this](const std::string& id, bool present, const std::string& session) {
    for (SeatState& seat : seats_->seats) {
      if (seat.seat == id) seat = {id, present, session};
    }
  };
  if (const auto* joined = std::get_if<SeatJoined>(&event)) set(joined->seat, true, joined->session);
  if (const auto* left = std::get_if<SeatLeft>(&event)) set(left->seat, false, "");
}

bool EventStream::knows(const std::string& feature) const {
  return seats_ && std::find(seats_->features.begin(), seats_->features.end(), feature) != seats_->features.end();
}

bool EventStream::take(std::string_view bytes) {
  const std::function<void(const std::string&)> each = [this](const std::string& data) {
    Parser& parser = *parser_;
    if (parser.flooded || !parser.allows(clock_.boot())) {
      parser.flooded = true;
      return;
    }
    auto event = parse_office_event(data);
    if (!event) {
      ++dropped_;
      // One line a connection: an office must not fill the log.
      const auto level = ++parser.dropped == 1 ? log::Level::notice : log::Level::debug;
      log::write(level, "office-event-dropped", {{"why", event.error().message}});
      return;
    }
    remember(*event);
    handlers_.event(*event);
  };
  return parser_->sse.feed(bytes, each) && !parser_->flooded;
}

asio::awaitable<void> EventStream::run() {
  int failures = 0;
  std::string told;  // what the log said last; "" when the stream is well
  for (;;) {
    HttpRequest request("GET", url_, settings_.events_head_within);
    request.headers.emplace_back("Accept", "text/event-stream");
    request.bearer = bearer_;
    parser_ = std::make_shared<Parser>();
    std::optional<BootTime> began;
    std::function<void(const HttpResponse&)> on_head = [this, &began](const HttpResponse&) {
      up_ = true;
      began = clock_.boot();
      handlers_.up();
    };
    const auto look = [this, &began, &failures, &told] {
      if (!began || clock_.boot() - *began < kSteady) return;
      failures = 0;
      if (!std::exchange(told, {}).empty()) log::notice("events-up", {{"office", url_.origin()}});
    };
    bool given_up = false;
    std::function<bool(std::string_view)> on_data = [this, &look, &given_up](std::string_view bytes) {
      look();
      given_up = !take(bytes);
      return !given_up;
    };
    const Result<HttpResponse> ended =
        co_await http_.stream(std::move(request), on_head, on_data, settings_.events_silent_after);
    look();
    std::string why = "the office closed it";
    if (given_up)
      why = parser_->flooded ? "the office sends more events than any box can need" : "an event was too large";
    else if (!ended) why = ended.error().message;
    else if (ended->status != 200) why = fmt::format("HTTP {}", ended->status);
    seats_.reset();
    // One line for each way of being down: curl's words tell milliseconds, which are no other way.
    const std::string way = given_up || ended ? why : std::string(name(ended.error().code));
    log::write(way == told ? log::Level::debug : log::Level::notice, "events-down",
               {{"office", url_.origin()}, {"why", why}, {"dropped", parser_->dropped}});
    told = way;
    if (std::exchange(up_, false) || failures == 0) handlers_.down(why);
    const auto delay =
        std::min(settings_.events_retry_most, settings_.events_retry_first * (1 << std::min(failures, 10)));
    ++failures;
    co_await sleep_for(clock_, delay);
  }
}

asio::awaitable<Result<void>> EventStream::post(json::bj::object body) {
  HttpRequest request("POST", url_, settings_.post_within);
  request.headers.emplace_back("Content-Type", "application/json");
  request.bearer = bearer_;
  request.body = json::bj::serialize(body);
  const Result<HttpResponse> response = co_await http_.send(std::move(request));
  if (!response) co_return fail(response.error().in("telling the office"));
  if (response->status >= 200 && response->status < 300) co_return Result<void>();
  co_return fail(Errc::http, fmt::format("telling the office: HTTP {}", response->status), response->status);
}

}  // namespace madoguchi::signalling
