// SPDX-License-Identifier: Apache-2.0
// Every process killed or stopped, while idle, calling and talking: the consultation continues, or is offered again.
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "tests/firmware/daemon/box_and_office.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::test;
using namespace std::chrono_literals;
using json::bj::object;

namespace {

enum class When { idle, calling, talking };

const char* words(When when) {
  if (when == When::idle) return "idle";
  return when == When::calling ? "calling" : "talking";
}

bool reach(BoxAndOffice& it, When when) {
  if (when == When::idle) return it.idle();
  return when == When::calling ? it.calling() : it.talking();
}

/// What the resident was in the middle of goes on, as far as a far end can see.
void goes_on(BoxAndOffice& it, When when) {
  if (when == When::idle) {
    REQUIRE(it.idle());
    it.box.press();
  }
  if (when != When::talking) it.office.seat(true);
  const bool talks = it.talks();
  INFO(json::bj::serialize(it.box.last) << "\n" << it.box.log());
  REQUIRE(talks);
  // Pictures flow both ways, now.
  const double decoded = number_at(leg_of(it.box.last, "play"), "frames");
  CHECK(it.box.until([decoded](const object& now) { return number_at(leg_of(now, "play"), "frames") > decoded + 5; },
                     10s));
  const auto received = [&it] {
    std::uint64_t most = 0;
    for (const auto& [path, peer] : it.office.peers) {
      if (path.rfind("/whip/", 0) == 0) most = std::max(most, peer->stats().frames);
    }
    return most;
  };
  const std::uint64_t seen = received();
  CHECK(it.until([&] { return received() > seen + 5; }, 10s));
}

/// A folder of programs: the real ones, and a stand-in for madoguchi-feed that becomes the real one, or blocks where it
/// is told to.
class Reader {
 public:
  explicit Reader(BoxUnderTest& box) : folder_(box.folder().path() / "programs") {
    std::filesystem::create_directory(folder_);
    for (const char* name : {"madoguchi-media", "madoguchi-camera"}) {
      std::filesystem::create_symlink(std::filesystem::path(MADOGUCHI_BIN) / name, folder_ / name);
    }
    if (::mkfifo((folder_ / "never").c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    const std::filesystem::path program = folder_ / "madoguchi-feed";
    // Nobody ever writes into "never": the shell itself waits in open(2).
    write_text(program, "#!/bin/sh\ncd " + folder_.native() +
                            "\nif [ -e block ]; then echo $$ > pid.new; mv pid.new pid; read -r word < never; fi\n"
                            "exec " MADOGUCHI_BIN "/madoguchi-feed\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    const std::string key = "programs = \"", real = key + MADOGUCHI_BIN;
    std::string config = read_text(box.folder() / "box.toml");
    const auto at = config.find(real);
    if (at == std::string::npos) throw std::runtime_error("box.toml names no folder of programs");
    write_text(box.folder() / "box.toml", config.replace(at, real.size(), key + folder_.native()));
  }
  void block() const { write_text(folder_ / "block", ""); }
  void unblock() const { std::filesystem::remove(folder_ / "block"); }
  /// The process that blocked last; 0 = none yet.
  [[nodiscard]] pid_t blocked() const {
    pid_t pid = 0;
    std::ifstream(folder_ / "pid") >> pid;
    return pid;
  }

 private:
  std::filesystem::path folder_;
};

/// Of proc_pid_stat(5); 0 = there is no such process.
char state_of(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  const auto close = line.rfind(')');
  return close == std::string::npos ? '\0' : line.at(close + 2);
}

std::string feed_error(const object& status) {
  return text_at(status.at("feeds").as_array().at(0).as_object(), "error");
}

}  // namespace

TEST_CASE("the media process killed or stopped: replaced, and the consultation goes on by itself") {
  for (const int how : {SIGKILL, SIGSTOP}) {
    for (const When when : {When::idle, When::calling, When::talking}) {
      INFO((how == SIGKILL ? "SIGKILL" : "SIGSTOP") << " while " << words(when));
      BoxAndOffice it;
      it.box.start();
      REQUIRE(reach(it, when));
      const pid_t victim = it.box.media_pid();
      REQUIRE(::kill(victim, how) == 0);
      const bool replaced = it.box.until(
          [victim](const object& now) {
            return number_at(now, "media.pid") != victim && text_at(now, "media.state") == "ready";
          },
          15s);
      REQUIRE(replaced);
      CHECK(has_fault(it.box.last, how == SIGKILL ? "media-dead" : "media-hung"));
      if (when == When::talking) CHECK(text_at(it.box.last, "phase") == "talking");
      CHECK(::kill(victim, 0) != 0);  // the old one is gone, not left behind
      goes_on(it, when);
    }
  }
}

TEST_CASE("while the media process is replaced in the middle of a talk, the screen says so") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.talking());
  REQUIRE(::kill(it.box.media_pid(), SIGKILL) == 0);
  CHECK(it.box.until_card("reconnecting", 5s));
  CHECK(text_at(it.box.last, "lamp.mode") == "steady");  // the camera goes on looking
  goes_on(it, When::talking);
}

TEST_CASE("the camera process killed or stopped: sound and screen do not notice, the picture comes back") {
  for (const int how : {SIGKILL, SIGSTOP}) {
    for (const When when : {When::calling, When::talking}) {
      INFO((how == SIGKILL ? "SIGKILL" : "SIGSTOP") << " while " << words(when));
      BoxAndOffice it;
      it.box.start();
      REQUIRE(reach(it, when));
      REQUIRE(it.until([&it] { return !it.cameras().empty(); }));
      const object before = it.box.status();
      const pid_t victim = it.cameras().front();
      REQUIRE(::kill(victim, how) == 0);
      REQUIRE(it.until([&] {
        const auto now = it.cameras();
        return now.size() == 1 && now.front() != victim;
      }));
      const object after = it.box.status();
      CHECK(number_at(after, "media.pid") == number_at(before, "media.pid"));
      if (when == When::talking) {
        // The same peers: nothing was negotiated anew, and they went on receiving.
        CHECK(it.office.count("POST /whip/") == 1);
        CHECK(text_at(leg_of(after, "play"), "state") == "up");
        const double read = number_at(it.box.status(), "camera_frames");
        CHECK(it.box.until([read](const object& now) { return number_at(now, "camera_frames") > read + 5; }, 10s));
      }
      goes_on(it, when);
      CHECK(it.box.until([](const object& now) { return now.at("faults").as_array().empty(); }, 10s));
    }
  }
}

TEST_CASE("a camera that cannot live costs neither sound nor the far picture") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.talking());
  for (int i = 0; i < 6; ++i) {
    const auto alive = it.cameras();
    if (alive.empty()) break;
    REQUIRE(::kill(alive.front(), SIGKILL) == 0);
    REQUIRE(it.until([&] { return it.cameras() != alive; }));
    if (!it.until([&] { return !it.cameras().empty(); }, 1s)) break;
  }
  REQUIRE(it.box.until([](const object& now) { return has_fault(now, "camera-dead"); }, 10s));
  CHECK(text_at(it.box.last, "phase") == "talking");
  CHECK(text_at(leg_of(it.box.last, "play"), "state") == "up");
  CHECK(text_at(leg_of(it.box.last, "publish"), "state") == "up");
}

