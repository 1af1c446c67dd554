// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, and where. Pure, but for the files.
#include "firmware/config/config.hpp"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/unique_fd.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using Strings = std::vector<std::string>;

namespace {

Strings problems(const std::string& text) {
  Strings result;
  for (const auto& each : config::parse(text, "box.toml").problems) result.push_back(to_string(each));
  return result;
}

std::filesystem::path temporary(const std::string& text) {
  std::string name = std::filesystem::temp_directory_path() / "madoguchi-config-XXXXXX";
  const UniqueFd made(::mkstemp(name.data()));
  std::ofstream(name) << text;
  return name;
}

const std::string kFeed = "[[feed]]\nname = \"a\"\nurl = \"https://desk.example/a.ics\"\n";

}  // namespace

TEST_CASE("an empty configuration is good") { CHECK(problems("").empty()); }

TEST_CASE("each mistake is told with its file, line, column and what is allowed") {
  struct Row {
    std::string what, text;
    Strings wanted;
  };
  const std::string token = "token = \"t\"\n";
  const std::vector<Row> rows = {
      {"an unknown key",
       "[box]\nhall = \"h\"\ntelefone = \"03\"\n",
       {"box.toml:3:1: unknown key \"telefone\"; the nearest known key is \"telephone\""}},
      {"an unknown key, indented",
       "[session]\n  offer_withn = \"1s\"\n",
       {"box.toml:2:3: unknown key \"offer_withn\"; the nearest known key is \"offer_within\""}},
      {"an unknown table",
       "[sesion]\n",
       {"box.toml:1:2: unknown key \"sesion\"; the nearest known key is \"session\""}},
      {"an unknown list", "[[feeds]]\n", {"box.toml:1:3: unknown key \"feeds\"; the nearest known key is \"feed\""}},
      {"an unknown key in a list",
       kFeed + "evry = \"1min\"\n",
       {"box.toml:4:1: unknown key \"evry\"; the nearest known key is \"every\""}},
      {"a number for a string", "[box]\nhall = 7\n", {"box.toml:2:8: \"hall\" must be a string, not an integer"}},
      {"a table for a string", "[box]\nhall = { a = 1 }\n", {"box.toml:2:8: \"hall\" must be a string, not a table"}},
      {"a string for an integer",
       "[media]\nfps = \"30\"\n",
       {"box.toml:2:7: \"fps\" must be an integer, not a string"}},
      {"a fraction for an integer",
       "[media]\nfps = 29.97\n",
       {"box.toml:2:7: \"fps\" must be an integer, not a number"}},
      {"too much", "[media]\nfps = 61\n", {"box.toml:2:7: \"fps\" must be from 1 to 60"}},
      {"too little", "[media]\nfps = 0\n", {"box.toml:2:7: \"fps\" must be from 1 to 60"}},
      {"a string for a number",
       "[media]\ntone_hz = \"a\"\n",
       {"box.toml:2:11: \"tone_hz\" must be a number, not a string"}},
      {"an odd picture", "[media]\nwidth = 641\n", {"box.toml:2:9: width and height must be even"}},
      {"a number for a boolean",
       "[media]\nloopback = 1\n",
       {"box.toml:2:12: \"loopback\" must be true or false, not an integer"}},
      {"a string for a list", "[media]\ncodecs = \"vp8\"\n", {"box.toml:2:10: \"codecs\" must be a list of strings"}},
      {"numbers in a list", "[media]\ncodecs = [1]\n", {"box.toml:2:10: \"codecs\" must be a list of strings"}},
      {"an unknown codec", "[media]\ncodecs = [\"av1\"]\n", {"box.toml:2:10: a codec is \"h264\" or \"vp8\""}},
      {"no codec", "[media]\ncodecs = []\n", {"box.toml:2:10: at least one codec is needed"}},
      {"a bare number for a duration",
       "[session]\ncall_for = 300\n",
       {"box.toml:2:12: \"call_for\" must be a duration such as \"250ms\", \"10s\", \"30min\" or \"2h\""}},
      {"a duration without a unit",
       "[session]\ncall_for = \"300\"\n",
       {"box.toml:2:12: \"call_for\" must be a duration such as \"250ms\", \"10s\", \"30min\" or \"2h\""}},
      {"a negative duration",
       "[session]\ncall_for = \"-3s\"\n",
       {"box.toml:2:12: \"call_for\" must be a duration such as \"250ms\", \"10s\", \"30min\" or \"2h\""}},
      {"too short", "[session]\ncall_for = \"999ms\"\n", {"box.toml:2:12: \"call_for\" must be from 1s to 1h"}},
      {"too long",
       "[schedule]\nwindow_before = \"25h\"\n",
       {"box.toml:2:17: \"window_before\" must be from 0s to 24h"}},
      {"an unknown word", "[box]\nboard = \"pi\"\n", {"box.toml:2:9: \"board\" must be one of: fake, linux"}},
      {"another unknown word",
       "[media]\nmicrophone = \"x\"\n",
       {"box.toml:2:14: \"microphone\" must be one of: simulated, silent"}},
      {"a string for a table", "box = \"h\"\n", {"box.toml:1:7: \"box\" must be a table: [box]"}},
      {"a table for a list of them",
       "[feed]\nname = \"a\"\n",
       {"box.toml:1:1: \"feed\" must be a list of tables: [[feed]]"}},
      {"an office without anything",
       "[[office]]\n",
       {"box.toml:1:1: \"origin\" is missing in [[office]]", "box.toml:1:1: \"token\" is missing in [[office]]"}},
      {"an office with a path",
       "[[office]]\norigin = \"https://desk.example/x\"\n" + token,
       {"box.toml:2:10: write the server alone, without a path"}},
      {"a feed without anything",
       "[[feed]]\n",
       {"box.toml:1:1: \"name\" is missing in [[feed]]", "box.toml:1:1: \"url\" is missing in [[feed]]"}},
      {"a feed without a name's letters",
       "[[feed]]\nname = \"\"\nurl = \"https://desk.example/a.ics\"\n",
       {"box.toml:2:8: a feed's name is made of a-z, 0-9 and dashes"}},
      {"a feed's name that is a path",
       "[[feed]]\nname = \"../a\"\nurl = \"https://desk.example/a.ics\"\n",
       {"box.toml:2:8: a feed's name is made of a-z, 0-9 and dashes"}},
      {"two feeds of one name", kFeed + kFeed, {"box.toml:5:8: two feeds have this name"}},
      {"too often", kFeed + "every = \"0s\"\n", {"box.toml:4:9: \"every\" must be from 1s to 24h"}},
      {"an office in the clear",
       "[[office]]\norigin = \"http://desk.example\"\n" + token,
       {"box.toml:2:10: http:// is for this machine itself only; use https://"}},
      {"a feed in the clear",
       "[[feed]]\nname = \"a\"\nurl = \"http://192.168.1.5/a.ics\"\n",
       {"box.toml:3:7: http:// is for this machine itself only; use https://"}},
      {"a feed in the clear with a deceiving name",
       "[[feed]]\nname = \"a\"\nurl = \"http://127.0.0.1.example/a.ics\"\n",
       {"box.toml:3:7: http:// is for this machine itself only; use https://"}},
      {"a feed by FTP",
       "[[feed]]\nname = \"a\"\nurl = \"ftp://desk.example/a.ics\"\n",
       {"box.toml:3:7: the URL must begin with https:// (or http:// for this machine itself)"}},
      {"a password in a URL",
       "[[feed]]\nname = \"a\"\nurl = \"https://me:pw@desk.example/a.ics\"\n",
       {"box.toml:3:7: the URL may not hold a user or password; give them in their own settings"}},
      {"a link without anything",
       "[[link]]\n",
       {"box.toml:1:1: \"feeds\" is missing in [[link]]", "box.toml:1:1: \"link\" is missing in [[link]]"}},
      {"a link without a server",
       kFeed + "[[link]]\nfeeds = [\"a\"]\nlink = \"rooms\"\n",
       {"box.toml:6:8: \"link\" must be scheme, server and a pattern for the path"}},
      {"a link for a feed that is not there",
       kFeed + "[[link]]\nfeeds = [\"a\", \"b\"]\nlink = \"https://desk.example/(?P<x>[a-z]+)\"\n[[link.seat]]\n"
               "play = \"https://desk.example/{x}\"\n",
       {"box.toml:5:9: there is no feed \"b\""}},
      {"an ICE server without a URL",
       "[[media.ice_server]]\n",
       {"box.toml:1:1: \"url\" is missing in [[media.ice_server]]"}},
      {"an ICE server of no known kind",
       "[[media.ice_server]]\nurl = \"nonsense\"\n",
       {"box.toml:2:7: an ICE server is stun:HOST:PORT, turn:HOST:PORT or turns:HOST:PORT"}},
      {"an ICE server without a host",
       "[[media.ice_server]]\nurl = \"stun:\"\n",
       {"box.toml:2:7: an ICE server is stun:HOST:PORT, turn:HOST:PORT or turns:HOST:PORT"}},
      {"an ICE server written as a page's address",
       "[[media.ice_server]]\nurl = \"stun://stun.example:3478\"\n",
       {"box.toml:2:7: an ICE server is stun:HOST:PORT, turn:HOST:PORT or turns:HOST:PORT"}},
      {"an ICE server with a space",
       "[[media.ice_server]]\nurl = \"stun: stun.example:3478\"\n",
       {"box.toml:2:7: an ICE server is stun:HOST:PORT, turn:HOST:PORT or turns:HOST:PORT"}},
      {"a time zone that is not there",
       "[schedule]\ntime_zone = \"Asia/Tokio\"\n",
       {"box.toml:2:13: no time zone has this name; the nearest is \"Asia/Tokyo\""}},
      {"a time zone of small letters",
       "[schedule]\ntime_zone = \"asia/tokyo\"\n",
       {"box.toml:2:13: no time zone has this name; the nearest is \"Asia/Tokyo\""}},
      {"a time zone of no near name",
       "[schedule]\ntime_zone = \"the hall's own time\"\n",
       {"box.toml:2:13: no time zone has this name; one is written \"Asia/Tokyo\""}},
      {"an empty time zone",
       "[schedule]\ntime_zone = \"\"\n",
       {"box.toml:2:13: no time zone has this name; one is written \"Asia/Tokyo\""}},
      {"a file beside the time zones",
       "[schedule]\ntime_zone = \"tzdata.zi\"\n",
       {"box.toml:2:13: no time zone has this name; one is written \"Asia/Tokyo\""}},
      {"a folder of time zones",
       "[schedule]\ntime_zone = \"America/Indiana\"\n",
       {"box.toml:2:13: no time zone has this name; one is written \"Asia/Tokyo\""}},
      {"a time zone that is a way out",
       "[schedule]\ntime_zone = \"../zoneinfo/Asia/Tokyo\"\n",
       {"box.toml:2:13: no time zone has this name; one is written \"Asia/Tokyo\""}},
      {"two seats of one id",
       kFeed + "[[link]]\nfeeds = [\"a\"]\nlink = \"https://desk.example/(?P<x>[a-z]+)\"\n[[link.seat]]\n"
               "play = \"https://desk.example/{x}\"\n[[link.seat]]\nid = \"counsellor\"\n"
               "play = \"https://desk.example/2/{x}\"\n",
       {"box.toml:10:6: two seats of this link have the id \"counsellor\""}},
      {"two seats that are not named",
       kFeed + "[[link]]\nfeeds = [\"a\"]\nlink = \"https://desk.example/(?P<x>[a-z]+)\"\n[[link.seat]]\n"
               "play = \"https://desk.example/{x}\"\n[[link.seat]]\nplay = \"https://desk.example/2/{x}\"\n",
       {"box.toml:9:1: two seats of this link have the id \"counsellor\""}},
      {"a token file that is not there",
       "[[office]]\norigin = \"https://desk.example\"\ntoken_file = \"/nowhere/token\"\n",
       {"box.toml:3:14: reading /nowhere/token: No such file or directory"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(problems(row.text) == row.wanted);
  }
}

TEST_CASE("a link rule's mistakes are told at its link, without a rule number that means nothing") {
  const auto said = problems(kFeed +
                             "[[link]]\nfeeds = [\"a\"]\nlink = \"https://desk.example/(?P<x>[a-z]+)\"\n"
                             "[[link.seat]]\nplay = \"http://desk.example/{x}\"\n");
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("box.toml:6:8: ") == 0);
  CHECK(said[0].find("use https://") != std::string::npos);
  CHECK(said[0].find("link rule") == std::string::npos);
}

TEST_CASE("all mistakes are told at once, in their order, and what is right is read all the same") {
  const auto loaded = config::parse(
      "[box]\nhall = \"North\"\nsokcet = \"/x\"\nboard = 3\n[media]\nfps = 1000\nwidth = 640\n[[feed]]\nname = \"a\"\n"
      "url = \"http://desk.example/a.ics\"\nevery = \"soon\"\n",
      "box.toml");
  Strings said;
  for (const auto& each : loaded.problems) said.push_back(to_string(each));
  CHECK(said == Strings{
                    "box.toml:3:1: unknown key \"sokcet\"; the nearest known key is \"socket\"",
                    "box.toml:4:9: \"board\" must be a string, not an integer",
                    "box.toml:6:7: \"fps\" must be from 1 to 60",
                    "box.toml:10:7: http:// is for this machine itself only; use https://",
                    "box.toml:11:9: \"every\" must be a duration such as \"250ms\", \"10s\", \"30min\" or \"2h\"",
                });
  CHECK(loaded.config.box.hall == "North");
  CHECK(loaded.config.media.width == 640);
  CHECK(loaded.config.media.fps == 30);
}

TEST_CASE("text that is not TOML is told with its place, alone") {
  for (const std::string text : {"[box\n", "hall =\n", "= 1\n", "[box]\nhall = \"a\nb\"\n", "[box]\n[box]\n",
                                 "\xff\xfe", "a = 1\na = 2\n", "{\"box\": 1}"}) {
    CAPTURE(text);
    const auto loaded = config::parse(text, "box.toml");
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].file == "box.toml");
    CHECK(loaded.problems[0].line >= 1);
    CHECK(loaded.problems[0].column >= 1);
    CHECK_FALSE(loaded.problems[0].message.empty());
  }
  CHECK(problems("[box]\nhall = \"a\ntelephone = 1\n").front().find("box.toml:2:") == 0);
}

