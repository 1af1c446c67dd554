// SPDX-License-Identifier: Apache-2.0
// OpenH264, without threads and without its log.
#include "media/camera/h264_decoder.hpp"

#include <wels/codec_api.h>

#include <array>

namespace madoguchi::camera {

namespace {
constexpr std::size_t kLongestUnit = 4 * 1024 * 1024;
}

struct H264Decoder::State {
  ISVCDecoder* decoder = nullptr;
  ~State() {
    if (decoder == nullptr) return;
    decoder->Uninitialize();
    ::WelsDestroyDecoder(decoder);
  }
};

H264Decoder::H264Decoder() : state_(std::make_unique<State>()) {
  if (::WelsCreateDecoder(&state_->decoder) != 0) return;
  int quiet = WELS_LOG_QUIET;
  state_->decoder->SetOption(DECODER_OPTION_TRACE_LEVEL, &quiet);
  SDecodingParam parameters{};
  parameters.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
  parameters.eEcActiveIdc = ERROR_CON_DISABLE;  // a picture that is half of another would look like a good one
  if (state_->decoder->Initialize(&parameters) == 0) return;
  ::WelsDestroyDecoder(state_->decoder);
  state_->decoder = nullptr;
}

H264Decoder::~H264Decoder() = default;

std::optional<PlanarPicture> H264Decoder::decode(std::span<const std::byte> unit) {
  if (state_->decoder == nullptr || unit.empty() || unit.size() > kLongestUnit) return std::nullopt;
  std::array<unsigned char*, 3> planes{};
  SBufferInfo info{};
  const auto state = state_->decoder->DecodeFrameNoDelay(reinterpret_cast<const unsigned char*>(unit.data()),
                                                         static_cast<int>(unit.size()), planes.data(), &info);
  if (state != dsErrorFree || info.iBufferStatus != 1 || planes[0] == nullptr || planes[1] == nullptr ||
      planes[2] == nullptr) {
    return std::nullopt;
  }
  const SSysMEMBuffer& buffer = info.UsrData.sSystemBuffer;
  return PlanarPicture{buffer.iWidth, buffer.iHeight, buffer.iStride[0], buffer.iStride[1],
                       planes[0],     planes[1],      planes[2]};
}

}  // namespace madoguchi::camera