TEST_CASE("the reading child killed or stopped: nobody in a consultation notices") {
  for (const int how : {SIGKILL, SIGSTOP}) {
    for (const When when : {When::idle, When::calling, When::talking}) {
      INFO((how == SIGKILL ? "SIGKILL" : "SIGSTOP") << " while " << words(when));
      BoxAndOffice it;
      const Reader reader(it.box);
      it.box.start();
      REQUIRE(reach(it, when));
      reader.block();
      pid_t victim = 0;
      REQUIRE(it.until([&] { return (victim = reader.blocked()) != 0; }));
      REQUIRE(::kill(victim, how) == 0);
      if (how == SIGSTOP) CHECK(it.until([victim] { return state_of(victim) == 'T'; }, 4s));
      const std::string cause = how == SIGKILL ? "killed by SIGKILL" : "took too long and was cut off";
      const bool named = it.box.until(
          [&cause](const object& now) {
            return has_fault(now, "feed-child-killed") && feed_error(now).find(cause) != std::string::npos;
          },
          20s);
      INFO(it.box.log());
      REQUIRE(named);
      CHECK(state_of(victim) == 0);  // a stopped one is not left behind
      // The last good agenda stays.
      CHECK(it.box.ask({{"command", "agenda"}}).at("consultations").as_array().size() == 1);
      reader.unblock();
      goes_on(it, when);
      CHECK(it.box.until([](const object& now) { return feed_error(now).empty(); }, 60s));
      CHECK_FALSE(has_fault(it.box.last, "feed-child-killed"));
    }
  }
}

TEST_CASE("a calendar that never ends: its reader is cut off, and nobody in a consultation notices") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.talking());
  std::string rules;
  for (int i = 0; i < 20; ++i) rules += "RRULE:FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2SU\r\n";
  it.office.calendar_text = one_booking(it.office.origin(), "room1", -5min, 60min, rules);
  REQUIRE(it.box.until([](const object& now) { return has_fault(now, "feed-child-killed"); }, 20s));
  CHECK(it.box.ask({{"command", "agenda"}}).at("consultations").as_array().size() == 1);
  goes_on(it, When::talking);
}

