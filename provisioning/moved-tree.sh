#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# provisioning/moved-tree.sh FOLDER: fails with what to remove when this build folder was made where the tree was before.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$1/CMakeCache.txt
[ -e "$cache" ] || exit 0
was=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache")
if [ "$was" = "$PWD" ] || [ "$was" -ef "$PWD" ]; then exit 0; fi
echo "The tree was moved here from $was, and $1 still builds that one. Remove it and try again:" >&2
echo "  rm -r $PWD/$1" >&2
exit 1
