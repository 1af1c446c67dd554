// SPDX-License-Identifier: Apache-2.0
// Wiring: the session's ports, the press, the lamp, the agenda's clock. On the daemon's loop.
#include "firmware/box.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "base/private_folder.hpp"
#include "board/fake/fake_board.hpp"
#include "firmware/box_stream.hpp"
#include "firmware/session/lamp.hpp"
#include "firmware/signalling/whip.hpp"

namespace madoguchi {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kTick{250};

HttpSettings http_settings(const config::Config& config) {
  HttpSettings settings;
  settings.ca_file = config.box.ca_file;
  return settings;
}

session::PostFailure to_session(signalling::PostFailure failure) {
  using From = signalling::PostFailure;
  using To = session::PostFailure;
  switch (failure) {
    case From::not_found: return To::not_found;
    case From::not_acceptable: return To::not_acceptable;
    case From::conflict: return To::conflict;
    case From::gone: return To::gone;
    case From::busy: return To::busy;
    case From::server_error: return To::server_error;
    case From::refused: return To::refused;
    case From::no_location: return To::no_location;
    case From::answer_invalid: return To::answer_invalid;
    case From::empty_reply: return To::empty_reply;
    case From::late: return To::late;
    case From::cut: return To::cut;
    case From::unreachable: return To::unreachable;
    case From::tls: return To::tls;
    case From::protocol: break;
  }
  return To::protocol;
}

session::Plan plan_of(const schedule::Consultation& consultation) {
  session::Plan plan;
  plan.consultation = consultation.id;
  plan.start = consultation.start;
  plan.end = consultation.end;
  plan.events = consultation.events;
  for (const schedule::Seat& seat : consultation.seats) {
    plan.seats.push_back({seat.id, seat.role, seat.publish, seat.play});
  }
  return plan;
}

FaultSource source_of(const std::string& leg) {
  return leg.empty() ? FaultSource{} : FaultSource{FaultSource::Kind::leg, leg};
}

/// How a coroutine ended; being cancelled is no failure.
void log_failure(std::string_view task, const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted)
      log::error("task-failed", {{"task", task}, {"error", error.what()}});
  } catch (const std::exception& error) {
    log::error("task-failed", {{"task", task}, {"error", error.what()}});
  }
}

}  // namespace

Box::Box(asio::io_context& io, Clock& clock, config::Config config, std::unique_ptr<board::Board> board,
         session::Spawner media)
    : io_(io), clock_(clock), config_(std::move(config)), http_(io.get_executor(), http_settings(config_)),
      board_(std::move(board)), simulated_(dynamic_cast<board::FakeBoard*>(board_.get())),
      resources_(config_.box.state, clock, disk_), press_book_(config_.box.state, session::read_boot_id(), disk_),
      feeds_(io.get_executor(), http_, clock, config_.schedule, config_.box.state, disk_,
             {[this] { look_at_agenda(); }, [this](Fault fault) { faults_.raise(fault); },
              [this](Fault fault) { faults_.clear(fault); }}),
      media_(io.get_executor(), clock, config_.media_process, config_.media,
             {[this](const protocol::Ready& ready) { media_ready(ready); },
              [this](const protocol::FromMedia& message) { media_said(message); },
              [this](const session::Loss& loss) { media_lost(loss); }},
             std::move(media)),
      camera_(io.get_executor(), clock, config_.camera_process,
              {[this](const protocol::CameraReady& ready, const protocol::FrameMemory&) { camera_ready(ready); },
               [this](const protocol::CameraFailed& failed) { camera_failed(failed); },
               [this](const session::Loss& loss) { camera_lost(loss); }, [this] { update_lamp(); },
               [this] { return find_camera(); }, [this](bool dark) { camera_dark(dark); }, [this] { camera_stuck(); }}),
      runner_(io.get_executor(), clock, config_.session, *this), ticker_(clock), media_steady_(clock),
      camera_steady_(clock), faults_(clock, [this] { update_lamp(); }) {
  board::Board::Ears ears;
  ears.press = [this](board::Press press) { pressed(press); };
  ears.touch = [this](bool down) { touched(down); };
  ears.mute = [this] { mute_pressed(); };
  ears.fault = [this](Fault fault, bool raised) { raised ? faults_.raise(fault) : faults_.clear(fault); };
  board_->listen(std::move(ears));
}

Box::~Box() { disk_.join(); }

