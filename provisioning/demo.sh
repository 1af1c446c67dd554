#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first consultation on one machine: the desk, one box with a simulated camera, microphone, speaker and button, and
# a booking that is open now.
#
#   provisioning/demo.sh                 says where to look; Enter is the button
#   provisioning/demo.sh --self-drive    is the counsellor too, in headless Chromium: presses, talks for 15 s, ends, and
#                                        leaves what both sides saw. Exit status 0: picture and sound flowed both ways
#   options: --seconds N (15, of the talk)   --port N (8080; 0 = any)   --out FOLDER (of the pictures; build/demo)
#            --state FOLDER (of office and box, made anew; build/demo-state)
#
# Ctrl-C ends everything that it started. Files stay inside build/, the pictures in build/demo. A second demo beside the first
# needs its own --state and --port.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

drive=0 seconds=15 port=8080 out=$root/build/demo state=$root/build/demo-state
while [ $# -gt 0 ]; do
  case $1 in
    --self-drive) drive=1; shift ;;
    --seconds) seconds=$2; shift 2 ;;
    --port) port=$2; shift 2 ;;
    --out) out=$(realpath -m "$2"); shift 2 ;;
    --state) state=$(realpath -m "$2"); shift 2 ;;
    -h | --help) sed -n '3,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "demo.sh: I do not know \"$1\" (see --help)" >&2; exit 2 ;;
  esac
done

say() { printf '%s\n' "$*"; }
step() { printf '== %s\n' "$*" >&2; }

# Before anything is touched: a demo that runs already keeps what it has. The lock is held as long as anything that this one
# started lives.
mkdir -p "$(dirname "$state")"
exec 9>"$state.lock"
if ! flock -n 9; then
  say "demo.sh: another demo uses $state; end it first, or give this one a place of its own: --state FOLDER --port 0" >&2
  exit 1
