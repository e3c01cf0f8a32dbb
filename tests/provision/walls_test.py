"""What an agent that the platform starts, or who operates it, tries beyond its room."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import requests
from stage import Stage, wait_for
from stand_in import answer, end, make, nothing_left, online, process

LOOPBACK = "127.0.0.1"


def tries(stage: Stage, workspace: str, code: str) -> str:
    """What a piece of Python says in the agent's room."""
    return answer(stage, workspace, f"python3 - <<'EOF'\nimport socket\n{code}\nEOF\n")


def test_no_agent_takes_the_platforms_port(stage: Stage) -> None:
    workspace = make(stage, "port taker", "sh -s 2>&1")
    online(stage, workspace)
    port = int(stage.url.rsplit(":", 1)[1])
    joins = f"""
for host in ("127.0.0.1", "0.0.0.0", "127.0.0.2"):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        s.bind((host, {port})); s.listen(); print("took", host)
    except OSError as e: print(type(e).__name__, e.errno)
"""
    said = tries(stage, workspace, joins)
    assert "took" not in said and said.count("Error") == 3, said
    # Nor does anybody else who is the same user as the platform.
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        other.bind((LOOPBACK, port))
        raise AssertionError("another process shares the platform's port")
    except OSError:
        pass
    finally:
        other.close()
    assert "listens" in tries(stage, workspace, "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print('listens')")


def test_one_of_the_first_tier_reaches_the_platform_alone(stage: Stage) -> None:
    workspace = make(stage, "sealed", "sh -s 2>&1", tier=1)
    online(stage, workspace)
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        said = tries(stage, workspace, f"""
def attempt(name, work):
    try: work(); print(name, "passed")
    except OSError as e: print(name, "refused")
attempt("plainly", lambda: socket.create_connection(("127.0.0.1", {port}), 3))
attempt("mptcp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).connect(("127.0.0.1", {port})))
attempt("sctp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).connect(("127.0.0.1", {port})))
attempt("fast", lambda: socket.socket().sendto(b"x", 0x20000000, ("127.0.0.1", {port})))
attempt("fast message", lambda: socket.socket().sendmsg([b"x"], [], 0x20000000, ("127.0.0.1", {port})))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
attempt("platform", lambda: socket.create_connection(("127.0.0.1", {stage.url.rsplit(":", 1)[1]}), 3))
""")
        assert said.count("refused") == 6 and "platform passed" in said, said


def test_a_tier_that_is_not_allowed_is_not_come_by_later(stage: Stage) -> None:
    workspace = make(stage, "climber")
    online(stage, workspace)
    for change, code in (({"tier": 4}, "tier_not_allowed"), ({"runtime": "nosuch"}, "runtime_unknown"), ({"runtime": "external"}, "agent_runs_here")):
        refused = stage.ask("PATCH", f"/workspaces/{workspace}", change)
        assert refused.status_code in (400, 409) and refused.json()["code"] == code, refused.text
    stage.must("PATCH", f"/workspaces/{workspace}", {"tier": 2})


def test_half_of_a_secret_is_shown_to_nobody(stage: Stage) -> None:
    secret = "value-of-a-secret-" + os.urandom(8).hex()
    many = "-----BEGIN A KEY-----\n" + os.urandom(24).hex() + "\n-----END A KEY-----"
    workspace = make(stage, "leaker", "sh -s >&2; echo done", secrets={"ONE": secret, "MANY": many})
    online(stage, workspace)
    answer(stage, workspace, f"echo before; echo 'pw={secret}'; cat <<'EOF'\n{many}\nEOF\necho after\n")
    whole = wait_for("the log", lambda: (text := "\n".join(stage.must("GET", f"/workspaces/{workspace}/logs")["lines"])) and "after" in text and text)
    assert secret not in whole and many.split("\n")[1] not in whole, whole
    end = int(stage.must("GET", f"/workspaces/{workspace}/logs")["next"])
    for since in range(max(end - 400, 0), end):
        text = "\n".join(stage.must("GET", f"/workspaces/{workspace}/logs?since={since}")["lines"])
        assert secret[-12:] not in text and many.split("\n")[1][-16:] not in text, (since, text)