void Box::spawn(asio::awaitable<void> work, std::string what) {
  auto cancel = std::make_shared<asio::cancellation_signal>();
  running_.push_back(cancel);
  auto done = [this, cancel, what = std::move(what)](std::exception_ptr failure) {
    running_.remove(cancel);
    log_failure(what, failure);
  };
  asio::co_spawn(io_, std::move(work), asio::bind_cancellation_slot(cancel->slot(), std::move(done)));
}

Result<void> Box::start() {
  started_ = clock_.boot();
  if (auto own = private_folder(config_.box.state); !own) return fail(own.error().in("[box] state"));
  std::error_code error;
  std::filesystem::create_directories(config_.box.socket.parent_path(), error);
  auto server = control::Server::open(io_.get_executor(), config_.box.socket,
                                      [this](control::Question question) { return answer(std::move(question)); });
  if (!server) return fail(server.error());
  control_ = std::move(*server);
  auto lock = lock_file(config_.box.state / "lock");
  if (!lock && lock.error().code == Errc::busy) {
    return fail(Errc::busy, config_.box.state.native() + ": another madoguchid runs on this folder; stop it first");
  }
  if (!lock) return fail(lock.error());
  state_lock_ = std::move(*lock);
  spawn(control_->run(), "control");
  spawn(runner_.run(), "session");
  resources_.load();
  spawn(sweep(), "sweep");
  feeds_.load();
  for (std::size_t i = 0; i < feeds_.count(); ++i) spawn(feeds_.run(i), "feed");
  board_->start();
  media_.start();
  watch_cameras();
  resume_press();
  tick();
  return {};
}

void Box::stop() {
  if (std::exchange(stopping_, true)) return;
  runner_.shut_down();
  ticker_.clear();
  media_steady_.clear();
  camera_steady_.clear();
  camera_watch_.reset();
  if (stream_) stream_->cancel.emit(asio::cancellation_type::terminal);
  stream_.reset();
  shots_failed("the daemon stops");
  const auto running = running_;  // each leaves the list as it ends
  for (const auto& cancel : running) cancel->emit(asio::cancellation_type::terminal);
  spawn(end_children(), "end-children");
}

asio::awaitable<void> Box::end_children() {
  co_await camera_.stop();
  co_await media_.stop();
  update_lamp();
  board_->stop();
}

void Box::resume_press() {
  const auto consultation = press_book_.of_this_boot();
  if (!consultation) return;
  const schedule::Consultation* found = feeds_.agenda().find(*consultation);
  if (found == nullptr || found->status == schedule::Status::cancelled || clock_.wall() >= found->end) return;
  log::notice("press-resumed", {{"consultation", *consultation}});
  runner_.dispatch(session::Resumed{plan_of(*found)});
}

// ---- the press and the lamp ------------------------------------------------------------------------------------------

const schedule::Consultation* Box::open_consultation() const {
  return feeds_.agenda().open_at(clock_.wall(), config_.schedule.window_before, held_);
}

std::optional<session::Plan> Box::open_plan() const {
  const schedule::Consultation* open = open_consultation();
  if (open == nullptr) return std::nullopt;
  return plan_of(*open);
}

void Box::pressed(board::Press press) {
  timings_ = {};
  timings_.pressed = clock_.boot();
  log::info("pressed", {{"long", press == board::Press::long_press}});
  if (press == board::Press::long_press) runner_.dispatch(session::LongPressed{});
  else runner_.dispatch(session::Pressed{open_plan()});
}

/// The lamp answers a finger before it is known whether the press becomes a long one.
void Box::touched(bool down) {
  touched_ = down;
  update_lamp();
}

/// The room's own button; outside a consultation there is nothing to stop.
void Box::mute_pressed() {
  const session::State& state = runner_.state();
  if (state.phase != session::Phase::calling && state.phase != session::Phase::talking) return;
  runner_.dispatch(session::MuteSet{!state.muted});
}

void Box::update_lamp() {
  session::View view = view_;
  view.pulse = view.pulse || touched_;
  if (!view.fault) view.fault = faults_.worst();
  const board::Lamp lamp = session::lamp_for(view, camera_.alive(), session::capture_open());
  if (lamp == board_->lamp()) return;
  board_->set_lamp(lamp);
  const bool lit = lamp.mode == board::Lamp::Mode::pulse || lamp.mode == board::Lamp::Mode::steady;
  if (lit && timings_.pressed && !timings_.lamp) timings_.lamp = clock_.boot();
}

void Box::show(const session::View& view) {
  view_ = view;
  update_lamp();
  show_card();
}

