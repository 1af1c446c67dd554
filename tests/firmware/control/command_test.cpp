// SPDX-License-Identifier: Apache-2.0
// The madoguchi command as a process, asking a daemon of the test: exit statuses, words, JSON, files. On the test's thread.
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <filesystem>
#include <optional>

#include "firmware/control/control.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scripted_server.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;
using json::bj::object;
using Arguments = std::vector<std::string>;

namespace {

struct Ran {
  int status = -1;
  std::string out, err;
  [[nodiscard]] object json() const { return madoguchi::json::parse_object(out).value_or(object()); }
};

/// A daemon of the test, and the command asking it.
struct Desk {
  asio::io_context io;
  Folder folder;
  std::filesystem::path socket = folder / "control.sock";
  std::unique_ptr<control::Server> server;
  asio::cancellation_signal end;
  bool running = false;
  object reply;                  ///< to everything
  std::optional<Error> refusal;  ///< instead
  std::string picture = "PNG";
  std::vector<object> asked;

  explicit Desk(bool start = true) {
    if (!start) return;
    auto opened = control::Server::open(
        io.get_executor(), socket, [this](control::Question question) { return answer(this, std::move(question)); });
    if (!opened) throw std::runtime_error(opened.error().message);
    server = std::move(*opened);
    running = true;
    auto work = server->run();
    asio::co_spawn(io, std::move(work),
                   asio::bind_cancellation_slot(end.slot(), [this](std::exception_ptr) { running = false; }));
  }
  ~Desk() {
    if (running) end.emit(asio::cancellation_type::terminal);
    until(
        io, [this] { return !running; }, 10s);
    io.restart();
    io.poll();
  }

  static asio::awaitable<Result<control::Reply>> answer(Desk* self, control::Question question) {
    self->asked.push_back(question.arguments);
    if (self->refusal) co_return fail(*self->refusal);
    control::Reply reply(self->reply);
    if (question.command == "screenshot" && !self->picture.empty()) {
      UniqueFd memory(::memfd_create("picture", MFD_CLOEXEC));
      const auto& picture = self->picture;
      if (::write(memory.get(), picture.data(), picture.size()) < 0) co_return fail(Errc::io, "not written");
      reply.fds.push_back(std::move(memory));
    }
    co_return reply;
  }

  Ran run(Arguments arguments, bool with_socket = true) {
    if (with_socket) arguments.insert(arguments.begin(), "--socket=" + socket.native());
    const std::string name = "run" + std::to_string(++runs_);
    Program program(io, folder.path(), name);
    program.start("madoguchi", std::move(arguments));
    Ran ran;
    ran.status = program.wait();
    ran.out = program.output();
    ran.err = program.errors();
    return ran;
  }

 private:
  int runs_ = 0;
};

/// Files that bear the picture's name.
auto pictures(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return std::count_if(begin(files), end(files), [](const auto& file) {
    return file.path().filename().native().find("screen") != std::string::npos;
  });
}

/// A configuration with all that a hall needs; the programs are there by their names.
std::string whole(const Folder& folder, const std::string& origin, const std::string& calendar = "https://c.example/") {
  for (const char* name : {"madoguchi-feed", "madoguchi-media", "madoguchi-camera"}) {
    std::error_code there;
    std::filesystem::create_symlink("/bin/true", folder / name, there);
  }
  return "[box]\nhall = \"h\"\ntelephone = \"1\"\nstate = \"/s\"\nprograms = \"" + folder.path().native() +
         "\"\n[[office]]\norigin = \"" + origin + "\"\ntoken = \"box-token\"\n[[feed]]\nname = \"hall\"\nurl = \"" +
         calendar + "\"\n[[link]]\nfeeds = [\"hall\"]\nlink = \"" + origin +
         "/rooms/(?P<room>[a-z0-9]+)\"\nevents = \"" + origin +
         "/events/{room}\"\n[[link.seat]]\nid = \"c\"\npublish = \"" + origin + "/whip/{room}\"\nplay = \"" + origin +
         "/whep/{room}\"\n[session]\n";
}

object fault(const std::string& severity) {
  return {{"code", "feed-unreachable"}, {"severity", severity}, {"ja", "日本語"}, {"en", "English"}};
}

}  // namespace

