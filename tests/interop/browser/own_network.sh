#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# own_network.sh COMMAND...: runs it where there is no network but a loopback of its own, which it may make lossy with nft.
# Exit status 77: this machine gives nobody a network of his own, or its kernel cannot drop packets.
set -eu
own="unshare --net"
[ "$(id -u)" = 0 ] || own="unshare --user --map-root-user --net"
$own true || { echo "own_network.sh: no network namespace may be made here" >&2; exit 77; }
$own nft add table ip probe || { echo "own_network.sh: nftables does not work here" >&2; exit 77; }
# shellcheck disable=SC2016,SC2086
exec $own sh -c 'ip link set lo up && exec "$@"' own_network "$@"
