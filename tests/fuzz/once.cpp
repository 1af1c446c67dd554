// SPDX-License-Identifier: Apache-2.0
// In place of libFuzzer's main: each file of the given folders goes through the target once, and a few thousand changed
// copies of it (the same ones in each run).
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  constexpr int kCopies = 300;
  int files = 0, runs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::vector<char> read(std::istreambuf_iterator<char>(in), {});
      const std::vector<std::uint8_t> bytes(read.begin(), read.end());
      ++files;
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      std::mt19937 random(1);
      for (int copy = 0; copy < kCopies && !bytes.empty(); ++copy, ++runs) {
        std::vector<std::uint8_t> changed = bytes;
        for (int change = 0; change < 1 + copy % 8; ++change) {
          changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
        }
        if (copy % 5 == 0) changed.resize(random() % changed.size());
        LLVMFuzzerTestOneInput(changed.data(), changed.size());
      }
    }
  }
  std::printf("%d files, %d changed copies\n", files, runs);
  return files > 0 ? 0 : 1;
}
