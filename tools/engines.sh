# shellcheck shell=bash
# Container engines for tests, dockerd and podman, each in namespaces of its own: sourced by services.sh, which brings
# DIR, note, die and what handles pid files.
#
# An engine lives below a holder, the first process of process numbers, mounts and a network of its own: its bridges and
# rules of the firewall touch nobody's, its containers have no way off the machine, and all of it ends with the
# holder. The engine itself may be killed and started again meanwhile, as a machine does it that keeps running.
# Where a machine cannot run one, why is in DIR/KIND.why, in a line.

engine_answers() { curl -sf --max-time 2 --unix-socket "$(cat "$DIR/$1.data")/api.sock" http://engine/_ping; }

# What keeps an engine from being run here; nothing where nothing does.
engine_trouble() { # KIND
  local program
  is_root || { printf 'a container engine of its own needs root\n'; return; }
  for program in "$([ "$1" = docker ] && echo dockerd || echo podman)" runc iptables curl; do
    command -v "$program" >/dev/null || { printf '%s is not installed (packages docker.io podman runc netavark iptables)\n' "$program"; return; }
  done
  if ! unshare --mount --net --pid --fork true 2>/dev/null; then
    printf 'this machine lets nobody make namespaces\n'
  elif ! grep -qs . /sys/fs/cgroup/cgroup.controllers && ! [ -d /sys/fs/cgroup/memory ]; then
    printf 'there are no control groups here\n'
  elif ! [ -w /sys/fs/cgroup ]; then
    printf 'the control groups of this machine cannot be written\n'
  fi
}

# The start of a holder: what an engine expects to be its own is empty in here.
start_holder() { # KIND DATA
  if living "$DIR/$1.holder" >/dev/null; then return; fi
  rm -rf -- "$2/run" "$2/exec" "$2/up"
  # shellcheck disable=SC2016
  setsid unshare --mount --net --pid --fork --kill-child --mount-proc --propagation=private bash -c '
    set -e
    ip link set lo up
    for each in netns docker containers containerd runc crun libpod; do
      mkdir -p "/run/$each"
      mount -t tmpfs tmpfs "/run/$each"
    done
    : >"$1/resolv.conf"
    mount --bind "$1/resolv.conf" /etc/resolv.conf
    : >"$1/up"
    # It stays a shell, which waits for all whose parents have ended.
    while true; do sleep 3600; done' holder "$2" </dev/null >"$DIR/$1.log" 2>&1 &
  local outer=$!
  until_ready 10 test -e "$2/up" || die "no namespaces for $1: $(tail -n 3 "$DIR/$1.log")"
  # unshare waits for the first process of the new numbers; that one holds it all.
  remember "$DIR/$1.outer" "$outer"
  remember "$DIR/$1.holder" "$(head -n1 "/proc/$outer/task/$outer/children" | tr -d ' ')"
}

# A machine that is a container itself may not raise limits: what a container asks beyond them is cut to what there is.
write_runtime() { # DATA
  cat >"$1/runtime" <<'RUNTIME'
#!/bin/bash
file='' previous='' makes=''
for word in "$@"; do
  case $word in --bundle=*) file=${word#*=}/config.json ;; --process=*) file=${word#*=} ;; create | run | exec) makes=yes ;; esac
  case $previous in --bundle | -b) file=$word/config.json ;; --process | -p) file=$word ;; esac
  previous=$word
done
if [ -n "$makes" ] && [ -f "$file" ]; then
  /usr/bin/python3 -S -E - "$file" "$(ulimit -Hn)" "$(ulimit -Hu)" <<'CUT'
import json, sys
path, files, processes = sys.argv[1:]
config = json.load(open(path))
process = config.get("process", config)
most = {"RLIMIT_NOFILE": files, "RLIMIT_NPROC": processes}
for limit in process.get("rlimits") or []:
    known = most.get(limit["type"], "unlimited")
    if known != "unlimited":
        limit["hard"] = min(limit["hard"], int(known))
    limit["soft"] = min(limit["soft"], limit["hard"])
process["oomScoreAdj"] = max(process.get("oomScoreAdj") or 0, 0)
for name, held in (process.get("capabilities") or {}).items():
    process["capabilities"][name] = [each for each in held if each != "CAP_SYS_RESOURCE"]
