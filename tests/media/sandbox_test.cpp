// SPDX-License-Identifier: Apache-2.0
// From inside the media process's sandbox, also on a thread that GStreamer started: keys, state and other programs are
// out of reach, and a picture still comes out of a pipeline.
#include "media/sandbox.hpp"

#include <fcntl.h>
#include <gst/gst.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"

using namespace madoguchi;

namespace {

enum Broken : int {  // bits of the forked process's exit status
  kReadState = 1,
  kWroteState = 2,
  kListedHome = 4,
  kStartedProgram = 8,
  kRawSocket = 16,
  kNoNetwork = 32,
  kNoPicture = 64,
};

std::string g_state;  // a folder as the daemon's: 0600 files of the same user

bool opens(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

bool gets_socket(int family, int type) {
  const int fd = ::socket(family, type, 0);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

int try_everything() {
  int broken = 0;
  if (opens(g_state + "/resources.json", O_RDONLY)) broken |= kReadState;
  if (opens(g_state + "/new", O_WRONLY | O_CREAT) || opens("/tmp/madoguchi-sandbox-leak", O_WRONLY | O_CREAT)) {
    broken |= kWroteState;
  }
  if (opens("/root", O_RDONLY | O_DIRECTORY) || opens("/etc/shadow", O_RDONLY)) broken |= kListedHome;
  // execve's own error tells: EPERM is the filter's, ENOENT would be a file system that was asked.
  char* const none[] = {nullptr};
  ::execve("/nonexistent", none, none);
  if (errno != EPERM) broken |= kStartedProgram;
  if (gets_socket(AF_PACKET, SOCK_RAW)) broken |= kRawSocket;
  if (!gets_socket(AF_INET, SOCK_DGRAM)) broken |= kNoNetwork;
  return broken;
}

std::atomic<int> g_streaming{-1};

GstPadProbeReturn on_streaming_thread(GstPad*, GstPadProbeInfo*, gpointer) {
  g_streaming = try_everything();
  return GST_PAD_PROBE_REMOVE;
}

/// What was broken on the main thread, and on a streaming thread, of a process in this sandbox.
int inside() {
  ::setenv("GST_REGISTRY_FORK", "no", 1);
  if (!enter_sandbox(media::media_sandbox())) return 127;
  int broken = try_everything();
  gst_init(nullptr, nullptr);
  GstElement* pipeline = gst_parse_launch("videotestsrc num-buffers=3 ! fakesink name=end", nullptr);
  if (pipeline == nullptr) return broken | kNoPicture;
  GstElement* end = gst_bin_get_by_name(GST_BIN(pipeline), "end");
  GstPad* pad = gst_element_get_static_pad(end, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_streaming_thread, nullptr, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* last = gst_bus_timed_pop_filtered(bus, 30 * GST_SECOND,
                                                static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  if (last == nullptr || GST_MESSAGE_TYPE(last) != GST_MESSAGE_EOS) broken |= kNoPicture;
  const int there = g_streaming;
  return broken | (there < 0 ? kNoPicture : there);
}

int status_of(int (*work)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("the media process cannot reach state, keys or programs, on any of its threads") {
  std::string pattern = std::filesystem::temp_directory_path() / "madoguchi-test-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  g_state = pattern;
  std::ofstream(g_state + "/resources.json") << "{}";
  // Outside, the same attempts succeed: what is tested is the sandbox.
  const int free = status_of(try_everything);
  CHECK((free & kReadState) != 0);
  CHECK((free & kWroteState) != 0);
  CHECK((free & kStartedProgram) != 0);
  CHECK(status_of(inside) == 0);
  std::filesystem::remove_all(g_state);
  std::filesystem::remove("/tmp/madoguchi-sandbox-leak");
}
