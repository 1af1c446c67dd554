// SPDX-License-Identifier: Apache-2.0
// The whole box in the test's process with a played media process: what reaches the screen when a button is pressed, and
// what a box with a real board refuses. In virtual time; asked through its real control socket.
#include "firmware/box.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
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

/// Where all offers go: a port that takes connections and never says a word, so that an offer is on its way for as long
/// as a test runs. A name that does not exist would be refused at once on one machine and after seconds on another.
const std::string& silent_office() {
  using asio::ip::tcp;
  static asio::io_context none;
  static const tcp::acceptor listening(none, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  static const std::string url = "https://127.0.0.1:" + std::to_string(listening.local_endpoint().port());
  return url;
}

struct Room {
  Folder folder;
  asio::io_context io;
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  FakeMedia media{io.get_executor(), clock};
  board::Board* board;
  Box box;

  explicit Room(std::unique_ptr<board::Board> of, const std::function<void(Room&)>& before = {})
      : board(of.get()), box(io, clock, config(folder, static_cast<bool>(before)), std::move(of), media.spawner()) {
    if (before) before(*this);
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

  static config::Config config(const Folder& folder, bool has_feed) {
    config::Config made;
    made.box.hall = "中央公民館";
    made.box.show_bookings = true;
    made.box.state = folder / "state";
    made.box.socket = folder / "control.sock";
    if (!has_feed) return made;
    schedule::FeedSettings feed;
    feed.name = "hall";
    feed.url = "http://127.0.0.1:1/bookings.ics";  // nobody is there: what is on disk counts
    made.schedule.feeds.push_back(feed);
    schedule::LinkRule rule;
    rule.feeds = {"hall"};
    rule.link = silent_office() + "/rooms/(?P<room>[a-z0-9]+)";
    rule.seats.push_back({"counsellor", "相談員", silent_office() + "/whip/{room}", silent_office() + "/whep/{room}"});
    made.schedule.links.push_back(rule);
    return made;
  }
  /// A booking in the agenda that an earlier life left on the disk.
  void booked(std::chrono::minutes from, std::chrono::minutes until, const std::string& receipt = {}) {
    schedule::Consultation consultation;
    consultation.id = "0123456789abcdef";
    consultation.feed = "hall";
    consultation.start = clock.wall() + from;
    consultation.end = clock.wall() + until;
    consultation.receipt = receipt;
    consultation.seats.push_back({"counsellor", "相談員", silent_office() + "/whip/r", silent_office() + "/whep/r"});
    object agenda = schedule::to_json(schedule::Agenda{{consultation}});
    agenda["read_at"] = clock.wall().time_since_epoch().count();
    std::filesystem::create_directories(folder / "state");
    std::filesystem::permissions(folder / "state", std::filesystem::perms::owner_all);
    write_text(folder / "state/agenda-hall.json", json::bj::serialize(agenda));
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
  protocol::ShowCard latest() const {
    const auto cards = media.heard<protocol::ShowCard>();
    return cards.empty() ? protocol::ShowCard() : cards.back();
  }
  /// All that the present card says, in all languages.
  std::string words() const {
    const protocol::ShowCard card = latest();
    std::string all = card.hall + '\n' + card.date + '\n';
    for (const auto& text : card.texts) {
      all += text.title + '\n';
      for (const auto& line : text.lines) all += line + '\n';
    }
    return all;
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

/// Codes of the faults that stand, but for those of a feed that nobody serves here.
Strings faults(Room& room) {
  Strings codes;
  const auto status = room.ask({{"command", "status"}});
  REQUIRE(status);
  for (const auto& fault : status->body.at("faults").as_array()) {
    const std::string code(fault.at("code").as_string());
    if (!code.starts_with("feed-")) codes.push_back(code);
  }
  return codes;
}

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

TEST_CASE("a finger lights the lamp at once, and fills a ring where holding on means something else") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made), [](Room& it) { it.booked(5min, 30min); });
  const auto since = [&room] { return room.latest().held_since_ms; };
  button.ears.touch(true);
  room.settle();
  CHECK(room.board->lamp().mode == board::Lamp::Mode::pulse);
  CHECK(since() == 0);  // from idle any press starts
  button.ears.touch(false);
  button.press(board::Press::short_press);
  room.settle();
  REQUIRE(room.latest().code == "calling");
  CHECK(since() == 0);

  room.advance(2s);
  button.ears.touch(true);
  room.settle();
  CHECK(since() == room.clock.boot().time_since_epoch() / 1ms);
  CHECK(room.latest().hold_ms == config::Config().board.press.long_after / 1ms);
  button.ears.touch(false);
  room.settle();
  CHECK(since() == 0);
}

TEST_CASE("the day on the screen is another after midnight in Japan") {
  Room room(std::make_unique<HallBoard>(), [](Room& it) {
    const auto day = WallTime(std::chrono::floor<std::chrono::hours>(it.clock.wall().time_since_epoch()));
    REQUIRE(day == it.clock.wall());            // 17:00 in Japan
    it.clock.advance(6h + 59min + 30s, [] {});  // nothing runs yet
    it.booked(600min, 630min);
  });
  CAPTURE(room.latest().code, room.words());
  CHECK(room.latest().date.find("15日（金）") != std::string::npos);
  room.advance(25s);
  CHECK(room.latest().date.find("15日（金）") != std::string::npos);
  room.advance(10s);
  CHECK(room.latest().date.find("16日（土）") != std::string::npos);
}

TEST_CASE("the receipt number is shown from the press on, not to whoever walks by") {
  auto made = std::make_unique<HallBoard>();
  HallBoard& button = *made;
  Room room(std::move(made), [](Room& it) { it.booked(5min, 30min, "100234"); });
  REQUIRE(room.latest().code == "ready");
  CHECK(room.words().find("100234") == std::string::npos);
  button.press(board::Press::short_press);
  room.settle();
  REQUIRE(room.latest().code == "calling");
  CHECK(room.words().find("受付番号　100234") != std::string::npos);
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

TEST_CASE("the ready card chimes when a booking opens, and not when a fresh media process shows it again") {
  Room room(std::make_unique<HallBoard>(), [](Room& it) { it.booked(31min, 60min); });
  CHECK(room.chimes("ready").empty());
  room.advance(2min);
  CHECK(room.chimes("ready") == Strings{"ready"});
  room.media.die();
  for (int i = 0; i < 40 && room.media.lives() == 1; ++i) room.advance(100ms);
  room.advance(100ms);
  REQUIRE(room.media.lives() == 2);
  CHECK(room.chimes("ready") == Strings{""});
}

TEST_CASE(
    "a press of an earlier life of this boot is gone on with, also past the booked end, and a bare id by the agenda") {
  struct Row {
    const char* what;
    object press;
    std::chrono::minutes from, until;  ///< of the booking in the agenda; from 0: there is none
    bool resumed;
  };
  const std::string boot = session::read_boot_id();
  const auto now = FakeClock(WallTime(1'800'000'000'000ms)).boot().time_since_epoch();
  const auto written = [&](std::chrono::seconds ago, const std::string& server = silent_office()) {
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(now - ago).count();
    const object seat{
        {"id", "counsellor"}, {"role", "相談員"}, {"publish", server + "/whip/r"}, {"play", server + "/whep/r"}};
    return object{{"version", 1},
                  {"boot", boot},
                  {"written", at},
                  {"plan", object{{"consultation", "0123456789abcdef"},
                                  {"start", 1'799'990'000'000},
                                  {"end", 1'799'999'000'000},
                                  {"events", ""},
                                  {"seats", json::bj::array{seat}}}}};
  };
  const object bare{{"boot", boot}, {"consultation", "0123456789abcdef"}};
  const Row rows[] = {
      {"past the end, written a minute ago", written(1min), -60min, -20min, true},
      {"a server that no rule makes", written(1min, "https://elsewhere.example"), 0min, 0min, false},
      {"the agenda does not know it", written(1min), 0min, 0min, true},
      {"past the end, the daemon was long away", written(1h), -60min, -20min, false},
      {"the office has moved the end", written(1h), -60min, 20min, true},
      {"a bare id, the booking goes on", bare, -60min, 20min, true},
      {"a bare id, past the end", bare, -60min, -20min, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Room room(std::make_unique<HallBoard>(), [&row](Room& it) {
      it.booked(row.from, row.until);
      if (row.from == 0min) std::filesystem::remove(it.folder / "state/agenda-hall.json");
      write_text(it.folder / "state/press.json", json::bj::serialize(row.press));
    });
    room.advance(1s);
    CHECK(room.media.heard<protocol::SetMicrophone>().empty() != row.resumed);
    const auto file = room.folder / "state/press.json";
    REQUIRE(until(
        room.io,
        [&] {
          return std::filesystem::exists(file) == row.resumed &&
                 (!row.resumed || read_text(file).find("\"version\":1") != std::string::npos);
        },
        20s));
  }
}

TEST_CASE("a media process that runs without its sandbox is a fault, until one has it") {
  Room room(std::make_unique<HallBoard>());
  const auto missing = [&room] {
    const Strings codes = faults(room);
    return std::find(codes.begin(), codes.end(), "sandbox-missing") != codes.end();
  };
  CHECK_FALSE(missing());
  room.media.habits.sandboxed = false;
  room.media.die();
  for (int i = 0; i < 40 && room.media.lives() == 1; ++i) room.advance(100ms);
  room.advance(100ms);
  CHECK(missing());
  room.media.habits.sandboxed = true;
  room.media.die();
  for (int i = 0; i < 40 && room.media.lives() == 2; ++i) room.advance(100ms);
  room.advance(100ms);
  CHECK_FALSE(missing());
}

TEST_CASE("who wants pictures of the screen does not keep others from the status") {
  Room room(std::make_unique<HallBoard>());
  room.media.habits.pictures = false;  // each of them waits for as long as it may
  std::vector<std::future<Result<control::Reply>>> askers;
  for (int i = 0; i < 16; ++i) {
    askers.push_back(std::async(std::launch::async, [&room] {
      return control::ask(room.folder / "control.sock", {{"command", "screenshot"}}, 20s);
    }));
  }
  const auto refused = [&askers] {
    return std::count_if(askers.begin(), askers.end(),
                         [](const auto& each) { return each.wait_for(0s) == std::future_status::ready; });
  };
  REQUIRE(until(
      room.io, [&refused] { return refused() == 12; }, 20s));
  CHECK(room.ask({{"command", "status"}}));
  room.media.die();
  int busy = 0;
  REQUIRE(until(
      room.io, [&refused] { return refused() == 16; }, 20s));
  for (auto& each : askers) {
    const auto reply = each.get();
    REQUIRE_FALSE(reply);
    busy += reply.error().message.find("others are taking pictures") != std::string::npos ? 1 : 0;
  }
  CHECK(busy == 12);
}

TEST_CASE("a state file that cannot be read is a fault until it was looked at, and nothing is lost by it") {
  const Strings names{"agenda-hall.json", "resources.json", "press.json"};
  for (const std::string& name : names) {
    CAPTURE(name);
    Room room(std::make_unique<HallBoard>(), [&name](Room& it) {
      it.booked(5min, 30min);
      write_text(it.folder / "state" / name,
                 "\x7f"
                 "ELF");
    });
    CHECK(faults(room) == Strings{"state-damaged"});
    const auto aside = room.folder / "state" / (name + ".damaged-1");
    CHECK(read_text(aside) ==
          "\x7f"
          "ELF");
    if (name != names[0]) CHECK(room.latest().code == "ready");
    std::filesystem::remove(aside);
    room.advance(1min);
    CHECK(faults(room).empty());
  }
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