TEST_CASE("status: words, JSON, and an exit status that says whether a consultation suffers") {
  Desk desk;
  desk.reply = {{"hall", "北公民館"}, {"board", "fake"}, {"phase", "idle"}, {"faults", json::bj::array()}};
  const Ran good = desk.run({"status"});
  CHECK(good.status == 0);
  CHECK(good.err.empty());
  CHECK(good.out.find("box       北公民館 (fake board)") == 0);
  CHECK(good.out.find("phase     idle\n") != std::string::npos);
  CHECK(desk.asked.back().at("command").as_string() == "status");

  for (const Arguments& arguments : {Arguments{"status", "--json"}, Arguments{"--json", "status"}}) {
    const Ran as_json = desk.run(arguments);
    CHECK(as_json.status == 0);
    CHECK(as_json.json().at("phase").as_string() == "idle");
    CHECK(as_json.out.find('\n') == as_json.out.size() - 1);  // one line
  }

  desk.reply["faults"] = json::bj::array{fault("notice"), fault("warning")};
  CHECK(desk.run({"status"}).status == 0);
  desk.reply["faults"] = json::bj::array{fault("warning"), fault("error")};
  const Ran bad = desk.run({"status"});
  CHECK(bad.status == 4);
  CHECK(bad.out.find("feed-unreachable (error)") != std::string::npos);
  CHECK(desk.run({"status", "--json"}).status == 4);
}

TEST_CASE("agenda, press and mute ask what they should") {
  Desk desk;
  desk.reply = {{"said", "pressed"}, {"consultations", json::bj::array()}};
  const Ran agenda = desk.run({"agenda"});
  CHECK(agenda.status == 0);
  CHECK(agenda.out == "no consultations are known\n");
  CHECK(desk.run({"agenda", "--json"}).json().at("ok").as_bool());
  CHECK(desk.asked.back().at("command").as_string() == "agenda");
  const Ran press = desk.run({"press"});
  CHECK(press.status == 0);
  CHECK(press.out == "pressed\n");
  CHECK(desk.asked.back() == object{{"command", "press"}, {"long", false}});
  CHECK(desk.run({"press", "--long"}).status == 0);
  CHECK(desk.asked.back() == object{{"command", "press"}, {"long", true}});
  CHECK(desk.run({"mute", "on"}).status == 0);
  CHECK(desk.asked.back() == object{{"command", "mute"}, {"on", true}});
  CHECK(desk.run({"mute", "off"}).status == 0);
  CHECK(desk.asked.back() == object{{"command", "mute"}, {"on", false}});
}

TEST_CASE("1: the daemon refused or failed, and says why on stderr") {
  Desk desk;
  for (const Errc code : {Errc::permission, Errc::invalid, Errc::unsupported}) {
    desk.refusal = Error(code, "here a person presses the button");
    for (const Arguments& arguments :
         {Arguments{"press"}, Arguments{"status"}, Arguments{"agenda"}, Arguments{"press", "--json"}}) {
      const Ran ran = desk.run(arguments);
      CHECK(ran.status == 1);
      CHECK(ran.out.empty());
      CHECK(ran.err == "madoguchi: here a person presses the button\n");
    }
  }
}

TEST_CASE("2: wrong usage, and nothing is asked") {
  Desk desk;
  for (const Arguments& arguments :
       {Arguments{}, Arguments{"dance"}, Arguments{"status", "--loud"}, Arguments{"mute"}, Arguments{"mute", "maybe"},
        Arguments{"screenshot"}, Arguments{"check-config"}, Arguments{"press", "--long", "twice"}}) {
    const Ran ran = desk.run(arguments);
    CAPTURE(ran.out, ran.err);
    CHECK(ran.status == 2);
    CHECK_FALSE(ran.err.empty());
  }
  CHECK(desk.asked.empty());
}

TEST_CASE("3: no daemon here") {
  Desk desk(false);
  for (const std::string command : {"status", "agenda", "press"}) {
    const Ran ran = desk.run({command});
    CHECK(ran.status == 3);
    CHECK(ran.out.empty());
    CHECK(ran.err.find(desk.socket.native()) != std::string::npos);
    CHECK(ran.err.find("is madoguchid running?") != std::string::npos);
  }
  const Ran shot = desk.run({"screenshot", (desk.folder / "a.png").native()});
  CHECK(shot.status == 3);
  CHECK_FALSE(std::filesystem::exists(desk.folder / "a.png"));
  CHECK_FALSE(std::filesystem::exists(desk.folder / "a.png.part"));
}

