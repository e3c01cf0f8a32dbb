"""The official inspector lists and calls the tools of every server here."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from organisation import Workspace
from packages import INSPECTOR, program
from stage import BINARY, Stage


def inspected(home: Path, *words: str, **environment: str) -> Any:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    inspector = program(INSPECTOR)
    # It looks for its own package.json from where it is started.
    done = subprocess.run([*inspector, *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          cwd=Path(inspector[-1]).parent, env={**kept, "HOME": str(home), "CONFIGS_DIR": str(home), **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def text_of(result: Any) -> Any:
    assert not result.get("isError"), result
    return json.loads(result["content"][0]["text"])


def test_a_workspace_s_program(stage: Stage, member: Workspace, tmp_path: Path) -> None:
    def ask(*words: str) -> Any:
        return inspected(tmp_path, str(BINARY), "mcp", *words, PLATFORM_URL=stage.url, WORKSPACE_ID=member.id,
                         MOLECULE_WORKSPACE_TOKEN=member.token)

    assert {"inbox_pop", "wait_for_message", "delegate_task"} <= {tool["name"] for tool in ask("--method", "tools/list")["tools"]}
    assert text_of(ask("--method", "tools/call", "--tool-name", "get_workspace_info"))["id"] == member.id
    assert text_of(ask("--method", "tools/call", "--tool-name", "wait_for_message", "--tool-arg", "timeout_secs=0"))["timeout"]


def test_the_operator_s_program(stage: Stage, workspace: Workspace, tmp_path: Path) -> None:
    def ask(*words: str) -> Any:
        token = (stage.data / "admin_token").read_text().strip()
        return inspected(tmp_path, str(BINARY), "mcp", "--manage", *words, MOLECULE_API_URL=stage.url, MOLECULE_API_KEY=token)

    assert {"list_workspaces", "delete_workspace"} <= {tool["name"] for tool in ask("--method", "tools/list")["tools"]}
    found = text_of(ask("--method", "tools/call", "--tool-name", "get_workspace", "--tool-arg", f"workspace_id={workspace.id}"))
    assert found["id"] == workspace.id


def test_an_endpoint(stage: Stage, workspace: Workspace, tmp_path: Path) -> None:
    def ask(*words: str) -> Any:
        return inspected(tmp_path, f"{stage.url}/workspaces/{workspace.id}/mcp", "--transport", "http", "--header",
                         f"Authorization: Bearer {workspace.token}", *words)

    assert "list_peers" in [tool["name"] for tool in ask("--method", "tools/list")["tools"]]
    assert text_of(ask("--method", "tools/call", "--tool-name", "get_workspace_info"))["id"] == workspace.id
    assert workspace.card in [each["uri"] for each in ask("--method", "resources/list")["resources"]]
    card = json.loads(ask("--method", "resources/read", "--uri", workspace.card)["contents"][0]["text"])
    assert card["name"] == "conformance 123"
    said = ask("--method", "prompts/get", "--prompt-name", "hand_over", "--prompt-args", "task=count")
    assert said["messages"][0]["content"]["text"].endswith("count")
