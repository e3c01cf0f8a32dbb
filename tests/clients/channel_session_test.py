"""Claude Code with the channel, set up by the lines that the canvas shows: what is said on the canvas is a turn, and is answered there."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from model import Model
from pasting import SHELLS, Terminal
from programs import ClaudeCode
from stage import ROOT, Stage, wait_for

PATIENCE_SECONDS = 90


def shown(said: str) -> str:
    """What a terminal shows, without blanks: the program moves its cursor in their place."""
    return re.sub(r"\s", "", re.sub(r"\x1b(\[[0-9;?>]*[A-Za-z]|\][^\x07]*\x07|[()=>].?)", "", said))


def agree(shell: Terminal, what: str, fact: Callable[[], bool]) -> None:
    """Press Enter until it is so: a question that is drawn is not heard at once, and Enter says nothing at a prompt."""
    def pressed() -> bool:
        shell.paste("\r")
        until = time.monotonic() + 1
        while time.monotonic() < until:
            if fact():
                return True
            time.sleep(0.05)
        return False
    wait_for(what, pressed, PATIENCE_SECONDS)


@pytest.mark.parametrize("name", SHELLS)
def test_a_session_that_was_pasted_into(name: str, stage: Stage, tmp_path: Path, model: Model) -> None:
    home = tmp_path / "home"
    client = ClaudeCode("claude", home, model.url)
    # Started where the plugin is.
    client.trusts(ROOT)
    made = stage.external(f"session in {name}")
    environment = {**client.environment, "PATH": f"{Path(client.program).parent}{os.pathsep}{client.environment['PATH']}"}
    shell = Terminal(SHELLS[name], ROOT, environment)
    try:
        # It waits already when the session begins.
        told = {"text": "I am here", "workspace_id": "$workspace_id", "peer_id": "$peer_id", "reply_to": "$activity_id"}
        stage.say(made["id"], f"[[call reply_to_workspace {json.dumps(told)}]]")
        shell.paste(made["connection"]["claude_code_channel_snippet"])
        # Whether the folder is trusted, the channel one's own, and the tool may be called.
        wait_for("a question", lambda: "Entertoconfirm" in shown(shell.said), PATIENCE_SECONDS)
        agree(shell, "the answer on the canvas", lambda: any("I am here" in str(row.get("response_body")) for row in stage.rows(made["id"])))
        assert "localchanneldevelopment" in shown(shell.said)
        asked = next(row for row in stage.rows(made["id"]) if row["method"] == "message/send")
        assert asked["mail"] == "settled"
        turn = next(turn.text for asked in model.asked for turn in asked.turns if "<channel" in turn.text)
        for word in ('source="plugin:molecule:molecule"', 'kind="canvas_user"', f'workspace_id="{made["id"]}"', f'activity_id="{asked["id"]}"'):
            assert word in turn, turn
    finally:
        shell.end()