session::CardFacts Box::card_facts() const {
  session::CardFacts facts;
  facts.hall = config_.box.hall;
  facts.telephone = config_.box.telephone;
  facts.start = agenda_seen_.start;
  if (facts.start) facts.opens = *facts.start - config_.schedule.window_before;
  facts.now = clock_.wall();
  return facts;
}

void Box::show_card() {
  protocol::ShowCard card = session::card(view_, card_facts());
  // A card that is shown again (new facts, a fresh media process) has chimed already; a press is always answered.
  if (press_due_ && card.chime.empty()) card.chime = "press";
  if (!press_due_ && card.code == chimed_) card.chime.clear();
  if (!to_media(card)) return;
  chimed_ = card.code;
  press_due_ = false;
}

void Box::tick() {
  ticker_.after(kTick, [this] { tick(); });
  update_lamp();
  look_at_agenda();
  look_at_feeds();
}

/// By the boot clock where a feed was never read: the wall clock may be set meanwhile.
void Box::look_at_feeds() {
  bool old = false;
  for (const schedule::FeedState& feed : feeds_.states()) {
    const bool never = !feed.read_at && clock_.boot() - started_ > config_.schedule.old_after;
    old = old || never || (feed.read_at && clock_.wall() - *feed.read_at > config_.schedule.old_after);
  }
  if (old) faults_.raise(Fault::agenda_old);
  else faults_.clear(Fault::agenda_old);
}

void Box::look_at_agenda() {
  const WallTime now = clock_.wall();
  const auto& agenda = feeds_.agenda();
  session::AgendaSeen seen;
  std::erase_if(held_, [&agenda](const std::string& id) { return agenda.find(id) == nullptr; });
  const schedule::Consultation* shown = open_consultation();
  seen.open_now = shown != nullptr;
  if (shown == nullptr) shown = agenda.next_after(now, config_.schedule.window_before);
  if (shown != nullptr) {
    seen.start = shown->start;
    seen.end = shown->end;
  }
  const auto feeds = feeds_.states();
  seen.unread = std::any_of(feeds.begin(), feeds.end(), [](const auto& feed) { return !feed.read_at; });
  keep_events_open();
  if (seen == agenda_seen_) return;
  agenda_seen_ = seen;
  runner_.dispatch(seen);
  show_card();
}

// ---- the office ------------------------------------------------------------------------------------------------------

std::string Box::token_for(const Url& url) const {
  for (const config::Office& office : config_.offices) {
    if (office.origin == url.origin()) return office.token;
  }
  return {};
}

void Box::keep_events_open() {
  std::string wanted;
  const session::State& state = runner_.state();
  if (state.plan) wanted = state.plan->events;
  else if (const auto plan = open_plan()) wanted = plan->events;
  const std::string present = stream_ ? stream_->events.url().to_string() : "";
  if (wanted == present) return;
  if (stream_) stream_->cancel.emit(asio::cancellation_type::terminal);
  stream_.reset();
  const auto url = Url::parse(wanted);
  if (!url || stopping_) return;
  signalling::EventStream::Handlers handlers;
  handlers.up = [this] { runner_.dispatch(session::EventsUp{}); };
  handlers.down = [this](const std::string&) { runner_.dispatch(session::EventsDown{}); };
  handlers.event = [this](const signalling::OfficeEvent& event) { office_said(event); };
  stream_ = std::make_shared<Stream>(http_, clock_, config_.signalling, *url, token_for(*url), std::move(handlers));
  auto run = stream_->events.run();
  asio::co_spawn(
      io_, std::move(run),
      asio::bind_cancellation_slot(stream_->cancel.slot(), [this, kept = stream_](std::exception_ptr failure) {
        log_failure("events", failure);
        if (stream_ == kept) stream_.reset();  // the next look at the agenda opens it again
      }));
}

bool Box::stream_up() const { return stream_ && stream_->events.is_up(); }

void Box::open_events(const std::string&) {
  keep_events_open();  // the session's state has the plan already
  if (!stream_ || !stream_->events.seats()) return;
  office_said(*stream_->events.seats());
}

asio::awaitable<session::Event> Box::post_offer(session::PostOffer action) {
  const Result<Url> url = Url::parse(action.url);
  if (!url) co_return session::PostFailed{action.key, session::PostFailure::protocol, {}};
  auto answered = co_await signalling::post_offer(http_, clock_, *url, std::move(action.sdp), token_for(*url),
                                                  config_.signalling.post_within);
  if (!answered) {
    log::notice(
        "offer-not-answered",
        {{"leg", action.key.leg}, {"why", name(answered.error().failure)}, {"error", answered.error().message}});
    session::PostFailed failed{action.key, to_session(answered.error().failure), answered.error().retry_after};
    co_return failed;
  }
  const std::string resource = answered->resource.to_string();
  Result<void> saved = co_await resources_.remember(resource);
  disk_took(saved);
  session::Posted posted{action.key, answered->sdp, resource};
  co_return posted;
}

