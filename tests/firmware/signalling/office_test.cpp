// SPDX-License-Identifier: Apache-2.0
// The office's side of a box: which stream is open, whose token goes where, what is kept on disk until it is ended, and
// what an office that knows only news is told. Against scripted servers.
#include "firmware/signalling/office.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace madoguchi::signalling;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 20s * kSlow;
const std::string kNews = R"(data: {"type":"seats","seats":[{"seat":"counsellor","present":true,"session":"s1"}]})"
                          "\n\n";
const std::string kTruth = R"(data: {"type":"seats","seats":[],"features":["state"]})"
                           "\n\n";

ServerReply reply(int status, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = {}) {
  ServerReply answer;
  answer.status = status;
  answer.headers = std::move(headers);
  answer.body = std::move(body);
  return answer;
}

/// A server with an events stream at /events/..., answers to offers, and DELETEs that end.
struct Hall {
  asio::io_context io;
  Folder folder;
  asio::thread_pool disk{1};
  FakeClock clock{WallTime(1'800'000'000'000ms)};
  HttpClient http{io.get_executor(), {}};
  ScriptedServer server{io}, other{io};
  int told_status = 204, delete_status = 204;
  int ups = 0, downs = 0;
  std::vector<OfficeEvent> events;
  std::vector<bool> saved;
  std::optional<Office> office;

