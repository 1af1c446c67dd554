// SPDX-License-Identifier: Apache-2.0
// Which key goes into which room's Settings. Read once, at the start.
#include "firmware/config/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/atomic_file.hpp"
#include "base/net/url.hpp"
#include "firmware/config/read_board.hpp"
#include "firmware/schedule/link_rules.hpp"

namespace madoguchi::config {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view kIceSchemes[] = {"stun:", "turn:", "turns:"};

const std::filesystem::path kZones = "/usr/share/zoneinfo";

/// Other files lie beside the zones: a zone begins with "TZif" (RFC 8536 section 3.1).
bool is_zone_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return false;
  char magic[4] = {};
  std::ifstream(file, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "TZif";
}

/// By the system's own list; where there is none, nothing can be said.
bool is_time_zone(const std::string& name) {
  std::error_code error;
  if (!std::filesystem::is_directory(kZones, error)) return true;
  if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos) return false;
  return is_zone_file(kZones / name);
}

std::string not_a_time_zone(const std::string& name) {
  std::set<std::string, std::less<>> zones;
  std::error_code error;
  std::filesystem::recursive_directory_iterator each(kZones, error), end;
  for (; !error && each != end; each.increment(error)) {
    if (is_zone_file(each->path())) zones.insert(each->path().lexically_relative(kZones));
  }
  const std::string near = nearest(name, zones, std::min<std::size_t>(3, name.size() / 3));
  const std::string_view how = near.empty() ? "one is written" : "the nearest is";
  return fmt::format("no time zone has this name; {} \"{}\"", how, near.empty() ? "Asia/Tokyo" : near);
}

/// As RFC 7064 and RFC 7065 write it: no "//".
bool is_ice_url(std::string_view text) {
  return std::any_of(std::begin(kIceSchemes), std::end(kIceSchemes), [text](std::string_view scheme) {
    return text.starts_with(scheme) && text.size() > scheme.size() && text.find_first_of("/ \t@") == text.npos;
  });
}

void read_path(Table& table, std::string_view key, std::filesystem::path& value) {
  std::string text = value.native();
  table.read(key, text);
  value = text;
}

void read_url(Table& table, std::string_view key, std::string& value) {
  table.read(key, value);
  if (value.empty()) return;
  const auto url = Url::parse(value);
  if (!url) return table.complain(key, url.error().message);
  if (!url->is_secure_or_loopback()) {
    table.complain(key, "http:// is for this machine itself only; use https://");
  }
}

void read_box(Table table, Box& box) {
  table.read("hall", box.hall);
  table.read("telephone", box.telephone);
  table.read("show_bookings", box.show_bookings);
  table.read_word("language", box.language, {"ja", "easy", "en"});
  read_path(table, "state", box.state);
  read_path(table, "socket", box.socket);
  read_path(table, "programs", box.programs);
  table.read_word("board", box.board, {"fake", "linux"});
  table.read("ca_file", box.ca_file);
  table.read("synchronised_clock", box.synchronised_clock);
}

void read_office(Table table, std::vector<signalling::Token>& offices) {
  signalling::Token office;
  std::string origin;
  std::string token_file;
  table.require("origin");
  read_url(table, "origin", origin);
  if (const auto url = Url::parse(origin)) {
    office.origin = url->origin();
    if (url->path() != "/" || !url->query().empty()) table.complain("origin", "write the server alone, without a path");
  }
  table.read("token", office.token);
  table.read("token_file", token_file);
  if (!token_file.empty()) {
    auto token = read_file(token_file, 4096);
    if (!token) return table.complain("token_file", token.error().message);
    while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
    office.token = *token;
  }
  if (office.token.empty()) table.require("token");
  offices.push_back(std::move(office));
}