TEST_CASE("the daemon killed: it takes its children with it, and comes back to where it was") {
  for (const When when : {When::idle, When::calling, When::talking}) {
    INFO(words(when));
    BoxAndOffice it;
    it.box.start();
    REQUIRE(reach(it, when));
    const pid_t media = it.box.media_pid();
    const auto cameras = it.cameras();
    const std::size_t peers = it.office.peers.size();
    // A press that is on disk; it takes one fsync.
    REQUIRE(it.until([&] { return when == When::idle || std::filesystem::exists(it.box.state() / "press.json"); }));
    it.box.kill();
    CHECK(it.until([&] { return ::kill(media, 0) != 0; }, 5s));
    for (const pid_t camera : cameras) CHECK(it.until([&] { return ::kill(camera, 0) != 0; }, 5s));
    it.box.start();
    if (when == When::idle) {
      CHECK(it.idle());
      CHECK(it.cameras().empty());
    } else {
      CHECK(it.box.until([](const object& now) { return text_at(now, "phase") != "idle"; }, 10s));
    }
    goes_on(it, when);
    // What the office kept of the life before was ended.
    CHECK(it.until([&] { return it.office.count("DELETE ") >= peers && it.office.peers.size() == 2; }));
  }
}

TEST_CASE("a press that an older daemon wrote down is gone on with, and written anew") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.talking());
  const auto file = it.box.state() / "press.json";
  REQUIRE(it.until([&file] { return std::filesystem::exists(file); }));
  const std::string id = text_at(it.box.status(), "consultation");
  it.box.kill();
  const std::string boot = read_text("/proc/sys/kernel/random/boot_id").substr(0, 36);
  write_text(file, json::bj::serialize(object{{"boot", boot}, {"consultation", id}}));
  it.box.start();
  REQUIRE(it.box.until([](const object& now) { return text_at(now, "phase") == "talking"; }, 20s));
  CHECK(text_at(it.box.last, "consultation") == id);
  CHECK(it.until([&file] { return read_text(file).find(R"("version":1)") != std::string::npos; }));
}

TEST_CASE("a talk that has run past its booked end is gone on with after the daemon's death") {
  BoxAndOffice it;
  // Ended by the calendar some seconds after the press.
  it.office.calendar_text = one_booking(it.office.origin(), "room1", -60min, 8s * kSlow);
  it.box.start();
  REQUIRE(it.talking());
  REQUIRE(it.box.until(
      [&it](const object&) {
        return it.box.ask({{"command", "agenda"}}).at("consultations").at(0).at("open") == false;
      },
      60s));
  CHECK(text_at(it.box.status(), "phase") == "talking");
  it.box.kill();
  it.box.start();
  CHECK(it.box.until([](const object& now) { return text_at(now, "phase") == "talking"; }, 20s));
  goes_on(it, When::talking);
}

TEST_CASE("a press is good for this boot only") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.talking());
  REQUIRE(it.until([&it] { return std::filesystem::exists(it.box.state() / "press.json"); }));
  it.box.kill();
  // Another boot of the machine, as far as the press book can see.
  std::string press = read_text(it.box.state() / "press.json");
  const auto boot = read_text("/proc/sys/kernel/random/boot_id").substr(0, 8);
  const auto at = press.find(boot);
  REQUIRE(at != std::string::npos);
  press.replace(at, 8, "00000000");
  write_text(it.box.state() / "press.json", press);
  it.box.start();
  REQUIRE(it.idle());
  CHECK(it.cameras().empty());
  CHECK(it.box.ask({{"command", "status"}}).at("legs").as_array().empty());
}

TEST_CASE("the office restarted in the middle of a talk: media goes on, the stream comes back") {
  BoxAndOffice it;
  it.box.start();
  REQUIRE(it.talking());
  it.office.shut();
  CHECK(it.box.until([](const object& now) { return has_fault(now, "events-lost"); }, 20s));
  CHECK(text_at(it.box.last, "phase") == "talking");
  CHECK(text_at(leg_of(it.box.last, "play"), "state") == "up");
  const auto told = [&it] {
    return std::count_if(it.office.requests().begin(), it.office.requests().end(), [](const OfficeRequest& request) {
      return request.method == "POST" && request.body.find(R"("type":"talking")") != std::string::npos;
    });
  };
  const auto before = told();
  it.office.open();
  CHECK(it.box.until([](const object& now) { return now.at("faults").as_array().empty(); }, 20s));
  CHECK(it.office.count("POST /whip/") == 1);
  // It names no features, so that it is told in the words that every office knows.
  CHECK(it.until([&] { return told() > before; }));
}