fi
if [ "$port" != 0 ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  say "demo.sh: something listens on port $port already; end it first, or try --port 0" >&2
  exit 1
fi

groups=(build run)
[ "$drive" = 0 ] || groups+=(test)
provisioning/install-packages.sh "${groups[@]}"
browser=tests/interop/browser
[ "$drive" = 0 ] || provisioning/install-browser-driver.sh
provisioning/moved-tree.sh build/release
step "building (release)"
cmake --preset release >/dev/null
cmake --build build/release -j "$(nproc)" --target madoguchid madoguchi madoguchi-feed madoguchi-media madoguchi-camera \
  madoguchi-desk | if [ -t 1 ]; then cat; else awk '!/^\[[0-9]+\/[0-9]+\] (Building|Linking)/ || ++n % 50 == 0 { print; fflush() }'; fi

bin=$root/build/release/bin
rm -rf "$state"
mkdir -p "$state" "$out"
chmod 700 "$state"
export GST_REGISTRY=$root/build/release/gst-registry.bin
"$bin/madoguchi-media" --write-registry "$GST_REGISTRY"
export MADOGUCHI_SOCKET=$state/control.sock
madoguchi() { "$bin/madoguchi" "$@"; }
field() { python3 -c 'import json,sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."): value = (value or {}).get(key) if isinstance(value, dict) else None
print("" if value is None else value)' "$1"; }

pids=()
ended=
finish() {
  local status=$?
  [ -z "$ended" ] || exit "$status"
  ended=1
  trap - EXIT INT TERM
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the office
hall=$("$bin/madoguchi-desk" --data "$state/desk" --json add-hall chuo 中央公民館)
name=tanaka
(umask 077; head -c 9 /dev/urandom | base64 | tr '+/' '-_' >"$state/password")
"$bin/madoguchi-desk" --data "$state/desk" add-counsellor "$name" <"$state/password" >/dev/null
booking=$("$bin/madoguchi-desk" --data "$state/desk" --json book chuo "$(date -u +%Y-%m-%dT%H:%M:00Z)" 120)
# In its own session: a Ctrl-C at the terminal reaches this script, which ends all of them in order.
setsid "$bin/madoguchi-desk" serve --data "$state/desk" --listen "127.0.0.1:$port" >"$state/desk.out" 2>"$state/desk.log" &
desk=$!
pids+=("$desk")
for _ in $(seq 100); do
  [ -s "$state/desk.out" ] && break
  kill -0 "$desk" 2>/dev/null || { cat "$state/desk.log" >&2; say "demo.sh: the desk did not start; is port $port taken? try --port 0" >&2; exit 1; }
  sleep 0.1
done
url=$(sed -n 's/^madoguchi-desk: //p' "$state/desk.out")
origin=${url%/}

# ---- the box
# A browser uses loopback only when it is told to: where the machine has an address of its own, media takes that.
loopback=true
[ "$drive" = 1 ] || [ -z "$(hostname -I 2>/dev/null | tr -d ' ')" ] || loopback=false
(umask 077; cat >"$state/box.toml" <<EOF
[box]
hall = "中央公民館"
telephone = "0123-45-6789"
show_bookings = true
state = "$state/box"
socket = "$state/control.sock"
programs = "$bin"
synchronised_clock = false

[[office]]
origin = "$origin"
token = "$(field token <<<"$hall")"

[[feed]]
name = "desk"
url = "$origin$(field calendar_path <<<"$hall")"
every = "5s"

[[link]]
feeds = ["desk"]
link = "$origin/rooms/(?P<room>[0-9a-f]+)"
events = "$origin/events/{room}"
[[link.seat]]
id = "counsellor"
role = "相談員"
publish = "$origin/whip/{room}/counsellor"
play = "$origin/whep/{room}/counsellor"

[media]
loopback = $loopback
EOF
)
madoguchi check-config "$state/box.toml" >/dev/null
setsid "$bin/madoguchid" --config "$state/box.toml" 2>"$state/box.log" &
box=$!
pids+=("$box")

# Waits until a field of the status is this; says what it waited for when it is late.
until_status() {  # FIELD VALUE SECONDS
  local began=$SECONDS
  while [ "$(madoguchi status --json 2>/dev/null | field "$1" 2>/dev/null)" != "$2" ]; do
    if ! kill -0 "$box" 2>/dev/null; then say "demo.sh: the box ended:" >&2; tail -n 5 "$state/box.log" >&2; return 1; fi
    if [ $((SECONDS - began)) -ge "$3" ]; then
      say "demo.sh: after $3 s $1 is not \"$2\"; the box says:" >&2
      madoguchi status >&2 || true
      return 1
    fi
    sleep 0.2
  done
}
step "starting the box"
until_status card.code ready 60

if [ "$drive" = 0 ]; then
  hint=
  [ "$loopback" = false ] || hint="                   (Chromium: start it with --allow-loopback-in-peer-connection)
"
  cat <<EOF

  The counsellor   open $url in a browser on this machine and log in
                   name $name   password $(cat "$state/password")
$hint  The booking      receipt number $(field receipt <<<"$booking"), open now
  The hall's TV    type s and Enter: a picture of it in $out/box.png
  The button       Enter: a press     l and Enter: a long press, which ends     q and Enter: stop everything
  More             $bin/madoguchi --socket $MADOGUCHI_SOCKET status

EOF
  cat <<EOF
  What happens     Log in. Press Enter here: the page rings, and "出る" (Answer) answers it. The two sides see and hear
                   each other; "相談を終える" (End) on the page, or l here, ends it.

EOF
  # Only where somebody sits before a desktop.
  if [ -t 0 ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    read -r -p "Open the page in your browser now? [y/N] " answer || answer=
    case $answer in [yY]*) xdg-open "$url" >/dev/null 2>&1 9>&- & ;; esac
  fi
  while read -r -p "button> " key; do
    case $key in
      "") madoguchi press >/dev/null && say "pressed: the page rings now; answer there with 出る" || true ;;
      l) madoguchi press --long >/dev/null && say "held: the consultation ends" || true ;;
      s) madoguchi screenshot "$out/box.png" || true ;;
      q) break ;;
      *) say "Enter, l, s or q" ;;
    esac
  done
  exit 0