TEST_CASE("the socket may come from the environment") {
  Desk desk;
  ::setenv("MADOGUCHI_SOCKET", desk.socket.c_str(), 1);
  const int there = desk.run({"agenda"}, false).status;
  ::setenv("MADOGUCHI_SOCKET", (desk.folder / "nothing").c_str(), 1);
  const int nowhere = desk.run({"agenda"}, false).status;
  const int option_wins = desk.run({"agenda"}, true).status;
  ::unsetenv("MADOGUCHI_SOCKET");
  CHECK(there == 0);
  CHECK(nowhere == 3);
  CHECK(option_wins == 0);
}

TEST_CASE("the help teaches each command, the exit statuses and the examples") {
  Desk desk(false);
  const Ran help = desk.run({"--help"}, false);
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  for (const std::string word :
       {"status", "press", "mute", "agenda", "screenshot", "check-config", "--json", "--socket", "MADOGUCHI_SOCKET",
        "Exit status", "  0  done", "no daemon here", "  4  status only",
        "Examples:", "madoguchi status --json | jq .phase", "madoguchi screenshot screen.png",
        "madoguchi check-config box.toml", "madoguchi press --long"}) {
    CAPTURE(word);
    CHECK(help.out.find(word) != std::string::npos);
  }
  for (const std::string command : {"status", "press", "mute", "agenda", "screenshot", "check-config"}) {
    const Ran one = desk.run({command, "--help"}, false);
    CAPTURE(command);
    CHECK(one.status == 0);
    CHECK(one.out.find("Usage: madoguchi " + command) != std::string::npos);
  }
}

TEST_CASE("a screenshot comes into a file of its owner, and a refusal leaves the old one") {
  Desk desk;
  const auto file = desk.folder / "screen.png";
  desk.picture = "PNG-1";
  const Ran first = desk.run({"screenshot", file.native()});
  CHECK(first.status == 0);
  CHECK(first.out == file.native() + "\n");
  CHECK(read_text(file) == "PNG-1");
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);

  desk.refusal = Error(Errc::permission, "the screen shows people");
  const Ran refused = desk.run({"screenshot", file.native()});
  CHECK(refused.status == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err == "madoguchi: the screen shows people\n");
  CHECK(read_text(file) == "PNG-1");
  CHECK(pictures(desk.folder.path()) == 1);  // nothing was left beside it

  desk.refusal.reset();
  desk.picture = "PNG-2";
  const Ran second = desk.run({"screenshot", "--json", file.native()});
  CHECK(second.status == 0);
  CHECK(second.json() == object{{"ok", true}, {"file", file.native()}});
  CHECK(read_text(file) == "PNG-2");

  const Ran nowhere = desk.run({"screenshot", (desk.folder / "no/such/screen.png").native()});
  CHECK(nowhere.status == 1);
  CHECK(nowhere.err.find("no/such/screen.png") != std::string::npos);

  desk.picture.clear();
  const Ran nothing = desk.run({"screenshot", file.native()});
  CHECK(nothing.status == 1);
  CHECK(nothing.err.find("sent no picture") != std::string::npos);
  CHECK(read_text(file) == "PNG-2");
}

TEST_CASE("a daemon that ends in the middle") {
  Desk desk;
  desk.refusal = Error(Errc::io, std::string(200000, 'x'));  // longer than the socket takes
  const Ran ran = desk.run({"status"});
  CHECK(ran.status == 1);
  CHECK(ran.err.find("too long") != std::string::npos);
}

TEST_CASE("check-config: what a hall cannot do without is missed, though every key is right") {
  Desk desk(false);
  const auto file = desk.folder / "box.toml";
  const std::string good = whole(desk.folder, "https://office.example");
  const auto without = [&good](const std::string& from, const std::string& to) {
    return good.substr(0, good.find(from)) + good.substr(good.find(to));
  };
  struct Row {
    std::string text;
    Arguments said;
  };
  const Row rows[] = {
      {"", {"[box] hall is missing", "[box] telephone is missing", "no [[feed]]", "no [[link]]", "madoguchi-feed"}},
      {without("telephone", "state"), {"[box] telephone is missing"}},
      {without("hall", "telephone"), {"[box] hall is missing"}},
      {without("[[link]]", "[session]"), {"no [[link]]"}},
  };
  for (const Row& row : rows) {
    write_text(file, row.text);
    const Ran ran = desk.run({"check-config", file.native()}, false);
    CAPTURE(row.text, ran.out);
    CHECK(ran.status == 2);
    for (const std::string& said : row.said) CHECK(ran.out.find(said) != std::string::npos);
    CHECK(static_cast<std::size_t>(std::count(ran.out.begin(), ran.out.end(), '\n')) >= row.said.size());
    CHECK(ran.out.find(": good") == std::string::npos);
  }
  write_text(file, good);
  std::filesystem::remove(desk.folder / "madoguchi-media");
  const Ran gone = desk.run({"check-config", file.native()}, false);
  CHECK(gone.status == 2);
  CHECK(gone.out.find("[box] programs: " + (desk.folder / "madoguchi-media").native() + " is not there") !=
        std::string::npos);
}

