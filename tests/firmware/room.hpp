// SPDX-License-Identifier: Apache-2.0
// The whole box in the test's process with a played media process, in virtual time; asked through its real control socket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <string>
#include <vector>

#include "board/fake/fake_board.hpp"
#include "firmware/box.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_media.hpp"
#include "tests/support/program.hpp"

namespace madoguchi::test {

using namespace std::chrono_literals;
using json::bj::object;

/// A board as in a hall: nothing but a finger presses it.
class HallBoard final : public board::Board {
 public:
  [[nodiscard]] std::string_view kind() const override { return "hall"; }
  void set_lamp(const board::Lamp& lamp) override { lamp_ = lamp; }
  [[nodiscard]] board::Lamp lamp() const override { return lamp_; }
  void listen(Ears given) override { ears = std::move(given); }
  void press(board::Press press) const { ears.press(press); }
  [[nodiscard]] board::LampSeen lamp_seen() const override { return seen; }
  Ears ears;
  board::LampSeen seen;

 private:
  board::Lamp lamp_;
};

/// Where all offers go: a port that takes connections and never says a word, so that an offer is on its way for as long
/// as a test runs. A name that does not exist would be refused at once on one machine and after seconds on another.
inline const std::string& silent_office() {
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

  explicit Room(std::unique_ptr<board::Board> of, const std::function<void(Room&)>& before = {},
                const std::function<void(Room&, config::Config&)>& with = {})
      : board(of.get()),
        box(io, clock, config(*this, static_cast<bool>(before), with), std::move(of), media.spawner()) {
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

  static config::Config config(Room& room, bool has_feed, const std::function<void(Room&, config::Config&)>& with) {
    config::Config made = config(room.folder, has_feed);
    if (with) with(room, made);
    return made;
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
inline Strings faults(Room& room) {
  Strings codes;
  const auto status = room.ask({{"command", "status"}});
  REQUIRE(status);
  for (const auto& fault : status->body.at("faults").as_array()) {
    const std::string code(fault.at("code").as_string());
    if (!code.starts_with("feed-")) codes.push_back(code);
  }
  return codes;
}

}  // namespace madoguchi::test
