// SPDX-License-Identifier: Apache-2.0
// What the desk's commands refuse because it could never work, and how they ask for a password on a terminal.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>

#include "tests/provisioning/desk/office.hpp"
#include "tests/support/catch.hpp"

using namespace std::chrono_literals;
using namespace madoguchi;
using namespace madoguchi::test;

namespace {

constexpr const char* kPassword = "kumquat-47-anchor";

/// How one of the commands ends, and what it says.
struct Ended {
  int status = -1;
  std::string words;
};
Ended run(Office& office, std::vector<std::string> arguments, const std::string& input = {}) {
  std::filesystem::remove(office.folder / "once.err");
  Program once(office.io, office.folder.path(), "once");
  arguments.insert(arguments.end(), {"--data", office.folder / "data"});
  once.start("madoguchi-desk", std::move(arguments), input);
  const int status = once.wait();
  return {status, once.errors()};
}

/// add-counsellor on a terminal of its own.
class Terminal {
 public:
  Terminal(const Office& office, const char* name) : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(master_ >= 0);
    REQUIRE(::grantpt(master_) == 0);
    REQUIRE(::unlockpt(master_) == 0);
    const std::string slave = ::ptsname(master_);
    const std::string program = MADOGUCHI_BIN "/madoguchi-desk";
    const std::string data = office.folder / "data";
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ::setsid();
      const int own = ::open(slave.c_str(), O_RDWR);  // which makes it the session's
      for (int descriptor : {0, 1, 2}) ::dup2(own, descriptor);
      ::execl(program.c_str(), program.c_str(), "add-counsellor", name, "--data", data.c_str(), nullptr);
      ::_exit(127);
    }
    // Kept open: how the echo is can be seen after the program's end.
    slave_ = ::open(slave.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(master_);
    ::close(slave_);
  }

  /// Waits for words that the program has not said before.
  bool shows(const std::string& words) {
    while (said_.find(words, seen_) == std::string::npos) {
      pollfd ready{master_, POLLIN, 0};
      char bytes[256];
      if (::poll(&ready, 1, 20000 * kSlow) != 1) return false;
      const ssize_t count = ::read(master_, bytes, sizeof bytes);
      if (count <= 0) return false;
      said_.append(bytes, static_cast<std::size_t>(count));
    }
    seen_ = said_.find(words, seen_) + words.size();
    return true;
  }
  void types(const std::string& keys) { CHECK(::write(master_, keys.data(), keys.size()) == std::ssize(keys)); }
  [[nodiscard]] bool echoes() const {
    termios now{};
    REQUIRE(::tcgetattr(slave_, &now) == 0);
    return (now.c_lflag & ECHO) != 0;
  }
  /// The exit status, or 128 and the signal.
  int end() {
    int status = 0;
    REQUIRE(::waitpid(child_, &status, 0) == child_);
    child_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  [[nodiscard]] const std::string& said() const { return said_; }

 private:
  int master_, slave_ = -1;
  pid_t child_ = -1;
  std::string said_;
  std::size_t seen_ = 0;
};

}  // namespace

TEST_CASE("add-counsellor refuses what can never log in, in words, and nothing is changed") {
  Office office;
  office.command({"add-counsellor", "sato"}, std::string(kPassword) + "\n");
  const std::string good = std::string(kPassword) + "\n";
  const std::tuple<std::string, std::string, const char*> bad[] = {
      {"", good, "nothing in it"},
      {" \u3000", good, "nothing in it"},
      {std::string(101, 'a'), good, "at most 100 bytes"},
      {"\x8d\xb2\x93\xa1", good, "UTF-8"},
      {"sa\nto", good, "control characters"},
      {"sato", "", "no password came"},
      {"sato", "\n", "at least 8 characters"},
      {"sato", "seven-7\n", "at least 8 characters"},
      {"sato", "ひらがな七文字\n", "at least 8 characters"},
      {"sato", std::string(1001, 'x') + "\n", "at most 1000 bytes"},
      {"sato", "\x83\x70\x83\x58\x83\x8f\x81\x5b\x83\x68\n", "no browser sends"},
      {"sato", "tab\tin-it-47\n", "no browser sends"}};
  for (const auto& [name, password, words] : bad) {
    CAPTURE(name, password);
    const Ended ended = run(office, {"add-counsellor", name}, password);
    CHECK(ended.status == 2);
    CHECK(ended.words.find(words) != std::string::npos);
  }
  office.start();
  PageCaller page(office);
  CHECK(page.log_in("sato", kPassword).status == 200);
  CHECK(run(office, {"add-counsellor", "suzuki"}, "eight-88\r\n").status == 0);
  CHECK(page.log_in("suzuki", "eight-88").status == 200);
}

