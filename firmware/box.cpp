// SPDX-License-Identifier: Apache-2.0
// Wiring: the session's ports, the press, the lamp, the agenda's clock. On the daemon's loop.
#include "firmware/box.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "base/private_folder.hpp"
#include "base/state_file.hpp"
#include "firmware/box_offices.hpp"
#include "firmware/box_owed.hpp"
#include "firmware/session/lamp.hpp"

namespace madoguchi {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kTick{250};

session::Plan plan_of(const schedule::Consultation& consultation) {
  session::Plan plan;
  plan.consultation = consultation.id;
  plan.start = consultation.start;
  plan.end = consultation.end;
  plan.events = consultation.events;
  plan.receipt = consultation.receipt;
  for (const schedule::Seat& seat : consultation.seats) {
    plan.seats.push_back({seat.id, seat.role, seat.publish, seat.play});
  }
  return plan;
}

/// The TV's date.
std::chrono::sys_days today(WallTime now) { return std::chrono::floor<std::chrono::days>(now + kJapan); }

FaultSource source_of(const std::string& leg) {
  return leg.empty() ? FaultSource{} : FaultSource{FaultSource::Kind::leg, leg};
}

}  // namespace

Box::Box(asio::io_context& io, Clock& clock, config::Config config, std::unique_ptr<board::Board> board,
         session::Spawner media)
    : io_(io), clock_(clock), config_(std::move(config)), http_(io.get_executor(), http_settings(config_)),
      board_(std::move(board)), simulated_(board_->simulation()),
      office_(io.get_executor(), http_, clock, config_.signalling, config_.offices, config_.box.state, disk_,
              {[this] { events_up(); }, [this] { runner_.dispatch(session::EventsDown{}); },
               [this](const signalling::OfficeEvent& event) { office_said(event); },
               [this](const Result<void>& saved) { disk_took(saved); },
               [this](const std::string& url) { return feeds_.leads_to(url); }}),
      press_book_(config_.box.state, session::read_boot_id(), clock, disk_),
      feeds_(io.get_executor(), http_, clock, config_.schedule, config_.box.state, disk_,
             {[this] { look_at_agenda(); }, [this](Fault fault) { faults_.raise(fault); },
              [this](Fault fault) { faults_.clear(fault); }}),
      choice_(config_.schedule.window_before),
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
      runner_(io.get_executor(), clock, config_.session, *this), ticker_(clock), look_around_again_(clock),
      media_steady_(clock), camera_steady_(clock), faults_(clock, [this] { update_lamp(); }) {
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
    log::task_failed(what, failure);
  };
  asio::co_spawn(io_, std::move(work), asio::bind_cancellation_slot(cancel->slot(), std::move(done)));
}

Result<void> Box::start() {
  watched_.began = clock_.boot();
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
  remove_half_written(config_.box.state);
  spawn(control_->run(), "control");
  spawn(runner_.run(), "session");
  office_.load();
  spawn(office_.sweep(), "sweep");
  feeds_.load();
  for (std::size_t i = 0; i < feeds_.count(); ++i) spawn(feeds_.run(i), "feed");
  spawn(keep_trying_offices(), "offices");
  board_->start();
  media_.start();
  watch_cameras();
  resume_press();
  load_clock_floor();
  look_around();
  tick();
  return {};
}

void Box::stop() {
  if (std::exchange(stopping_, true)) return;
  // On the loop: Asio (1.81 too) hands a signal that is given elsewhere to the loop by the address of a coroutine's frame,
  // which may be gone when its turn comes.
  asio::dispatch(io_, [this] { end_all(); });
}

void Box::end_all() {
  runner_.shut_down();
  ticker_.clear();
  look_around_again_.clear();
  media_steady_.clear();
  camera_steady_.clear();
  camera_watch_.reset();
  office_.stop();
  unanswered("the daemon stops");
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
  const auto press = press_book_.of_this_boot();
  if (!press) return;
  session::Remembered known = *press;
  if (const schedule::Consultation* found = feeds_.agenda().find(press->plan.consultation)) {
    if (found->status == schedule::Status::cancelled) return spawn(forget_press(), "forget-press");
    known.plan = plan_of(*found);  // the office may have moved it
  }
  // What lies on the disk may be planted, and a rule may have been taken out since.
  std::vector<std::string> addresses{known.plan.events};
  for (const session::SeatPlan& seat : known.plan.seats) addresses.insert(addresses.end(), {seat.publish, seat.play});
  const bool leads_elsewhere = std::any_of(addresses.begin(), addresses.end(), [this](const std::string& url) {
    return !url.empty() && !feeds_.leads_to(url);
  });
  if (leads_elsewhere) log::warning("press-leads-elsewhere", {{"hint", "no [[link]] rule makes its addresses"}});
  if (known.plan.seats.empty() || leads_elsewhere || !goes_on(known, clock_.wall(), clock_.boot())) {
    return spawn(forget_press(), "forget-press");  // nor when a clock is set back
  }
  log::notice("press-resumed", {{"consultation", known.plan.consultation}});
  runner_.dispatch(session::Resumed{known.plan});
}

// ---- the press and the lamp ------------------------------------------------------------------------------------------

std::optional<session::Plan> Box::open_plan() const {
  const schedule::Consultation* open = choice_.open(feeds_.agenda(), clock_.wall());
  if (open == nullptr) return std::nullopt;
  return plan_of(*open);
}

