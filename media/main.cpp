// SPDX-License-Identifier: Apache-2.0
// madoguchi-media: microphone, speaker, screen and WebRTC of one room. Started by the daemon with its channel as
// descriptor 3; gives up what it does not need before its first thread.
#include <fcntl.h>
#include <gst/gst.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "base/log.hpp"
#include "media/draw_card.hpp"
#include "media/media.hpp"
#include "media/sandbox.hpp"

int main(int argc, char** argv) {
  using namespace madoguchi;
  log::set_program("media");
  // Out of the sandbox: looks at all plugins once and writes them down, for an image or a test (GST_REGISTRY=FILE).
  if (argc == 3 && std::strcmp(argv[1], "--write-registry") == 0) {
    ::setenv("GST_REGISTRY", argv[2], 1);
    gst_init(nullptr, nullptr);
    return ::access(argv[2], R_OK) == 0 ? 0 : 1;
  }
  const bool draws = argc >= 2 && std::strcmp(argv[1], "--draw-card") == 0;
  if (!draws && ::fcntl(protocol::kChannelFd, F_GETFD) < 0) {
    log::error("no-channel", {{"hint", "madoguchi-media is started by madoguchid"}});
    return 2;
  }
  ::setenv("GST_REGISTRY_FORK", "no", 1);  // the sandbox lets nothing be started
  ::setenv("GST_REGISTRY_UPDATE", std::getenv("GST_REGISTRY") != nullptr ? "no" : "yes", 1);
  ::setenv("XDG_CACHE_HOME", "/nonexistent", 1);
  const auto entered = enter_sandbox(media::media_sandbox());
  if (!entered) {
    log::error("sandbox-failed", {{"error", entered.error().message}});
    return 1;
  }
  gst_init(nullptr, nullptr);
  if (draws) return media::draw_card_main(argc, argv);
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  protocol::Ready ready;
  ready.landlock = entered->landlock;
  ready.seccomp = entered->seccomp;
  {
    media::Media process(protocol::kChannelFd, loop, ready);
    g_main_loop_run(loop);
  }
  g_main_loop_unref(loop);
  // Pipelines may still be on their way down on threads of their own; the kernel closes what they hold.
  ::_exit(0);
}