void read_feed(Table table, schedule::Settings& settings) {
  schedule::FeedSettings feed;
  table.require("name");
  table.require("url");
  table.read("name", feed.name);
  const bool plain = !feed.name.empty() && std::all_of(feed.name.begin(), feed.name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (table.has("name") && !plain) table.complain("name", "a feed's name is made of a-z, 0-9 and dashes");
  for (const auto& other : settings.feeds) {
    if (other.name == feed.name) table.complain("name", "two feeds have this name");
  }
  read_url(table, "url", feed.url);
  table.read("user", feed.user);
  table.read("password", feed.password);
  table.read("bearer", feed.bearer);
  table.read("every", feed.every, 1s, 24h);
  settings.feeds.push_back(std::move(feed));
}

void read_link(Table table, schedule::Settings& settings) {
  schedule::LinkRule rule;
  table.require("feeds");
  table.require("link");
  table.read("feeds", rule.feeds);
  for (const std::string& feed : rule.feeds) {
    const bool known = std::any_of(settings.feeds.begin(), settings.feeds.end(),
                                   [&feed](const auto& each) { return each.name == feed; });
    if (!known) table.complain("feeds", fmt::format("there is no feed \"{}\"", feed));
  }
  table.read("link", rule.link);
  table.read("events", rule.events);
  for (Table& seat_table : table.tables("seat")) {
    schedule::SeatRule seat;
    seat_table.read("id", seat.id);
    const bool twice = std::any_of(rule.seats.begin(), rule.seats.end(),
                                   [&seat](const schedule::SeatRule& each) { return each.id == seat.id; });
    if (twice) seat_table.complain("id", fmt::format("two seats of this link have the id \"{}\"", seat.id));
    seat_table.read("role", seat.role);
    seat_table.read("publish", seat.publish);
    seat_table.read("play", seat.play);
    rule.seats.push_back(std::move(seat));
  }
  if (const auto good = schedule::LinkRules::compile({rule}); table.has("link") && !good) {
    // It counts the rules that it was given; here the place tells which one.
    const std::string& message = good.error().message;
    const auto what = message.find(": ");
    table.complain("link", what == std::string::npos ? message : message.substr(what + 2));
  }
  settings.links.push_back(std::move(rule));
}

void read_session(Table table, session::Settings& session) {
  table.read("offer_within", session.offer_within, 100ms, 60s);
  table.read("post_within", session.post_within, 100ms, 120s);
  table.read("connect_within", session.connect_within, 100ms, 120s);
  table.read("play_silent_after", session.play_silent_after, 500ms, 60s);
  table.read("feedback_silent_after", session.feedback_silent_after, 1s, 120s);
  table.read("retry_first", session.retry_first, 10ms, 60s);
  table.read("retry_most", session.retry_most, 100ms, 10min);
  table.read("poll_floor", session.poll_floor, 100ms, 10min);
  table.read("presence_within", session.presence_within, 50ms, 60s);
  table.read("answer_floor", session.answer_floor, 50ms, 60s);
  table.read("rejoin_floor", session.rejoin_floor, 50ms, 60s);
  table.read("call_for", session.call_for, 1s, 60min);
  table.read("reassure_after", session.reassure_after, 1s, 60min);
  table.read("notice_for", session.notice_for, 500ms, 60s);
  table.read("teardown_within", session.teardown_within, 500ms, 60s);
  table.read("farewell_for", session.farewell_for, 100ms, 60s);
  table.read("ended_for", session.ended_for, 100ms, 10min);
}

void read_signalling(Table table, signalling::Settings& signalling) {
  table.read("delete_within", signalling.delete_within, 100ms, 120s);
  table.read("events_head_within", signalling.events_head_within, 100ms, 120s);
  table.read("events_silent_after", signalling.events_silent_after, 1s, 10min);
  table.read("events_retry_first", signalling.events_retry_first, 10ms, 60s);
  table.read("events_retry_most", signalling.events_retry_most, 100ms, 10min);
}

void read_media(Table table, Config& config) {
  protocol::MediaHello& media = config.media;
  table.read_word("microphone", media.microphone, {"simulated", "silent"});
  table.read_word("speaker", media.speaker, {"simulated", "none"});
  table.read_word("screen", media.screen, {"simulated", "none"});
  table.read("screen_width", media.screen_width, 320, 4320);
  table.read("screen_height", media.screen_height, 240, 4320);
  table.read("chime_volume", media.chime_volume, 0, 1);
  table.read("tone_hz", media.tone_hz, 20, 20000);
  table.read("width", media.width, 16, 1920);
  table.read("height", media.height, 16, 1080);
  table.read("fps", media.fps, 1, 60);
  table.read("video_kbps", media.video_kbps, 50, 20000);
  table.read("codecs", media.codecs);
  for (const std::string& codec : media.codecs) {
    if (codec != "h264" && codec != "vp8") table.complain("codecs", "a codec is \"h264\" or \"vp8\"");
  }
  if (media.codecs.empty()) table.complain("codecs", "at least one codec is needed");
  if (media.width % 2 != 0 || media.height % 2 != 0) table.complain("width", "width and height must be even");
  table.read("loopback", media.loopback);
  table.read("hung_after", config.media_process.hung_after, 500ms, 120s);
  table.read("ready_within", config.media_process.ready_within, 1s, 300s);
  for (Table& server : table.tables("ice_server")) {
    protocol::IceServer ice;
    server.require("url");
    server.read("url", ice.url);
    if (server.has("url") && !is_ice_url(ice.url))
      server.complain("url", "an ICE server is stun:HOST:PORT, turn:HOST:PORT or turns:HOST:PORT");
    server.read("username", ice.username);
    server.read("credential", ice.credential);
    config.ice_servers.push_back(std::move(ice));
  }
}

void read_camera(Table table, Config& config) {
  for (Table& each : table.tables("rule")) {
    board::CameraRule rule;
    each.read("serial", rule.serial);
    each.read("usb_path", rule.usb_path);
    each.read("name", rule.name);
    if (rule.serial.empty() && rule.usb_path.empty() && rule.name.empty()) {
      each.complain("serial", "a camera's rule has a serial, a usb_path or a name; `madoguchi devices` lists them");
    }
    config.camera_rules.push_back(std::move(rule));
  }
  if (!config.camera_rules.empty()) config.camera.device = "auto";
  table.read("device", config.camera.device);
  const std::string& device = config.camera.device;
  if (device != "simulated" && device != "auto" && !device.starts_with("/")) {
    table.complain("device", "\"device\" must be \"simulated\", \"auto\" or a device's absolute path");
  }
  table.read("no_frame_after", config.camera_process.no_frame_after, 200ms, 120s);
  table.read("same_frame_after", config.camera_process.same_frame_after, 1s, 1h);
  table.read("hung_after", config.camera_process.hung_after, 500ms, 120s);
  table.read("ready_within", config.camera_process.ready_within, 1s, 300s);
}

Loaded read(Document document) {
  Loaded loaded;
  Config& config = loaded.config;
  Table root = document.root();
  Table box = root.table("box");
  read_box(box, config.box);
  read_board(root.table("board"), box, config.box.board == "linux", config.board);
  for (Table& office : root.tables("office")) read_office(office, config.offices);
  for (Table& feed : root.tables("feed")) read_feed(feed, config.schedule);
  for (Table& link : root.tables("link")) read_link(link, config.schedule);
  Table schedule = root.table("schedule");
  schedule.read("window_before", config.schedule.window_before, 0ms, 24h);
  schedule.read("old_after", config.schedule.old_after, 1s, 240h);
  schedule.read("time_zone", config.schedule.time_zone);
  if (!is_time_zone(config.schedule.time_zone))
    schedule.complain("time_zone", not_a_time_zone(config.schedule.time_zone));
  read_session(root.table("session"), config.session);
  read_signalling(root.table("signalling"), config.signalling);
  config.signalling.post_within = config.session.post_within;
  read_media(root.table("media"), config);
  read_camera(root.table("camera"), config);
  config.schedule.reader = config.box.programs / "madoguchi-feed";
  config.media_process.program = config.box.programs / "madoguchi-media";
  config.camera_process.program = config.box.programs / "madoguchi-camera";
  config.camera.width = config.media.width;
  config.camera.height = config.media.height;
  config.camera.fps = config.media.fps;
  loaded.problems = document.finish();
  return loaded;
}

}  // namespace