asio::awaitable<void> Box::delete_resource(std::string resource) {
  const Result<Url> url = Url::parse(resource);
  if (url) {
    Result<void> ended =
        co_await signalling::delete_resource(http_, *url, token_for(*url), config_.signalling.delete_within);
    if (!ended) {
      log::notice("resource-kept", {{"why", ended.error().message}});
      co_return;
    }
  }
  Result<void> saved = co_await resources_.forget(std::move(resource));
  disk_took(saved);
}

asio::awaitable<void> Box::sweep() {
  std::function<asio::awaitable<Result<void>>(std::string)> end =
      [this](std::string resource) -> asio::awaitable<Result<void>> {
    const Result<Url> url = Url::parse(resource);
    Url target = url ? *url : Url();
    return signalling::delete_resource(http_, target, token_for(target), config_.signalling.delete_within);
  };
  co_await resources_.sweep(std::move(end));
}

asio::awaitable<bool> Box::post_event(std::string url, std::string type) {
  // Who can't be told now is told how things are when the stream is up again.
  if (!stream_ || stream_->events.url().to_string() != url) co_return false;
  json::bj::object body{{"type", std::move(type)}};
  co_return co_await tell_office(std::move(body));
}

asio::awaitable<bool> Box::tell_state() {
  if (!stream_) co_return true;
  const std::string phase(name(runner_.state().phase));
  json::bj::object body{{"type", "state"}, {"phase", phase}, {"features", json::bj::array{"state"}}};
  if (phase == "ending") body["reason"] = name(runner_.state().end_reason);
  if (stream_->events.knows("state")) co_return co_await tell_office(std::move(body));
  // An older desk: it knows only news. What it missed is news to it.
  if (phase != "calling" && phase != "talking") co_return true;
  json::bj::object news{{"type", phase}};
  co_return co_await tell_office(std::move(news));
}

asio::awaitable<bool> Box::tell_office(json::bj::object body) {
  const std::shared_ptr<Stream> stream = stream_;
  Result<void> told = co_await stream->events.post(std::move(body));
  if (told) co_return true;
  // One line for the first time of a row: it is told again until it is heard.
  log::write(runner_.state().untold == 0 ? log::Level::notice : log::Level::debug, "office-not-told",
             {{"error", told.error().message}});
  const int status = told.error().http_status;
  co_return status >= 400 && status < 500 && status != 408 && status != 429;  // asking again would not help
}

asio::awaitable<void> Box::remember_press(std::string consultation) {
  Result<void> saved = co_await press_book_.remember(std::move(consultation));
  disk_took(saved);
}

asio::awaitable<void> Box::forget_press() {
  Result<void> saved = co_await press_book_.forget();
  disk_took(saved);
}

// ---- faults and observation ------------------------------------------------------------------------------------------

void Box::disk_took(const Result<void>& saved) {
  if (!saved) faults_.raise(Fault::disk_full);
  else if (!feeds_.unsaved()) faults_.clear(Fault::disk_full);
}

void Box::raise(const session::RaiseFault& action) { faults_.raise(action.fault, source_of(action.leg)); }
void Box::clear(const session::ClearFault& action) { faults_.clear(action.fault, source_of(action.leg)); }

void Box::observed(const session::Event& event, const session::State& state) {
  if (std::holds_alternative<session::FirstRtp>(event) && !timings_.first_rtp) timings_.first_rtp = clock_.boot();
  if (std::holds_alternative<session::FirstFrame>(event) && !timings_.first_frame) timings_.first_frame = clock_.boot();
  if (std::holds_alternative<session::Pressed>(event) || std::holds_alternative<session::LongPressed>(event)) {
    press_due_ = true;
    asio::post(io_, [this] {
      if (press_due_) show_card();
    });
  }
  log::debug("session", {{"event", name(event)}, {"phase", name(state.phase)}});
  if (state.phase == session::Phase::idle) leg_stats_.clear();
  if (state.phase == session::Phase::talking && state.plan) talked_ = state.plan->consultation;
  if (state.phase == session::Phase::ending && state.plan && state.plan->consultation == talked_)
    held_.insert(std::exchange(talked_, {}));
}

}  // namespace madoguchi
