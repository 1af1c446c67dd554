#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a box and a desk must survive: floods, damaged files, a full disk, kill -9, a clock that jumps.
#
#   tests/hostile/run.sh [--preset dev|release|asan] [--short | --long]
#
# Prints what was tried and what failed, by kind; 60 damaged files of the desk, 80 of the box, 20 kills of each. --short is
# what CI does (12, 16, 5), --long kills each 200 times. The programs must have been built (tests/run.sh does).
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=dev
case ${1:-} in
  --preset) preset=$2; shift 2 ;;
  -h | --help) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
export MADOGUCHI_BIN=$PWD/build/$preset/bin
[ -x "$MADOGUCHI_BIN/madoguchid" ] || { echo "run.sh: build/$preset has no programs: tests/run.sh --preset $preset" >&2; exit 2; }
export GST_REGISTRY=$PWD/build/$preset/gst-registry.bin
exec python3 -B tests/hostile/hostile.py "$@"
