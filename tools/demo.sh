#!/usr/bin/env bash
# `./dev run`: builds what is not built and hands over to demo.py, which keeps the demo running.
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
fresh=()
while [ $# -gt 0 ]; do
  case $1 in
    --port) port=${2:?--port needs a value}; shift 2 ;;
    --preset) preset=${2:?--preset needs a value}; shift 2 ;;
    --fresh) fresh=(--fresh); shift ;;
    *) fail "run does not know $1 (./dev help)" ;;
  esac
done
[[ $port =~ ^[0-9]{1,5}$ ]] || fail "the port must be a number, not '$port'"
unset PORT

# Before the build, so that a demo that runs keeps its binary and its data.
/usr/bin/python3 tools/demo.py free build/demo-data "${fresh[@]}"
build_web
build_binary "$preset" molecule
exec /usr/bin/python3 tools/demo.py run "build/$preset/molecule" "$ROOT/build/demo-data" "$port"
