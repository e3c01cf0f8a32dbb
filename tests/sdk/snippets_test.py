"""What the canvas offers to paste, pasted: the Python and the curl snippet of a new External workspace, and the example."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from installing import Checkout
from molecule_agent import extract_text
from pasting import PROMPT, SHELLS, Terminal
from stage import BINARY, ROOT, Stage, wait_for


INSTALLS = "python3 -m venv .venv && .venv/bin/pip install ./sdk/python"


# An environment of Python's is made and filled; a busy machine takes its time.
PATIENCE_SECONDS = 240.0
FROM_NOTHING = "dash"


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT / "sdk/python/src"),
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **more}


def newcomer(checkout: Checkout, **more: str) -> dict[str, str]:
    """The environment of somebody who has nothing but the checkout."""
    return {n: v for n, v in environment(checkout.folder, **{**checkout.pip, **more}).items() if n != "PYTHONPATH"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose reader did what the pages say."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    done = subprocess.run(["bash", "-c", INSTALLS], cwd=checkout.folder, env=newcomer(checkout), text=True, capture_output=True,
                          timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


def answered(stage: Stage, workspace_id: str, text: str) -> Any:
    return wait_for(f"the answer {text!r}", lambda: [
        row for row in stage.rows(workspace_id) if row["method"] == "notify" and text in str(row["response_body"])])


def end(agent: subprocess.Popen[str]) -> None:
    """Ctrl-C, and once more where the first fell into a moment in which Python throws it away, as a person would."""
    for _ in range(2):
        agent.send_signal(signal.SIGINT)
        try:
            agent.communicate(timeout=20)
            return
        except subprocess.TimeoutExpired:
            continue
    agent.kill()
    raise AssertionError("the agent does not end")


@pytest.mark.parametrize("with_token", [True, False])
def test_the_python_snippet(stage: Stage, tmp_path: Path, installed: Checkout, with_token: bool) -> None:
    made = stage.external(f"python snippet {with_token}")
    snippet = made["connection"]["python_snippet"]
    if not with_token:
        # As the canvas shows it again later: the token is not known any more, the workspace not claimed yet.
        snippet = stage.must("GET", f"/workspaces/{made['id']}/external/connection")["connection"]["python_snippet"]
        assert made["connection"]["auth_token"] not in snippet
    assert f"#   {INSTALLS}\n" in snippet
    (installed.folder / "agent.py").write_text(snippet)
    agent = subprocess.Popen([installed.python, "agent.py"], cwd=installed.folder, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=newcomer(installed, HOME=str(tmp_path)))
    try:
        assert agent.stdout is not None
        assert agent.stdout.readline().startswith("connected"), agent.communicate(timeout=10)[1]
        stage.say(made["id"], "how many words are these")
        answered(stage, made["id"], "5 words")
        assert stage.workspace(made["id"])["status"] == "online"
    finally:
        end(agent)


@pytest.mark.parametrize("with_token", [True, False])
def test_the_curl_snippet(stage: Stage, tmp_path: Path, with_token: bool) -> None:
    assert shutil.which("curl"), "curl is missing (Debian package: curl)"
    made = stage.external(f"curl snippet {with_token}")
    connection = made["connection"] if with_token else stage.must(
        "GET", f"/workspaces/{made['id']}/external/connection")["connection"]
    shell = subprocess.Popen(["bash"], cwd=tmp_path, env=environment(tmp_path), text=True, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert shell.stdin is not None
    shell.stdin.write(connection["curl_register_template"])
    shell.stdin.close()
    shell.stdin = None
    try:
        wait_for("the registration", lambda: stage.workspace(made["id"])["status"] == "online")
        wait_for("the heartbeat", lambda: stage.workspace(made["id"])["current_task"] == "listening")
        stage.say(made["id"], "are you there, curl?")
        out, errors = shell.communicate(timeout=40)
    finally:
        shell.kill()
        shell.wait()
    assert shell.returncode == 0 and errors == ""
    assert "are you there, curl?" in out and '"status":"registered"' in out and '"status":"sent"' in out
    assert "mol_" not in out
    answered(stage, made["id"], "Hello from curl")


def test_the_remote_agent_example(stage: Stage, tmp_path: Path, installed: Checkout) -> None:
    made = stage.external("remote agent example")
    stage.must("PUT", f"/workspaces/{made['id']}/secrets", {"key": "A_KEY", "value": "hunter2"})
    stage.say(made["id"], "what is your uptime?")
    done = subprocess.run([installed.python, "-W", "error", "sdk/python/examples/remote-agent/run.py"], cwd=installed.folder,
                          text=True, capture_output=True, timeout=60,
                          env=newcomer(installed, HOME=str(tmp_path), WORKSPACE_ID=made["id"], PLATFORM_URL=stage.url,
                                       MAX_ITERATIONS="2"))
    assert done.returncode == 0, done.stderr
    assert "1 secrets: A_KEY" in done.stderr and "hunter2" not in done.stderr
    answered(stage, made["id"], "I have been up for")


def test_the_command_line(stage: Stage, tmp_path: Path) -> None:
    made = stage.external("command line")
    (tmp_path / "mine.py").write_text("def handle(message, client):\n    return message.text[::-1]\n")
    agent = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "molecule_agent", "connect", "--handler", "mine:handle"], cwd=tmp_path,
        env=environment(tmp_path, MOLECULE_PLATFORM_URL=stage.url, MOLECULE_WORKSPACE_ID=made["id"],
                        MOLECULE_WORKSPACE_TOKEN=made["connection"]["auth_token"]),
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        stage.say(made["id"], "abc")
        answered(stage, made["id"], "cba")
    finally:
        agent.send_signal(signal.SIGTERM)
        _, errors = agent.communicate(timeout=20)
    assert agent.returncode == 0, errors


@pytest.mark.parametrize("with_token", [True, False])
@pytest.mark.parametrize("name", SHELLS)
def test_the_curl_snippet_pasted_into(name: str, with_token: bool, stage: Stage, tmp_path: Path) -> None:
    made = stage.external(f"curl pasted {name} {with_token}")
    connection = made["connection"] if with_token else stage.must(
        "GET", f"/workspaces/{made['id']}/external/connection")["connection"]
    shell = Terminal(SHELLS[name], tmp_path, environment(tmp_path))
    try:
        shell.paste(connection["curl_register_template"])
        wait_for("the heartbeat", lambda: stage.workspace(made["id"])["current_task"] == "listening")
        stage.say(made["id"], "are you there, shell?")
        shell.wait_for('"status":"sent"')
        assert "are you there, shell?" in shell.said and '"status":"registered"' in shell.said
        # The shell goes on, and nothing in it complained.
        shell.paste("echo and $((40 + 2)) more\n" if name != "fish" else "echo and (math 40 + 2) more\n")
        shell.wait_for("and 42 more")
        assert not re.search("not found|[Uu]nknown command|rror:|[Uu]nsupported", shell.said), shell.said
    finally:
        shell.end()
    answered(stage, made["id"], "Hello from curl")


@pytest.mark.parametrize("name", SHELLS)
def test_the_one_line_pasted_into(name: str, stage: Stage, tmp_path: Path) -> None:
    made = stage.external(f"line pasted {name}")
    line = made["connection"]["join_snippet"]
    assert "\n" not in line and not re.search(r"""['"$`\\;&(){}<>]""", line), "shells differ about these"
    place = BINARY.parent
    shell = Terminal(SHELLS[name], tmp_path, environment(tmp_path, XDG_STATE_HOME=str(tmp_path / "state"), PATH=f"{place}:{os.environ['PATH']}"))
    try:
        shell.paste(line + "\n")
        wait_for(f"the registration in {name}", lambda: stage.workspace(made["id"])["status"] == "online")
        stage.say(made["id"], "said back")
        # It is reached over its own connection, so the answer is the message's and no message of its own.
        wait_for("the answer", lambda: [
            row for row in stage.must("GET", f"/workspaces/{made['id']}/activity?type=a2a_receive")
            if "said back" in json.dumps(row.get("response_body"))])
    finally:
        shell.end()


@pytest.mark.parametrize("name", SHELLS)
def test_the_command_pasted_into(name: str, stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """By somebody who has nothing but a checkout; a second time it finds what the first one made, and leaves the agent.
    What Python makes of it is the same in every shell, so the others begin with what one has made."""
    checkout = Checkout(tmp_path) if name == FROM_NOTHING else request.getfixturevalue("installed")
    my_agent = checkout.folder / "my_agent.py"
    my_agent.unlink(missing_ok=True)
    for handler, asked, answer in (
        (None, "a shell that works", "I heard: a shell that works"),
        ("def handle(message, client):\n    return message.text[::-1]\n", "abc", "cba")):
        made = stage.external(f"command pasted {name} {asked}")
        assert f"\n{INSTALLS}\n" in made["connection"]["command_snippet"]
        if handler is not None:
            my_agent.write_text(handler)
        shell = Terminal(SHELLS[name], checkout.folder, newcomer(checkout))
        try:
            shell.paste(made["connection"]["command_snippet"])
            wait_for(f"the registration in {name}", lambda: stage.workspace(made["id"])["status"] == "online", PATIENCE_SECONDS)
            stage.say(made["id"], asked)
            answered(stage, made["id"], answer)
        finally:
            shell.end()


def test_what_pip_installs_brings_what_the_sdk_needs(installed: Checkout) -> None:
    said = subprocess.run([installed.python, "-c", "import requests; print(requests.__file__)"], cwd=installed.folder,
                          env=newcomer(installed), text=True, capture_output=True, timeout=60)
    assert said.stdout.startswith(f"{installed.folder}/.venv/"), said


def test_pip_is_named_only_where_it_works() -> None:
    """Debian and others refuse to install beside the system's own packages."""
    pages = ("README.md", "docs/guides/connect-an-agent.md", "sdk/python/examples/remote-agent/README.md")
    for page in pages:
        assert f"\n{INSTALLS}\n" in (ROOT / page).read_text(), page
    for path in ("README.md", "docs/guides/connect-an-agent.md", "web/src/features/workspaces/connection_view.tsx"):
        assert "python3-venv" in (ROOT / path).read_text(), path
    files = subprocess.run(["git", "grep", "-lIw", "pip install", "--", ":!tests/sdk/snippets_test.py"], cwd=ROOT, text=True,
                           capture_output=True, timeout=60).stdout.split()
    assert set(pages) < set(files)
    for path in files:
        text = (ROOT / path).read_text()
        assert len(re.findall(r"\bpip install\b", text)) == text.count("python3 -m venv .venv && .venv/bin/pip install "), path


@pytest.mark.parametrize("with_token", [True, False])
def test_the_python_snippet_pasted_into_a_prompt(with_token: bool, stage: Stage, tmp_path: Path) -> None:
    made = stage.external(f"python pasted {with_token}")
    connection = made["connection"] if with_token else stage.must(
        "GET", f"/workspaces/{made['id']}/external/connection")["connection"]
    prompt = Terminal(PROMPT, tmp_path, environment(tmp_path))
    try:
        prompt.paste(connection["python_snippet"])
        stage.say(made["id"], "how many words are these")
        answered(stage, made["id"], "5 words")
        assert "Error" not in prompt.said, prompt.said
    finally:
        prompt.end()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "language", "snippet"), [
    ("README.md", "sh", "command_snippet"), ("README.md", "python", "python_snippet"),
    ("docs/guides/connect-an-agent.md", "sh", "command_snippet")])
