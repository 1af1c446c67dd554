#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds, and runs every tier through CTest.
#
#   tests/run.sh [--preset dev|release|asan|tsan] [--long] [--tier pure|loop|media|interop|lint] [CTEST ARGUMENT ...]
#
# The last line is CTest's. Quick when run again. --long does what is random or slow far more often (storms, broken
# calendars, 150 consultations in a row) and adds a talk of ten minutes: some 20 minutes more.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=dev label=()
while [ $# -gt 0 ]; do
  case $1 in
    --preset) preset=$2; shift 2 ;;
    --long) export MADOGUCHI_LONG=1; shift ;;
    --tier) label=(-L "^$2\$"); shift 2 ;;
    -h | --help) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
  esac
done
case $preset in dev | release | asan | tsan) ;; *) echo "run.sh: no preset \"$preset\" (see --help)" >&2; exit 2 ;; esac

groups=(build run test lint)
[ "$preset" = tsan ] && groups=(build lint)
provisioning/install-packages.sh "${groups[@]}"

[ "$preset" = tsan ] || provisioning/install-browser-driver.sh

step() { printf '== %s (%s), after %d min %02d s\n' "$1" "$preset" $((SECONDS / 60)) $((SECONDS % 60)) >&2; }
export MADOGUCHI_WERROR=ON
step configuring
provisioning/moved-tree.sh "build/$preset"
cmake --preset "$preset" >/dev/null
step building
cmake --build "build/$preset" -j "$(nproc)" | if [ -t 1 ]; then cat; else awk '!/^\[[0-9]+\/[0-9]+\] (Building|Linking)/ || ++n % 50 == 0 { print; fflush() }'; fi

# Found once for all processes of the tests, instead of by each of them.
export GST_REGISTRY=$PWD/build/$preset/gst-registry.bin
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=1:handle_abort=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0}
[ "$preset" != asan ] || export MADOGUCHI_SLOW=1  # the browser tests wait longer then
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:suppressions=$PWD/tests/support/tsan.supp}
[ "$preset" = tsan ] || "build/$preset/bin/madoguchi-media" --write-registry "$GST_REGISTRY"
step testing
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j 2 "${label[@]}" "$@"
