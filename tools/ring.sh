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

# ./dev test runs what failed once more, alone, and names what passes then as unsteady: a machine that
# was too busy for one test must not hide what all others say, and what is unsteady is in the result to
# be mended. Only a few: when more fail, something is broken. ./dev check lets nothing pass that way,
# and no ring about lost data does.
ATTEMPTS=${MOLECULE_ATTEMPTS:-1}
AGAIN_MOST=3

# Every gtest binary of a build, two at a time, each with its own limit and its own XML file.
unit_tests_of() { # PRESET
  local -a binaries failed
  mapfile -t binaries < <(find "build/$1" -maxdepth 4 -type f -name '*_test' -perm -u+x | sort)
  [ ${#binaries[@]} -gt 0 ] || fail "no test binaries under build/$1"
  unit_binaries "$JOBS" "$OUT" "${binaries[@]}" && return
  mapfile -t failed < <(cat "$OUT"/*.failed)
  may_run_again "${#failed[@]}" || return 1
  unit_binaries 1 "$OUT/again" "${failed[@]}"
}

may_run_again() { # HOW_MANY_FAILED
  [ "$ATTEMPTS" -gt 1 ] && [ "$1" -gt 0 ] && [ "$1" -le "$AGAIN_MOST" ] || return 1
  mkdir -p "$OUT/again"
  say "once more, alone, what failed"
}

unit_binaries() { # AT_ONCE RESULTS BINARY…
  local at_once=$1 results=$2
  shift 2
  # shellcheck disable=SC2016
  printf '%s\0' "$@" | xargs -0 -P "$at_once" -I{} bash -c '
    name=$(basename "$1")
    timeout --kill-after=5 300 "$1" --gtest_brief=1 --gtest_output="xml:$2/$name.xml" >"$2/$name.log" 2>&1
    status=$?
    if [ "$status" != 0 ]; then
      printf "%s\n" "$1" >"$2/$name.failed"
      printf "%s ended with %s\n" "$name" "$status"
      tail -n 60 "$2/$name.log"
      # A crash leaves no XML; the tally counts what this file names.
      [ -s "$2/$name.xml" ] || printf "%s ended with %s before it could report\n" "$name" "$status" >>"$2/broken"
      exit 1
    fi' _ {} "$results"
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
  pytest_shared sdk sdk/python || status=1
  pytest_shared whole tests --ignore=tests/tidy --ignore=tests/crash --ignore=tests/conformance || status=1
  return $status
}

pytest_shared() { # NAME WHAT…
  local name=$1 failed
  local -a limits=(--timeout 300 -o faulthandler_timeout=280) again
  shift
  "${PYTEST[@]}" -n "$((JOBS + 2))" --dist loadfile "${limits[@]}" "$@" --junitxml="$OUT/$name.xml" && return
  failed=$(/usr/bin/python3 tools/again.py "$AGAIN_MOST" "$OUT/$name.xml") || return 1
  mapfile -t again <<<"$failed"
  may_run_again "${#again[@]}" || return 1
  "${PYTEST[@]}" "${limits[@]}" "${again[@]}" --junitxml="$OUT/again/$name.xml"
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
  local each
  local -a failed
  fetch_web_packages
  cd web
  e2e_files 2 "$OUT" e2e/*_test.mjs && return
  mapfile -t failed < <(cat "$OUT"/*.failed)
  if may_run_again "${#failed[@]}"; then
    e2e_files 1 "$OUT/again" "${failed[@]}" && return
  fi
  # Last, where it is looked for, and not among what others printed meanwhile.
  for each in "${failed[@]}"; do
    each=$(basename "$each" .mjs).log
    tail -n 40 "$(if [ -f "$OUT/again/$each" ]; then echo "$OUT/again/$each"; else echo "$OUT/$each"; fi)"
  done
  return 1
}

e2e_files() { # AT_ONCE RESULTS FILE…
  local at_once=$1 results=$2
  shift 2
  # shellcheck disable=SC2016
  printf '%s\0' "$@" | xargs -0 -P "$at_once" -I{} bash -c '
    name=$(basename "$1" .mjs)
    node --test --test-reporter=spec --test-reporter-destination="$2/$name.log" \
      --test-reporter=junit --test-reporter-destination="$2/$name.xml" "$1"
    status=$?
    cat "$2/$name.log"
    if [ "$status" != 0 ]; then
      printf "%s\n" "$1" >"$2/$name.failed"
      exit 1
    fi' _ {} "$results"
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
