"""The official conformance suite, whole, in every revision that it knows: what is not held is what is listed here, and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from bridge import Bridge
from gate import Gate, Names, Params
from mcp_client import McpClient
from organisation import Workspace
from packages import SUITE, program
from stage import BINARY, Stage

REVISIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]
HANDSHAKES = ["2025-06-18", "2025-11-25"]

# Why what is not held, in which revisions, and by scenario which of its checks.
APART: list[tuple[str, list[str], dict[str, set[str]]]] = [
    ("there are no sessions, so there is nobody to be told of changes later", HANDSHAKES, {
        "resources-subscribe": {"resources-subscribe"},
        "resources-unsubscribe": {"resources-unsubscribe"}}),
    ("there are no sessions, so a level lasts for its request alone", HANDSHAKES, {
        "tools-call-with-logging": {"tools-call-with-logging"}}),
    ("the prompt here is about work and who does it, not about a picture", REVISIONS, {
        "prompts-get-with-image": {"prompts-get-with-image"}}),
    ("the arguments of the tools here are flat", ["2025-11-25", "2026-07-28"], {
        "json-schema-2020-12": {"json-schema-2020-12-tool-found"}}),
    ("there are no sessions", ["2025-11-25"], {
        "server-sse-polling": {"server-sse-polling-session"},
        "server-sse-multiple-streams": {"server-sse-multiple-streams-session"}}),
    ("nothing is asked of a client: no tool here needs its model, its user or its roots", HANDSHAKES, {
        "tools-call-sampling": {"tools-call-sampling"},
        "tools-call-elicitation": {"tools-call-elicitation"}}),
    ("the same", ["2025-11-25"], {
        "elicitation-sep1034-defaults": {"elicitation-sep1034-general"},
        "elicitation-sep1330-enums": {"elicitation-sep1330-general"}}),
    ("the same", ["2026-07-28"], {
        "server-stateless": {"sep-2575-missing-capability-http-400", "sep-2575-server-rejects-undeclared-capability"},
        "input-required-result-basic-elicitation": {"sep-2322-elicitation-incomplete"},
        "input-required-result-basic-sampling": {"sep-2322-sampling-incomplete"},
        "input-required-result-basic-list-roots": {"sep-2322-list-roots-incomplete"},
        "input-required-result-request-state": {"sep-2322-request-state-incomplete"},
        "input-required-result-multiple-input-requests": {"sep-2322-multiple-inputs-incomplete"},
        "input-required-result-multi-round": {"sep-2322-multi-round-r1"},
        "input-required-result-missing-input-response": {"sep-2322-missing-response-rerequests"},
        "input-required-result-non-tool-request": {"sep-2322-non-tool-incomplete"},
        "input-required-result-result-type": {"sep-2322-result-type-included"},
        "input-required-result-tampered-state": {"sep-2322-reject-tampered-state"},
        "input-required-result-capability-check": {"sep-2322-respect-client-capabilities"},
        "input-required-result-ignore-extra-params": {"sep-2322-ignore-unexpected-params"}}),
]
# At least so many are held; fewer of them: the suite was not what it is taken for.
HELD = {"2025-06-18": 46, "2025-11-25": 52, "2026-07-28": 120}

# What a server on standard input and output is judged by: HTTP is the bridge's.
CALLS = ["tools-list", "tools-call-simple-text", "tools-call-error"]
SPOKEN = {**dict.fromkeys(HANDSHAKES, ["server-initialize", "ping", "logging-set-level", *CALLS]), "2026-07-28": CALLS}

Verdicts = dict[str, list[tuple[str, str]]]
"""Scenario: its checks and how each ended."""


def judged(url: str, revision: str, into: Path, scenario: str = "") -> Verdicts:
    """By the scenario, else by all that there are."""
    chosen = ["--scenario", scenario] if scenario else ["--suite", "all"]
    done = subprocess.run([*program(SUITE), "server", "--url", url, "--spec-version", revision, *chosen, "--output-dir", str(into)],
                          capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    found = {}
    for file in into.glob("*/checks.json"):
        # server-NAME-DATE
        found[file.parent.name.removeprefix("server-").rsplit("-", 6)[0]] = [
            (check["id"], check["status"]) for check in json.loads(file.read_text())]
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    return found


def not_held(verdicts: Verdicts) -> dict[str, set[str]]:
    bad = {scenario: {check for check, status in checks if status in ("FAILURE", "WARNING")} for scenario, checks in verdicts.items()}
    return {scenario: checks for scenario, checks in bad.items() if checks}


def file_of(stage: Stage, workspace: Workspace, peer: str) -> str:
    """A picture that the peer has drawn for the workspace, as it is read at its endpoint."""
    handed = stage.must("POST", f"/workspaces/{workspace.id}/delegate", {"target_id": peer, "task": "a.png"})
    done = stage.must("GET", f"/workspaces/{workspace.id}/delegations/{handed['delegation_id']}?wait=30")
    return "molecule://files/" + str(done["files"][0]["uri"]).rpartition("/")[2]


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_endpoint_holds_all_that_it_offers(stage: Stage, workspace: Workspace, draughtsman: str, tmp_path: Path, revision: str,
                                              record_property: Callable[[str, object], None]) -> None:
    def drawn(*files: str) -> tuple[str, Params]:
        return "delegate_task", {"workspace_id": draughtsman, "task": " ".join(files)}

    names = Names(
        tools={"test_simple_text": "get_workspace_info", "test_error_handling": "delegate_task",
               "test_logging_tool": "get_workspace_info", "test_streaming_elicitation": "delegate_task",
               "test_image_content": drawn("a.png"), "test_audio_content": drawn("a.wav"), "test_embedded_resource": drawn("a.txt"),
               "test_multiple_content_types": drawn("a.png", "a.txt"), "test_tool_with_progress": drawn("a.txt")},
        resources={"test://static-text": workspace.card, "test://template/123/data": workspace.card,
                   "test://static-binary": file_of(stage, workspace, draughtsman)},
        prompts={"test_simple_prompt": ("hand_over", lambda said: {"task": "count the words"}),
                 "test_prompt_with_arguments": ("hand_over", lambda said: {"task": " ".join(said.values())}),
                 "test_prompt_with_embedded_resource": ("hand_over", lambda said: {"task": "draw", "peer": draughtsman})},
        completions={"test_prompt_with_arguments": ("hand_over", "peer")}, headers={"workspace_id": "Mcp-Param-Peer"})
    gate = Gate(stage.url.removeprefix("http://"), f"/workspaces/{workspace.id}/mcp", workspace.token, names)
    try:
        verdicts = judged(gate.url, revision, tmp_path)
    finally:
        gate.close()
    expected = {scenario: checks for _, revisions, scenarios in APART if revision in revisions for scenario, checks in scenarios.items()}
    assert not_held(verdicts) == expected
    held = sum(status == "SUCCESS" for checks in verdicts.values() for _, status in checks)
    record_property("held", held)
    print(f"{revision}: {held} checks held in {len(verdicts)} scenarios, {sum(map(len, expected.values()))} apart")
    assert held >= HELD[revision]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("server", ["workspace", "operator"])
def test_a_program_holds_what_it_offers(stage: Stage, member: Workspace, tmp_path: Path, server: str, revision: str) -> None:
    if server == "workspace":
        client = McpClient(tmp_path, PLATFORM_URL=stage.url, WORKSPACE_ID=member.id, MOLECULE_WORKSPACE_TOKEN=member.token)
        names = Names({"test_simple_text": "get_workspace_info", "test_error_handling": "delegate_task"})
    else:
        token = (stage.data / "admin_token").read_text().strip()
        client = McpClient(tmp_path, program=[str(BINARY), "mcp", "--manage"], MOLECULE_API_URL=stage.url, MOLECULE_API_KEY=token)
        names = Names({"test_simple_text": "list_workspaces", "test_error_handling": "get_workspace"})
    bridge = Bridge(client, names)
    try:
        # What there is of streams would wait for one in vain.
        runs = SPOKEN[revision] if revision == "2026-07-28" else [""]
        verdicts = {name: checks for run in runs for name, checks in judged(bridge.url, revision, tmp_path / f"run {run}", run).items()}
    finally:
        bridge.close()
        client.close()
    assert set(SPOKEN[revision]) <= verdicts.keys()
    assert not not_held({name: verdicts[name] for name in SPOKEN[revision]})
