// SPDX-License-Identifier: Apache-2.0
// What the control socket is told: status, agenda, and the simulated finger. On the daemon's loop.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/log.hpp"
#include "firmware/box.hpp"

namespace madoguchi {

namespace asio = boost::asio;
using json::bj::array;
using json::bj::object;

namespace {

constexpr std::size_t kMostShown = 300;  ///< consultations in one answer, which must fit into a message

std::string local(WallTime time) {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(time + kJapan);
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::int64_t pid_of(const std::vector<pid_t>& pids) { return pids.empty() ? 0 : pids.back(); }

template <class Texts>
array strings(const Texts& texts) {
  array result;
  for (const std::string_view text : texts) {
    if (!text.empty()) result.emplace_back(text);
  }
  return result;
}

void add_millis(object& to, std::string_view key, std::optional<BootTime> from, std::optional<BootTime> until) {
  if (!from || !until) return;
  to[key] = static_cast<double>((*until - *from).count()) / 1e6;
}

}  // namespace

asio::awaitable<Result<control::Reply>> Box::answer(control::Question question) {
  if (question.command == "status") {
    const protocol::SpeakerMeasured speaker = co_await measure_speaker();
    update_lamp();  // a camera that died this moment is not in the queue of events yet
    co_return status(speaker);
  }
  if (question.command == "agenda") co_return agenda();
  if (question.command == "press") co_return press(question);
  if (question.command == "mute") co_return mute(question);
  if (question.command == "screenshot") {
    Result<control::Reply> taken = co_await screenshot();
    co_return taken;
  }
  co_return fail(Errc::unsupported, "no such command: " + question.command);
}

Result<object> Box::press(const control::Question& question) {
  if (simulated_ == nullptr) {
    return fail(Errc::permission, "press works on the simulated board only: here a person presses the button");
  }
  const auto is_long = json::boolean_or(question.arguments, "long", false);
  if (!is_long) return fail(is_long.error());
  simulated_->press(*is_long ? board::Press::long_press : board::Press::short_press);
  return object{{"ok", true}, {"said", *is_long ? "held" : "pressed"}};
}

Result<object> Box::mute(const control::Question& question) {
  if (simulated_ == nullptr) return fail(Errc::permission, "mute works on the simulated board only");
  const auto on = json::boolean(question.arguments, "on");
  if (!on) return fail(on.error());
  runner_.dispatch(session::MuteSet{*on});
  return object{{"ok", true}, {"said", *on ? "muted" : "not muted"}};
}

array Box::legs_status() const {
  array legs;
  const session::State& state = runner_.state();
  for (std::size_t i = 0; i < state.legs.size(); ++i) {
    const session::Leg& leg = state.legs[i];
    object each{{"seat", state.seats[leg.seat].plan.id},
                {"direction", protocol::name(leg.direction)},
                {"state", session::name(leg.state)},
                {"epoch", leg.epoch}};
    const auto stats = leg_stats_.find(static_cast<std::uint32_t>(i));
    if (stats != leg_stats_.end() && stats->second.key.epoch == leg.epoch) {
      const protocol::LegStats& seen = stats->second;
      each["frames"] = seen.frames;
      each["bytes"] = seen.bytes;
      each["width"] = seen.width;
      each["height"] = seen.height;
      each["codec"] = seen.codec;
      each["media_age_ms"] = seen.media_age_ms;
    }
    legs.push_back(std::move(each));
  }
  return legs;
}

array Box::lamp_since_press() const {
  array changes;
  if (simulated_ == nullptr) return changes;
  for (const board::Simulation::Change& change : simulated_->history()) {
    if (!timings_.pressed || change.at < *timings_.pressed) continue;
    object each{{"mode", board::name(change.lamp.mode)}};
    add_millis(each, "ms", timings_.pressed, change.at);
    changes.push_back(std::move(each));
  }
  return changes;
}

array Box::faults_status() const {
  array faults;
  for (const StandingFault& standing : faults_.standing()) {
    const FaultInfo& words = info(standing.fault);
    array sources;
    for (const FaultSource& source : standing.sources) {
      if (source.kind != FaultSource::Kind::box) sources.emplace_back(source.id);
    }
    object each{{"code", words.code}, {"severity", name(words.severity)}, {"ja", words.ja}, {"en", words.en}};
    each["steps_ja"] = strings(words.steps_ja);
    each["steps_en"] = strings(words.steps_en);
    each["since_s"] = std::chrono::duration_cast<std::chrono::seconds>(clock_.boot() - standing.since).count();
    each["sources"] = std::move(sources);
    faults.push_back(std::move(each));
  }
  return faults;
}

array Box::feeds_status() const {
  array feeds;
  for (const schedule::FeedState& feed : feeds_.states()) {
    object each{{"name", feed.name}, {"error", feed.error}, {"age_s", -1}, {"skipped", feed.skipped}};
    if (feed.read_at) {
      each["age_s"] = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall() - *feed.read_at).count();
    }
    feeds.push_back(std::move(each));
  }
  return feeds;
}

object Box::status(const protocol::SpeakerMeasured& speaker) const {
  const session::State& state = runner_.state();
  const session::CardFacts facts = card_facts();
  const protocol::CardText ja = session::words(view_, facts, session::Language::ja);
  const protocol::CardText en = session::words(view_, facts, session::Language::en);
  object reply{{"ok", true}, {"hall", config_.box.hall}, {"board", board_->kind()}, {"version", MADOGUCHI_VERSION}};
  reply["phase"] = session::name(state.phase);
  if (state.plan) reply["consultation"] = state.plan->consultation;
  reply["card"] = object{{"code", view_.card},
                         {"title_ja", ja.title},
                         {"title_en", en.title},
                         {"lines_ja", strings(ja.lines)},
                         {"lines_en", strings(en.lines)}};
  const board::Lamp lamp = board_->lamp();
  reply["lamp"] =
      object{{"mode", board::name(lamp.mode)}, {"blinks", lamp.blinks}, {"since_press", lamp_since_press()}};
  object media{{"state", media_.ready() ? "ready" : "starting"}, {"pid", pid_of(media_.pids())}};
  media["lives"] = media_.lives();
  if (ready_) {
    media["encoders"] = strings(ready_->encoders);
    media["sandboxed"] = ready_->landlock && ready_->seccomp;
  }
  reply["media"] = std::move(media);
  reply["camera"] = camera_status();
  reply["microphone"] = microphone_;
  reply["events_up"] = office_.is_up();
  reply["legs"] = legs_status();
  reply["camera_frames"] = room_stats_.camera_frames;
  reply["speaker"] = object{{"level_db", speaker.level_db}, {"hz", speaker.hz}};
  object timings;
  add_millis(timings, "press_to_lamp_ms", timings_.pressed, timings_.lamp);
  add_millis(timings, "press_to_first_rtp_ms", timings_.pressed, timings_.first_rtp);
  add_millis(timings, "press_to_first_frame_ms", timings_.pressed, timings_.first_frame);
  reply["timings"] = std::move(timings);
  const session::Counters& counted = runner_.counters();
  reply["counters"] = object{
      {"events", counted.events}, {"illegal", counted.illegal}, {"stale", counted.stale}, {"late", counted.late}};
  reply["feeds"] = feeds_status();
  reply["offices"] = offices_status();
  reply["faults"] = faults_status();
  array spoiled_by = spoilers();
  const bool works = spoiled_by.empty();
  reply["next_press"] = object{{"works", works}, {"spoiled_by", std::move(spoiled_by)}};
  reply["clock"] = clock_status();
  return reply;
}

object Box::agenda() const {
  array consultations;
  const schedule::Consultation* open = choice_.open(feeds_.agenda(), clock_.wall());
  std::size_t left_out = 0;
  for (const schedule::Consultation& each : feeds_.agenda().consultations) {
    if (each.end < clock_.wall() - std::chrono::hours(24)) continue;
    if (consultations.size() >= kMostShown) {
      ++left_out;
      continue;
    }
    consultations.push_back(
        object{{"id", each.id},
               {"start", std::chrono::duration_cast<std::chrono::seconds>(each.start.time_since_epoch()).count()},
               {"start_local", local(each.start)},
               {"end_local", local(each.end)},
               {"status", schedule::name(each.status)},
               {"open", open != nullptr && open->id == each.id}});
  }
  return object{
      {"ok", true}, {"consultations", std::move(consultations)}, {"left_out", left_out}, {"feeds", feeds_status()}};
}

}  // namespace madoguchi
