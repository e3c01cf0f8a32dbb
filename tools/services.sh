#!/usr/bin/env bash
# Starts the PostgreSQL and Redis that the tests talk to, and ends exactly those again.
#
#   tools/services.sh start DIR [pg] [redis] [docker] [podman]   start (the first two without a name); prints export lines
#   tools/services.sh env   DIR                print the export lines of what is running
#   tools/services.sh why   DIR docker|podman  why this machine runs no such engine; nothing where it does
#   tools/services.sh kill  DIR docker|podman  end an engine as a crash does; start starts it again
#   tools/services.sh stop  DIR                end what start started and delete its data
#
# Both listen on 127.0.0.1 only, on a free port, behind a password made for this run, and run as an
# unprivileged user when the caller is root. DIR keeps ports, passwords and pid files; the data lives
# in a fresh directory under TMPDIR, because a home directory is often closed to other users. Test
# data is worth nothing after a power cut, so PostgreSQL runs without fsync and Redis keeps nothing; with
# MOLECULE_SERVICES_DURABLE=1 both sync each write before they acknowledge it, for figures beside ours. Only
# export lines go to standard output:
#   eval "$(tools/services.sh start build/services)"
# sets MOLECULE_TEST_DATABASE_URL and MOLECULE_TEST_REDIS_URL; MOLECULE_TEST_DOCKER and MOLECULE_TEST_PODMAN are the
# sockets of engines, MOLECULE_TEST_NO_DOCKER and MOLECULE_TEST_NO_PODMAN say why there is none (engines.sh).
set -euo pipefail

note() { printf 'services: %s\n' "$*" >&2; }
die() { note "$*"; exit 1; }

# A pid file holds the pid and the start time of that process, so a recycled pid is never signalled.
started_at() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  local -a field
  read -ra field <<<"$stat"
  [ "${field[0]}" != Z ] && [ "${field[0]}" != X ] || return 1
  printf '%s\n' "${field[19]}"
}
remember() { printf '%s %s\n' "$2" "$(started_at "$2")" >"$1"; }
living() {
  local pid born
  [ -r "$1" ] && read -r pid born <"$1" || return 1
  [ "$(started_at "$pid" || true)" = "$born" ] && printf '%s\n' "$pid"
}
end_by_file() { # FILE SIGNAL: ask, wait up to 15 s, then insist
  local pid i
  if pid=$(living "$1"); then
    kill "-$2" "$pid" 2>/dev/null || true
    for ((i = 0; i < 300; i++)); do
      living "$1" >/dev/null || break
      sleep 0.05
    done
    if living "$1" >/dev/null; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$1"
}

