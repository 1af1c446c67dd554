// SPDX-License-Identifier: Apache-2.0
// /sys/class/video4linux, the USB device above each entry, and udev's word on what a node can.
#include "board/linux/cameras.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

namespace madoguchi::board {

namespace fs = std::filesystem;

namespace {

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.pop_back();
  return line;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// udev asked the node what it can when it came (v4l_id), so that we need not. nullopt: there is no such database.
std::optional<bool> captures(const fs::path& entry, const DeviceRoots& roots) {
  std::ifstream in(roots.udev / ("c" + first_line(entry / "dev")));
  constexpr std::string_view kKey = "E:ID_V4L_CAPABILITIES=";
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(kKey)) return line.find(":capture:", kKey.size()) != std::string::npos;
  }
  return std::nullopt;
}

/// A UVC camera has its pictures at index 0 and metadata behind them.
bool gives_pictures(const fs::path& entry, const DeviceRoots& roots) {
  if (const auto told = captures(entry, roots)) return *told;
  return first_line(entry / "index") == "0";
}

Camera read_camera(const fs::path& entry, const DeviceRoots& roots) {
  Camera camera;
  camera.node = (roots.dev / entry.filename()).native();
  camera.name = first_line(entry / "name");
  std::error_code error;
  fs::path place = fs::canonical(entry / "device", error);
  if (error) return camera;
  camera.usb_path = place.filename();
  // The node hangs on a USB interface ("1-1.2:1.0"); the device above it knows the rest.
  for (int up = 0; up < 3 && place.has_relative_path(); ++up, place = place.parent_path()) {
    if (!fs::exists(place / "idVendor", error)) continue;
    camera.usb = true;
    camera.vendor = first_line(place / "idVendor") + ":" + first_line(place / "idProduct");
    camera.serial = first_line(place / "serial");
    camera.usb_path = place.filename();
    break;
  }
  return camera;
}

bool fits(const Camera& camera, const CameraRule& rule) {
  return (rule.serial.empty() || rule.serial == camera.serial) &&
         (rule.usb_path.empty() || rule.usb_path == camera.usb_path) &&
         (rule.name.empty() || camera.name.find(rule.name) != std::string::npos);
}

}  // namespace

std::vector<Camera> list_cameras(const DeviceRoots& roots) {
  std::vector<std::pair<int, fs::path>> entries;
  std::error_code error;
  for (fs::directory_iterator each(roots.sys / "class/video4linux", error), end; !error && each != end;
       each.increment(error)) {
    const std::string name = each->path().filename();
    if (!name.starts_with("video")) continue;
    if (const auto order = number(std::string_view(name).substr(5))) entries.emplace_back(*order, each->path());
  }
  std::sort(entries.begin(), entries.end());
  std::vector<Camera> cameras;
  for (const auto& [order, entry] : entries) {
    if (gives_pictures(entry, roots)) cameras.push_back(read_camera(entry, roots));
  }
  return cameras;
}

const Camera* choose_camera(std::span<const Camera> cameras, std::span<const CameraRule> rules) {
  for (const CameraRule& rule : rules) {
    for (const Camera& camera : cameras) {
      if (fits(camera, rule)) return &camera;
    }
  }
  return cameras.empty() ? nullptr : &cameras.front();
}

std::string stable_rule(const Camera& camera, std::span<const Camera> among) {
  const auto same =
      std::count_if(among.begin(), among.end(), [&](const Camera& other) { return other.serial == camera.serial; });
  if (!camera.serial.empty() && same == 1) return "serial = \"" + camera.serial + "\"";
  if (!camera.usb_path.empty()) return "usb_path = \"" + camera.usb_path + "\"";
  return "name = \"" + camera.name + "\"";
}

std::vector<Holder> holders_of(const std::string& node, const DeviceRoots& roots) {
  std::vector<Holder> holders;
  std::error_code error;
  for (fs::directory_iterator each(roots.proc, error), end; !error && each != end; each.increment(error)) {
    const auto pid = number(each->path().filename().native());
    if (!pid) continue;
    std::error_code hidden;  // another user's, or gone meanwhile
    for (fs::directory_iterator fd(each->path() / "fd", hidden), last; !hidden && fd != last; fd.increment(hidden)) {
      std::error_code ignored;
      if (fs::read_symlink(fd->path(), ignored).native() != node) continue;
      holders.push_back({*pid, first_line(each->path() / "comm")});
      break;
    }
  }
  std::sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) { return a.pid < b.pid; });
  return holders;
}

std::string words(std::span<const Holder> holders) {
  std::string text;
  for (const Holder& each : holders) {
    text += (text.empty() ? "" : ", ") + each.program + " (pid " + std::to_string(each.pid) + ")";
  }
  return text;
}

std::vector<DeviceRow> camera_rows(const DeviceRoots& roots) {
  const std::vector<Camera> cameras = list_cameras(roots);
  std::vector<DeviceRow> rows;
  for (const Camera& camera : cameras) {
    const std::vector<Holder> holders = holders_of(camera.node, roots);
    std::string state = holders.empty() ? "free" : "in use by " + words(holders);
    if (holders.empty() && ::access(camera.node.c_str(), R_OK | W_OK) != 0) state = "not for this user";
    rows.push_back({"camera", camera.name, stable_rule(camera, cameras), std::move(state), camera.node});
  }
  return rows;
}

}  // namespace madoguchi::board