json.dump(config, open(path, "w"))
CUT
fi
exec runc "$@"
RUNTIME
  chmod 755 "$1/runtime"
}
may_raise_limits() { (((0x$(awk '/^CapBnd/{print $2}' /proc/self/status) >> 24) & 1)); }

overlay_works() { # DATA
  # shellcheck disable=SC2016
  unshare --mount --propagation=private bash -c '
    place=$(mktemp -d "$1/overlayXXXXXX")
    mkdir "$place/lower" "$place/upper" "$place/work" "$place/whole"
    mount -t overlay overlay -o "lowerdir=$place/lower,upperdir=$place/upper,workdir=$place/work" "$place/whole"
    status=$?
    umount "$place/whole"
    rm -rf -- "$place"
    exit $status' overlay "$1" >/dev/null 2>&1
}

start_engine() { # KIND
  local kind=$1 data why runtime=runc driver=vfs holder
  why=$(engine_trouble "$kind")
  printf '%s\n' "$why" >"$DIR/$kind.why"
  if [ -n "$why" ]; then
    note "no $kind: $why"
    return
  fi
  data=$(data_of "$kind" root)
  if living "$DIR/$kind.pid" >/dev/null && engine_answers "$kind" >/dev/null; then return; fi
  end_by_file "$DIR/$kind.pid" TERM
  chmod 711 "$data"
  start_holder "$kind" "$data"
  holder=$(living "$DIR/$kind.holder") || die "the holder of $kind is gone: $(tail -n 3 "$DIR/$kind.log")"
  if ! may_raise_limits; then
    write_runtime "$data"
    runtime=$data/runtime
  fi
  if overlay_works "$data"; then driver=overlay; fi
  rm -f "$data/api.sock" "$data/dockerd.pid"
  local -a command
  case $kind in
    docker)
      command=(dockerd --data-root "$data/root" --exec-root "$data/exec" --pidfile "$data/dockerd.pid" -H "unix://$data/api.sock"
        --storage-driver "${driver/overlay/overlay2}" --live-restore --add-runtime "cut=$runtime")
      if [ "$runtime" != runc ]; then command+=(--default-runtime cut); fi
      ;;
    podman)
      mkdir -p "$data/root" "$data/run" "$data/libpod" "$data/networks"
      printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=32768:32768"]\n[engine]\ncgroup_manager = "cgroupfs"\n' \
        "$(ulimit -Hn)" "$(ulimit -Hn)" >"$data/containers.conf"
      command=(env "CONTAINERS_CONF=$data/containers.conf" podman --root "$data/root" --runroot "$data/run" --tmpdir "$data/libpod"
        --network-config-dir "$data/networks" --storage-driver "$driver" --runtime "$runtime" --cgroup-manager cgroupfs
        --events-backend file system service --time 0 "unix://$data/api.sock")
      ;;
  esac
  setsid nsenter --target "$holder" --mount --net --pid --root --wd -- "${command[@]}" </dev/null >>"$DIR/$kind.log" 2>&1 &
  local outer=$!
  until_ready 30 engine_answers "$kind" || die "$kind did not come up: $(tail -n 3 "$DIR/$kind.log")"
  # nsenter waits for the engine, which is its child.
  remember "$DIR/$kind.pid" "$(head -n1 "/proc/$outer/task/$outer/children" | cut -d' ' -f1)"
}

kill_engine() { # KIND: as a machine does it that runs out of memory; what it runs goes on
  local pid
  pid=$(living "$DIR/$1.pid") || die "$1 does not run"
  kill -KILL "$pid"
  until_ready 10 test ! -e "/proc/$pid/ns" || true
}

stop_engine() { # KIND
  local data
  end_by_file "$DIR/$1.holder" KILL
  end_by_file "$DIR/$1.outer" KILL
  rm -f "$DIR/$1.pid" "$DIR/$1.why"
  [ -s "$DIR/$1.data" ] || return 0
  data=$(cat "$DIR/$1.data")
  case $data in */molecule-test-"$1".*) rm -rf -- "$data" ;; esac
  rm -f "$DIR/$1.data"
}

print_engine() { # KIND
  if living "$DIR/$1.pid" >/dev/null; then
    printf "export MOLECULE_TEST_%s='%s'\n" "${1^^}" "$(cat "$DIR/$1.data")/api.sock"
  elif [ -s "$DIR/$1.why" ]; then
    printf "export MOLECULE_TEST_NO_%s='%s'\n" "${1^^}" "$(cat "$DIR/$1.why")"
  fi
}