Result<Loaded> load(const std::string& path) {
  auto document = Document::open(path);
  if (!document) return fail(document.error());
  Loaded loaded = read(std::move(*document));
  std::error_code error;
  loaded.config.box.file = std::filesystem::absolute(path, error);
  return loaded;
}

Loaded parse(std::string_view text, const std::string& file) { return read(Document::parse(text, file)); }

std::vector<Problem> gaps(const Config& config, const std::string& file) {
  std::vector<Problem> found;
  const auto miss = [&](bool missing, std::string message) {
    if (missing) found.push_back({file, 1, 1, std::move(message)});
  };
  miss(config.box.hall.empty(), "[box] hall is missing: the name that screen and status show");
  miss(config.box.telephone.empty(),
       "[box] telephone is missing: the number that the screen shows when something fails");
  miss(config.schedule.feeds.empty(), "there is no [[feed]]: a calendar with the hall's bookings");
  miss(config.schedule.links.empty(), "there is no [[link]]: a rule that makes addresses of a booking's link");
  for (const auto& program : {config.schedule.reader, config.media_process.program, config.camera_process.program}) {
    miss(::access(program.c_str(), X_OK) != 0, fmt::format("[box] programs: {} is not there", program.native()));
  }
  return found;
}

}  // namespace madoguchi::config