void Box::pressed(board::Press press) {
  timings_ = {};
  timings_.pressed = clock_.boot();
  log::info("pressed", {{"long", press == board::Press::long_press}});
  if (press == board::Press::long_press) runner_.dispatch(session::LongPressed{open_plan()});
  else runner_.dispatch(session::Pressed{open_plan()});
}

/// The lamp answers a finger before it is known whether the press becomes a long one.
void Box::touched(bool down) {
  const bool had_ring = card_facts().held_since.has_value();
  touched_since_ = down ? std::optional(clock_.boot()) : std::nullopt;
  update_lamp();
  if (had_ring || card_facts().held_since) show_card();
}

/// The room's own button; outside a consultation there is nothing to stop.
void Box::mute_pressed() {
  const session::State& state = runner_.state();
  if (state.phase != session::Phase::calling && state.phase != session::Phase::talking) return;
  runner_.dispatch(session::MuteSet{!state.muted});
}

void Box::update_lamp() {
  session::View view = view_;
  view.pulse = view.pulse || touched_since_.has_value();
  if (!view.fault || info(*view.fault).lamp == 0) view.fault = faults_.worst();
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
  facts.show_bookings = config_.box.show_bookings;
  facts.language = session::language_of(config_.box.language).value_or(session::Language::ja);
  const session::State& state = runner_.state();
  if (const auto& plan = state.pending ? state.pending : state.plan) {
    if (!plan->seats.empty()) facts.role = plan->seats.front().role;
    facts.receipt = plan->receipt;
  } else if (state.farewell) {
    facts.role = state.farewell->role;
    facts.receipt = state.farewell->receipt;
  }
  facts.since = calling_since_;
  // Only in a call is a long press another thing than a short one.
  const bool in_call = state.phase == session::Phase::calling || state.phase == session::Phase::talking;
  if (in_call) facts.held_since = touched_since_;
  facts.hold = config_.board.press.long_after;
  return facts;
}

void Box::show_card() {
  const protocol::ShowCard card = chime_.on(session::card(view_, card_facts()));
  if (to_media(card)) chime_.shown(card);
}

void Box::tick() {
  ticker_.after(kTick, [this] { tick(); });
  update_lamp();
  look_at_clock();
  look_at_agenda();
  look_at_lamp();
  judge_service();
  if (const auto day = today(clock_.wall()); std::exchange(shown_day_, day) != day) show_card();
  if (feeds_.old()) faults_.raise(Fault::agenda_old);
  else faults_.clear(Fault::agenda_old);
}

void Box::look_at_agenda() {
  choice_.forget_all_but(feeds_.agenda());
  const schedule::Outlook outlook = choice_.outlook(feeds_.agenda(), clock_.wall());
  const session::AgendaSeen seen{outlook.open_now, outlook.start,       outlook.end,
                                 feeds_.unread(),  feeds_.why_unread(), watched_.clock_wrong};
  keep_events_open();
  if (seen == agenda_seen_) return;
  agenda_seen_ = seen;
  runner_.dispatch(seen);
  show_card();
}

// ---- the office ------------------------------------------------------------------------------------------------------

/// Of what is talked about, else of what a press would join: presence.
void Box::keep_events_open() {
  if (stopping_) return;
  const auto& talked = runner_.state().plan;
  const auto plan = talked ? talked : open_plan();
  office_.listen(plan ? plan->events : std::string());
}

void Box::events_up() {
  office_is(office_.host(), std::nullopt, {});
  runner_.dispatch(session::EventsUp{});
}

void Box::open_events(const std::string&) {
  keep_events_open();  // the session's state has the plan already
  if (const signalling::Seats* seats = office_.seats()) office_said(*seats);
}

asio::awaitable<session::Event> Box::post_offer(session::PostOffer action) {
  auto answered = co_await office_.post_offer(action.url, std::move(action.sdp));
  if (!answered) {
    const signalling::PostError& error = answered.error();
    log::notice("offer-not-answered",
                {{"leg", action.key.leg}, {"why", name(error.failure)}, {"error", error.message}});
    session::PostFailed failed{action.key, error.failure, error.retry_after};
    co_return failed;
  }
  session::Posted posted{action.key, answered->sdp, answered->resource.to_string()};
  co_return posted;
}

asio::awaitable<void> Box::delete_resource(std::string resource) { return office_.end(std::move(resource)); }

asio::awaitable<bool> Box::post_event(std::string url, std::string type) {
  return office_.tell(std::move(url), std::move(type));
}

asio::awaitable<bool> Box::tell_state() {
  const session::State& state = runner_.state();
  return office_.tell_state(std::string(name(state.phase)), std::string(name(state.end_reason)));
}

asio::awaitable<void> Box::remember_press(session::Plan plan) {
  Result<void> saved = co_await press_book_.remember(std::move(plan));
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
    chime_.pressed();
    asio::post(io_, [this] {
      if (chime_.owed()) show_card();
    });
  }
  const bool calls = state.phase == session::Phase::calling || state.pending;
  if (!calls) calling_since_.reset();
  else if (!calling_since_) calling_since_ = clock_.boot();
  log::debug("session", {{"event", name(event)}, {"phase", name(state.phase)}});
  if (state.phase == session::Phase::idle) leg_stats_.clear();
  if (state.phase == session::Phase::talking && state.plan) choice_.talking(state.plan->consultation);
  if (state.phase == session::Phase::ending && state.plan) {
    choice_.ended(state.plan->consultation, state.end_reason == session::EndReason::by_room, clock_.wall());
  }
}

}  // namespace madoguchi
