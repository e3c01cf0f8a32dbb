#!/usr/bin/env bash
# Does the tree need only what it installs? Makes a Debian 12 root with nothing but its base, clones this
# checkout into it and does there what a newcomer does: `./dev run` up to the claim link, then `./dev test`.
#
#   tools/bare.sh DIR [run]   with "run" it ends after the claim link
#
# Needs root. The root has mount, process, IPC and host name spaces of its own; the network is the
# machine's, because packages come from the registries that this machine is configured for. It lies in
# DIR/root and is removed at the end, with everything that ran in it. What was said lies in DIR; times
# and the verdict go to standard output, and when something failed one line says what was missing.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SUITE=bookworm
RUN_SECONDS=3600
TEST_SECONDS=7200
say() { printf '[%5ds] %s\n' "$SECONDS" "$*"; }
fail() {
  printf 'bare: %s\n' "$*" >&2
  exit 1
}

# This machine's Debian sources as apt knows them, whichever files they are written in.
debian_sources() {
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN) $(CODENAME)' 'Created-By: Packages' |
    awk -v suite="$SUITE" '$5 == "Debian" && index($6, suite) == 1 { print $1, $2, $3, $4 }' | sort -u
}

# How this machine reaches them: proxies, and whether it goes by the dates of indexes.
fetching_settings() { apt-config dump Acquire | grep -E '^Acquire::(https?::proxy|check-(date|valid-until)) ' -i || true; }

make_root() {
  local sources
  sources=$(debian_sources)
  [ -n "$sources" ] || fail "apt knows no Debian $SUITE archive on this machine; is it Debian 12, and did apt-get update run?"
  fetching_settings >"$DIR/apt.conf"
  # Also this mounts, so it has name spaces of its own, too: nothing stays mounted when it is killed.
  unshare --mount --pid --fork --kill-child --mount-proc mmdebstrap --quiet --mode=root --variant=minbase \
    --aptopt="$DIR/apt.conf" --dpkgopt=force-unsafe-io "$SUITE" "$TREE" - <<<"$sources" >"$DIR/root.log" 2>&1 ||
    { tail -n 20 "$DIR/root.log" >&2; fail "the root could not be made"; }
  # Authorities that only this machine trusts; the package ca-certificates takes them up when it is installed.
  mkdir -p "$TREE/usr/local/share/ca-certificates"
  cp -a /usr/local/share/ca-certificates/. "$TREE/usr/local/share/ca-certificates/" 2>/dev/null || true
}

# The checkout as it stands, also what is not committed yet; nothing that git ignores.
clone_tree() {
  git -c safe.directory='*' clone --quiet --no-hardlinks "$ROOT" "$TREE/root/molecule"
  git -c safe.directory='*' -C "$ROOT" ls-files -z --deleted | (cd "$TREE/root/molecule" && xargs -0 -r rm -f --)
  git -c safe.directory='*' -C "$ROOT" ls-files -z -co --exclude-standard --deduplicate |
    (cd "$ROOT" && while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done) |
    tar -C "$ROOT" --null -T - -c | tar -C "$TREE/root/molecule" -x --no-same-owner
}

# The first process of the name spaces: mounts what a machine has and becomes the root's shell.
enter() { # TREE COMMAND…
  local tree=$1 device
  shift
  mount --make-rprivate /
  mount -t proc proc "$tree/proc"
  mount --bind /sys "$tree/sys"
  mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
  mkdir -p "$tree/dev/pts" "$tree/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$tree/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$tree/dev/shm"
  for device in null zero full random urandom tty; do
    touch "$tree/dev/$device"
    mount --bind "/dev/$device" "$tree/dev/$device"
  done
  ln -s pts/ptmx "$tree/dev/ptmx"
  ln -s /proc/self/fd "$tree/dev/fd"
  local number=0 name
  for name in stdin stdout stderr; do ln -s "/proc/self/fd/$((number++))" "$tree/dev/$name"; done
  cp /etc/resolv.conf /etc/hosts "$tree/etc/"
  hostname bare
  exec chroot "$tree" /bin/bash -c 'cd /root/molecule && exec "$@"' bare "$@"
}

