# shellcheck shell=bash
# Which rings of tests there are, in which order and within which time. Sourced by ./dev.
# Each ring is `tools/ring.sh NAME`, runs under a time limit of its own, and leaves what it found in
# build/results/NAME: JUnit files or Vitest's JSON. tools/tally.py reads those, so a ring that fails,
# hangs or never ran is counted and does not hide the ones after it.

RESULTS=$ROOT/build/results

# name:seconds. Building is not a test, but what does not build fails here and by name.
TEST_RINGS=(tidy:120 web:600 build:2700 unit:900 python:1500 conformance:300 crash:600 e2e:1500)
CHECK_RINGS=(format:120 shell:60 clients:1200 fuzz:900 asan:2400 tsan:2400 simulation:2400 torture:3000 bare:10800)

require_rings() { # ONLY
  local name
  local -a names=("${TEST_RINGS[@]%%:*}")
  for name in ${1//,/ }; do
    [[ " ${names[*]} " == *" $name "* ]] || misused "there is no ring $name, only ${names[*]}" "$name" "${names[@]}"
  done
}

ring_pid=''
stop_rings() {
  if [ -n "$ring_pid" ]; then kill -TERM "$ring_pid" 2>/dev/null || true; fi
  "$ROOT/tools/services.sh" stop "$ROOT/build/services" || true
}

run_ring() { # NAME SECONDS
  local name=$1 limit=$2 began=$SECONDS status=0
  mkdir -p "$RESULTS/$name"
  say "$name …"
  # In the background and waited for, so that Ctrl-C is acted on at once.
  timeout --kill-after=20 "$limit" "$ROOT/tools/ring.sh" "$name" "$RESULTS/$name" \
    >"$RESULTS/$name/log" 2>&1 </dev/null &
  ring_pid=$!
  wait "$ring_pid" || status=$?
  ring_pid=''
  printf '%s\t%s\t%s\n' "$name" "$status" "$((SECONDS - began))" >>"$RESULTS/rings.tsv"
  case $status in
    0) ;;
    124 | 137) say "$name: stopped after its limit of $limit s; the end of build/results/$name/log:" ;;
    *) say "$name: failed; the end of build/results/$name/log:" ;;
  esac
  if [ "$status" != 0 ]; then tail -n 30 "$RESULTS/$name/log" || true; fi
}

run_rings() { # WANTED RING…: all of them when WANTED is empty
  local wanted=$1 ring exports
  shift
  rm -rf -- "$RESULTS"
  mkdir -p "$RESULTS"
  : >"$RESULTS/rings.tsv"
  trap stop_rings EXIT
  trap 'exit 130' INT TERM
  if [ -z "$wanted" ] || [[ ",$wanted," =~ ,(unit|python|crash|asan|tsan), ]]; then
    say "starting PostgreSQL and Redis on loopback"
    exports=$("$ROOT/tools/services.sh" start "$ROOT/build/services") || fail "the test services did not start"
    eval "$exports"
  fi
  for ring in "$@"; do
    if [ -z "$wanted" ] || [[ ",$wanted," == *",${ring%%:*},"* ]]; then
      run_ring "${ring%%:*}" "${ring##*:}"
    fi
  done
}

run_test_rings() { # ONLY ROUNDS
  local only=$1 tally=0
  export MOLECULE_CRASH_ROUNDS=$2 MOLECULE_ATTEMPTS=2
  # The binary the later rings drive has to be built, whichever of them was asked for.
  if [ -n "$only" ] && [[ ",$only," =~ ,(unit|python|conformance|crash|e2e), ]]; then only="web,build,$only"; fi
  run_rings "$only" "${TEST_RINGS[@]}"
  stop_rings
  trap - EXIT
  /usr/bin/python3 tools/tally.py "$RESULTS" || tally=1
  exit $tally
}

run_check_rings() {
  local tally=0
  export MOLECULE_CRASH_ROUNDS=200 MOLECULE_TORTURE_ROUNDS=1000
  run_rings '' "${TEST_RINGS[@]}" "${CHECK_RINGS[@]}"
  stop_rings
  trap - EXIT
  /usr/bin/python3 tools/tally.py "$RESULTS" || tally=1
  exit $tally
}