fi

# ---- the counsellor, in headless Chromium
step "the counsellor logs in"
: >"$state/counsellor.log"  # there before the first look at it
setsid node $browser/counsellor.js --url "$origin" --name "$name" --password-file "$state/password" --seconds "$seconds" \
  --out "$out" --end page >"$state/counsellor.json" 2>"$state/counsellor.log" &
counsellor=$!
pids+=("$counsellor")
for _ in $(seq 600); do
  grep -q 'waiting for a hall to ring' "$state/counsellor.log" && break
  kill -0 "$counsellor" 2>/dev/null || { cat "$state/counsellor.log" >&2; exit 1; }
  sleep 0.1
done
step "the button is pressed"
madoguchi press >/dev/null
until_status phase talking 60
step "talking for $seconds s"
talked=$((seconds * 2 / 3))
sleep "$talked"
madoguchi status --json >"$state/talking.json"
# A short talk on a slow machine may be over by now.
weight=$(for pid in "$box" "$(field media.pid <"$state/talking.json")" "$(field camera.pid <"$state/talking.json")"; do
  awk '/^Pss:/ {printf "%.1f ", $2 / 1024}' "/proc/$pid/smaps_rollup" 2>/dev/null || printf 'nan '
done)
madoguchi screenshot "$out/box.png" >/dev/null
browser_status=0
wait "$counsellor" || browser_status=$?
until_status phase idle 30
step "ended"

python3 - "$state/talking.json" "$state/counsellor.json" "$browser_status" "$weight" <<'EOF'
import json, sys
box = json.load(open(sys.argv[1]))
text = open(sys.argv[2]).read().strip()
page = json.loads(text.splitlines()[-1]) if text else {}
daemon, media, camera = (float(mb) for mb in sys.argv[4].split())
play = next((leg for leg in box["legs"] if leg["direction"] == "play"), {})
times, heard = box["timings"], box["speaker"]
seen = page.get("received", {})
rows = [
    ("press to lamp", f'{times.get("press_to_lamp_ms", -1):.1f} ms'),
    ("press to the first packet", f'{times.get("press_to_first_rtp_ms", -1):.0f} ms'),
    ("press to the counsellor's picture", f'{times.get("press_to_first_frame_ms", -1):.0f} ms (the counsellor answered the ring in it)'),
    ("the box sees", f'{play.get("width", 0)}x{play.get("height", 0)}, {play.get("frames", 0)} frames, {play.get("codec", "?")}'),
    ("the box hears", f'{heard["hz"]:.0f} Hz at {heard["level_db"]:.0f} dBFS (1000 sent)'),
    ("the counsellor sees", f'{seen.get("width", 0)}x{seen.get("height", 0)}, {seen.get("frames", 0)} frames'),
    ("the counsellor hears", f'{page.get("toneHz", 0):.0f} Hz (440 sent)'),
    ("weight while talking (PSS)", f'daemon {daemon} MB, media {media} MB, camera {camera} MB'),
]
for what, value in rows:
    print(f"{what:36} {value}")
near = lambda value, wanted: abs(value - wanted) <= wanted * 0.05
problems = [words for good, words in [
    (play.get("frames", 0) > 0, "no picture reached the box"),
    (near(heard["hz"], 1000), "the box does not hear the counsellor"),
    (seen.get("frames", 0) > 0, "no picture reached the counsellor"),
    (near(page.get("toneHz", 0), 440), "the counsellor does not hear the hall"),
    (sys.argv[3] == "0", "the counsellor's page complains"),
] if not good]
for words in problems:
    print("FAILED: " + words)
sys.exit(1 if problems else 0)
EOF
say "what both sides saw: $out/box.png $out/page.png"
