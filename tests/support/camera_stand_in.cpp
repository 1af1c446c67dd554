// SPDX-License-Identifier: Apache-2.0
// A folder, a shared file and a few links. On the test's thread.
#include "tests/support/camera_stand_in.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "base/unique_fd.hpp"

namespace madoguchi::test {

namespace fs = std::filesystem;

CameraStandIn::CameraStandIn() {
  std::string made = (fs::temp_directory_path() / "stand-in-XXXXXX").native();
  if (::mkdtemp(made.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = fs::canonical(made);
  fs::create_directory(folder_ / "dev");
  const UniqueFd file(::open((folder_ / "control").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid() || ::ftruncate(file.get(), sizeof(StandIn)) != 0) throw std::runtime_error("the control file");
  void* shared = ::mmap(nullptr, sizeof(StandIn), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (shared == MAP_FAILED) throw std::runtime_error("mapping the control file");
  control_ = new (shared) StandIn{};
  plug();
}

CameraStandIn::~CameraStandIn() {
  ::munmap(control_, sizeof(StandIn));
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<std::pair<std::string, std::string>> CameraStandIn::environment() const {
  std::vector<std::pair<std::string, std::string>> result = {
      {"LD_PRELOAD", MADOGUCHI_BIN "/libv4l2-stand-in.so"},
      {kStandInNode, node()},
      {kStandInUnits, MADOGUCHI_SOURCE "/tests/media/data/ball-320x180.h264-units"},
      {kStandInControl, (folder_ / "control").native()}};
#if defined(__SANITIZE_ADDRESS__)  // it wants to be the first library
  const char* options = ::getenv("ASAN_OPTIONS");
  result.emplace_back("ASAN_OPTIONS",
                      (options == nullptr ? "" : std::string(options) + ":") + "verify_asan_link_order=0");
#endif
  return result;
}

void CameraStandIn::pull() const {
  control_->unplugged = true;
  fs::remove(node());
}

void CameraStandIn::plug() const {
  control_->unplugged = false;
  std::ofstream(node()) << "";
}

fs::path CameraStandIn::programs() const {
  const fs::path folder = folder_ / "programs";
  fs::create_directory(folder);
  for (const char* name : {"madoguchi-media", "madoguchi-feed"}) {
    fs::create_symlink(fs::path(MADOGUCHI_BIN) / name, folder / name);
  }
  std::ofstream script(folder / "madoguchi-camera");
  script << "#!/bin/sh\n";
  for (const auto& [key, value] : environment()) script << "export " << key << "='" << value << "'\n";
  script << "exec " MADOGUCHI_BIN "/madoguchi-camera\n";
  script.close();
  fs::permissions(folder / "madoguchi-camera", fs::perms::owner_all);
  return folder;
}

}  // namespace madoguchi::test
