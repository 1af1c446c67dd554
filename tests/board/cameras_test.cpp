// SPDX-License-Identifier: Apache-2.0
// Cameras from a made sysfs: two UVC cameras with their metadata nodes, one without a serial, and one that is no USB device.
#include "board/linux/cameras.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>

#include "board/linux/node_watch.hpp"
#include "board/linux/usb_reset.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi::board;
namespace fs = std::filesystem;

namespace {

struct Machine {
  fs::path root;
  DeviceRoots roots;
  Machine() {
    std::string made = (fs::temp_directory_path() / "cameras-XXXXXX").native();
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    root = fs::canonical(made);
    roots = {root / "sys", root / "dev", root / "proc", root / "udev"};
    for (const fs::path& each : {roots.sys / "class/video4linux", roots.dev, roots.proc, roots.udev}) {
      fs::create_directories(each);
    }
  }
  ~Machine() { fs::remove_all(root); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  static void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  void usb(const std::string& port, const std::string& vendor, const std::string& product, const std::string& serial) {
    const fs::path device = roots.sys / "devices/pci0/usb1" / port;
    write(device / "idVendor", vendor);
    write(device / "idProduct", product);
    if (!serial.empty()) write(device / "serial", serial);
    fs::create_directories(device / (port + ":1.0"));
  }
  void node(int number, int index, const std::string& name, const std::string& parent) {
    const std::string node = "video" + std::to_string(number);
    const fs::path entry = roots.sys / "devices" / parent / "video4linux" / node;
    write(entry / "name", name);
    write(entry / "index", std::to_string(index));
    write(entry / "dev", "81:" + std::to_string(number));
    fs::create_directory_symlink(roots.sys / "devices" / parent, entry / "device");
    fs::create_directory_symlink(entry, roots.sys / "class/video4linux" / node);
    write(roots.dev / node, "");
  }
  void hold(int pid, const std::string& program, const std::string& node) {
    write(roots.proc / std::to_string(pid) / "comm", program);
    fs::create_directories(roots.proc / std::to_string(pid) / "fd");
    fs::create_symlink(roots.dev / node, roots.proc / std::to_string(pid) / "fd/7");
  }
  void two_webcams_and_vivid() {
    usb("1-1.2", "046d", "085e", "A1B2");
    usb("1-1.10", "1234", "5678", "");
    node(0, 0, "HD Pro Webcam: HD Pro Webcam", "pci0/usb1/1-1.2/1-1.2:1.0");
    node(1, 1, "HD Pro Webcam: HD Pro Webcam", "pci0/usb1/1-1.2/1-1.2:1.0");
    node(10, 0, "vivid-000-vid-cap", "platform/vivid.0");
    node(2, 0, "Cheap Cam", "pci0/usb1/1-1.10/1-1.10:1.0");
    node(3, 1, "Cheap Cam", "pci0/usb1/1-1.10/1-1.10:1.0");
  }
};

}  // namespace

TEST_CASE("cameras are listed by number, without metadata nodes") {
  Machine machine;
  CHECK(list_cameras(machine.roots).empty());
  machine.two_webcams_and_vivid();
  const auto found = list_cameras(machine.roots);
  REQUIRE(found.size() == 3);
  CHECK(found[0].node == (machine.roots.dev / "video0").native());
  CHECK(found[0].vendor == "046d:085e");
  CHECK(found[0].serial == "A1B2");
  CHECK(found[0].usb_path == "1-1.2");
  CHECK(found[0].usb);
  CHECK(found[1].usb_path == "1-1.10");
  CHECK(found[2].usb_path == "vivid.0");
  CHECK_FALSE(found[2].usb);
}

TEST_CASE("udev's word on what a node can goes before its index") {
  Machine machine;
  machine.two_webcams_and_vivid();
  Machine::write(machine.roots.udev / "c81:0", "E:ID_V4L_CAPABILITIES=:video_output:");
  Machine::write(machine.roots.udev / "c81:3", "E:ID_V4L_CAPABILITIES=:capture:");
  const auto found = list_cameras(machine.roots);
  REQUIRE(found.size() == 3);
  CHECK(found[0].node == (machine.roots.dev / "video2").native());
  CHECK(found[1].node == (machine.roots.dev / "video3").native());
}

TEST_CASE("the first rule that fits names the camera, without one it is the first") {
  Machine machine;
  machine.two_webcams_and_vivid();
  const auto cameras = list_cameras(machine.roots);
  const auto chosen = [&](std::vector<CameraRule> rules) { return choose_camera(cameras, rules)->usb_path; };
  CHECK(chosen({}) == "1-1.2");
  CHECK(chosen({{"A1B2", "", ""}}) == "1-1.2");
  CHECK(chosen({{"", "1-1.10", ""}}) == "1-1.10");
  CHECK(chosen({{"", "1-1.1", ""}}) == "1-1.2");  // a port's beginning is another port
  CHECK(chosen({{"", "", "vivid"}, {"A1B2", "", ""}}) == "vivid.0");
  CHECK(chosen({{"none", "", ""}, {"", "", "Cheap"}}) == "1-1.10");
  CHECK(chosen({{"A1B2", "1-1.10", ""}, {"", "1-1.10", "Cheap"}}) == "1-1.10");  // all that is given must agree
  CHECK(choose_camera({}, std::vector<CameraRule>{{"A1B2", "", ""}}) == nullptr);
}

TEST_CASE("the stable rule is the serial where it is the only one, else the port") {
  Machine machine;
  machine.two_webcams_and_vivid();
  auto cameras = list_cameras(machine.roots);
  CHECK(stable_rule(cameras[0], cameras) == "serial = \"A1B2\"");
  CHECK(stable_rule(cameras[1], cameras) == "usb_path = \"1-1.10\"");
  CHECK(stable_rule(cameras[2], cameras) == "usb_path = \"vivid.0\"");
  cameras[1].serial = "A1B2";
  CHECK(stable_rule(cameras[0], cameras) == "usb_path = \"1-1.2\"");
}

TEST_CASE("the rows say who uses a camera") {
  Machine machine;
  machine.two_webcams_and_vivid();
  machine.hold(123, "ffmpeg", "video2");
  machine.hold(45, "other", "null");
  fs::create_directories(machine.roots.proc / "self");
  const auto rows = camera_rows(machine.roots);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].kind == "camera");
  CHECK(rows[0].state == "free");
  CHECK(rows[1].state == "in use by ffmpeg (pid 123)");
  CHECK(device_rows(machine.roots).size() >= 3);
}

