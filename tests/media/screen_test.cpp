// SPDX-License-Identifier: Apache-2.0
// What the screen composes: cards, far sides by their legs, ourselves in the corner; looked at as pixels.
#include "media/screen.hpp"

#include <gst/video/video.h>
#include <sys/mman.h>

#include <array>

#include "base/unique_fd.hpp"
#include "tests/media/png.hpp"
#include "tests/support/catch.hpp"

using namespace madoguchi;
using namespace madoguchi::media;
using madoguchi::test::Png;

namespace {

/// An I420 picture of one grey, 64x36.
BufferPtr grey(int luma) {
  const gsize bytes = protocol::frame_bytes(64, 36);
  BufferPtr buffer = BufferPtr::adopt(gst_buffer_new_allocate(nullptr, bytes, nullptr));
  gst_buffer_memset(buffer.get(), 0, 128, bytes);
  gst_buffer_memset(buffer.get(), 0, static_cast<guint8>(luma), gsize{64} * 36);
  return buffer;
}

SamplePtr sample(int luma) {
  gst_init(nullptr, nullptr);
  const CapsPtr caps = CapsPtr::adopt(
      gst_caps_from_string("video/x-raw,format=I420,width=64,height=36,framerate=30/1,colorimetry=bt709"));
  return SamplePtr::adopt(gst_sample_new(grey(luma).get(), caps.get(), nullptr, nullptr));
}

protocol::ShowCard talk() {
  protocol::ShowCard card;
  card.code = "talking";
  card.over_picture = card.self_view = true;
  return card;
}

/// The picture that was composed; brightness at points of 1280x720.
class Shot : Png {
 public:
  explicit Shot(const Scene& scene) : Png(written([&scene](int fd) { return write_png(scene, fd); }).get()) {
    REQUIRE(width() == 1280);
    REQUIRE(height() == 720);
  }
  [[nodiscard]] int at(int x, int y) const { return Png::at(x, y).green; }
};

bool near(int seen, int wanted) { return seen > wanted - 12 && seen < wanted + 12; }

}  // namespace

TEST_CASE("a far side fills the screen, two stand beside each other, and each goes with its leg") {
  Screen screen;
  screen.show(talk());
  CHECK_FALSE(screen.scene({}).shows_people());
  screen.set_far_picture(3, sample(235).get());  // white
  CHECK(screen.scene({}).shows_people());
  {
    const Shot one(screen.scene({}));
    CHECK(near(one.at(20, 360), 255));
    CHECK(near(one.at(1260, 360), 255));
  }
  screen.set_far_picture(1, sample(126).get());  // grey
  {
    const Shot two(screen.scene({}));
    CHECK(near(two.at(320, 360), 128));  // the leg that comes first is on the left
    CHECK(near(two.at(960, 360), 255));
    CHECK(two.at(320, 60) == 0);  // whole pictures, never stretched
  }
  screen.set_far_picture(1, sample(16).get());  // a newer one
  CHECK(near(Shot(screen.scene({})).at(320, 360), 0));
  screen.set_far_picture(1, sample(126).get());
  screen.forget_far_picture(3);
  screen.forget_far_picture(7);
  CHECK(near(Shot(screen.scene({})).at(1260, 360), 128));  // alone, it fills the screen
  screen.forget_far_picture(1);
  CHECK_FALSE(screen.scene({}).shows_people());
}

TEST_CASE("ourselves are in the corner with a white frame, and on no card") {
  gst_init(nullptr, nullptr);
  Screen screen;
  screen.show(talk());
  const SelfView self{grey(126), 64, 36};
  CHECK(screen.scene(self).shows_people());
  const Shot shot(screen.scene(self));
  CHECK(near(shot.at(1280 - 280 + 128, 24 + 72), 128));
  CHECK(shot.at(1280 - 280 - 2, 24 + 72) > 180);  // the frame, which the scaled picture touches
  CHECK(shot.at(600, 360) == 0);

  protocol::ShowCard card;
  card.code = "ready";
  card.texts = {{"ja", "ボタンを押してください", {}}};
  card.tone = "calm";
  screen.show(card);
  screen.set_far_picture(1, sample(235).get());
  CHECK_FALSE(screen.scene(self).shows_people());
  const Shot shown(screen.scene(self));
  CHECK(near(shown.at(1280 - 280 + 128, 24 + 72), 41));  // the card's own ground
  int bright = 0;
  for (int x = 100; x < 1180; ++x) bright += shown.at(x, 360) > 200 ? 1 : 0;
  CHECK(bright > 50);  // the title is there
}

TEST_CASE("a scene keeps what it shows, whatever comes after it") {
  Screen screen;
  screen.show(talk());
  screen.set_far_picture(1, sample(235).get());
  const Scene before = screen.scene({});
  screen.set_far_picture(1, sample(16).get());
  screen.forget_far_picture(1);
  CHECK(near(Shot(before).at(640, 360), 255));
}

TEST_CASE("a descriptor that takes nothing is an error") {
  Screen screen;
  const UniqueFd closed(::memfd_create("shot", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  CHECK_FALSE(write_png(screen.scene({}), -1).has_value());
}
