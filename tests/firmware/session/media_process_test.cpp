// SPDX-License-Identifier: Apache-2.0
// The media process across its lives, with a played one, in virtual time.
#include "firmware/session/media_process.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fake_media.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::session;
using protocol::LegKey;
using test::FakeMedia;

namespace {

struct Bench {
  boost::asio::io_context loop;
  FakeClock clock{WallTime(std::chrono::milliseconds(1'800'000'000'000))};
  FakeMedia fake{loop.get_executor(), clock};
  std::vector<protocol::Ready> readies;
  std::vector<protocol::FromMedia> messages;
  std::vector<Loss> losses;
  MediaProcess media{loop.get_executor(),
                     clock,
                     MediaProcessSettings{},
                     protocol::MediaHello{},
                     {.on_ready = [this](const protocol::Ready& ready) { readies.push_back(ready); },
                      .on_message = [this](const protocol::FromMedia& message) { messages.push_back(message); },
                      .on_lost = [this](const Loss& loss) { losses.push_back(loss); }},
                     fake.spawner()};

  void settle() {
    loop.restart();
    loop.poll();
  }
  void advance(BootClock::duration by) {
    clock.advance(by, [this] { settle(); });
    settle();
  }
  void start() {
    media.start();
    settle();
  }
};

}  // namespace

TEST_CASE("a life is greeted and gets ready") {
  Bench bench;
  CHECK(bench.media.send(protocol::SetMute{true}).error().code == Errc::unreachable);
  bench.start();
  REQUIRE(bench.fake.lives() == 1);
  CHECK(bench.fake.heard<protocol::MediaHello>().size() == 1);
  REQUIRE(bench.readies.size() == 1);
  CHECK(bench.readies[0].encoders.front() == "x264enc");
  CHECK(bench.media.ready());
  CHECK(bench.media.send(protocol::SetMute{true}).has_value());
  bench.settle();
  REQUIRE(bench.fake.heard<protocol::SetMute>().size() == 1);
  CHECK(bench.fake.heard<protocol::SetMute>()[0].muted);
  CHECK(bench.messages.empty());

  bench.media.start();  // again: nothing
  bench.settle();
  CHECK(bench.fake.lives() == 1);
}

TEST_CASE("a healthy life lasts, and its messages arrive - heartbeats stay inside") {
  Bench bench;
  bench.start();
  bench.advance(60s);
  CHECK(bench.fake.lives() == 1);
  CHECK(bench.losses.empty());
  CHECK(bench.messages.empty());
  REQUIRE(bench.media.send(protocol::MakeOffer{LegKey{1, 4}, protocol::Direction::play, {}}).has_value());
  bench.settle();
  REQUIRE(bench.messages.size() == 1);
  CHECK(std::get<protocol::Offered>(bench.messages[0]).sdp == test::kCannedOffer);
  REQUIRE(bench.media.send(protocol::ApplyAnswer{LegKey{1, 4}, "v=0\r\n"}).has_value());
  bench.settle();
  REQUIRE(bench.messages.size() == 3);
  CHECK(std::get<protocol::Connected>(bench.messages[1]).key == LegKey{1, 4});
  CHECK(std::get<protocol::FirstFrame>(bench.messages[2]).width == 1280);
}

TEST_CASE("not ready within 5 s: replaced, not before") {
  Bench bench;
  bench.fake.habits.ready = false;
  bench.start();
  bench.advance(4999ms);
  CHECK(bench.losses.empty());
  CHECK(bench.fake.lives() == 1);
  bench.fake.habits.ready = true;
  bench.advance(1ms);
  REQUIRE(bench.losses.size() == 1);
  CHECK(bench.losses[0].reason == Loss::hung);
  CHECK(bench.losses[0].words == "not ready within 5000 ms");
  CHECK(bench.fake.lives() == 2);
  CHECK(bench.readies.size() == 1);
}

TEST_CASE("silent for 1 s: replaced, not before") {
  Bench bench;
  bench.start();
  bench.advance(250ms);  // the first heartbeat
  bench.fake.hang();
  bench.advance(999ms);
  CHECK(bench.losses.empty());
  CHECK(bench.media.ready());
  bench.advance(1ms);
  REQUIRE(bench.losses.size() == 1);
  CHECK(bench.losses[0].reason == Loss::hung);
  CHECK(bench.losses[0].words == "no word for 1000 ms");
  CHECK(bench.fake.lives() == 2);
  CHECK(bench.readies.size() == 2);
  CHECK(bench.media.ready());
}