TEST_CASE("what a time zone and an ICE server may be") {
  for (const std::string zone : {"Asia/Tokyo", "UTC", "America/Indiana/Knox", "Etc/GMT-9"}) {
    CAPTURE(zone);
    CHECK(problems("[schedule]\ntime_zone = \"" + zone + "\"\n").empty());
  }
  for (const std::string url : {"stun:stun.example:3478", "turn:turn.example:3478?transport=udp",
                                "turns:turn.example:443?transport=tcp", "stun:[2001:db8::1]:3478"}) {
    CAPTURE(url);
    CHECK(problems("[[media.ice_server]]\nurl = \"" + url + "\"\n").empty());
  }
}

TEST_CASE("plain http is for this machine itself") {
  for (const std::string host : {"127.0.0.1:8080", "localhost", "[::1]:80", "127.9.9.9"}) {
    CAPTURE(host);
    CHECK(problems("[[feed]]\nname = \"a\"\nurl = \"http://" + host + "/a.ics\"\n").empty());
    CHECK(problems("[[office]]\ntoken = \"t\"\norigin = \"http://" + host + "\"\n").empty());
  }
}

TEST_CASE("an origin is written out with its port") {
  const auto loaded = config::parse("[[office]]\norigin = \"https://Desk.Example\"\ntoken = \"t\"\n", "f");
  REQUIRE(loaded.config.offices.size() == 1);
  CHECK(loaded.config.offices[0].origin == "https://desk.example:443");
}