def test_a_page_shows_the_lines_of_the_dialog(page: str, language: str, snippet: str, stage: Stage) -> None:
    made = stage.external(f"lines of {page.replace('/', ' ')} {snippet}")
    text = made["connection"][snippet]
    for real, written in ((made["id"], "YOUR-WORKSPACE-ID"), (made["connection"]["auth_token"], "YOUR-TOKEN"),
                          (stage.url, "http://127.0.0.1:8080")):
        assert real in text
        text = text.replace(real, written)
    assert text in blocks(page, language)


def of_the_guide(stage: Stage, made: Any, code: str, folder: Path) -> subprocess.Popen[str]:
    token = made["connection"]["auth_token"]
    for written, real in (("workspace_id=ID", f'workspace_id="{made["id"]}"'), ("save_token(TOKEN)", f'save_token("{token}")'),
                          ("http://127.0.0.1:8080", stage.url)):
        assert written in code
        code = code.replace(written, real)
    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=environment(folder), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_lines_in_the_guide(stage: Stage, tmp_path: Path) -> None:
    code = blocks("docs/guides/connect-an-agent.md", "python")[0]
    made = stage.external("lines of the guide")
    agent = of_the_guide(stage, made, code, tmp_path)
    try:
        stage.say(made["id"], "a page that works")
        answered(stage, made["id"], "I heard: a page that works")
    finally:
        agent.terminate()
        agent.communicate(timeout=20)