  Hall() {
    for (ScriptedServer* each : {&server, &other}) {
      each->answer = [this](const ServerRequest& asked) {
        if (asked.method == "GET") {
          ServerReply stream;
          stream.how = ServerReply::stream;
          return stream;
        }
        if (asked.method == "DELETE") return reply(delete_status);
        if (asked.target.starts_with("/events/")) return reply(told_status);
        return reply(201, {{"Content-Type", "application/sdp"}, {"Location", "/r/1"}}, "v=0\r\no=- 1 1 IN IP4 ::1\r\n");
      };
    }
    begin();
  }
  ~Hall() {
    office.reset();
    quiet();
    disk.join();
  }
  /// A life of the daemon on this folder.
  void begin() {
    office.reset();
    Office::Handlers handlers{[this] { ++ups; }, [this] { ++downs; },
                              [this](const OfficeEvent& event) { events.push_back(event); },
                              [this](const Result<void>& result) { saved.push_back(result.has_value()); },
                              [this](const std::string& url) { return url.starts_with(server.origin() + "/"); }};
    office.emplace(io.get_executor(), http, clock, Settings{},
                   std::vector<Token>{{server.origin(), "here"}, {other.origin(), "there"}}, folder.path(), disk,
                   std::move(handlers));
    office->load();
  }
  void quiet() {
    for (int i = 0; i < 50; ++i) {
      io.restart();
      io.poll();
    }
  }
  void listen(ScriptedServer& to, const std::string& snapshot) {
    office->listen(to.url("/events/r"));
    REQUIRE(until(
        io, [this] { return office->is_up(); }, kLong));
    to.push(snapshot);
    REQUIRE(until(
        io, [this] { return office->seats() != nullptr; }, kLong));
  }
  bool sweep() { return await(io, swept(*office)); }
  static asio::awaitable<bool> swept(Office& office) {
    co_await office.sweep();
    co_return true;
  }
  bool end(const std::string& resource) { return await(io, ended(*office, resource)); }
  static asio::awaitable<bool> ended(Office& office, std::string resource) {
    co_await office.end(std::move(resource));
    co_return true;
  }
  /// Of the other requests than GET, "POST /events/r calling".
  static std::vector<std::string> posted(const ScriptedServer& to) {
    std::vector<std::string> lines;
    for (const ServerRequest& asked : to.requests()) {
      if (asked.method != "GET") lines.push_back(asked.method + ' ' + asked.target + ' ' + asked.body);
    }
    return lines;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("one events stream at a time: the same again changes nothing, another takes its place, none closes it") {
  Hall hall;
  hall.listen(hall.server, kNews);
  CHECK(hall.ups == 1);
  CHECK(hall.events.size() == 1);
  REQUIRE(hall.office->seats()->seats.size() == 1);
  CHECK(hall.office->seats()->seats[0].present);
  hall.office->listen(hall.server.url("/events/r"));
  hall.quiet();
  CHECK(hall.server.requests().size() == 1);

  hall.office->listen(hall.other.url("/events/r"));
  CHECK_FALSE(hall.office->is_up());
  CHECK(hall.office->seats() == nullptr);
  REQUIRE(until(
      hall.io, [&] { return hall.office->is_up() && hall.server.streams() == 0; }, kLong));
  CHECK(hall.other.requests().size() == 1);

  hall.office->listen("");
  REQUIRE(until(
      hall.io, [&] { return hall.other.open() == 0; }, kLong));
  CHECK_FALSE(hall.office->is_up());
  CHECK(hall.downs == 0);  // nobody is told of what was wanted
  hall.office->listen("no address");
  hall.quiet();
  CHECK(hall.server.requests().size() + hall.other.requests().size() == 2);
}

TEST_CASE("an address is the same however a template writes it: the stream stays, and is told") {
  for (const bool shouted : {false, true}) {
    for (const char* path : {"/events/r", "/events/r#x", "/events/r?", "/events/r?a=b#x", "/events/../events/r"}) {
      Hall hall;
      std::string events = hall.server.url(path);
      if (shouted) events.replace(0, 4, "HTTP");
      CAPTURE(events);
      for (int i = 0; i < 3; ++i) {
        hall.office->listen(events);
        REQUIRE(until(
            hall.io, [&] { return hall.office->is_up(); }, kLong));
        hall.quiet();
      }
      CHECK(hall.server.requests().size() == 1);
      CHECK(hall.downs == 0);
      CHECK(await(hall.io, hall.office->tell(events, "calling")));
    }
  }
}

TEST_CASE("each origin gets its own token, and a stranger gets none") {
  Hall hall;
  ScriptedServer stranger(hall.io);
  stranger.answer = hall.server.answer;
  for (ScriptedServer* each : {&hall.server, &hall.other, &stranger}) {
    REQUIRE(await(hall.io, hall.office->post_offer(each->url("/whip/r"), "v=0 offer")));
    hall.listen(*each, kTruth);
    CHECK(await(hall.io, hall.office->tell_state("idle", "")));
    REQUIRE(hall.end(each->url("/r/1")));
    const std::string token = each == &hall.server ? "Bearer here" : each == &hall.other ? "Bearer there" : "";
    REQUIRE(each->requests().size() == 4);
    for (const ServerRequest& asked : each->requests()) {
      CAPTURE(asked.method, asked.target);
      CHECK(asked.header("authorization") == token);
    }
  }
}

TEST_CASE("a resource is on disk before the answer is given, and until the office has ended it") {
  Hall hall;
  const auto answered = await(hall.io, hall.office->post_offer(hall.server.url("/whip/r"), "v=0 offer"));
  REQUIRE(answered);
  CHECK(answered->resource.to_string() == hall.server.url("/r/1"));
  CHECK(hall.saved == std::vector<bool>{true});
  const auto file = hall.folder / "resources.json";
  CHECK(read_text(file).find("/r/1") != std::string::npos);

  hall.delete_status = 500;
  REQUIRE(hall.end(hall.server.url("/r/1")));
  CHECK(read_text(file).find("/r/1") != std::string::npos);

  hall.begin();  // the daemon came back
  hall.delete_status = 204;
  REQUIRE(hall.sweep());
  CHECK(Hall::posted(hall.server) == Lines{"POST /whip/r v=0 offer", "DELETE /r/1 ", "DELETE /r/1 "});
  CHECK(read_text(file).find("/r/1") == std::string::npos);
}

TEST_CASE("an address that was planted among the resources is not contacted: no rule leads there") {
  Hall hall;
  REQUIRE(await(hall.io, hall.office->post_offer(hall.server.url("/whip/r"), "v=0 offer")));
  REQUIRE(await(hall.io, hall.office->post_offer(hall.other.url("/whip/r"), "v=0 offer")));
  const auto file = hall.folder / "resources.json";
  CHECK(read_text(file).find(hall.other.origin()) != std::string::npos);
  hall.begin();
  REQUIRE(hall.sweep());
  CHECK(Hall::posted(hall.server) == Lines{"POST /whip/r v=0 offer", "DELETE /r/1 "});
  CHECK(Hall::posted(hall.other) == Lines{"POST /whip/r v=0 offer"});
  CHECK(read_text(file).find(hall.other.origin()) == std::string::npos);
}

TEST_CASE("a disk that takes nothing is said, and the offer is answered all the same") {
  Hall hall;
  std::filesystem::remove_all(hall.folder.path());
  CHECK(await(hall.io, hall.office->post_offer(hall.server.url("/whip/r"), "v=0 offer")));
  CHECK(hall.saved == std::vector<bool>{false});
}

TEST_CASE("an endpoint that is no address is a failure, and nobody is asked") {
  Hall hall;
  const auto answered = await(hall.io, hall.office->post_offer("whip", "v=0 offer"));
  REQUIRE_FALSE(answered);
  CHECK(answered.error().failure == PostFailure::protocol);
}

TEST_CASE("how things are is told whole to an office that takes it, and as news to one that does not") {
  struct Row {
    const std::string& snapshot;
    std::string phase, end_reason;
    Lines told;
  };
  const Row rows[] = {
      {kTruth, "idle", "none", {R"(POST /events/r {"type":"state","phase":"idle","features":["state"]})"}},
      {kTruth, "calling", "none", {R"(POST /events/r {"type":"state","phase":"calling","features":["state"]})"}},
      {kTruth,
       "ending",
       "by-room",
       {R"(POST /events/r {"type":"state","phase":"ending","features":["state"],"reason":"by-room"})"}},
      {kNews, "idle", "none", {}},
      {kNews, "calling", "none", {R"(POST /events/r {"type":"calling"})"}},
      {kNews, "talking", "none", {R"(POST /events/r {"type":"talking"})"}},
      {kNews, "ending", "by-room", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.phase, row.snapshot);
    Hall hall;
    hall.listen(hall.server, row.snapshot);
    CHECK(await(hall.io, hall.office->tell_state(row.phase, row.end_reason)));
    CHECK(Hall::posted(hall.server) == row.told);
  }
}

TEST_CASE("what is told goes to the stream that is open or nowhere, and is told again unless the office refuses it") {
  Hall hall;
  CHECK_FALSE(await(hall.io, hall.office->tell(hall.server.url("/events/r"), "calling")));
  CHECK(await(hall.io, hall.office->tell_state("calling", "none")));  // nobody to be told
  hall.listen(hall.server, kNews);
  CHECK_FALSE(await(hall.io, hall.office->tell(hall.server.url("/events/another"), "calling")));
  CHECK(Hall::posted(hall.server).empty());
  struct Row {
    int status;
    bool heard;
  };
  for (const Row& row : {Row{204, true}, Row{404, true}, Row{422, true}, Row{408, false}, Row{429, false},
                         Row{500, false}, Row{503, false}}) {
    CAPTURE(row.status);
    hall.told_status = row.status;
    CHECK(await(hall.io, hall.office->tell(hall.server.url("/events/r"), "calling")) == row.heard);
  }
  CHECK(Hall::posted(hall.server).size() == 7);
}

TEST_CASE("after the end nothing is heard of a stream, also not that it is down") {
  Hall hall;
  hall.listen(hall.server, kNews);
  hall.office->stop();
  hall.server.push(kTruth);
  hall.server.drop();
  hall.quiet();
  CHECK(hall.events.size() == 1);
  CHECK(hall.downs == 0);
  CHECK(hall.office->seats() == nullptr);
}