TEST_CASE("a counsellor's name is known whatever its case and the blanks at its ends") {
  Office office;
  office.command({"add-counsellor", " Sato Hanako"}, std::string(kPassword) + "\n");
  office.start();
  PageCaller page(office);
  for (const char* name : {"Sato Hanako", "sato hanako", "SATO HANAKO ", "\u3000sato Hanako\t"}) {
    CAPTURE(name);
    const HttpResponse in = page.log_in(name, kPassword);
    REQUIRE(in.status == 200);
    CHECK(text_of(json::parse_object(in.body).value(), "name") == "Sato Hanako");
  }
  for (const char* name : {"SatoHanako", "sato", "sato hanako x"}) CHECK(page.log_in(name, kPassword).status == 401);
  // A second login that only differs so would be a trap: the first one gets the password.
  CHECK(text_of(office.command({"add-counsellor", "sato hanako"}, "another-47-kumquat\n"), "counsellor") ==
        "Sato Hanako");
  CHECK(page.log_in("Sato Hanako", kPassword).status == 401);
  CHECK(page.log_in("Sato Hanako", "another-47-kumquat").status == 200);
}

TEST_CASE("what is not UTF-8 never becomes a hall, its facts or a department - a page could not show it") {
  Office office;
  office.command({"add-hall", "south", "南公民館"});
  const std::string cp932 = "\x92\x86\x89\x9b";
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"add-hall", "north", cp932},
                                                    {"add-hall", "south", cp932},
                                                    {"edit-hall", "south", "--name", cp932},
                                                    {"edit-hall", "south", "--address", cp932},
                                                    {"edit-hall", "south", "--staffed", cp932},
                                                    {"add-department", cp932}}) {
    CAPTURE(arguments);
    const Ended ended = run(office, arguments);
    CHECK(ended.status == 1);
    CHECK(ended.words.find("UTF-8") != std::string::npos);
  }
  CHECK(run(office, {"add-department", "二十一文字もある名前の課は画面にはいらない"}).words.find("20 characters") !=
        std::string::npos);
  const object hall = office.command({"edit-hall", "south", "--address", " 1-2-3 "});
  CHECK(text_of(hall, "name") == "南公民館");
  CHECK(text_of(hall, "address") == "1-2-3");
  CHECK(text_of(office.command({"edit-hall", "south", "--address", ""}), "address").empty());
}

TEST_CASE("on a terminal a password is asked twice, and never shown") {
  Office office;
  {
    Terminal terminal(office, "sato");
    REQUIRE(terminal.shows("Password: "));
    CHECK_FALSE(terminal.echoes());
    terminal.types(std::string(kPassword) + "\n");
    REQUIRE(terminal.shows("again: "));
    CHECK_FALSE(terminal.echoes());
    terminal.types(std::string(kPassword) + "\n");
    CHECK(terminal.shows("sato can log in"));
    CHECK(terminal.end() == 0);
    CHECK(terminal.echoes());
    CHECK(terminal.said().find(kPassword) == std::string::npos);
  }
  {
    Terminal terminal(office, "sato");
    REQUIRE(terminal.shows("Password: "));
    terminal.types("another-47-kumquat\n");
    REQUIRE(terminal.shows("again: "));
    terminal.types("another-47-kumqat\n");
    CHECK(terminal.shows("not the same"));
    CHECK(terminal.end() == 2);
    CHECK(terminal.echoes());
  }
  {
    Terminal terminal(office, "sato");
    REQUIRE(terminal.shows("Password: "));
    CHECK_FALSE(terminal.echoes());
    terminal.types("\x03");  // Ctrl-C
    CHECK(terminal.end() == 128 + SIGINT);
    CHECK(terminal.echoes());
  }
  office.start();
  PageCaller page(office);
  CHECK(page.log_in("sato", kPassword).status == 200);
}

TEST_CASE("serve: --listen takes an IPv6 address, and refuses what it cannot read") {
  Office office;
  for (const char* address : {"127.0.0.1:80x", "127.0.0.1:", "::1", "localhost:8080"}) {
    CAPTURE(address);
    const Ended ended = run(office, {"serve", "--listen", address});
    CHECK(ended.status == 2);
    CHECK(ended.words.find("such as 127.0.0.1:8080 or [::1]:8080") != std::string::npos);
  }
  boost::system::error_code error;
  asio::ip::tcp::acceptor probe(office.io);
  probe.open(asio::ip::tcp::v6(), error);
  if (!error) probe.bind({asio::ip::address_v6::loopback(), 0}, error);
  if (error) {
    WARN("this machine has no IPv6 loopback");
    return;
  }
  office.command({"add-counsellor", "sato"}, std::string(kPassword) + "\n");
  office.listen_on = "[::1]:0";
  office.start();
  CHECK(office.origin.rfind("http://[::1]:", 0) == 0);
  PageCaller page(office);
  CHECK(page.log_in("sato", kPassword).status == 200);
  CHECK(page.send("GET", "/api/me").status == 200);
}
