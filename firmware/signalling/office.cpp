// SPDX-License-Identifier: Apache-2.0
// The stream that is open, the words for the office, the book of resources. On the daemon's loop.
#include "firmware/signalling/office.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "base/log.hpp"

namespace madoguchi::signalling {

namespace asio = boost::asio;

/// Lives until its coroutine has ended.
struct Office::Stream {
  Stream(Office& office, Url url, EventStream::Handlers handlers)
      : owner(&office),
        events(office.http_, office.clock_, office.settings_, url, office.token_for(url), std::move(handlers)) {}
  Office* owner;  ///< nullptr when it is no longer the open one
  EventStream events;
  asio::cancellation_signal cancel;
};

Office::Office(asio::any_io_executor executor, HttpClient& http, Clock& clock, const Settings& settings,
               std::vector<Token> tokens, const std::filesystem::path& state, asio::thread_pool& disk,
               Handlers handlers)
    : executor_(executor), http_(http), clock_(clock), settings_(settings), tokens_(std::move(tokens)),
      resources_(state, clock, disk), handlers_(std::move(handlers)) {}

Office::~Office() { stop(); }

std::string Office::token_for(const Url& url) const {
  for (const Token& each : tokens_) {
    if (each.origin == url.origin()) return each.token;
  }
  return {};
}

// ---- the events stream -----------------------------------------------------------------------------------------------

void Office::stop() {
  const auto stream = std::exchange(stream_, nullptr);
  if (!stream) return;
  stream->owner = nullptr;
  stream->cancel.emit(asio::cancellation_type::terminal);
}

bool Office::hears(const std::string& events) const {
  const auto url = Url::parse(events);
  return stream_ && url && stream_->events.url() == *url;
}

void Office::listen(const std::string& events) {
  if (hears(events)) return;
  stop();
  const auto url = Url::parse(events);
  if (!url) return;
  EventStream::Handlers handlers;
  handlers.up = [this] { handlers_.up(); };
  handlers.down = [this](const std::string&) { handlers_.down(); };
  handlers.event = [this](const OfficeEvent& event) { handlers_.event(event); };
  stream_ = std::make_shared<Stream>(*this, *url, std::move(handlers));
  auto run = stream_->events.run();
  auto ended = [stream = stream_](const std::exception_ptr& failure) {
    log::task_failed("events", failure);
    if (stream->owner != nullptr) stream->owner->stream_.reset();  // the next listen() opens it again
  };
  asio::co_spawn(executor_, std::move(run), asio::bind_cancellation_slot(stream_->cancel.slot(), std::move(ended)));
}

bool Office::is_up() const { return stream_ && stream_->events.is_up(); }

std::string Office::host() const { return stream_ ? stream_->events.url().host() : std::string(); }

const Seats* Office::seats() const {
  if (!stream_ || !stream_->events.seats()) return nullptr;
  return &*stream_->events.seats();
}

asio::awaitable<bool> Office::tell(std::string events, std::string type) {
  // Who can't be told now is told how things are when the stream is up again.
  if (!hears(events)) co_return false;
  json::bj::object body{{"type", std::move(type)}};
  co_return co_await tell(std::move(body));
}

asio::awaitable<bool> Office::tell_state(std::string phase, std::string end_reason) {
  if (!stream_) co_return true;
  json::bj::object body{{"type", "state"}, {"phase", phase}, {"features", json::bj::array{"state"}}};
  if (phase == "ending") body["reason"] = std::move(end_reason);
  if (stream_->events.knows("state")) co_return co_await tell(std::move(body));
  // An older desk: it knows only news. What it missed is news to it.
  if (phase != "calling" && phase != "talking") co_return true;
  json::bj::object news{{"type", std::move(phase)}};
  co_return co_await tell(std::move(news));
}

asio::awaitable<bool> Office::tell(json::bj::object body) {
  const std::shared_ptr<Stream> stream = stream_;
  Result<void> told = co_await stream->events.post(std::move(body));
  if (told) {
    untold_ = false;
    co_return true;
  }
  // One line for the first time of a row: it is told again until it is heard.
  log::write(std::exchange(untold_, true) ? log::Level::debug : log::Level::notice, "office-not-told",
             {{"error", told.error().message}});
  const int status = told.error().http_status;
  co_return status >= 400 && status < 500 && status != 408 && status != 429;  // asking again would not help
}

// ---- offers and resources --------------------------------------------------------------------------------------------

asio::awaitable<tl::expected<Answered, PostError>> Office::post_offer(std::string endpoint, std::string offer) {
  const Result<Url> url = Url::parse(endpoint);
  if (!url) {
    PostError bad{PostFailure::protocol, url.error().message, {}};
    co_return tl::unexpected<PostError>(std::move(bad));
  }
  auto answered =
      co_await signalling::post_offer(http_, clock_, *url, std::move(offer), token_for(*url), settings_.post_within);
  if (!answered) co_return answered;
  Result<void> saved = co_await resources_.remember(answered->resource.to_string());
  handlers_.saved(saved);
  co_return answered;
}

asio::awaitable<Result<void>> Office::end_now(std::string resource) {
  const Result<Url> url = Url::parse(resource);
  if (!url) co_return Result<void>();  // nothing that could be ended
  co_return co_await delete_resource(http_, *url, token_for(*url), settings_.delete_within);
}

asio::awaitable<void> Office::end(std::string resource) {
  Result<void> ended = co_await end_now(resource);
  if (!ended) {
    log::notice("resource-kept", {{"why", ended.error().message}});
    co_return;
  }
  Result<void> saved = co_await resources_.forget(std::move(resource));
  handlers_.saved(saved);
}

void Office::load() { resources_.load(handlers_.leads_to); }

asio::awaitable<void> Office::sweep() {
  std::function<asio::awaitable<Result<void>>(std::string)> end = [this](std::string resource) {
    return end_now(std::move(resource));
  };
  co_await resources_.sweep(std::move(end));
}

}  // namespace madoguchi::signalling