def test_the_lines_in_the_guide_for_an_agent_that_is_called(stage: Stage, tmp_path: Path) -> None:
    polls, is_called, _ = blocks("docs/guides/connect-an-agent.md", "python")
    made = stage.external("called by the guide")
    # "In place of its last two lines."
    agent = of_the_guide(stage, made, "".join(polls.splitlines(keepends=True)[:-2]) + is_called, tmp_path)
    try:
        wait_for("the registration", lambda: stage.workspace(made["id"])["status"] == "online")
        answer = stage.say(made["id"], "a page that works")
        assert extract_text(answer.json()) == "I heard: a page that works"
        url = stage.workspace(made["id"])["url"]
        assert url.startswith("http://127.0.0.1:"), url
        assert requests.post(url, json={}, headers={"X-Workspace-ID": made["id"]}, timeout=10).status_code == 401
    finally:
        agent.terminate()
        agent.communicate(timeout=20)


def test_the_lines_in_the_guide_that_hand_work_over(stage: Stage, tmp_path: Path) -> None:
    polls, _, hands_over = blocks("docs/guides/connect-an-agent.md", "python")
    boss = stage.external("hands work over")
    called = [stage.external(f"takes work {number}", boss["id"]) for number in range(2)]
    agents = [of_the_guide(stage, made, polls, tmp_path) for made in called]
    names = dict(zip(("target_id", "one_id", "other_id"), (called[0]["id"], called[0]["id"], called[1]["id"]), strict=True))
    code = "".join(polls.splitlines(keepends=True)[:-1]) + "".join(f"{name} = {value!r}\n" for name, value in names.items())
    agents.append(of_the_guide(stage, boss, code + hands_over, tmp_path))
    try:
        out, err = agents[-1].communicate(timeout=60)
    finally:
        for agent in agents:
            agent.terminate()
            agent.communicate(timeout=20)
    first, *rest = out.splitlines()
    assert first == "completed I heard: Count the words of the report.", out + err
    assert sorted(rest) == sorted(f"{made['id']} completed" for made in called)