# Becomes a command in the root, with an environment of its own; what is passed on is how this machine reaches
# registries. Call it in a subshell. It ends with its first process, and so does all that it started.
inside() { # SECONDS COMMAND…
  local limit=$1 name
  local -a passed=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
  shift
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY NODE_EXTRA_CA_CERTS; do
    if [ -n "${!name:-}" ]; then passed+=("$name=${!name}"); fi
  done
  if [ -n "$REGISTRY" ]; then passed+=("npm_config_registry=$REGISTRY"); fi
  exec timeout --kill-after=10 "$limit" unshare --mount --pid --ipc --uts --fork --kill-child \
    env -i "${passed[@]}" "$ROOT/tools/bare.sh" enter "$TREE" "$@"
}

# What the end of a log says was not there, as one line; the whole log stays beside it.
what_was_missing() { # LOG…
  local line
  line=$(grep -h -o -m1 -E "fatal error: '[^']+' file not found|[^ ]+: command not found|ModuleNotFoundError: No module named '[^']+'|No module named [^ ]+|[^ ]+: not found|Could NOT find [A-Za-z0-9_]+|cannot open shared object file: [^ ]+|unable to find library [^ ]+|Unable to locate package [^ ]+|No such file or directory: '[^']+'|[^ ]+ is not installed.*" \
    "$@" 2>/dev/null | head -n1 || true)
  if [ -n "$line" ]; then printf 'missing: %s\n' "$line"; else printf 'nothing that is known by its message was missing\n'; fi
}

run_up_to_the_link() {
  local began=$SECONDS pid status=0 found=''
  say "./dev run"
  # The log holds a claim link, so it is the owner's alone and is not kept.
  (umask 077 && inside "$RUN_SECONDS" ./dev run --port 0 >"$DIR/run.log" 2>&1 </dev/null) &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if grep -q '/claim/' "$DIR/run.log" 2>/dev/null; then
      found=yes
      break
    fi
    sleep 0.5
  done
  if [ -z "$found" ]; then
    wait "$pid" || status=$?
    tail -n 30 "$DIR/run.log" >&2
    fail "./dev run ended with $status after $((SECONDS - began)) s without a claim link; $(what_was_missing "$DIR/run.log" "$TREE/root/molecule/build/dev.log")"
  fi
  say "./dev run: claim link after $((SECONDS - began)) s"
  kill -TERM "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  sed -i 's#/claim/[^ ]*#/claim/…#' "$DIR/run.log"
}

run_the_tests() {
  local began=$SECONDS status=0
  say "./dev test"
  (inside "$TEST_SECONDS" ./dev test) >"$DIR/test.log" 2>&1 </dev/null || status=$?
  cp -r "$TREE/root/molecule/build/results" "$DIR/inside" 2>/dev/null || true
  if [ "$status" != 0 ]; then
    tail -n 30 "$DIR/test.log" >&2
    fail "./dev test ended with $status after $((SECONDS - began)) s; $(what_was_missing "$DIR/test.log" "$DIR"/inside/*/log "$TREE/root/molecule/build/dev.log")"
  fi
  say "./dev test: $(tail -n1 "$DIR/test.log") after $((SECONDS - began)) s"
}

main() {
  [ "$(id -u)" = 0 ] || fail "making a root needs root"
  mkdir -p "$1"
  DIR=$(cd "$1" && pwd)
  TREE=$DIR/root
  REGISTRY=$(npm config get registry 2>/dev/null || true)
  trap 'rm -rf --one-file-system -- "$TREE"' EXIT
  trap 'exit 130' INT TERM
  rm -rf --one-file-system -- "$TREE"
  say "making a bare Debian 12 root"
  make_root
  say "cloning the checkout into it"
  clone_tree
  run_up_to_the_link
  if [ "${2:-}" != run ]; then run_the_tests; fi
  say "nothing was missing"
}

case ${1:-} in
  enter) shift; enter "$@" ;;
  '') sed -n '2,12p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2 ;;
  *) main "$@"; exit ;;  # Read whole by now: the script may be edited while it runs.
esac
