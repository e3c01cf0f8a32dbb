#!/usr/bin/env bash
# `./dev run`: the platform with the demo organisation and its two agents, ended together.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
LOG=$ROOT/build/dev.log
START=$SECONDS
say() { printf '[%4ds] %s\n' "$((SECONDS - START))" "$*"; }
fail() {
  printf 'dev run: %s\n' "$*" >&2
  exit 1
}
# shellcheck source=tools/build.sh
source "$ROOT/tools/build.sh"

port=${PORT:-8080}
preset=release
data=$ROOT/build/demo-data
while [ $# -gt 0 ]; do
  case $1 in
    --port) port=${2:?--port needs a value}; shift 2 ;;
    --preset) preset=${2:?--preset needs a value}; shift 2 ;;
    --fresh) rm -rf -- "$data"; shift ;;
    *) fail "run does not know $1 (./dev help)" ;;
  esac
done
[[ $port =~ ^[0-9]{1,5}$ ]] || fail "the port must be a number, not '$port'"
unset PORT

build_web
build_binary "$preset" molecule

pids=()
finish() {
  local pid
  trap - EXIT INT TERM
  # The platform goes last: agents say goodbye to it.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill -TERM "${pids[i]}" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap finish EXIT
trap 'printf "\n"; say "stopping"; exit 0' INT TERM HUP

mkdir -p "$data"
chmod 700 "$data"
fresh=yes
[ ! -e "$data/demo.json" ] || fresh=no
out=$ROOT/build/demo.out
: >"$out"
chmod 600 "$out" # It holds the claim link.
say "starting the platform"
# Own sessions, so that Ctrl-C reaches this script alone and it ends the rest in order.
setsid "build/$preset/molecule" serve --listen "127.0.0.1:$port" --data "$data" --demo \
  --dial-allow 127.0.0.1/32 >"$out" 2>build/demo.log </dev/null &
pids+=($!)
url=''
for ((i = 0; i < 200; i++)); do
  url=$(sed -n 's/^ready \(http[^ ]*\).*/\1/p' "$out" | head -n1)
  [ -z "$url" ] || break
  kill -0 "${pids[0]}" 2>/dev/null || { tail -n 20 build/demo.log >&2; fail "the platform ended; build/demo.log says why"; }
  sleep 0.05
done
[ -n "$url" ] || fail "the platform was not ready after 10 s; see build/demo.log"

say "starting the demo agents"
for agent in researcher pm; do
  PYTHONPATH=$ROOT/sdk/python/src MOLECULE_DEMO_FILE=$data/demo.json PYTHONUNBUFFERED=1 \
    setsid /usr/bin/python3 "sdk/python/examples/demo/$agent.py" >"build/demo.$agent.log" 2>&1 </dev/null &
  pids+=($!)
done

link=''
if [ "$fresh" = yes ]; then link=$(grep -o "http[^ ]*/claim/[^ ]*" "$out" | head -n1 || true); fi
if [ -z "$link" ]; then
  link=$("build/$preset/molecule" admin claim --data "$data" --url "$url" | grep -o 'http[^ ]*/claim/[^ ]*' | head -n1 || true)
fi
[ -n "$link" ] || fail "no claim link; try: build/$preset/molecule admin claim --data $data"
cat <<TXT

  Molecule is running at $url
  Logs: build/demo.log, build/demo.pm.log, build/demo.researcher.log

  Open this link in a browser; it signs you in once, within 30 minutes:

    $link

  Then click "pm", and ask in its chat: Summarise README.md in 3 bullet points
  Ctrl-C stops everything.

TXT

# Whoever ends first ends the run; a dead agent is worth seeing.
set +e
wait -n -p gone "${pids[@]}"
set -e
case ${gone:-} in
  "${pids[0]}") tail -n 5 build/demo.log >&2; fail "the platform ended; see build/demo.log" ;;
  *) tail -n 5 build/demo.researcher.log build/demo.pm.log >&2; fail "a demo agent ended; its log says why" ;;
esac
