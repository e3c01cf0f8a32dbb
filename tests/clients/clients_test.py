"""Claude Code, Gemini CLI, OpenCode and Codex with `molecule mcp`: they see its tools, call them, and hear what is said on the canvas."""

from __future__ import annotations

import re

from model import Model
from programs import Client
from stage import Stage, wait_for

TOOLS = ["delegate_task", "delegate_task_async", "check_task_status", "list_peers", "get_workspace_info", "get_runtime_identity",
         "update_agent_card", "send_message_to_user", "wait_for_message", "inbox_peek", "inbox_pop", "fetch_files", "chat_history"]


def test_a_client_lists_the_tools_calls_them_and_answers_the_canvas(client: Client, model: Model, stage: Stage) -> None:
    made = stage.external(f"of {client.name}")
    client.connect(made["connection"])

    said = client.turn("[[tools]]")
    names = set(said.partition("tools: ")[2].split())
    assert sorted(tool for tool in TOOLS for name in names if re.search(rf"(^|[^a-z]){tool}$", name)) == sorted(TOOLS), said
    told = "".join(asked.system + "".join(turn.text for turn in asked.turns) for asked in model.asked)
    assert "Call inbox_pop with the activity_id" in told, "what the server says about itself does not reach the model"
    said = client.turn('[[call get_workspace_info {}]]')
    assert made["id"] in said and f"of {client.name}" in said, said

    stage.say(made["id"], "what do you hear")
    client.turn('[[call wait_for_message {"timeout_secs": 20}]] '
                '[[call send_message_to_user {"message": "I hear: $text", "reply_to": "$activity_id"}]] '
                '[[call inbox_pop {"activity_id": "$activity_id"}]]')
    wait_for("the answer", lambda: [row for row in stage.rows(made["id"]) if "I hear: what do you hear" in str(row.get("response_body"))])
    asked = next(row for row in stage.rows(made["id"]) if row["method"] == "message/send")
    assert asked["mail"] == "settled"
