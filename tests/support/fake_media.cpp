// SPDX-License-Identifier: Apache-2.0
// The played media process. Nothing of it waits for real time.
#include "tests/support/fake_media.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <variant>

namespace madoguchi::test {

namespace asio = boost::asio;
using namespace protocol;

const std::string_view kCannedOffer =
    "v=0\r\n"
    "o=- 1 1 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0 1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=mid:0\r\n"
    "a=setup:actpass\r\n"
    "a=rtcp-mux\r\n"
    "a=rtpmap:96 opus/48000/2\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 97\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=mid:1\r\n"
    "a=setup:actpass\r\n"
    "a=rtcp-mux\r\n"
    "a=rtpmap:97 H264/90000\r\n";

struct FakeMedia::Life {
  Life(asio::any_io_executor executor, Clock& clock, UniqueFd socket)
      : channel(std::move(executor), std::move(socket)), heartbeat(clock) {}
  FakeMedia* owner = nullptr;  ///< null: over, or hung
  Channel channel;
  Alarm heartbeat;
  std::uint64_t beats = 0;
};

FakeMedia::FakeMedia(asio::any_io_executor executor, Clock& clock) : executor_(std::move(executor)), clock_(clock) {}

FakeMedia::~FakeMedia() { die(); }

session::Spawner FakeMedia::spawner() {
  return [this] { return begin(); };
}

Result<session::SpawnedChild> FakeMedia::begin() {
  if (!habits.starts) return fail(Errc::not_found, "the fake media process may not start");
  auto ends = seqpacket_pair();
  if (!ends) return fail(ends.error());
  die();
  life_ = std::make_shared<Life>(executor_, clock_, std::move(ends->second));
  life_->owner = this;
  ++lives_;
  legs_.clear();
  frame_fds_.clear();
  asio::co_spawn(executor_, listen(life_), asio::detached);
  session::SpawnedChild child;
  child.channel = std::move(ends->first);
  return child;
}

asio::awaitable<void> FakeMedia::listen(std::shared_ptr<Life> life) {
  for (;;) {
    Result<std::optional<Message>> got = co_await life->channel.receive();
    if (life->owner == nullptr) co_return;
    if (!got.has_value() || !got->has_value()) {
      life->owner->die();
      co_return;
    }
    life->owner->hear(std::move(**got));
    if (life->owner == nullptr) co_return;
  }
}

bool FakeMedia::say(const FromMedia& message) { return say_text(encode(message)); }

bool FakeMedia::say_text(std::string_view text) { return life_ && life_->channel.send(text).has_value(); }

void FakeMedia::hang() {
  if (!life_) return;
  life_->owner = nullptr;
  life_->heartbeat.clear();
}

void FakeMedia::die() {
  if (!life_) return;
  hang();
  life_->channel.close();
  life_.reset();
}

void FakeMedia::beat() {
  life_->heartbeat.after(kHeartbeatEvery, [this] {
    if (habits.beats) say(Heartbeat{++life_->beats});
    beat();
  });
}

void FakeMedia::hear(Message message) {
  auto decoded = decode_to_media(message.text);
  if (!decoded) return die();  // as the real one does
  received_.push_back({lives_, *decoded});
  if (on_message) on_message(*decoded);
  if (life_ && life_->owner != nullptr) act(*decoded, std::move(message.fds));
}

void FakeMedia::act(const ToMedia& message, std::vector<UniqueFd> fds) {
  if (std::holds_alternative<MediaHello>(message) && habits.ready) {
    say(Ready{kVersion, habits.sandboxed, habits.sandboxed, {"x264enc", "vp8enc"}});
    beat();
  } else if (const auto* make = std::get_if<MakeOffer>(&message)) {
    legs_.emplace_back(make->key, make->direction);
    if (habits.offers) say(Offered{make->key, std::string(kCannedOffer)});
  } else if (const auto* answer = std::get_if<ApplyAnswer>(&message); answer != nullptr && habits.connects) {
    const auto leg = std::find_if(legs_.begin(), legs_.end(), [&](const auto& l) { return l.first == answer->key; });
    if (leg == legs_.end()) return;
    say(Connected{leg->first});
    if (leg->second == Direction::publish) {
      say(FirstRtp{leg->first});
    } else {
      say(FirstFrame{leg->first, 1280, 720});
    }
  } else if (const auto* drop = std::get_if<DropLeg>(&message); drop != nullptr && habits.drops) {
    std::erase_if(legs_, [&](const auto& l) { return l.first == drop->key; });
    say(Dropped{drop->key});
  } else if (const auto* take = std::get_if<TakeScreenshot>(&message); take != nullptr && habits.pictures) {
    const std::string_view signature = "\x89PNG\r\n\x1a\n";
    const bool written = !fds.empty() && ::write(fds.front().get(), signature.data(), signature.size()) ==
                                             static_cast<ssize_t>(signature.size());
    say(Screenshot{take->id, written ? "" : "no descriptor to write to", habits.people});
  } else if (const auto* measure = std::get_if<MeasureSpeaker>(&message)) {
    say(SpeakerMeasured{measure->id, -100, 0});
  } else if (std::holds_alternative<FramesAttach>(message)) {
    frame_fds_ = std::move(fds);
  } else if (std::holds_alternative<FramesDetach>(message)) {
    frame_fds_.clear();
  } else if (std::holds_alternative<Quit>(message)) {
    die();
  }
}

}  // namespace madoguchi::test
