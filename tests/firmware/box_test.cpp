// SPDX-License-Identifier: Apache-2.0
// The whole box in the test's process with a played media process: what reaches the screen when a button is pressed, and
// what a box with a real board refuses. In virtual time; asked through its real control socket.
#include "firmware/box.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <future>

#include "board/fake/fake_board.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_media.hpp"
#include "tests/support/program.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

/// A board as in a hall: nothing but a finger presses it.
class HallBoard final : public board::Board {
 public:
  [[nodiscard]] std::string_view kind() const override { return "hall"; }
  void set_lamp(const board::Lamp& lamp) override { lamp_ = lamp; }
  [[nodiscard]] board::Lamp lamp() const override { return lamp_; }
  void listen(Ears given) override { ears = std::move(given); }
  void press(board::Press press) const { ears.press(press); }
  Ears ears;

 private:
  board::Lamp lamp_;
};

struct Room {
  Folder folder;
  asio::io_context io;
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  FakeMedia media{io.get_executor(), clock};
  board::Board* board;
  Box box;

  explicit Room(std::unique_ptr<board::Board> of)
      : board(of.get()), box(io, clock, config(folder), std::move(of), media.spawner()) {
    REQUIRE(box.start());
    settle();
    REQUIRE(media.living());
  }
  ~Room() {
    box.stop();
    until(
        io, [this] { return !media.living(); }, 5s);
    settle();
  }

  static config::Config config(const Folder& folder) {
    config::Config made;
    made.box.hall = "中央公民館";
    made.box.state = folder / "state";
    made.box.socket = folder / "control.sock";
    return made;
  }
  void settle() {
    io.restart();
    io.poll();
  }
  void advance(BootClock::duration by) {
    clock.advance(by, [this] { settle(); });
    settle();
  }
  /// As the madoguchi command asks; from a thread of its own, since it blocks.
  Result<control::Reply> ask(object question) {
    auto reply = std::async(std::launch::async, [this, question = std::move(question)] {
      return control::ask(folder / "control.sock", question, 10s);
    });
    until(
        io, [&reply] { return reply.wait_for(0s) == std::future_status::ready; }, 20s);
    return reply.get();
  }
  /// Cards of this code in the present life of the media process, with their chimes.
  std::vector<std::string> chimes(std::string_view code) const {
    std::vector<std::string> found;
    for (const auto& card : media.heard<protocol::ShowCard>()) {
      if (card.code == code) found.push_back(card.chime);
    }
    return found;
  }
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a press is answered on the screen, with a chime, each time") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made));
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.board->lamp().mode == board::Lamp::Mode::pulse);
  CHECK(room.chimes("nothing-open") == Strings{"press"});
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.chimes("nothing-open") == Strings{"press", "press"});
}

TEST_CASE("a press while the media process hangs is answered by the next one") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made));
  room.media.hang();
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.board->lamp().mode == board::Lamp::Mode::pulse);
  for (int i = 0; i < 40 && room.media.lives() == 1; ++i) room.advance(100ms);
  REQUIRE(room.media.lives() == 2);
  room.advance(100ms);
  CHECK(room.chimes("nothing-open") == Strings{"press"});
}

TEST_CASE("a press while no media process is ready is answered as soon as one is") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made));
  room.media.habits.ready = false;
  room.media.die();
  room.advance(1s);
  button.press(board::Press::short_press);
  room.settle();
  CHECK(room.chimes("nothing-open").empty());
  room.media.habits.ready = true;
  for (int i = 0; i < 200 && room.chimes("nothing-open").empty(); ++i) room.advance(100ms);
  CHECK(room.chimes("nothing-open") == Strings{"press"});
}

TEST_CASE("a fresh media process shows the card again without its chime, when nobody pressed") {
  Room room(std::make_unique<HallBoard>());
  REQUIRE_FALSE(room.media.heard<protocol::ShowCard>().empty());
  const std::string code = room.media.heard<protocol::ShowCard>().back().code;
  room.advance(1min);
  room.media.die();
  for (int i = 0; i < 40 && room.media.lives() == 1; ++i) room.advance(100ms);
  room.advance(100ms);
  CHECK(room.chimes(code) == Strings{""});
}

TEST_CASE("only a finger presses the button of a real board, and nobody's picture is taken") {
  Room room(std::make_unique<HallBoard>());
  for (const object& question : {object{{"command", "press"}}, object{{"command", "press"}, {"long", true}},
                                 object{{"command", "mute"}, {"on", true}}}) {
    CAPTURE(json::bj::serialize(question));
    const auto reply = room.ask(question);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::permission);
  }
  CHECK(room.chimes("nothing-open").empty());
  CHECK(room.media.heard<protocol::SetMute>().empty());

  const auto card = room.ask({{"command", "screenshot"}});
  REQUIRE(card);
  REQUIRE(card->fds.size() == 1);
  CHECK(::lseek(card->fds[0].get(), 0, SEEK_END) == 8);
  room.media.habits.people = true;
  const auto people = room.ask({{"command", "screenshot"}});
  REQUIRE_FALSE(people);
  CHECK(people.error().code == Errc::permission);
}

TEST_CASE("on the simulated board the same works") {
  asio::io_context none;
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  Room room(std::make_unique<board::FakeBoard>(clock));
  CHECK(room.ask({{"command", "press"}}));
  room.settle();
  CHECK(room.chimes("nothing-open") == Strings{"press"});
  room.media.habits.people = true;
  const auto people = room.ask({{"command", "screenshot"}});
  REQUIRE(people);
  REQUIRE(people->fds.size() == 1);
  CHECK(::lseek(people->fds[0].get(), 0, SEEK_END) == 8);
}