until_ready() { # SECONDS COMMAND…
  local i limit=$(($1 * 20))
  shift
  for ((i = 0; i < limit; i++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  return 1
}

free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
new_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

is_root() { [ "$(id -u)" = 0 ]; }
user_for() { if ! is_root; then id -un; elif id -u "$1" >/dev/null 2>&1; then printf '%s\n' "$1"; else printf 'nobody\n'; fi; }
as_user() {
  local user=$1
  shift
  if is_root; then setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"; else "$@"; fi
}

data_of() { # NAME USER: this service's data directory, made once
  local path
  if [ ! -s "$DIR/$1.data" ]; then
    path=$(mktemp -d "${TMPDIR:-/tmp}/molecule-test-$1.XXXXXX")
    if is_root; then chown "$2" "$path"; fi
    printf '%s\n' "$path" >"$DIR/$1.data"
  fi
  cat "$DIR/$1.data"
}

pg_programs() {
  local dir
  for dir in /usr/lib/postgresql/*/bin; do
    if [ -x "$dir/initdb" ]; then printf '%s\n' "$dir"; return; fi
  done
  die "PostgreSQL is not installed (package postgresql-15)"
}
pg_url() { printf 'postgresql://molecule:%s@127.0.0.1:%s/postgres' "$(cat "$DIR/pg.password")" "$(cat "$DIR/pg.port")"; }
pg_answers() { psql -X -At -d "$(pg_url)" -c 'select 1'; }

start_pg() {
  local programs user data port sync=off
  if [ "${MOLECULE_SERVICES_DURABLE:-}" = 1 ]; then sync=on; fi
  if living "$DIR/pg.pid" >/dev/null && pg_answers >/dev/null 2>&1; then return; fi
  end_by_file "$DIR/pg.pid" INT
  programs=$(pg_programs)
  user=$(user_for postgres)
  data=$(data_of pg "$user")
  if [ ! -e "$data/cluster/PG_VERSION" ]; then
    new_password >"$DIR/pg.password"
    # initdb reads the password as the unprivileged user, who may not be able to reach DIR.
    cp "$DIR/pg.password" "$data/password"
    if is_root; then chown "$user" "$data/password"; fi
    (cd "$data" && as_user "$user" "$programs/initdb" -D "$data/cluster" -U molecule \
      --pwfile="$data/password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync) \
      >"$DIR/pg.log" 2>&1 || die "initdb failed: $(tail -n 3 "$DIR/pg.log")"
    rm -f "$data/password"
  fi
  port=$(free_port)
  printf '%s\n' "$port" >"$DIR/pg.port"
  # The whole subshell is redirected: it lives as long as the server and would keep a caller's pipe open.
  (cd "$data" && as_user "$user" setsid "$programs/postgres" -D "$data/cluster" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
    -c fsync="$sync" -c full_page_writes="$sync") </dev/null >>"$DIR/pg.log" 2>&1 &
  until_ready 30 pg_answers || die "PostgreSQL did not come up: $(tail -n 3 "$DIR/pg.log")"
  remember "$DIR/pg.pid" "$(as_user "$user" head -n1 "$data/cluster/postmaster.pid")"
}

redis_url() { printf 'redis://:%s@127.0.0.1:%s/0' "$(cat "$DIR/redis.password")" "$(cat "$DIR/redis.port")"; }
redis_answers() {
  [ "$(REDISCLI_AUTH=$(cat "$DIR/redis.password") redis-cli -h 127.0.0.1 -p "$(cat "$DIR/redis.port")" ping 2>/dev/null)" = PONG ]
}

start_redis() {
  local user data kept="no"
  if [ "${MOLECULE_SERVICES_DURABLE:-}" = 1 ]; then kept="yes"; fi
  if living "$DIR/redis.pid" >/dev/null && redis_answers; then return; fi
  end_by_file "$DIR/redis.pid" TERM
  command -v redis-server >/dev/null || die "Redis is not installed (package redis-server)"
  user=$(user_for redis)
  data=$(data_of redis "$user")
  new_password >"$DIR/redis.password"
  free_port >"$DIR/redis.port"
  # The password goes through a file: arguments are visible to every user of the machine.
  cat >"$data/redis.conf" <<CONF
bind 127.0.0.1
port $(cat "$DIR/redis.port")
requirepass $(cat "$DIR/redis.password")
dir $data
save ""
appendonly $kept
appendfsync always
CONF
  if is_root; then chown "$user" "$data/redis.conf"; fi
  chmod 600 "$data/redis.conf"
  if is_root; then
    setsid setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- \
      redis-server "$data/redis.conf" </dev/null >"$DIR/redis.log" 2>&1 &
  else
    setsid redis-server "$data/redis.conf" </dev/null >"$DIR/redis.log" 2>&1 &
  fi
  local pid=$!
  until_ready 15 redis_answers || die "Redis did not come up: $(tail -n 3 "$DIR/redis.log")"
  remember "$DIR/redis.pid" "$pid"
}

# shellcheck source=tools/engines.sh
source "$(dirname "${BASH_SOURCE[0]}")/engines.sh"

print_env() {
  if living "$DIR/pg.pid" >/dev/null; then printf "export MOLECULE_TEST_DATABASE_URL='%s'\n" "$(pg_url)"; fi
  if living "$DIR/redis.pid" >/dev/null; then printf "export MOLECULE_TEST_REDIS_URL='%s'\n" "$(redis_url)"; fi
  print_engine docker
  print_engine podman
}

stop_all() {
  local name data
  end_by_file "$DIR/pg.pid" INT
  end_by_file "$DIR/redis.pid" TERM
  stop_engine docker
  stop_engine podman
  for name in pg redis; do
    [ -s "$DIR/$name.data" ] || continue
    data=$(cat "$DIR/$name.data")
    case $data in */molecule-test-"$name".*) rm -rf -- "$data" ;; esac
    rm -f "$DIR/$name.data" "$DIR/$name.port" "$DIR/$name.password"
  done
}

[ $# -ge 2 ] || { sed -n '2,18p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
verb=$1
# A question about this machine, which leaves every directory as it is.
if [ "$verb" = why ]; then
  engine_trouble "${3:?docker or podman}"
  exit
fi
mkdir -p "$2"
chmod 700 "$2"
DIR=$(cd "$2" && pwd)
shift 2
case $verb in
  start)
    umask 077
    [ $# -gt 0 ] || set -- pg redis
    for name in "$@"; do
      case $name in
        pg | redis) "start_$name" ;;
        docker | podman) start_engine "$name" ;;
        *) die "unknown service $name" ;;
      esac
    done
    print_env
    ;;
  env) print_env ;;
  kill) kill_engine "${1:?docker or podman}" ;;
  stop) stop_all ;;
  *) die "unknown verb $verb" ;;
esac