TEST_CASE("check-config --online tries every address and token, and says what it found") {
  Desk desk(false);
  ScriptedServer office(desk.io), calendars(desk.io);
  int token_status = 404;
  std::string body = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
  calendars.answer = [&](const ServerRequest&) { return ServerReply(200, body); };
  office.answer = [&](const ServerRequest&) { return ServerReply(token_status); };
  const auto file = desk.folder / "box.toml";
  const auto check = [&](const std::string& origin, const std::string& calendar, const Arguments& more = {}) {
    write_text(file, whole(desk.folder, origin, calendar));
    Arguments arguments{"check-config", "--online", file.native()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return desk.run(arguments, false);
  };
  const std::string at = calendars.url("/hall.ics");
  const Ran good = check(office.origin(), at);
  CAPTURE(good.out, good.err);
  CHECK(good.status == 0);
  CHECK(good.out ==
        "feed hall: good: a calendar comes\noffice 127.0.0.1: good: 127.0.0.1: it answers, and refuses no "
        "token\n" +
            file.native() + ": good\n");
  REQUIRE(office.requests().size() == 1);
  CHECK(office.requests()[0].method == "GET");
  CHECK(office.requests()[0].target == "/events/madoguchi-check");
  CHECK(office.requests()[0].header("authorization") == "Bearer box-token");

  token_status = 401;
  const Ran refused = check(office.origin(), at);
  CHECK(refused.status == 1);
  CHECK(refused.out.find("office 127.0.0.1: office-refused: 127.0.0.1: it does not take this box's token (HTTP 401)") !=
        std::string::npos);
  CHECK(refused.out.find(": good\n") == std::string::npos);
  CHECK(refused.out.find("box-token") == std::string::npos);
  token_status = 404;
  body = "<html>please log in</html>";
  const Ran page = check(office.origin(), at, {"--json"});
  CHECK(page.status == 1);
  CHECK_FALSE(page.json().at("ok").as_bool());
  const object first = page.json().at("online").as_array().at(0).as_object();
  CHECK(first.at("fault").as_string() == "feed-unreadable");
  CHECK(first.at("words").as_string() == "fetching it from 127.0.0.1: what is there is not a calendar");
  const Ran down = check("http://127.0.0.1:9", "http://127.0.0.1:9/hall.ics");
  CHECK(down.status == 1);
  CHECK(down.out.find("feed hall: feed-down: ") != std::string::npos);
  CHECK(down.out.find("office 127.0.0.1: office-down: ") != std::string::npos);
}

TEST_CASE("check-config is the daemon's own reader") {
  Desk desk(false);
  const auto file = desk.folder / "box.toml";
  write_text(file, whole(desk.folder, "https://office.example"));
  const Ran good = desk.run({"check-config", file.native()}, false);
  CHECK(good.status == 0);
  CHECK(good.out == file.native() + ": good\n");
  write_text(file, "[box]\nhal = \"h\"\nboard = 3\n");
  const Ran bad = desk.run({"check-config", file.native()}, false);
  CHECK(bad.status == 2);
  CHECK(bad.out == file.native() + ":2:1: unknown key \"hal\"; the nearest known key is \"hall\"\n" + file.native() +
                       ":3:9: \"board\" must be a string, not an integer\n");
  const Ran as_json = desk.run({"check-config", "--json", file.native()}, false);
  CHECK(as_json.status == 2);
  CHECK_FALSE(as_json.json().at("ok").as_bool());
  REQUIRE(as_json.json().at("problems").as_array().size() == 2);
  CHECK(as_json.json().at("problems").as_array()[0].as_object().at("line").as_int64() == 2);
  const Ran missing = desk.run({"check-config", (desk.folder / "none.toml").native()}, false);
  CHECK(missing.status == 2);
  CHECK(missing.err.find("none.toml") != std::string::npos);
}
