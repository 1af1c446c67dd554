#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of the named groups (provisioning/packages): build, run, test, lint, tidy.
#
#   provisioning/install-packages.sh [--print] GROUP...
#
# As root or with sudo; does nothing, quickly, when all of them are there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
print=
[ "${1:-}" = --print ] && { print=1; shift; }
[ $# -gt 0 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
wanted=$(awk -v suite="$suite" -v groups=" $* " '
  /^#/ || NF < 2 { next }
  {
    take = 0
    n = split($2, own, ","); for (i = 1; i <= n; i++) if (index(groups, " " own[i] " ")) take = 1
    name = $1
    for (i = 3; i <= NF; i++) { split($i, pair, "="); if (pair[1] == suite) name = pair[2] }
    if (take && name != "-") print name
  }' "$here/packages")

# A newer node than Debian's may be on the PATH already; its packages would fight with it.
if command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]; then
  wanted=$(grep -vxE 'nodejs|npm' <<<"$wanted" || true)
fi

missing=
for name in $wanted; do
  dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $name"
done
if [ -n "$print" ]; then printf '%s\n' $missing; exit 0; fi
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install-packages: run this as root, or install sudo; missing:$missing" >&2; exit 1; }
  sudo=sudo
fi
count=$(wc -w <<<"$missing")
echo "== installing $count packages ($*): this is done once" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Its output into the log; on the terminal a line for each hundred of its steps.
apt() {
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 "$@" </dev/null 2>&1 | tee "$log" |
    awk '/^(Get:|Unpacking|Setting up)/ { if (++steps % 100 == 0) { print "   " steps ": " $1 " " $2 " " $3; fflush() } }' >&2
}
install() { apt install -y --no-install-recommends $missing; }
apt update || { tail -n 5 "$log" >&2; echo "install-packages: apt-get update failed, going on with the lists there are" >&2; }
install || { echo "== once more" >&2; apt update || true; install; } || {
  tail -n 20 "$log" >&2
  echo "install-packages: apt-get could not install them; its last lines are above" >&2
  exit 1
}
