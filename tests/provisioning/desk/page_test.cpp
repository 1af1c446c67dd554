// SPDX-License-Identifier: Apache-2.0
// What a counsellor's browser may and may not ask of the real desk; what is kept over a restart, and who can read it.
#include <sys/stat.h>

#include "tests/provisioning/desk/office.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr const char* kPassword = "kumquat-47-anchor";

/// With one hall, and a counsellor who is logged in.
struct Day : Office {
  Day() {
    hall = add_hall("south", "南公民館");
    command({"add-counsellor", "sato"}, std::string(kPassword) + "\n");
    start();
    page.emplace(*this);
    REQUIRE(page->log_in("sato", kPassword).status == 200);
  }
  object booking(const char* start, int minutes) { return {{"hall", "south"}, {"start", start}, {"minutes", minutes}}; }
  json::bj::array list(const std::string& day) {
    const HttpResponse response = page->send("GET", "/api/bookings?day=" + day);
    REQUIRE(response.status == 200);
    return json::bj::parse(response.body).as_array();
  }
  HallKeys hall;
  std::optional<PageCaller> page;
};

/// A year that the desk still books ahead: next year's 1st of February or this one's.
std::string day_ahead() {
  const auto now = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::chrono::year_month_day day(now + std::chrono::days(40));
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                static_cast<unsigned>(day.day()));
  return text;
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_mode & 0777U;
}

}  // namespace

TEST_CASE("serve: loopback only, one line with the address, everything readable by its owner alone, a graceful end") {
  Day day;
  for (const auto& file : std::filesystem::directory_iterator(day.folder / "data")) CHECK(mode_of(file) == 0600);
  CHECK(mode_of(day.folder / "data") == 0700);
  const std::string line = day.desk.output();
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);

  for (const char* address : {"0.0.0.0:0", "192.0.2.1:0", "[::]:0", "example.com:80"}) {
    Program other(day.io, day.folder.path(), "other");
    other.start("madoguchi-desk", {"serve", "--data", day.folder / "data", "--listen", address});
    INFO(address);
    CHECK(other.wait() != 0);
    CHECK(other.output().empty());
  }
  CHECK(read_text(day.folder / "other.err").find("TLS") != std::string::npos);

  const ListenerPtr stream = day.listen(day.page->request("GET", "/api/stream"));
  CHECK(stream->status == 200);
  CHECK(day.stop() == 0);
  CHECK(day.until([&] { return stream->over; }));
}

TEST_CASE("a login: its cookie, its end, and nothing of it in the log") {
  Day day;
  PageCaller stranger(day);
  CHECK(stranger.send("GET", "/api/me").status == 401);
  CHECK(stranger.log_in("sato", "wrong").status == 401);
  CHECK(stranger.log_in("nobody", kPassword).status == 401);
  const HttpResponse in = stranger.log_in("sato", kPassword);
  REQUIRE(in.status == 200);
  const std::string cookie = in.header("set-cookie").value_or("");
  CHECK(cookie.rfind("madoguchi=", 0) == 0);
  for (const char* part : {"HttpOnly", "SameSite=Strict", "Path=/"}) CHECK(cookie.find(part) != std::string::npos);
  const HttpResponse me = stranger.send("GET", "/api/me");
  CHECK(me.status == 200);
  CHECK(json::parse_object(me.body).value() == object{{"name", "sato"}, {"csrf", stranger.csrf}});
  CHECK(me.header("cache-control").value_or("") == "no-store");
  CHECK(stranger.send("POST", "/api/logout").status == 204);
  CHECK(stranger.send("GET", "/api/me").status == 401);
  CHECK(day.page->send("GET", "/api/me").status == 200);
  const std::string value = day.page->cookie.substr(day.page->cookie.find('=') + 1);
  for (const std::string& secret : {value, day.page->csrf, std::string(kPassword), day.hall.token}) {
    CHECK(day.desk.errors().find(secret) == std::string::npos);
    CHECK(read_text(day.folder / "data/desk.sqlite3").find(secret == day.page->csrf ? "none" : secret) ==
          std::string::npos);
  }
}

TEST_CASE("five wrong passwords: the sixth try waits, even with the right one - others do not") {
  Day day;
  day.command({"add-counsellor", "suzuki"}, "yane-no-ue-7\n");
  PageCaller stranger(day);
  for (int i = 0; i < 5; ++i) CHECK(stranger.log_in("sato", "wrong").status == 401);
  const HttpResponse refused = stranger.log_in("sato", kPassword);
  CHECK(refused.status == 429);
  const int after = std::stoi(refused.header("retry-after").value_or("0"));
  CHECK(after > 0);
  CHECK(after <= 900);
  CHECK(stranger.log_in("suzuki", "yane-no-ue-7").status == 200);
  CHECK(day.page->send("GET", "/api/me").status == 200);
}

