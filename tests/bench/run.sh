#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the release preset and runs one bench.
#
#   tests/bench/run.sh NAME [--check]     NAME: press_to_picture, camera_path, session_cost
#
# One line a figure: name value unit (min..max, n) target ok|MISSED. With --check: exit status 1 when one is missed.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=${1:-} check=0
[ "${2:-}" = --check ] && check=1
if [ -z "$name" ] || [ ! -e "tests/bench/$name.cpp" ]; then
  sed -n '3,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
provisioning/install-packages.sh build run >&2
echo "== building (release)" >&2
cmake --preset release >/dev/null
cmake --build build/release --target "bench_$name" -j "$(nproc)" >&2
if [ -x build/release/bin/madoguchi-media ]; then
  export GST_REGISTRY=$PWD/build/release/gst-registry.bin
  build/release/bin/madoguchi-media --write-registry "$GST_REGISTRY"
fi
status=0
"build/release/bin/bench_$name" || status=$?
[ "$status" -ne 1 ] || [ "$check" = 1 ] || status=0
exit "$status"
