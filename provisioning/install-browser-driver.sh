#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what drives Chromium in tests and in the demo (npm ci in tests/interop/browser). Quick when it is there.
set -euo pipefail
cd "$(dirname "$0")/../tests/interop/browser"
cmp -s package-lock.json node_modules/.installed-for 2>/dev/null && exit 0
echo "== installing the browser driver (npm ci)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() { npm ci --no-audit --no-fund --no-update-notifier "$@" >"$log" 2>&1; }
if ! install; then
  # Behind a proxy with a certificate of its own, which npm does not know. The lock file pins each package by its
  # SHA-512, so that what arrives is what was meant, whoever hands it over.
  if ! grep -q CERT "$log" || ! install --strict-ssl=false; then
    cat "$log" >&2
    echo "install-browser-driver.sh: npm ci failed; can this machine reach the npm registry?" >&2
    exit 1
  fi
fi
cp package-lock.json node_modules/.installed-for
