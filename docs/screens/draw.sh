#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Draws every card of the TV into docs/screens/LANGUAGE/CARD.png, with the programs in build/dev. Look at what changed
# before it is committed: tests/media/cards_test.cpp holds the box to these pictures.
set -eu
cd "$(dirname "$0")"
program=${1:-../../build/dev/bin/madoguchid}
for lang in ja easy en; do
  mkdir -p "$lang"
  grep -o '^\[[a-z-]*\]' "../../firmware/session/cards/$lang.toml" | tr -d '[]' | while read -r card; do
    [ "$card" = words ] || "$program" --card "$card" --lang "$lang" --size 480x270 --out "$lang/$card.png"
  done
done
