#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes what parses a camera's pictures with libFuzzer under the address and undefined sanitizers (clang).
#
#   tests/fuzz/run.sh [SECONDS]     by default 600
#
# 2026-11-24: 6,265,038 inputs in 601 s, nothing found (libyuv and libjpeg-turbo as Debian 12 ships them, not instrumented).
# Starts from tests/fuzz/corpus/camera_picture and keeps what is new in build/fuzz. The exit status is libFuzzer's.
set -euo pipefail
cd "$(dirname "$0")/../.."
provisioning/install-packages.sh build tidy >&2
mkdir -p build/fuzz/new build/fuzz/found
clang++ -std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. \
  tests/fuzz/camera_picture_fuzz.cpp media/camera/{picture,picture_watch,format_choice}.cpp media/frames.cpp \
  base/result.cpp -lyuv -lfmt -lcrypto -o build/fuzz/camera_picture
exec build/fuzz/camera_picture -max_total_time="${1:-600}" -max_len=16384 -rss_limit_mb=2048 -timeout=20 \
  -artifact_prefix=build/fuzz/found/ -print_final_stats=1 build/fuzz/new tests/fuzz/corpus/camera_picture