TEST_CASE("a token may lie in a file of its own") {
  const auto file = temporary("secret-token\n");
  const auto loaded =
      config::parse("[[office]]\norigin = \"https://desk.example\"\ntoken_file = \"" + file.native() + "\"\n", "f");
  CHECK(loaded.problems.empty());
  CHECK(loaded.config.offices.at(0).token == "secret-token");
  std::ofstream(file, std::ios::trunc) << "\n";
  CHECK(problems("[[office]]\norigin = \"https://desk.example\"\ntoken_file = \"" + file.native() + "\"\n") ==
        Strings{"box.toml:1:1: \"token\" is missing in [[office]]"});
  std::filesystem::remove(file);
}

TEST_CASE("a secret is in no problem") {
  const auto said = problems(
      "[[office]]\norigin = \"http://desk.example/pathsecret\"\ntoken = [\"tokensecret\"]\n[[feed]]\nname = \"a\"\n"
      "url = \"http://desk.example/calendars/urlsecret.ics\"\npassword = { x = \"passwordsecret\" }\nbearer = 7\n");
  CHECK(said.size() >= 4);
  for (const std::string& line : said) CHECK(line.find("secret") == std::string::npos);
}

TEST_CASE("a file is read, and one that can not be is an error with its name") {
  const auto file = temporary("[box]\nhal = \"h\"\n");
  const auto loaded = config::load(file);
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->problems.size() == 1);
  CHECK(to_string(loaded->problems[0]) ==
        file.native() + ":2:1: unknown key \"hal\"; the nearest known key is \"hall\"");
  std::filesystem::remove(file);
  const auto missing = config::load(file);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == Errc::not_found);
  CHECK(missing.error().message.find(file.native()) != std::string::npos);
  const auto folder = config::load("/proc/self");
  REQUIRE_FALSE(folder.has_value());
  CHECK(folder.error().message.find("/proc/self") != std::string::npos);
  const auto unreadable = config::load("/proc/self/mem");  // root may open all else
  REQUIRE_FALSE(unreadable.has_value());
  const auto large = temporary(std::string(1024 * 1024 + 1, '#'));
  const auto refused = config::load(large);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::too_large);
  std::filesystem::remove(large);
}

TEST_CASE("a camera is the simulated one, a node, or chosen by rules in their order") {
  CHECK(config::parse("[camera]\ndevice = \"/dev/video3\"\n", "f").config.camera.device == "/dev/video3");
  const auto ruled =
      config::parse("[[camera.rule]]\nserial = \"A1\"\nusb_path = \"1-1.2\"\n[[camera.rule]]\nname = \"C920\"\n", "f");
  CHECK(ruled.problems.empty());
  CHECK(ruled.config.camera.device == "auto");
  REQUIRE(ruled.config.camera_rules.size() == 2);
  CHECK(ruled.config.camera_rules[0].serial == "A1");
  CHECK(ruled.config.camera_rules[0].usb_path == "1-1.2");
  CHECK(ruled.config.camera_rules[1].name == "C920");
  const auto wrong = config::parse("[camera]\ndevice = \"video0\"\n[[camera.rule]]\n", "f");
  REQUIRE(wrong.problems.size() == 2);
  CHECK(wrong.problems[0].message.find("a device's absolute path") != std::string::npos);
  CHECK(wrong.problems[1].message.find("madoguchi devices") != std::string::npos);
}
