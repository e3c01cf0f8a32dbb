"""A terminal in the room of an agent: who may have one, what it can reach, and what is left of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from held import bearer
from seat import Seat, admin
from stage import Stage, wait_for
from stand_in import end as end_stage
from stand_in import log, make, nothing_left, online, process, with_agents


@pytest.fixture(scope="module")
def workspace(stage: Stage) -> str:
    made = make(stage, "has a room")
    online(stage, made)
    return made


def named(marker: str) -> list[int]:
    found = []
    for each in Path("/proc").iterdir():
        try:
            if each.name.isdigit() and marker.encode() in (each / "cmdline").read_bytes():
                found.append(int(each.name))
        except OSError:
            continue
    return found


def events_of(stage: Stage, workspace: str) -> list[dict[str, object]]:
    page = stage.must("GET", f"/events/{workspace}", params={"limit": 500})
    return [dict(each["payload"], type=each["event_type"]) for each in page if each["event_type"].startswith("TERMINAL_")]


def none_open(stage: Stage) -> bool:
    return "\nmolecule_terminals_open 0\n" in stage.ask("GET", "/metrics").text


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_terminal_echoes_resizes_and_passes_its_status_on(stage: Stage, workspace: str) -> None:
    with Seat(stage, workspace, query="?cols=91&rows=33") as seat:
        assert seat.status == 101
        seat.type("echo a$((1+1))b; stty size; tty; echo $TERM; pwd; echo $HOME\n")
        seat.hear("/home\r\n")
        assert b"a2b\r\n" in seat.output and b"33 91\r\n" in seat.output and b"/dev/pts/" in seat.output
        assert b"xterm-256color\r\n" in seat.output
        assert f"/agents/{workspace}/workspace\r\n".encode() in seat.output
        seat.message(1, b'{"type":"resize","cols":120,"rows":41}')
        seat.type("stty size\n")
        seat.hear("41 120\r\n")
        seat.message(1, "echo as t''ext\n".encode())  # Any message that is no word of ours is typed.
        seat.hear("as text\r\n")
        assert b"workspace$ echo" in seat.output
        seat.type("exit 7\n")
        seat.end()
        assert seat.closed == (1000, "ended with status 7")
    wait_for("both events", lambda: len(events_of(stage, workspace)) >= 2)
    closed, opened = events_of(stage, workspace)[:2]
    assert opened["type"] == "TERMINAL_OPENED" and opened["who"] == "admin-token" and opened["address"] == "127.0.0.1"
    assert closed["type"] == "TERMINAL_CLOSED" and closed["terminal_id"] == opened["terminal_id"]
    assert closed["who"] == "admin-token" and closed["status"] == 7 and "reason" not in closed


def test_a_line_runs_without_a_terminal(stage: Stage, workspace: str) -> None:
    with Seat(stage, workspace, start={"terminal": False, "command": "cat; echo of errors >&2; tty; exit 3"}) as seat:
        blob = bytes(range(256)) * 40
        seat.type(blob)
        seat.word(type="end")
        last = seat.end()
        assert last == {"type": "exit", "status": 3} and seat.closed == (1000, "ended with status 3")
        assert seat.output == blob + b"not a tty\n" and seat.errors == b"of errors\n"
        assert seat.words[0]["type"] == "started" and seat.words[0]["window"] > 4096


def test_it_is_told_what_was_taken(stage: Stage, workspace: str) -> None:
    with Seat(stage, workspace, start={"terminal": False, "command": "cat"}) as seat:
        for sent in (10, 5010):
            seat.type(b"x" * (sent - len(seat.output)))
            while {"type": "taken", "bytes": sent} not in seat.words or len(seat.output) < sent:
                seat.step()


def test_it_is_held_in_as_its_agent_is(stage: Stage, workspace: str) -> None:
    (stage.data / "secret-of-the-platform").write_text("nobody's business")
    other = make(stage, "somebody else")
    line = (f"ls {stage.data}; cat {stage.data}/secret-of-the-platform {stage.data}/admin_token {stage.data}/*.key; "
            f"ls {stage.data}/agents/{other} && echo sees another; ls {stage.data}/agents/{workspace}/log && echo sees the log; "
            "cat /proc/1/environ | tr '\\0' '\\n'; ls /root /home; touch /usr/z && echo wrote; "
            "cat /proc/self/status; cat /proc/*/cmdline | tr '\\0' ' '; echo; id -u; ulimit -n; env; exit 0")
    with Seat(stage, workspace, start={"terminal": False, "command": line}) as seat:
        assert seat.end()["status"] == 0
    said = seat.output.decode(errors="replace")
    token = (stage.data / "agents" / workspace / "config/.auth_token").read_text().strip()
    for hidden in ("nobody's business", (stage.data / "admin_token").read_text().strip(), token, "sees another",
                   "sees the log", "wrote\n", "RATE_LIMIT", "admin_token"):
        assert hidden not in said.replace(line, ""), hidden
    assert "NoNewPrivs:\t1" in said and "Seccomp:\t2" in said and "CapEff:\t0000000000000000" in said, said
    environment = {line.partition("=")[0] for line in said.splitlines() if "=" in line and line[0].isupper()}
    assert environment <= {"PATH", "HOME", "LANG", "WORKSPACE_ID", "PLATFORM_URL", "WORKSPACE_CONFIG_PATH", "PWD", "OLDPWD", "SHLVL", "_"}, environment
    if os.getuid() == 0:
        (first,) = [each for each in Path(f"/proc/{process(stage, workspace)['pid']}/task").iterdir()][:1]
        children = (first / "children").read_text().split()
        agents = {Path(f"/proc/{child}/task/{child}/children").read_text().split()[0] for child in children}
        uid = Path(f"/proc/{agents.pop()}/status").read_text().split("Uid:")[1].split()[0]
        assert f"\n{uid}\n" in said and uid != "0"
    assert "\n1024\n" in said  # Open files of tier 2.


def test_leaving_ends_all_that_was_started(stage: Stage, workspace: str) -> None:
    marker = "left-" + os.urandom(6).hex()
    with Seat(stage, workspace) as seat:
        seat.type(f"setsid sh -c 'trap \"\" HUP TERM; sleep 1000; : {marker}' &\n")
        seat.type(f"(trap '' HUP TERM; nohup sh -c 'sleep 1000; : {marker}' >/dev/null 2>&1) & echo be''gun\n")
        seat.hear("begun\r\n")
        wait_for("both to run", lambda: len(named(marker)) >= 2)
        seat.leave()
    wait_for("all of it to end", lambda: not named(marker))
    wait_for("it to be told", lambda: events_of(stage, workspace)[0]["type"] == "TERMINAL_CLOSED")
    assert process(stage, workspace)["state"] == "running", "its agent goes on"


@pytest.mark.parametrize("read", [True, False])
def test_a_flood_stays_within_bounds(stage: Stage, workspace: str, read: bool) -> None:
    assert stage.pid is not None
    before = resident(stage.pid)
    with Seat(stage, workspace) as seat:
        seat.type("yes\n")
        seat.hear("y\r\ny\r\n")
        until, most, slowest = time.monotonic() + 4, 0, 0.0
        while time.monotonic() < until:
            if read:
                for _ in range(50):
                    seat.step()
            else:
                time.sleep(0.1)
            asked = time.monotonic()
            assert stage.ask("GET", f"/workspaces/{workspace}").status_code == 200
            slowest = max(slowest, time.monotonic() - asked)
            most = max(most, resident(stage.pid))
            seat.output = seat.output[-100:]
    assert most - before < 16 << 20, f"{(most - before) >> 20} MiB"
    assert slowest < 1.5, slowest
    wait_for("it to be told", lambda: events_of(stage, workspace)[0]["type"] == "TERMINAL_CLOSED")


def test_output_waits_for_what_was_taken(stage: Stage, workspace: str) -> None:
    with Seat(stage, workspace, start={"terminal": False, "command": "head -c 300000 /dev/zero", "window": 32768}) as seat:
        while len(seat.output) < 32768:
            seat.step()
        seat._socket.settimeout(1)
        with pytest.raises(TimeoutError):
            while True:
                seat.step()
        assert len(seat.output) <= 32768 + 16384
        seat._socket.settimeout(10)
        while seat.closed is None:
            seat.word(type="taken", bytes=len(seat.output))
            seat.step()
        assert len(seat.output) == 300000


def test_input_that_nobody_reads_is_bounded(stage: Stage, workspace: str) -> None:
    with Seat(stage, workspace, start={"terminal": False, "command": "sleep 1000"}) as seat:
        try:
            for _ in range(64):
                seat.type(b"x" * 60000)
        except OSError:
            pass  # It was shown out before it had said all.
        assert seat.end()["reason"] == "more was typed than the program reads"
        assert seat.closed == (1008, "more was typed than the program reads")


def refused(stage: Stage, workspace: str, *headers: str) -> tuple[int, str]:
    with Seat(stage, workspace, *headers) as seat:
        return seat.status, str(seat.refusal.get("code"))


def test_who_may_not_is_refused(stage: Stage, workspace: str) -> None:
    assert refused(stage, workspace, "X-Nothing: 1") == (401, "admin_required")
    assert refused(stage, workspace, bearer("wrong"))[0] == 401
    own = (stage.data / "agents" / workspace / "config/.auth_token").read_text().strip()
    assert refused(stage, workspace, bearer(own)) == (403, "admin_required")
    for scope in ("read", "operate"):
        key = stage.must("POST", "/org/tokens", {"name": scope, "scope": scope})["auth_token"]
        assert refused(stage, workspace, bearer(key)) == (403, "insufficient_scope")
    foreign = refused(stage, workspace, admin(stage), "Origin: https://elsewhere.example")
    assert foreign[0] == 403, foreign
    with Seat(stage, workspace, admin(stage), f"Origin: {stage.url}") as seat:
        assert seat.status == 101
    key = stage.must("POST", "/org/tokens", {"name": "for all", "scope": "admin"})
    with Seat(stage, workspace, bearer(key["auth_token"])) as seat:
        assert seat.status == 101
        seat.type("echo he''re\n")
        seat.hear("here\r\n")
        opened = next(each for each in events_of(stage, workspace) if each["type"] == "TERMINAL_OPENED")
        assert str(opened["who"]).startswith("org-token:"), opened
        # A key that is taken away takes its terminals along.
        assert stage.ask("DELETE", f"/org/tokens/{key['id']}").status_code < 300
        seat.end()


def test_where_there_is_none_it_says_why(stage: Stage) -> None:
    outside = stage.external("elsewhere")["id"]
    with Seat(stage, outside) as seat:
        assert (seat.status, seat.refusal["code"]) == (404, "agent_not_here")
    assert stage.ask("GET", f"/workspaces/{outside}/terminal").json()["code"] == "agent_not_here"
    with Seat(stage, "00000000-0000-4000-8000-000000000000") as seat:
        assert (seat.status, seat.refusal["code"]) == (404, "workspace_not_found")


def test_it_can_be_asked_whether_there_is_one(stage: Stage, workspace: str) -> None:
    answer = stage.ask("GET", f"/workspaces/{workspace}/terminal")
    assert (answer.status_code, answer.json()["code"]) == (426, "upgrade_required")
    assert stage.ask("GET", f"/workspaces/{workspace}/terminal", params={"cols": 0}).json()["code"] == "bad_query"


def test_only_so_many_are_open(stage: Stage, workspace: str) -> None:
    wait_for("those of before to be closed", lambda: none_open(stage))
    seats = [Seat(stage, workspace) for _ in range(4)]
    try:
        assert [each.status for each in seats] == [101] * 4
        with Seat(stage, workspace) as one_more:
            assert (one_more.status, one_more.refusal["code"]) == (503, "too_many_terminals")
    finally:
        for each in seats:
            each.leave()
    wait_for("a place", lambda: refused(stage, workspace)[0] == 101)


def test_a_start_that_is_none_is_shown_out(stage: Stage, workspace: str) -> None:
    with Seat(stage, workspace, query="?start=later") as seat:
        seat.type("echo\n")
        seat.end()
        assert seat.closed == (1008, "the first message has to be a start")
    with Seat(stage, workspace, start={"term": "x; rm"}) as seat:
        seat.end()
        assert seat.closed is not None and seat.closed[0] == 1008


def test_a_pause_closes_it_and_it_can_be_opened_again(stage: Stage) -> None:
    workspace = make(stage, "to be paused")
    online(stage, workspace)
    marker = "paused-" + os.urandom(6).hex()
    with Seat(stage, workspace, start={}) as seat:
        seat.type(f"trap '' HUP TERM; sh -c 'sleep 1000; : {marker}'\n")
        wait_for("it to run", lambda: named(marker))
        stage.must("POST", f"/workspaces/{workspace}/pause")
        assert seat.end()["reason"] == "the workspace was paused"
    wait_for("all of it to end", lambda: not named(marker))
    with Seat(stage, workspace, start={"terminal": False, "command": "cat ../config/config.yaml"}) as seat:
        assert seat.end()["status"] == 0 and b"runtime: \"command\"" in seat.output


def test_a_crashed_agent_can_be_looked_into(stage: Stage) -> None:
    workspace = make(stage, "crashes", "exit 1")
    wait_for("a crash", lambda: process(stage, workspace)["crashes"] >= 1)
    with Seat(stage, workspace, start={}) as seat:
        seat.type("grep command ../config/config.yaml; exit\n")
        assert seat.end()["status"] == 0 and b'command: "exit 1"' in seat.output


def test_a_removal_closes_it_and_leaves_nothing(stage: Stage) -> None:
    workspace = make(stage, "to be removed")
    online(stage, workspace)
    with Seat(stage, workspace, start={}) as seat:
        seat.type("trap '' HUP TERM; echo be''gun; while true; do echo x >> ~/growing; done\n")
        seat.hear("begun")
        stage.must("DELETE", f"/workspaces/{workspace}")
        assert seat.end()["reason"] == "the workspace was removed"
    wait_for("all of it to be gone", lambda: nothing_left(stage, workspace))
    assert refused(stage, workspace)[0] == 410


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_platform_that_ends_leaves_no_shell(own_stage: Stage, how: str) -> None:
    workspace = make(own_stage, "outlives nobody")
    online(own_stage, workspace)
    marker = "outlived-" + os.urandom(6).hex()
    with Seat(own_stage, workspace) as seat:
        seat.type(f"setsid sh -c 'trap \"\" HUP TERM; sleep 1000; : {marker}' & echo be''gun\n")
        seat.hear("begun\r\n")
        wait_for("it to run", lambda: named(marker))
        own_stage.stop() if how == "stop" else own_stage.kill()
        wait_for("all of it to end", lambda: not named(marker))
    own_stage.start()
    if how == "stop":
        assert events_of(own_stage, workspace)[0]["type"] == "TERMINAL_CLOSED"


def test_a_platform_that_starts_no_agents_has_no_terminals(tmp_path: Path) -> None:
    stage = with_agents(tmp_path)
    stage.start()
    try:
        workspace = make(stage, "of before")
        online(stage, workspace)
        stage.stop()
        stage._options = (*stage._options, "--agents", "off")
        stage.start()
        with Seat(stage, workspace) as seat:
            assert (seat.status, seat.refusal["code"]) == (503, "provisioner_unavailable")
        stage.stop()
        stage._options = stage._options[:-2]
        stage.start()
    finally:
        end_stage(stage)


def test_nothing_typed_is_in_the_platforms_log(stage: Stage, workspace: str) -> None:
    word = "typed-" + os.urandom(6).hex()
    with Seat(stage, workspace, start={"terminal": False, "command": f"echo {word}"}) as seat:
        assert seat.end()["status"] == 0 and word.encode() in seat.output
    assert word not in stage.log_text() and word not in log(stage, workspace)
