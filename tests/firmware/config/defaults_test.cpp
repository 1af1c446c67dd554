// SPDX-License-Identifier: Apache-2.0
// Every key of the configuration: its default, that it is read, and that it touches nothing else. Pure.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>

#include "firmware/config/config.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using config::Config;

namespace {

std::string show(std::chrono::milliseconds value) { return fmt::format("{}ms", value.count()); }
std::string show(const std::string& value) { return value; }
std::string show(const std::filesystem::path& value) { return value.native(); }
std::string show(bool value) { return value ? "true" : "false"; }
std::string show(int value) { return std::to_string(value); }
std::string show(double value) { return fmt::format("{}", value); }
std::string show(const std::vector<std::string>& value) { return fmt::format("{}", fmt::join(value, " ")); }

struct Row {
  std::string before;  ///< TOML that the key needs in front of it, ending with its table
  std::string key, standard, toml, other;
  std::function<std::string(const Config&)> now;
};

const std::string kOffice = "[[office]]\norigin = \"https://desk.example\"\n";
const std::string kFeed = "[[feed]]\nname = \"a\"\nurl = \"https://desk.example/a.ics\"\n";
const std::string kLinkHead = kFeed + "[[link]]\nfeeds = [\"a\"]\nlink = \"https://desk.example/(?P<x>[a-z]+)\"\n";
const std::string kSeat = "[[link.seat]]\nplay = \"https://desk.example/{x}\"\n";
const std::string kIce = "[[media.ice_server]]\nurl = \"stun:a\"\n";

#define NOW(expression) [](const Config& c) { return show(expression); }

std::vector<Row> rows() {
  std::vector<Row> result = {
      {"[box]\n", "hall", "", "\"h\"", "h", NOW(c.box.hall)},
      {"[box]\n", "telephone", "", "\"03\"", "03", NOW(c.box.telephone)},
      {"[box]\n", "state", "/var/lib/madoguchi", "\"/s\"", "/s", NOW(c.box.state)},
      {"[box]\n", "socket", "/run/madoguchi/control.sock", "\"/c\"", "/c", NOW(c.box.socket)},
      {"[box]\n", "programs", "/usr/libexec/madoguchi", "\"/p\"", "/p", NOW(c.box.programs)},
      {"[box]\n", "board", "fake", "\"fake\"", "fake", NOW(c.box.board)},
      {"[box]\n", "ca_file", "", "\"/ca\"", "/ca", NOW(c.box.ca_file)},
      {"[schedule]\n", "old_after", "3600000ms", "\"2h\"", "7200000ms", NOW(c.schedule.old_after)},
      {"[schedule]\n", "window_before", "1800000ms", "\"5min\"", "300000ms", NOW(c.schedule.window_before)},
      {"[schedule]\n", "time_zone", "Asia/Tokyo", "\"Europe/Rome\"", "Europe/Rome", NOW(c.schedule.time_zone)},
      {"[media]\n", "microphone", "simulated", "\"silent\"", "silent", NOW(c.media.microphone)},
      {"[media]\n", "speaker", "simulated", "\"none\"", "none", NOW(c.media.speaker)},
      {"[media]\n", "screen", "simulated", "\"none\"", "none", NOW(c.media.screen)},
      {"[box]\n", "show_bookings", "false", "true", "true", NOW(c.box.show_bookings)},
      {"[box]\n", "synchronised_clock", "true", "false", "false", NOW(c.box.synchronised_clock)},
      {"[box]\n", "language", "ja", "\"easy\"", "easy", NOW(c.box.language)},
      {"[media]\n", "screen_width", "1280", "1920", "1920", NOW(c.media.screen_width)},
      {"[media]\n", "screen_height", "720", "1080", "1080", NOW(c.media.screen_height)},
      {"[media]\n", "chime_volume", "1", "0.25", "0.25", NOW(c.media.chime_volume)},
      {"[media]\n", "tone_hz", "440", "523.5", "523.5", NOW(c.media.tone_hz)},
      {"[media]\n", "width", "1280", "640", "640", NOW(c.media.width)},
      {"[media]\n", "height", "720", "480", "480", NOW(c.media.height)},
      {"[media]\n", "fps", "30", "15", "15", NOW(c.media.fps)},
      {"[media]\n", "video_kbps", "1500", "800", "800", NOW(c.media.video_kbps)},
      {"[media]\n", "codecs", "h264 vp8", "[\"vp8\"]", "vp8", NOW(c.media.codecs)},
      {"[media]\n", "loopback", "false", "true", "true", NOW(c.media.loopback)},
      {"[media]\n", "hung_after", "1000ms", "\"3s\"", "3000ms", NOW(c.media_process.hung_after)},
      {"[media]\n", "ready_within", "5000ms", "\"9s\"", "9000ms", NOW(c.media_process.ready_within)},
      {"[camera]\n", "device", "simulated", "\"simulated\"", "simulated", NOW(c.camera.device)},
      {"[camera]\n", "no_frame_after", "1000ms", "\"3s\"", "3000ms", NOW(c.camera_process.no_frame_after)},
      {"[camera]\n", "same_frame_after", "10000ms", "\"30s\"", "30000ms", NOW(c.camera_process.same_frame_after)},
      {"[camera]\n", "hung_after", "1000ms", "\"3s\"", "3000ms", NOW(c.camera_process.hung_after)},
      {"[camera]\n", "ready_within", "5000ms", "\"9s\"", "9000ms", NOW(c.camera_process.ready_within)},
  };
  const auto office = [&](std::string key, std::string toml, std::string other, auto now) {
    result.push_back({kOffice, key, "", toml, other, now});
  };
  office("token", "\"t\"", "t", NOW(c.offices.at(0).token));
  const auto feed = [&](std::string key, std::string standard, std::string toml, std::string other, auto now) {
    result.push_back({kFeed, key, standard, toml, other, now});
  };
  feed("user", "", "\"u\"", "u", NOW(c.schedule.feeds.at(0).user));
  feed("password", "", "\"p\"", "p", NOW(c.schedule.feeds.at(0).password));
  feed("bearer", "", "\"b\"", "b", NOW(c.schedule.feeds.at(0).bearer));
  feed("every", "60000ms", "\"5min\"", "300000ms", NOW(c.schedule.feeds.at(0).every));
  result.push_back({kLinkHead, "events", "", "\"https://desk.example/e/{x}\"\n" + kSeat, "https://desk.example/e/{x}",
                    NOW(c.schedule.links.at(0).events)});
  const std::string seat = kLinkHead + kSeat;
  result.push_back({seat, "id", "counsellor", "\"o\"", "o", NOW(c.schedule.links.at(0).seats.at(0).id)});
  result.push_back({seat, "role", "相談員", "\"同席\"", "同席", NOW(c.schedule.links.at(0).seats.at(0).role)});
  result.push_back({seat, "publish", "", "\"https://desk.example/p/{x}\"", "https://desk.example/p/{x}",
                    NOW(c.schedule.links.at(0).seats.at(0).publish)});
  result.push_back({kIce, "username", "", "\"u\"", "u", NOW(c.ice_servers.at(0).username)});
  result.push_back({kIce, "credential", "", "\"p\"", "p", NOW(c.ice_servers.at(0).credential)});

  const auto session = [&](std::string key, std::string standard, auto now) {
    result.push_back({"[session]\n", key, standard, "\"1100ms\"", "1100ms", now});
  };
  session("offer_within", "2000ms", NOW(c.session.offer_within));
  session("post_within", "10000ms", NOW(c.session.post_within));
  session("connect_within", "10000ms", NOW(c.session.connect_within));
  session("play_silent_after", "2500ms", NOW(c.session.play_silent_after));
  session("feedback_silent_after", "8000ms", NOW(c.session.feedback_silent_after));
  session("retry_first", "500ms", NOW(c.session.retry_first));
  session("retry_most", "10000ms", NOW(c.session.retry_most));
  session("poll_floor", "10000ms", NOW(c.session.poll_floor));
  session("presence_within", "1000ms", NOW(c.session.presence_within));
  session("answer_floor", "1000ms", NOW(c.session.answer_floor));
  session("rejoin_floor", "500ms", NOW(c.session.rejoin_floor));
  session("call_for", "300000ms", NOW(c.session.call_for));
  session("reassure_after", "45000ms", NOW(c.session.reassure_after));
  session("notice_for", "10000ms", NOW(c.session.notice_for));
  session("teardown_within", "3000ms", NOW(c.session.teardown_within));
  session("ended_for", "60000ms", NOW(c.session.ended_for));
  session("farewell_for", "6000ms", NOW(c.session.farewell_for));
  const auto signalling = [&](std::string key, std::string standard, auto now) {
    result.push_back({"[signalling]\n", key, standard, "\"1100ms\"", "1100ms", now});
  };
  signalling("delete_within", "5000ms", NOW(c.signalling.delete_within));
  signalling("events_head_within", "10000ms", NOW(c.signalling.events_head_within));
  signalling("events_silent_after", "15000ms", NOW(c.signalling.events_silent_after));
  signalling("events_retry_first", "500ms", NOW(c.signalling.events_retry_first));
  signalling("events_retry_most", "30000ms", NOW(c.signalling.events_retry_most));
  return result;
}

}  // namespace