TEST_CASE("a life that died is followed at once") {
  Bench bench;
  bench.start();
  bench.fake.die();
  bench.settle();
  REQUIRE(bench.losses.size() == 1);
  CHECK(bench.losses[0].reason == Loss::died);
  CHECK(bench.fake.lives() == 2);
  CHECK(bench.media.ready());
  CHECK(bench.media.send(protocol::SetMute{true}).has_value());
  bench.settle();
  CHECK(bench.fake.heard<protocol::SetMute>().size() == 1);
}

TEST_CASE("the words that a life said before it died are heard") {
  Bench bench;
  bench.start();
  REQUIRE(bench.fake.say(protocol::Connected{LegKey{1, 1}}));
  bench.fake.die();
  bench.settle();
  CHECK(bench.messages.size() == 1);
  CHECK(bench.losses.size() == 1);
}

TEST_CASE("a process is not ready any more from its death on, though its last words are still waited for") {
  boost::asio::io_context loop;
  FakeClock clock{WallTime(std::chrono::milliseconds(1'800'000'000'000))};
  UniqueFd childs_end;  // the test holds it open: the channel does not tell of the end
  pid_t pid = 0;
  const Spawner spawner = [&]() -> Result<SpawnedChild> {
    auto ends = seqpacket_pair();
    if (!ends) return fail(ends.error());
    ChildSpec spec;
    spec.program = "/bin/sleep";
    spec.arguments = {"600"};
    auto process = Child::spawn(loop.get_executor(), std::move(spec));
    if (!process) return fail(process.error());
    childs_end = std::move(ends->second);
    pid = process->pid();
    return SpawnedChild{std::move(*process), std::move(ends->first)};
  };
  std::vector<Loss> losses;
  MediaProcess::Handlers handlers;
  handlers.on_lost = [&losses](const Loss& loss) { losses.push_back(loss); };
  MediaProcess media(loop.get_executor(), clock, MediaProcessSettings{}, protocol::MediaHello{}, handlers, spawner);
  const auto turn_until = [&loop](const auto& holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < end) {
      loop.restart();
      loop.run_for(1ms);
    }
    return holds();
  };
  media.start();
  REQUIRE(turn_until([&] { return pid != 0; }));
  const std::string ready = protocol::encode(protocol::FromMedia(protocol::Ready{protocol::kVersion, true, true, {}}));
  REQUIRE(::send(childs_end.get(), ready.data(), ready.size(), MSG_NOSIGNAL) > 0);
  REQUIRE(turn_until([&] { return media.ready(); }));

  REQUIRE(::kill(pid, SIGKILL) == 0);
  siginfo_t end{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT) == 0);
  CHECK_FALSE(media.ready());  // before the loop has turned at all
  CHECK(media.send(protocol::SetMute{true}).error().code == Errc::unreachable);
  CHECK(losses.empty());
  REQUIRE(turn_until([&] {
    clock.advance(10ms);
    return !losses.empty();
  }));
  CHECK(losses[0].reason == Loss::died);
  CHECK(losses[0].words == "killed by SIGKILL");
}

TEST_CASE("more than five deaths in a minute: every 5 s, and never given up") {
  Bench bench;
  bench.start();
  for (std::uint32_t death = 1; death <= 5; ++death) {
    bench.fake.die();
    bench.settle();
    REQUIRE(bench.fake.lives() == death + 1);
    bench.advance(1s);
  }
  for (std::uint32_t lives = 6; lives < 12; ++lives) {
    bench.fake.die();
    bench.settle();
    CHECK_FALSE(bench.media.ready());
    bench.advance(4999ms);
    REQUIRE(bench.fake.lives() == lives);
    bench.advance(1ms);
    REQUIRE(bench.fake.lives() == lives + 1);
    CHECK(bench.media.ready());
  }
  CHECK(bench.losses.size() == 11);
  // A quiet minute, and a death is again followed at once.
  bench.advance(61s);
  bench.fake.die();
  bench.settle();
  CHECK(bench.fake.lives() == 13);
}

