# shellcheck shell=bash
# Installs what is missing on Debian 12, and nothing else. Sourced by ./dev, which provides `say`,
# `fail` and $LOG. A group is what one verb needs; a machine that has it all is not touched.

declare -A PACKAGES=(
  [build]="clang-19 cmake ninja-build ccache git ca-certificates pkg-config brotli python3 libboost1.81-dev
    libboost-json1.81-dev libcli11-dev libfmt-dev libjemalloc-dev libssl-dev libsqlite3-dev zlib1g-dev libpq-dev
    libutf8proc-dev libncurses-dev libc-ares-dev libnghttp2-dev libyaml-cpp-dev libpq5 libgtest-dev libgmock-dev linux-libc-dev"
  [demo]="python3 python3-requests python3-cryptography python3-venv curl"
  [test]="python3 python3-requests python3-cryptography python3-venv python3-wheel-whl python3-pytest python3-pytest-xdist python3-pytest-timeout libpq5 postgresql-15
    postgresql-client-15 redis-server redis-tools chromium fonts-dejavu-core curl openssl util-linux nginx-light
    python3-grpcio python3-protobuf protobuf-compiler libprotobuf-dev nghttp2-client
    caddy haproxy zsh fish iproute2 nftables tmux"
  [check]="clang-format-19 libclang-rt-19-dev llvm-19 shellcheck mmdebstrap"
  [bench]="nginx-light python3 util-linux libpq5 postgresql-15 postgresql-client-15 redis-server"
  [fmt]="clang-format-19 git"
  [slice]="python3"
)

# Debian 12 carries Node.js 18, the canvas needs 20.19. Its npm is enough to fetch the official
# binaries that the registry publishes; versions and hashes are fixed in tools/node.
NODE_MINIMUM="20.19.0"

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -n "$@" || fail "sudo refused; run ./dev once as root so that it can install packages"
  else
    fail "missing packages need root to install, and there is no sudo"
  fi
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]; }

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 "$@" </dev/null >>"$LOG" 2>&1
}

# Package scripts must not start system-wide servers: while we install, policy-rc.d says no.
install_packages() {
  local guard=/usr/sbin/policy-rc.d placed='' status=0
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
    as_root chmod 755 "$guard"
    placed=yes
  fi
  apt_get install --no-install-recommends "$@" ||
    { apt_get update && apt_get install --no-install-recommends "$@"; } || status=1
  if [ -n "$placed" ]; then as_root rm -f "$guard"; fi
  return $status
}

need_packages() { # GROUP…
  local group package
  local -a missing=()
  [ -e /etc/debian_version ] || fail "this script installs Debian packages; on another system install the list in tools/packages.sh by hand"
  for group in "$@"; do
    for package in ${PACKAGES[$group]}; do
      if [[ " ${missing[*]} " != *" $package "* ]] && ! installed "$package"; then missing+=("$package"); fi
    done
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  install_packages "${missing[@]}" || fail "apt-get failed; the end of $LOG says why"
}

version_at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1)" = "$2" ]; }

node_is_enough() {
  local have
  have=$(node --version 2>/dev/null) || return 1
  npm --version >/dev/null 2>&1 || return 1
  version_at_least "${have#v}" "$NODE_MINIMUM"
}

# Puts the fetched Node.js and its npm first on PATH. The binary is named by its own folder: older npm
# does not link it.
use_fetched_node() {
  local bin
  for bin in "$ROOT"/build/node/node_modules/node-linux-*/bin; do
    if [ -x "$bin/node" ]; then export PATH="$bin:$ROOT/build/node/node_modules/.bin:$PATH"; fi
  done
  hash -r
}

need_node() {
  local home=$ROOT/build/node
  if node_is_enough; then return; fi
  if [ -e "$home/complete" ]; then
    use_fetched_node
    if node_is_enough; then return; fi
  fi
  if ! command -v npm >/dev/null; then
    say "installing Debian's npm to fetch a newer Node.js with"
    install_packages npm || fail "apt-get failed; the end of $LOG says why"
  fi
  say "fetching Node.js into build/node (Debian 12 has an older one)"
  mkdir -p "$home"
  cp "$ROOT/tools/node/package.json" "$ROOT/tools/node/package-lock.json" "$home/"
  (cd "$home" && npm ci --no-audit --no-fund) >>"$LOG" 2>&1 || fail "npm could not fetch Node.js; the end of $LOG says why"
  use_fetched_node
  node_is_enough || fail "Node.js $NODE_MINIMUM or newer is needed and could not be set up"
  touch "$home/complete"
}
