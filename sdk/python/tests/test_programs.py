"""The command line and the example as processes, and the package as others import it."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import molecule_agent
import pytest
from conftest import WORKSPACE
from molecule_agent import __main__ as program
from scripted_platform import Reply, ScriptedPlatform

ROOT = Path(__file__).resolve().parent.parent
SELF = f"/workspaces/{WORKSPACE}"


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOLECULE_")}
    return {**clean, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path), **more}


def run(arguments: list[str], tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", *arguments], cwd=tmp_path, env=environment(tmp_path, **env),
                          capture_output=True, text=True, timeout=60)


def platform_for_an_agent(platform: ScriptedPlatform, rows: list[dict[str, Any]]) -> None:
    platform.on("POST", "/registry/register", {"status": "registered"})
    platform.on("POST", "/registry/heartbeat", {"status": "ok"})
    platform.on("GET", SELF + "/state", {"status": "online"})
    platform.on("GET", SELF + "/activity", rows, [])
    platform.on("POST", SELF + "/notify", {"status": "sent"})


def row(text: str) -> dict[str, Any]:
    return {"id": "r1", "source_id": None, "request_body": {"params": {"message": {"parts": [{"text": text}]}}}}


# --- the package ---


def test_the_public_names_are_complete_and_sorted() -> None:
    promised = {"RemoteAgentClient", "WorkspaceState", "PeerInfo", "A2AServer", "InboundMessage", "InboundSource",
                "InboundDelivery", "PollDelivery", "PushDelivery", "MessageHandler", "CursorLostError",
                "DEFAULT_POLL_INTERVAL", "compute_plugin_sha256", "verify_plugin_sha256", "__version__"}
    stated = molecule_agent.__all__
    assert promised <= set(stated) and stated == sorted(stated)
    assert all(hasattr(molecule_agent, name) for name in stated)
    # Whatever the package imports into itself is either public or private by its name.
    tree = ast.parse(Path(molecule_agent.__file__).read_text())
    imported = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom)
                for alias in node.names}
    assert imported == set(stated)
    from molecule_agent.client import make_idempotency_key
    assert make_idempotency_key is molecule_agent.make_idempotency_key


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "molecule_agent._version.__version__"
    assert molecule_agent.__version__ == "0.3.0"
    assert project["project"]["dependencies"] == ["requests>=2.28"]


def test_only_requests_is_imported_beside_the_standard_library() -> None:
    outside, needed = set(), set()
    for path in (ROOT / "src/molecule_agent").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            found = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
            outside |= found
            # What stands within a function is imported by whoever asks for it.
            needed |= found if getattr(node, "col_offset", 0) == 0 else set()
    assert needed == {"requests"}
    assert outside == {"requests", "cryptography"}, "what else is imported is an extra of the package"


# --- verify-sha256 ---


def test_verify_sha256(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "a").write_text("a")
    done = run(["-m", "molecule_agent", "verify-sha256", "plugin"], tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, molecule_agent.compute_plugin_sha256(plugin))
    bad = run(["-m", "molecule_agent", "verify-sha256", "nowhere"], tmp_path)
    assert bad.returncode == 1 and "nowhere" in bad.stderr


# --- connect ---


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["connect", "--help"]):
        with pytest.raises(SystemExit) as ended:
            program.main(arguments)
        assert ended.value.code == 0
        assert "--handler my_agent:handle" in capsys.readouterr().out


def test_missing_settings_are_named(tmp_path: Path) -> None:
    done = run(["-m", "molecule_agent", "connect", "--handler", "x:y"], tmp_path)
    assert done.returncode == 2 and "MOLECULE_PLATFORM_URL" in done.stderr
    bad = run(["-m", "molecule_agent", "connect", "--handler", "x:y"], tmp_path, MOLECULE_POLL_INTERVAL="soon")
    assert bad.returncode == 2 and "--poll-interval" in bad.stderr


@pytest.mark.parametrize(("handler", "word"), [("nocolon", "module:function"), ("nowhere:f", "nowhere"),
                                               ("agent:missing", "missing"), ("agent:NUMBER", "not a function"),
                                               ("broken:f", "ZeroDivisionError")])
def test_a_handler_that_cannot_be_loaded(tmp_path: Path, handler: str, word: str) -> None:
    (tmp_path / "agent.py").write_text("NUMBER = 1\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    done = run(["-m", "molecule_agent", "connect", "--handler", handler], tmp_path,
               MOLECULE_PLATFORM_URL="http://127.0.0.1:9", MOLECULE_WORKSPACE_ID=WORKSPACE)
    assert done.returncode == 1 and word in done.stderr


def test_a_refused_registration_ends_with_2(platform: ScriptedPlatform, tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("def handle(message, client):\n    return 'x'\n")
    platform.on("POST", "/registry/register", Reply(410, {"error": "workspace removed", "code": "workspace_removed"}))
    done = run(["-m", "molecule_agent", "connect", "--handler", "agent:handle"], tmp_path,
               MOLECULE_PLATFORM_URL=platform.url, MOLECULE_WORKSPACE_ID=WORKSPACE)
    assert done.returncode == 2 and "workspace removed" in done.stderr


@pytest.mark.parametrize("saved", ["mol_good", "mol_old", None])
def test_connect_saves_a_token_only_once_the_platform_accepted_it(platform: ScriptedPlatform, tmp_path: Path,
                                                                  saved: str | None) -> None:
    (tmp_path / "agent.py").write_text("def handle(message, client):\n    return 'x'\n")
    token_file = tmp_path / ".molecule" / WORKSPACE / ".auth_token"
    if saved:
        token_file.parent.mkdir(parents=True, mode=0o700)
        token_file.write_text(saved + "\n")
        token_file.chmod(0o600)

    def register(request: Any) -> Reply:
        if request.headers["Authorization"] == "Bearer mol_good":
            return Reply(410, {"error": "workspace removed", "code": "workspace_removed"})  # ends the run
        return Reply(401, {"error": "invalid workspace auth token", "code": "invalid_token"})

    platform.on("POST", "/registry/register", register)
    done = run(["-m", "molecule_agent", "connect", "--handler", "agent:handle"], tmp_path,
               MOLECULE_PLATFORM_URL=platform.url, MOLECULE_WORKSPACE_ID=WORKSPACE,
               MOLECULE_WORKSPACE_TOKEN="mol_stale")
    assert done.returncode == 2 and "MOLECULE_WORKSPACE_TOKEN" in done.stderr and "mol_stale" not in done.stderr
    asked = [each.headers["Authorization"] for each in platform.asked("POST", "/registry/register")]
    assert asked == ["Bearer mol_stale"] + ([f"Bearer {saved}"] if saved else [])
    if saved:
        assert token_file.read_text() == saved + "\n" and str(token_file) in done.stderr
    else:
        assert not token_file.exists() and "was not saved" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_connect_answers_and_ends_on_a_signal(platform: ScriptedPlatform, tmp_path: Path, number: int) -> None:
    (tmp_path / "agent.py").write_text("def handle(message, client):\n    return message.text[::-1]\n")
    platform_for_an_agent(platform, [row("abc")])

    def idle(request: Any) -> Reply:
        time.sleep(4)  # a long poll that the signal has to break off
        return Reply(200, [])

    platform.on("GET", SELF + "/activity", [row("abc")], idle)
    env = environment(tmp_path, MOLECULE_PLATFORM_URL=platform.url, MOLECULE_WORKSPACE_ID=WORKSPACE,
                      MOLECULE_WORKSPACE_TOKEN="mol_given", MOLECULE_AGENT_NAME="ada",
                      MOLECULE_REPORTED_URL="http://shown.example/")
    process = subprocess.Popen([sys.executable, "-W", "error", "-m", "molecule_agent", "connect", "--handler",
                                "agent:handle"], cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: len(platform.asked("GET", SELF + "/activity")) == 2)
        asked = time.monotonic()
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - asked < 3
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    registered = platform.asked("POST", "/registry/register")[0]
    assert registered.headers["Authorization"] == "Bearer mol_given"
    assert registered.json() == {"id": WORKSPACE, "url": "http://shown.example/", "delivery_mode": "poll",
                                 "agent_card": {"name": "ada"}}
    assert platform.asked("POST", SELF + "/notify")[0].json() == {"message": "cba", "reply_to": "r1"}
    assert "mol_given" not in errors
    assert (tmp_path / ".molecule" / WORKSPACE / ".auth_token").read_text() == "mol_given\n"
    assert (tmp_path / ".molecule" / WORKSPACE / "inbox_cursor").read_text().strip() == "r1"


def wait_for(fact: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_connect_waits_for_a_platform_that_starts_later(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("def handle(message, client):\n    return message.text[::-1]\n")
    platform = ScriptedPlatform()
    platform.close()
    env = environment(tmp_path, MOLECULE_PLATFORM_URL=platform.url, MOLECULE_WORKSPACE_ID=WORKSPACE,
                      MOLECULE_WORKSPACE_TOKEN="mol_given", MOLECULE_POLL_INTERVAL="0.2")
    process = subprocess.Popen([sys.executable, "-W", "error", "-m", "molecule_agent", "connect", "--handler",
                                "agent:handle"], cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    later = None
    try:
        assert process.stderr is not None
        assert "cannot register at" in process.stderr.readline()
        later = ScriptedPlatform(int(platform.url.rpartition(":")[2]))
        platform_for_an_agent(later, [row("abc")])
        wait_for(lambda: later.asked("POST", SELF + "/notify"))
        later.on("GET", SELF + "/activity", Reply(410, {"error": "workspace removed", "code": "workspace_removed",
                                                        "id": WORKSPACE}))
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        if later is not None:
            later.close()
    assert process.returncode == 0 and "was removed on the platform" in errors.splitlines()[-1]


# --- examples/remote-agent/run.py ---

RUN = str(ROOT / "examples/remote-agent/run.py")


def test_run_needs_its_settings(tmp_path: Path) -> None:
    assert run([RUN], tmp_path).returncode == 2
    assert run([RUN], tmp_path, WORKSPACE_ID=WORKSPACE, PLATFORM_URL="http://127.0.0.1:9",
               MAX_ITERATIONS="many").returncode == 2


def test_run_answers_what_it_polls_and_keeps_secrets(platform: ScriptedPlatform, tmp_path: Path) -> None:
    platform_for_an_agent(platform, [row("What is your uptime?")])
    platform.on("GET", SELF + "/secrets/values", {"B_KEY": "hunter2", "A_KEY": "hunter3"})
    done = run([RUN], tmp_path, WORKSPACE_ID=WORKSPACE, PLATFORM_URL=platform.url, MAX_ITERATIONS="1")
    assert done.returncode == 0, done.stderr
    assert "2 secrets: A_KEY, B_KEY" in done.stderr and "hunter" not in done.stderr
    assert "I have been up for" in platform.asked("POST", SELF + "/notify")[0].json()["message"]
    tasks = [r.json()["current_task"] for r in platform.asked("POST", "/registry/heartbeat")]
    assert tasks[0] == "remote-agent demo idle" and "Answering: What is your uptime?" in tasks


def test_run_ends_with_1_without_secrets(platform: ScriptedPlatform, tmp_path: Path) -> None:
    platform_for_an_agent(platform, [])
    platform.on("GET", SELF + "/secrets/values", Reply(500, {"error": "failed keys"}))
    done = run([RUN], tmp_path, WORKSPACE_ID=WORKSPACE, PLATFORM_URL=platform.url, MAX_ITERATIONS="1")
    assert done.returncode == 1 and "failed keys" in done.stderr