TEST_CASE("a program that cannot be started is tried again, every 5 s in the end") {
  Bench bench;
  bench.fake.habits.starts = false;
  bench.start();
  REQUIRE(bench.losses.size() == 6);
  CHECK(bench.losses[0].reason == Loss::not_started);
  CHECK(bench.losses[0].words.find("may not start") != std::string::npos);
  bench.advance(5s);
  CHECK(bench.losses.size() == 7);
  bench.fake.habits.starts = true;
  bench.advance(5s);
  CHECK(bench.losses.size() == 7);
  CHECK(bench.media.ready());
}

TEST_CASE("replaced on request: a new life, no loss, nothing more of the old one") {
  Bench bench;
  bench.start();
  REQUIRE(bench.fake.say(protocol::Connected{LegKey{1, 1}}));  // under way when it is replaced
  bench.media.replace();
  CHECK_FALSE(bench.media.ready());
  CHECK(bench.media.send(protocol::SetMute{true}).error().code == Errc::unreachable);
  bench.settle();
  CHECK(bench.fake.lives() == 2);
  CHECK(bench.readies.size() == 2);
  CHECK(bench.messages.empty());
  CHECK(bench.losses.empty());

  for (int i = 0; i < 20; ++i) {  // after each of many short consultations: not a death
    bench.media.replace();
    bench.settle();
  }
  CHECK(bench.fake.lives() == 22);
  CHECK(bench.media.ready());

  bench.media.replace();  // twice before the loop turns: one new life
  bench.media.replace();
  bench.settle();
  CHECK(bench.fake.lives() == 23);
}

TEST_CASE("a full channel counts as hung") {
  Bench bench;
  bench.start();
  bench.fake.hang();
  const protocol::ApplyAnswer large{LegKey{1, 1}, std::string(60'000, 'a')};
  Result<void> sent;
  for (int i = 0; i < 100 && sent; ++i) sent = bench.media.send(large);
  REQUIRE_FALSE(sent.has_value());
  CHECK(sent.error().code == Errc::busy);
  CHECK(bench.losses.empty());  // not from inside the call
  bench.settle();
  REQUIRE(bench.losses.size() == 1);
  CHECK(bench.losses[0].reason == Loss::hung);
  CHECK(bench.fake.lives() == 2);
  CHECK(bench.media.ready());
}

TEST_CASE("a life that breaks the protocol is replaced") {
  const std::string text = GENERATE(as<std::string>{}, "nonsense", R"({"type":"offered"})",
                                    protocol::encode(protocol::FromMedia(protocol::Ready{})));  // a second Ready
  Bench bench;
  bench.start();
  REQUIRE(bench.fake.say_text(text));
  bench.settle();
  REQUIRE(bench.losses.size() == 1);
  CHECK(bench.losses[0].reason == Loss::broken);
  CHECK(bench.messages.empty());
  CHECK(bench.fake.lives() == 2);
}

TEST_CASE("a life of another version never gets ready") {
  Bench bench;
  bench.fake.habits.ready = false;
  bench.start();
  protocol::Ready stranger;
  stranger.version = protocol::kVersion + 1;
  REQUIRE(bench.fake.say(stranger));
  bench.settle();
  REQUIRE(bench.losses.size() >= 1);
  CHECK(bench.losses[0].reason == Loss::broken);
  CHECK(bench.losses[0].words.find("version") != std::string::npos);
  CHECK(bench.readies.empty());
}

TEST_CASE("descriptors travel with a message") {
  Bench bench;
  bench.start();
  auto memory = protocol::make_frame_memory(64, 32);
  REQUIRE(memory.has_value());
  const std::array<int, 2> fds = {memory->readable.get(), memory->writable.get()};
  REQUIRE(bench.media.send(protocol::FramesAttach{"room", 64, 32}, fds).has_value());
  bench.settle();
  CHECK(bench.fake.frame_fds().size() == 2);
}

TEST_CASE("after stop there is no life, and start begins one again") {
  Bench bench;
  bench.start();
  bool stopped = false;
  boost::asio::co_spawn(bench.loop, bench.media.stop(), [&stopped](std::exception_ptr error) { stopped = !error; });
  bench.settle();
  CHECK(stopped);
  CHECK_FALSE(bench.media.ready());
  CHECK_FALSE(bench.fake.living());
  bench.advance(60s);
  CHECK(bench.fake.lives() == 1);
  CHECK(bench.losses.empty());
  CHECK(bench.clock.pending() == 0);
  bench.media.replace();
  bench.settle();
  CHECK(bench.fake.lives() == 1);
  bench.start();
  CHECK(bench.fake.lives() == 2);
  CHECK(bench.media.ready());
}
