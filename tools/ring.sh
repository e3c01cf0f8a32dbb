#!/usr/bin/env bash
# Runs one ring of tests: tools/ring.sh NAME RESULTS. ./dev calls it under a time limit.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
START=$SECONDS
RING=$1
OUT=$2
mkdir -p "$OUT"
say() { printf '[%4ds] %s\n' "$((SECONDS - START))" "$*"; }
fail() {
  printf '%s: %s\n' "$RING" "$*" >&2
  exit 1
}
# shellcheck source=tools/build.sh
source "$ROOT/tools/build.sh"
quietly() { "$@"; } # Everything a ring prints goes to its own file already.

PYTEST=(/usr/bin/python3 -m pytest -q -p no:cacheprovider -W error::pytest.PytestUnraisableExceptionWarning)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$ROOT/sdk/python/src
export MOLECULE_BINARY=${MOLECULE_BINARY:-$ROOT/build/dev/molecule}
export MOLECULE_BIN=$MOLECULE_BINARY

# Every gtest binary of a build, two at a time, each with its own limit and its own XML file.
unit_tests_of() { # PRESET
  local -a binaries
  mapfile -t binaries < <(find "build/$1" -maxdepth 4 -type f -name '*_test' -perm -u+x | sort)
  [ ${#binaries[@]} -gt 0 ] || fail "no test binaries under build/$1"
  # shellcheck disable=SC2016
  printf '%s\0' "${binaries[@]}" | xargs -0 -P "$JOBS" -I{} bash -c '
    name=$(basename "$1")
    timeout --kill-after=5 300 "$1" --gtest_brief=1 --gtest_output="xml:$2/$name.xml" >"$2/$name.log" 2>&1
    status=$?
    if [ "$status" != 0 ]; then
      printf "%s ended with %s\n" "$name" "$status"
      tail -n 60 "$2/$name.log"
      # A crash leaves no XML; the tally counts what this file names.
      [ -s "$2/$name.xml" ] || printf "%s ended with %s before it could report\n" "$name" "$status" >>"$2/broken"
      exit 1
    fi' _ {} "$OUT"
}

ring_tidy() { "${PYTEST[@]}" tests/tidy tools bench --junitxml="$OUT/tidy.xml"; }

ring_web() {
  fetch_web_packages
  cd web
  npm run check
  npm test -- --reporter=default --reporter=json --outputFile="$OUT/vitest.json"
}

ring_build() { build_binary dev all; }

ring_unit() { unit_tests_of dev; }

# Most of it is waiting, for agents, outages and deadlines: four processes keep two processors half busy. A file stays in
# one of them. The longest test takes a minute: one that hangs fails by name, and says where each of its threads is,
# before it takes the ring's time from all others.
ring_python() {
  local status=0
  local -a shared=(-n "$((JOBS + 2))" --dist loadfile --timeout 300 -o faulthandler_timeout=280)
  "${PYTEST[@]}" "${shared[@]}" sdk/python --junitxml="$OUT/sdk.xml" || status=1
  "${PYTEST[@]}" "${shared[@]}" tests --ignore=tests/tidy --ignore=tests/crash --ignore=tests/conformance --junitxml="$OUT/whole.xml" || status=1
  return $status
}

# Clients of other makers, each in the version that tools/clients names, one after the other: each takes a second of
# both processors to start.
ring_clients() {
  fetch_clients
  export MOLECULE_CLIENTS_DIR=$ROOT/build/clients/node_modules/.bin MOLECULE_REQUIRE_CLIENTS=1
  "${PYTEST[@]}" tests/clients tests/agents/real_test.py --timeout 300 -o faulthandler_timeout=280 --junitxml="$OUT/clients.xml"
}

# The official suite and inspector of MCP, in the versions that tests/conformance names.
ring_conformance() {
  fetch_conformance
  "${PYTEST[@]}" -n "$JOBS" --timeout 120 tests/conformance --junitxml="$OUT/conformance.xml"
}

ring_crash() { "${PYTEST[@]}" -s tests/crash --junitxml="$OUT/crash.xml"; }

# A real Chromium plays the demo against the binary. Two files at a time: each starts a platform of its own, and spends
# half of its time waiting.
ring_e2e() {
  fetch_web_packages
  cd web
  node --test --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=junit --test-reporter-destination="$OUT/e2e.xml" e2e/*_test.mjs
}

ring_format() {
  local bad
  bad=$(cpp_sources | xargs -r clang-format-19 --dry-run -Werror 2>&1 | grep -o '^[^:]*' | sort -u) || true
  [ -z "$bad" ] || fail "not formatted (./dev fmt): $bad"
}

ring_shell() { shellcheck -x dev .ci/run tools/*.sh; }

# A sanitizer makes a schedule many times as slow, and what it looks for shows in a few.
ring_asan() {
  export MOLECULE_SCHEDULES=100
  build_binary asan all
  unit_tests_of asan
}

ring_tsan() {
  export MOLECULE_SCHEDULES=100
  build_binary tsan all
  unit_tests_of tsan
}

# Each target starts from its corpus in the tree; what it finds is written beside the results.
ring_fuzz() {
  local target name status=0
  build_binary fuzz fuzz
  for target in build/fuzz/bin/fuzz_*; do
    if [ ! -x "$target" ] || [ ! -f "$target" ]; then continue; fi
    name=$(basename "$target")
    say "$name"
    mkdir -p "$OUT/$name"
    "$target" -max_total_time="${MOLECULE_FUZZ_SECONDS:-30}" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="$OUT/$name." "$OUT/$name" "fuzz/corpus/${name#fuzz_}" >"$OUT/$name.log" 2>&1 ||
      { tail -n 30 "$OUT/$name.log"; printf '%s found an input that breaks it\n' "$name" >>"$OUT/broken"; status=1; }
  done
  return $status
}

# Plays $2 schedules of a kind, named $1, from number $3 on; $4 names the run.
schedules_of() {
  local binary=build/dev/tests/testing_simulation_test
  MOLECULE_SCHEDULES=$2 MOLECULE_SCHEDULES_FROM=$3 "$binary" \
    --gtest_filter="$1.*" --gtest_output="xml:$OUT/$1$4.xml"
}

# Schedules of what may happen to a platform and to its relays, as many at a time as there are
# processors; a tenth of them of relays.
ring_simulation() {
  local count=${MOLECULE_SCHEDULES:-100000} part each status=0
  local -a running=()
  build_binary dev testing_simulation_test
  each=$((count / JOBS))
  for ((part = 0; part < JOBS; part++)); do
    { schedules_of Schedules "$each" $((1 + part * each)) "$part" &&
      schedules_of RelaySchedules $((each / 10)) $((1 + part * (each / 10))) "$part"; } >"$OUT/part$part.log" 2>&1 &
    running+=($!)
  done
  for ((part = 0; part < JOBS; part++)); do
    wait "${running[$part]}" || { tail -n 100 "$OUT/part$part.log"; status=1; }
  done
  return $status
}

ring_torture() {
  MOLECULE_RELAY_ROUNDS=60 MOLECULE_RELAY_NAP=150 MOLECULE_STOP_ROUNDS=200 MOLECULE_CRASH_ROUNDS=${MOLECULE_TORTURE_ROUNDS:-1000} "${PYTEST[@]}" -s tests/crash --junitxml="$OUT/crash.xml"
}

# Making a root needs root; ./dev check has asked for it before, to install packages.
ring_bare() {
  if [ "$(id -u)" = 0 ]; then tools/bare.sh "$OUT"; else sudo -n tools/bare.sh "$OUT"; fi
}

if [ "$(type -t "ring_$RING")" != function ]; then fail "there is no such ring"; fi
"ring_$RING"
