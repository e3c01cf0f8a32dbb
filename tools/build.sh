# shellcheck shell=bash
# Building the canvas and the C++ targets. Sourced by ./dev and tools/ring.sh, which
# provide `say`, `fail`, $ROOT and $LOG.

cpp_sources() { git ls-files -co --exclude-standard -- '*.cc' '*.h'; }

JOBS=$(nproc)

# Runs a command with its output in the log only, and shows the end of it when it fails.
quietly() {
  local from
  from=$(wc -c <"$LOG" 2>/dev/null || echo 0)
  if "$@" >>"$LOG" 2>&1; then return 0; fi
  tail -c "+$((from + 1))" "$LOG" | tail -n 40 >&2
  return 1
}

fetch_web_packages() {
  if [ -e web/node_modules/.complete ] && [ ! web/package-lock.json -nt web/node_modules/.complete ]; then return; fi
  say "fetching the canvas's packages"
  (cd web && quietly npm ci --no-audit --no-fund) || fail "npm ci failed"
  touch web/node_modules/.complete
}

# Two of them fetch their program in a script of their own; the others' scripts build what is not needed.
fetch_clients() {
  local place=build/clients
  if [ -e "$place/.complete" ] && [ ! tools/clients/package.json -nt "$place/.complete" ]; then return; fi
  say "fetching MCP clients"
  rm -rf -- "$place"
  mkdir -p "$place"
  cp tools/clients/package.json "$place/"
  (cd "$place" && quietly npm install --ignore-scripts --no-package-lock --no-audit --no-fund &&
    quietly npm rebuild @anthropic-ai/claude-code opencode-ai) || fail "npm could not install the clients of tools/clients"
  touch "$place/.complete"
}

# None of them needs a script of its own. npm says in passing that the Node.js it runs on is too old for them: theirs is among them.
fetch_conformance() {
  local place=build/conformance
  if [ -e "$place/.complete" ] && [ ! tests/conformance/package-lock.json -nt "$place/.complete" ]; then return; fi
  say "fetching the MCP conformance suite and inspector"
  rm -rf -- "$place"
  mkdir -p "$place"
  cp tests/conformance/package.json tests/conformance/package-lock.json "$place/"
  (cd "$place" && quietly npm ci --ignore-scripts --no-audit --no-fund) || fail "npm could not install what tests/conformance names"
  touch "$place/.complete"
}

# The build is skipped when nothing it reads is newer than what it made.
build_web() {
  [ -e web/package.json ] || return 0
  if [ -e web/dist/index.html ] &&
    [ -z "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit)" ]; then
    return 0
  fi
  fetch_web_packages
  say "building the canvas"
  (cd web && quietly npm run build) || fail "the canvas did not build"
}

build_binary() { # PRESET TARGET…
  local preset=$1
  shift
  export CC=clang-19 CXX=clang++-19
  if [ ! -e "build/$preset/build.ninja" ]; then
    say "configuring $preset"
    quietly cmake --preset "$preset" || fail "cmake could not configure $preset"
  fi
  say "building $preset: $*"
  if [ -t 1 ]; then
    ninja -C "build/$preset" -j "$JOBS" "$@" || fail "the $preset build failed"
  else
    quietly ninja -C "build/$preset" -j "$JOBS" "$@" || fail "the $preset build failed"
  fi
}