def test_a_paused_agents_token_opens_nothing(stage: Stage) -> None:
    workspace = make(stage, "rester")
    online(stage, workspace)
    token = (stage.data / "agents" / workspace / "config/.auth_token").read_text().strip()
    ask = {"Authorization": f"Bearer {token}"}
    at = f"{stage.url}/workspaces/{workspace}/secrets/values"
    assert requests.get(at, headers=ask, timeout=10).status_code == 200
    stage.must("POST", f"/workspaces/{workspace}/pause")
    wait_for("it to be stopped", lambda: process(stage, workspace)["state"] == "stopped")
    wait_for("its token to end", lambda: requests.get(at, headers=ask, timeout=10).status_code == 401)
    stage.must("POST", f"/workspaces/{workspace}/resume")
    online(stage, workspace)


def test_a_directory_that_is_swapped_for_the_platforms_is_not_given(stage: Stage, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "sub").mkdir(parents=True)
    for each in (tmp_path, shared, shared / "sub"):
        each.chmod(0o777)
    (shared / "sub").rename(shared / "old")
    (shared / "sub").symlink_to(stage.data)
    workspace = make(stage, "mounter", workspace_dir=str(shared / "sub"), workspace_access="read_write")
    wait_for("the reason", lambda: "a link leads there" in str(stage.workspace(workspace)["last_sample_error"]))
    stage.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: nothing_left(stage, workspace))


def test_an_agent_whose_program_comes_later_is_started_by_a_restart(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    alone = Stage(tmp_path, environment={"PATH": f"{programs}:/usr/bin:/bin"})
    alone.start()
    try:
        workspace = str(alone.must("POST", "/workspaces", {"name": "late", "runtime": "opencode"})["id"])
        assert "is not on this machine" in str(alone.workspace(workspace)["last_sample_error"])
        assert alone.must("POST", f"/workspaces/{workspace}/restart")["status"] == "provisioning"
        wait_for("the reason again", lambda: "is not on this machine" in str(process(alone, workspace).get("reason")))
        (programs / "opencode").write_text("#!/bin/sh\nsleep 100\n")
        (programs / "opencode").chmod(0o755)
        alone.must("POST", f"/workspaces/{workspace}/restart")
        wait_for("it to run", lambda: process(alone, workspace)["state"] == "running")
    finally:
        alone.close()


def test_a_program_behind_several_links_is_found_in_the_room(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for each in (first, second, third):
        each.mkdir()
        each.chmod(0o755)
    (third / "opencode").write_text("#!/bin/sh\nexec sleep 100\n")
    (third / "opencode").chmod(0o755)
    (second / "opencode").symlink_to("../third/opencode")
    (first / "opencode").symlink_to(second / "opencode")
    alone = Stage(tmp_path, "--agents-linger", "1", environment={"PATH": f"{first}:/usr/bin:/bin"})
    alone.start()
    try:
        online(alone, str(alone.must("POST", "/workspaces", {"name": "linked", "runtime": "opencode", "tier": 2})["id"]))
    finally:
        end(alone)


def test_a_secret_is_hidden_where_a_line_is_cut(stage: Stage) -> None:
    secret = "value-of-a-secret-" + os.urandom(8).hex()
    workspace = make(stage, "long spoken", "sh -s >&2; echo done", secrets={"ONE": secret})
    online(stage, workspace)
    # A line of the log has 8192 bytes: in the middle of the secret it is cut.
    answer(stage, workspace, f"head -c 8180 /dev/zero | tr '\\0' x; echo '{secret}'; echo the-end\n")
    text = wait_for("the log", lambda: (text := "\n".join(stage.must("GET", f"/workspaces/{workspace}/logs")["lines"])) and "the-end" in text and text)
    assert "xxxx" in text and secret[:12] not in text and secret[-12:] not in text, text[-600:]