TEST_CASE("every key has its default, is read, and changes nothing else") {
  const std::vector<Row> all = rows();
  for (const Row& row : all) {
    CAPTURE(row.before, row.key);
    // The office alone may not go without a token.
    const std::string need = row.before == kOffice ? "token = \"\"\n" : "";
    const std::string seat = row.key == "events" ? kSeat : "";
    const auto without = config::parse(row.before + need + seat, "box.toml");
    CHECK(row.now(without.config) == row.standard);
    const auto with = config::parse(row.before + row.key + " = " + row.toml + "\n", "box.toml");
    for (const auto& problem : with.problems) UNSCOPED_INFO(config::to_string(problem));
    CHECK(with.problems.empty());
    CHECK(row.now(with.config) == row.other);
    for (const Row& other : all) {
      if (other.before.find("[[") == 0 || (other.before == row.before && other.key == row.key)) continue;
      CAPTURE(other.before, other.key);
      CHECK(other.now(with.config) == other.standard);
    }
  }
}

TEST_CASE("defaults without a key of their own") {
  const Config c = config::parse("", "box.toml").config;
  CHECK(c.offices.empty());
  CHECK(c.ice_servers.empty());
  CHECK(c.schedule.feeds.empty());
  CHECK(c.schedule.links.empty());
  CHECK(c.schedule.fetch_within == 20s);
  CHECK(c.schedule.read_within == 5s);
  CHECK(c.schedule.fetch_cap == 4 * 1024 * 1024);
  CHECK(c.schedule.reader == "/usr/libexec/madoguchi/madoguchi-feed");
  CHECK(c.media_process.program == "/usr/libexec/madoguchi/madoguchi-media");
  CHECK(c.camera_process.program == "/usr/libexec/madoguchi/madoguchi-camera");
  CHECK(c.media_process.gone_within == 1s);
  CHECK(c.media_process.deaths_at_once == 5);
  CHECK(c.media_process.deaths_window == 60s);
  CHECK(c.media_process.slow_retry == 5s);
  CHECK(c.camera_process.gone_within == 2s);
  CHECK(c.camera_process.steady_after == 10s);
  CHECK(c.camera_process.back_off == std::array<std::chrono::milliseconds, 5>{0ms, 500ms, 1s, 2s, 5s});
  CHECK(c.camera.width == 1280);
  CHECK(c.camera.height == 720);
  CHECK(c.camera.fps == 30);
}

