"""An agent that polls: what the senders of its messages are told while it has them, and when it fails."""

from __future__ import annotations

from typing import Any

from loops import Agents
from molecule_agent import InboundMessage, PollDelivery, RemoteAgentClient
from stage import Stage, wait_for

EACH_ENGINE = True


def standing(stage: Stage, workspace: str, task: str) -> dict[str, Any]:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"id": task}}
    return dict(stage.must("POST", f"/workspaces/{workspace}/a2a", asked)["result"])


def word(stage: Stage, workspace: str, task: str) -> str:
    return str(standing(stage, workspace, task)["metadata"]["molecule"]["standing"])


def test_what_its_agent_has_fetched_is_seen(stage: Stage, agents: Agents) -> None:
    client = agents.client("fetches")
    task = stage.say(client.workspace_id, "anybody?").json()["result"]["id"]
    assert word(stage, client.workspace_id, task) == "waiting"
    # Others may look at it: only its agent sees it.
    stage.rows(client.workspace_id, type="a2a_receive")
    assert word(stage, client.workspace_id, task) == "waiting"
    assert [message.text for message in client.fetch_inbound(since_secs=600)] == ["anybody?"]
    told = standing(stage, client.workspace_id, task)
    assert told["metadata"]["molecule"]["standing"] == "seen" and told["status"]["state"] == "submitted"
    assert "has fetched it" in told["status"]["message"]["parts"][0]["text"]
    queue = stage.must("GET", f"/workspaces/{client.workspace_id}/a2a/queue/{task}")
    assert queue["standing"] == "seen" and queue["last_error"] is None
    (node,) = stage.must("GET", f"/workspaces/{client.workspace_id}/tasks/{task}/tree")["nodes"]
    assert node["standing"] == "seen"
    stage.kill()
    stage.start()
    assert word(stage, client.workspace_id, task) == "seen"


def test_a_person_is_told_that_a_polling_agent_failed(stage: Stage, agents: Agents) -> None:
    def handle(message: InboundMessage, client: RemoteAgentClient) -> None:
        if message.text == "break":
            raise RuntimeError("password is hunter2")
        client.reply(message, "the disk is full", failed=True)

    client = agents.client("fails")
    agents.run(client, handle, PollDelivery(client, interval=1))
    for asked, why in (("go", "the disk is full"), ("break", "I failed while working on this message")):
        task = stage.say(client.workspace_id, asked).json()["result"]["id"]
        told = wait_for("the end", lambda task=task: ended(standing(stage, client.workspace_id, task)))
        assert told["status"]["state"] == "failed" and told["metadata"]["molecule"]["standing"] == "answered"
        assert told["status"]["message"]["parts"][0]["text"].startswith(why)
        row = next(row for row in stage.rows(client.workspace_id, type="a2a_receive") if row["id"] == task)
        assert row["status"] == "error" and row["error_detail"].startswith(why) and "hunter2" not in str(row)


def ended(task: dict[str, Any]) -> dict[str, Any] | None:
    return None if task["status"]["state"] in ("submitted", "working") else task