TEST_CASE("add-hall for a hall that is there says that the old token and calendar path are void") {
  Day day;
  const object again = day.command({"add-hall", "south", "南公民館"});
  CHECK(again.at("renewed") == true);
  CHECK(text_of(again, "token") != day.hall.token);
  CHECK(text_of(again, "calendar_path") != day.hall.calendar_path);
  CHECK(day.command({"add-hall", "north", "北部センター"}).at("renewed") == false);
  const std::string words = run_program(day.io, day.folder.path(), "madoguchi-desk",
                                        {"add-hall", "south", "南", "--data", day.folder / "data"});
  CHECK(words.find("void from now on") != std::string::npos);
}

TEST_CASE("no verb, and one that is not there, teach: what there is, an example, the nearest") {
  Day day;
  const auto said = [&day](std::vector<std::string> arguments) {
    std::filesystem::remove(day.folder / "wrong.err");
    Program wrong(day.io, day.folder.path(), "wrong");
    wrong.start("madoguchi-desk", std::move(arguments));
    CHECK(wrong.wait() == 2);
    return read_text(day.folder / "wrong.err");
  };
  for (const char* part : {"say what to do", "add-hall  ", "serve  ", "For example:", "add-hall chuo"}) {
    CHECK(said({}).find(part) != std::string::npos);
  }
  CHECK(said({"add-hal", "x"}).find(R"(there is no "add-hal"; the nearest is "add-hall")") != std::string::npos);
  CHECK(said({"frobnicate"}).find("nearest") == std::string::npos);
  CHECK(day.command({"edit-hall", "south", "--telephone", "0123"}).at("telephone") == "0123");
  CHECK(day.command({"edit-hall", "south", "--address", "1-2-3"}).at("telephone") == "0123");
  CHECK(day.command({"add-department", "福祉課"}).at("department") == "福祉課");
}

TEST_CASE("a request from elsewhere: foreign Origin, no CSRF token, another Host") {
  Day day;
  const object body = day.booking((day_ahead() + "T01:00:00Z").c_str(), 30);
  const auto status = [&](auto change) {
    PageCaller caller = *day.page;
    change(caller);
    return caller.send("POST", "/api/bookings", body).status;
  };
  CHECK(status([](PageCaller& c) { c.origin = "http://evil.example"; }) == 403);
  CHECK(status([](PageCaller& c) { c.origin = "null"; }) == 403);
  CHECK(status([](PageCaller& c) { c.origin.clear(); }) == 403);
  CHECK(status([](PageCaller& c) { c.csrf.clear(); }) == 403);
  CHECK(status([](PageCaller& c) { c.csrf[0] = c.csrf[0] == 'a' ? 'b' : 'a'; }) == 403);
  CHECK(status([](PageCaller& c) { c.cookie.clear(); }) == 401);
  PageCaller elsewhere(day);
  elsewhere.origin = "http://evil.example";
  CHECK(elsewhere.log_in("sato", kPassword).status == 403);
  for (const char* path : {"/", "/api/me"}) {
    HttpRequest request = day.page->request("GET", path);
    request.headers.emplace_back("Host", "evil.example");
    const auto answered = day.send(std::move(request)).status;
    CHECK(answered >= 400);
  }
  CHECK(day.list(day_ahead()).empty());
  CHECK(status([](PageCaller&) {}) == 201);
  CHECK(day.list(day_ahead()).size() == 1);
}