TEST_CASE("the programs' folder and the picture's size reach all who need them") {
  const Config c =
      config::parse("[box]\nprograms = \"/p\"\n[media]\nwidth = 640\nheight = 360\nfps = 15\n", "f").config;
  CHECK(c.schedule.reader == "/p/madoguchi-feed");
  CHECK(c.media_process.program == "/p/madoguchi-media");
  CHECK(c.camera_process.program == "/p/madoguchi-camera");
  CHECK(c.camera.width == 640);
  CHECK(c.camera.height == 360);
  CHECK(c.camera.fps == 15);
}

TEST_CASE("no key is read that has no row here") {
  // Those without a default, and the tables.
  std::set<std::string> known = {"origin", "token_file", "name", "url",    "feeds",
                                 "link",   "play",       "box",  "office", "feed"};
  for (const std::string table :
       {"seat", "session", "signalling", "media", "camera", "schedule", "ice_server", "rule", "serial", "usb_path"}) {
    known.insert(table);
  }
  for (const Row& row : rows()) known.insert(row.key);
  std::ifstream file(MADOGUCHI_SOURCE "/firmware/config/config.cpp");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string source = text.str();
  const std::regex read(R"re((?:\.read|\.read_word|\.tables?|read_path|read_url)\((?:table, )?"([a-z_]+)")re");
  std::size_t count = 0;
  for (std::sregex_iterator each(source.begin(), source.end(), read), end; each != end; ++each, ++count) {
    CAPTURE((*each)[1].str());
    CHECK(known.count((*each)[1].str()) == 1);
  }
  CHECK(count > 60);
}