TEST_CASE("a node that comes, goes or gets other rights is told, and no other") {
  Machine machine;
  boost::asio::io_context loop;
  int told = 0;
  auto watch = NodeWatch::open(loop.get_executor(), machine.roots.dev, "video", [&told] { ++told; });
  REQUIRE(watch.has_value());
  const auto look = [&](int expected) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (told < expected && std::chrono::steady_clock::now() < until) loop.run_one_until(until);
    loop.poll();
    return told;
  };
  Machine::write(machine.roots.dev / "null", "");
  loop.poll();
  CHECK(told == 0);
  Machine::write(machine.roots.dev / "video0", "");
  CHECK(look(1) == 1);
  fs::permissions(machine.roots.dev / "video0", fs::perms::owner_read);
  CHECK(look(2) == 2);
  fs::remove(machine.roots.dev / "video0");
  CHECK(look(3) >= 3);
  watch->reset();
  CHECK_FALSE(NodeWatch::open(loop.get_executor(), machine.root / "none", "video", [] {}).has_value());
}

TEST_CASE("a USB port's reset is asked for by a file, once, and for nothing but a port") {
  Machine machine;
  for (const char* none : {"", "1", "1-", "-1", "1-1.", "1-1..2", "usb1", "../../etc", "1-1/2", "1-1.2\n", "1-1234"}) {
    CAPTURE(none);
    CHECK(ask_usb_reset(machine.root, none).error().code == madoguchi::Errc::invalid);
  }
  CHECK_FALSE(fs::exists(machine.root / "usb-reset.request"));
  REQUIRE(ask_usb_reset(machine.root, "1-1.2").has_value());
  std::ifstream in(machine.root / "usb-reset.request");
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "1-1.2\n");
  CHECK(ask_usb_reset(machine.root, "2-1").error().code == madoguchi::Errc::busy);
  fs::remove(machine.root / "usb-reset.request");
  CHECK(ask_usb_reset(machine.root, "12-1.10.3").has_value());
}