TEST_CASE("bookings: made, refused, cancelled - every page hears of it") {
  Day day;
  const std::string date = day_ahead();
  const ListenerPtr stream = day.listen(day.page->request("GET", "/api/stream"));
  const HttpResponse made =
      day.page->send("POST", "/api/bookings", day.booking((date + "T10:00:00+09:00").c_str(), 45));
  REQUIRE(made.status == 201);
  const object booking = json::parse_object(made.body).value();
  CHECK(text_of(booking, "start") == date + "T01:00:00Z");
  CHECK(text_of(booking, "end") == date + "T01:45:00Z");
  CHECK(text_of(booking, "hall_name") == "南公民館");
  CHECK(text_of(booking, "state") == "booked");
  const std::string receipt = text_of(booking, "receipt");
  CHECK_FALSE(receipt.empty());
  CHECK(receipt.size() <= 8);
  CHECK(receipt.find_first_not_of("0123456789") == std::string::npos);
  CHECK(text_of(booking, "room").size() >= 22);
  CHECK(day.until([&] { return stream->find("bookings", "day", date) != nullptr; }));

  const auto status = [&](const object& body) { return day.page->send("POST", "/api/bookings", body).status; };
  const auto refused = [&](const object& body) {
    const HttpResponse reply = day.page->send("POST", "/api/bookings", body);
    const object words = json::parse_object(reply.body).value();
    CHECK_FALSE(text_of(words, "error").empty());
    return std::to_string(reply.status) + " " + text_of(words, "code");
  };
  CHECK(refused(day.booking((date + "T01:30:00Z").c_str(), 30)) == "409 taken");
  CHECK(refused(day.booking((date + "T00:30:00Z").c_str(), 31)) == "409 taken");
  CHECK(status(day.booking((date + "T00:30:00Z").c_str(), 30)) == 201);
  CHECK(status(day.booking((date + "T01:45:00Z").c_str(), 30)) == 201);
  CHECK(refused(day.booking("2020-01-01T00:00:00Z", 30)) == "422 in-the-past");
  CHECK(refused(day.booking("2099-01-01T00:00:00Z", 30)) == "422 too-far-ahead");
  CHECK(refused(day.booking("tomorrow", 30)) == "422 not-a-time");
  CHECK(refused(day.booking((date + "T05:00:00Z").c_str(), 0)) == "422 minutes");
  CHECK(refused(day.booking((date + "T05:00:00Z").c_str(), 100000)) == "422 minutes");
  CHECK(refused({{"hall", "moon"}, {"start", date + "T05:00:00Z"}, {"minutes", 30}}) == "422 unknown-hall");
  CHECK(refused({{"hall", "south"}}) == "422 incomplete");

  const json::bj::array list = day.list(date);
  REQUIRE(list.size() == 3);
  CHECK(text_of(list[0].as_object(), "start") == date + "T00:30:00Z");
  CHECK(text_of(list[1].as_object(), "receipt") == receipt);
  CHECK(day.page->send("DELETE", "/api/bookings/" + receipt).status == 204);
  CHECK(day.page->send("DELETE", "/api/bookings/999999").status == 404);
  CHECK(text_of(day.list(date)[1].as_object(), "state") == "cancelled");
  CHECK(status(day.booking((date + "T01:00:00Z").c_str(), 45)) == 201);
  CHECK(day.page->send("GET", "/api/bookings?day=today").status == 422);
  CHECK(
      json::bj::parse(day.page->send("GET", "/api/halls").body) ==
      json::bj::value(json::bj::array{object{
          {"id", "south"}, {"name", "南公民館"}, {"address", ""}, {"room", ""}, {"telephone", ""}, {"staffed", ""}}}));
}

TEST_CASE("a command's booking, of any day, is heard while the desk runs - a restart keeps bookings and logins") {
  Day day;
  const ListenerPtr stream = day.listen(day.page->request("GET", "/api/stream"));
  const std::string date = day_ahead();
  const object booked = day.command({"book", "south", date + "T10:00:00+09:00", "30"});
  CHECK(day.until([&] { return stream->find("bookings", "day", date) != nullptr; }));
  const object before = day.list(date).at(0).as_object();
  CHECK(text_of(before, "receipt") == text_of(booked, "receipt"));
  CHECK(text_of(before, "room") == text_of(booked, "room"));
  REQUIRE(day.stop() == 0);
  day.start();
  CHECK(day.list(date).at(0).as_object() == before);
}

TEST_CASE("the page's files and nothing else, under a policy that lets nothing in from elsewhere") {
  Day day;
  const HttpResponse root = day.send(day.request("GET", "/"));
  CHECK(root.status == 200);
  CHECK(root.body.find("<!doctype html>") != std::string::npos);
  for (const char* path : {"/", "/main.js", "/api/me", "/nothing"}) {
    const HttpResponse response = day.send(day.request("GET", path));
    INFO(path);
    CHECK(response.header("content-security-policy").value_or("") ==
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
          "media-src 'self' blob:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'");
    CHECK(response.header("x-content-type-options").value_or("") == "nosniff");
    CHECK(response.header("referrer-policy").value_or("") == "no-referrer");
  }
  const std::string host = day.listen_on;
  for (const char* path :
       {"/../desk.sqlite3", "/..%2fmain.cpp", "/%2e%2e/main.cpp", "/page/../../main.cpp", "//etc/passwd",
        "/..\\main.cpp", "/index.html%00.js", "/./index.html/..", "/main.js/", "/.git/config"}) {
    const std::string said =
        day.raw("GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    INFO(path << "\n" << said);
    CHECK(said.rfind("HTTP/1.1 40", 0) == 0);
  }
}

TEST_CASE("too large and malformed requests are refused, HEAD has no body, and the desk goes on") {
  Day day;
  const std::string head = "Host: " + day.listen_on + "\r\n";
  CHECK(day.raw("GET / HTTP/1.1\r\n" + head + "X-Long: " + std::string(20000, 'x') + "\r\n\r\n").find(" 431 ") == 8);
  CHECK(day.raw("POST /api/login HTTP/1.1\r\n" + head + "Content-Length: 1000000\r\n\r\n{").find(" 413 ") == 8);
  CHECK(day.raw("NONSENSE\r\n\r\n").find(" 400 ") == 8);
  CHECK(day.raw("GET http://evil.example/ HTTP/1.1\r\n" + head + "Connection: close\r\n\r\n").find(" 400 ") == 8);
  for (const char* path : {"/", "/nothing", "/api/me"}) {
    const std::string said =
        day.raw("HEAD " + std::string(path) + " HTTP/1.1\r\n" + head + "Connection: close\r\n\r\n");
    INFO(said);
    CHECK(said.rfind("\r\n\r\n") == said.size() - 4);
  }
  CHECK(day.page->send("GET", "/api/me").status == 200);
}
