"""An agent that replies to what it has in hand: whoever asked gets that as the answer, however the message came."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from loops import Agents
from molecule_agent import A2AServer, InboundMessage, PollDelivery, PushDelivery, RelayDelivery, RemoteAgentClient
from stage import Stage, wait_for

HERE = "Here it is."
each_way = pytest.mark.parametrize("way", ["push", "relay", "poll"])
each_call = pytest.mark.parametrize("way", ["push", "relay"])


def attached(agents: Agents, way: str, handler: Any, parent: str | None = None) -> RemoteAgentClient:
    """An agent that hears at once, whichever way messages come to it."""
    client = agents.client(way, parent, register=way != "push")
    delivery: Any = PollDelivery(client, interval=1)
    if way == "push":
        server = A2AServer(client.workspace_id, host="127.0.0.1", secret=lambda: client.inbound_secret)
        delivery = PushDelivery(client, server, handler)
        client.reported_url = server.inbound_url
        client.register()
    elif way == "relay":
        delivery = RelayDelivery(client, handler)
    agents.run(client, handler, delivery)
    assert way != "relay" or delivery.wait_connected(20)
    return client


def rows(stage: Stage, client: RemoteAgentClient, method: str) -> list[dict[str, Any]]:
    return [row for row in stage.rows(client.workspace_id, type="a2a_receive") if row["method"] == method]


def task(stage: Stage, client: RemoteAgentClient, row: dict[str, Any]) -> dict[str, Any]:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"id": row["id"]}}
    return dict(stage.must("POST", f"/workspaces/{client.workspace_id}/a2a", asked)["result"])


def ended(stage: Stage, client: RemoteAgentClient) -> dict[str, Any]:
    """The one message that the agent had, once it has an answer."""
    (row,) = wait_for("the answer", lambda: [row for row in rows(stage, client, "message/send") if row.get("response_body")])
    return dict(row)


def words(body: Any) -> list[str]:
    return [part["text"] for part in body["result"]["parts"] if "text" in part]


def files(body: Any) -> list[str]:
    return [part["file"]["uri"].rpartition("/")[2] for part in body["result"]["parts"] if "file" in part]


def sends(folder: Path) -> Any:
    (folder / "result.csv").write_text("a,b\n")

    def handle(message: InboundMessage, client: RemoteAgentClient) -> None:
        client.reply(message, HERE, files=client.upload(folder / "result.csv"))
    return handle


@each_way
def test_a_person_gets_the_text_and_the_file(stage: Stage, agents: Agents, tmp_path: Path, way: str) -> None:
    client = attached(agents, way, sends(tmp_path))
    said = stage.say(client.workspace_id, "the table, please").json()
    row = ended(stage, client)
    if way != "poll":
        assert words(said) == [HERE] and files(said) == files(row["response_body"])
    assert words(row["response_body"]) == [HERE]
    (file,) = files(row["response_body"])
    assert stage.ask("GET", f"/workspaces/{client.workspace_id}/attachments/{file}").text == "a,b\n"
    assert task(stage, client, row)["status"]["state"] == "completed"
    # A polled message is answered with a notice; beside any other answer there is none.
    assert len(rows(stage, client, "notify")) == (way == "poll")


@each_way
def test_a_peer_gets_the_text_and_the_file(stage: Stage, agents: Agents, tmp_path: Path, way: str) -> None:
    boss = agents.client("boss")
    client = attached(agents, way, sends(tmp_path), boss.workspace_id)
    answer = boss.call_peer(client.workspace_id, "the table, please", prefer_direct=False)
    if way == "poll":
        (message,) = wait_for("the answer", lambda: boss.fetch_inbound(since_secs=600))
        assert message.is_answer and message.text == HERE
    else:
        assert words(answer) == [HERE]
        message = InboundMessage("", "peer_agent", client.workspace_id, HERE, {"parts": answer["result"]["parts"]})
        assert boss.fetch_inbound(since_secs=600) == [], "it is said once"
    (file,) = message.files
    assert boss.download(file, tmp_path / "in").read_text() == "a,b\n"
    delegated = boss.delegate("once more", client.workspace_id)
    ended = boss.wait_for_delegation(delegated, timeout=20)
    assert ended["result"] == HERE
    (named,) = ended["files"]
    assert named["name"] == "result.csv" and boss.download(named, tmp_path / "delegated").read_text() == "a,b\n"
    told = next(row for row in boss.fetch_inbound(since_secs=600) if row["method"] == "delegate_result")
    assert [file.uri for file in told.files] == [named["uri"]]


@each_way
def test_a_peer_is_told_of_a_failure(agents: Agents, way: str) -> None:
    """What is said with `failed`, and what a handler raises."""
    boss = agents.client("boss")

    def handle(message: InboundMessage, client: RemoteAgentClient) -> None:
        if message.text == "break":
            raise RuntimeError("password is hunter2")
        client.reply(message, "the disk is full", failed=True)

    client = attached(agents, way, handle, boss.workspace_id)
    for asked, why in (("say so", "the disk is full"), ("break", "failed while working on this message")):
        delegated = boss.delegate(asked, client.workspace_id)
        ended = boss.wait_for_delegation(delegated["delegation_id"], timeout=20)
        assert ended["status"] == "failed" and why in ended["error"] and "hunter2" not in ended["error"]


@each_call
def test_a_person_is_told_of_a_failure(stage: Stage, agents: Agents, way: str) -> None:
    def handle(message: InboundMessage, client: RemoteAgentClient) -> None:
        client.reply(message, "the disk is full", failed=True)

    client = attached(agents, way, handle)
    assert stage.say(client.workspace_id, "go").json()["error"]["message"] == "the disk is full"
    row = ended(stage, client)
    assert row["status"] == "error" and row["error_detail"] == "the disk is full"
    assert task(stage, client, row)["status"]["state"] == "failed"


@each_call
def test_the_answer_is_there_while_the_handler_goes_on(stage: Stage, agents: Agents, way: str) -> None:
    go_on, over = threading.Event(), threading.Event()

    def handle(message: InboundMessage, client: RemoteAgentClient) -> str | None:
        if message.text == "another":
            return "meanwhile"
        replies = threading.Thread(target=client.reply, args=(message, HERE))
        replies.start()
        replies.join()
        assert go_on.wait(30)
        over.set()
        return HERE

    client = attached(agents, way, handle)
    try:
        assert words(stage.say(client.workspace_id, "long").json()) == [HERE]
        assert words(stage.say(client.workspace_id, "another").json()) == ["meanwhile"] and not over.is_set()
    finally:
        go_on.set()
    assert over.wait(20)
    assert rows(stage, client, "notify") == []


@each_way
def test_what_is_said_besides_comes_after_the_answer_and_once(stage: Stage, agents: Agents, way: str) -> None:
    boss = agents.client("boss")

    def handle(message: InboundMessage, client: RemoteAgentClient) -> str:
        client.reply(message, "first")
        client.reply(message, "second")
        return "third"

    client = attached(agents, way, handle, boss.workspace_id)
    stage.say(client.workspace_id, "a person asks")
    row = ended(stage, client)
    assert words(row["response_body"]) == ["first"]
    said = ["first", "second", "third"] if way == "poll" else ["second", "third"]
    wait_for("all of it", lambda: len(rows(stage, client, "notify")) >= len(said))
    notices = rows(stage, client, "notify")
    assert [notice["response_body"]["result"] for notice in notices] == said
    assert {notice["request_body"]["reply_to"] for notice in notices} == {row["id"]}
    # A later word that reached the platform first would be the delegation's result.
    for _ in range(5):
        delegated = boss.delegate("a peer asks", client.workspace_id)
        assert boss.wait_for_delegation(delegated, timeout=20)["result"] == "first"

    def others() -> list[str]:
        return sorted(row.text for row in boss.fetch_inbound(since_secs=600) if row["method"] == "message/send")

    wait_for("all of it", lambda: len(others()) >= 10)
    assert others() == ["second"] * 5 + ["third"] * 5


def test_a_peer_that_calls_directly_gets_it_too(stage: Stage, agents: Agents) -> None:
    boss = agents.client("boss")
    client = agents.client("called", boss.workspace_id, register=False)

    def handle(message: InboundMessage, agent: RemoteAgentClient) -> None:
        agent.reply(message, HERE)

    server = A2AServer(client.workspace_id, host="127.0.0.1", secret=lambda: client.inbound_secret, callers=client.direct_callers())
    delivery = PushDelivery(client, server, handle)
    client.reported_url = server.inbound_url
    client.register()
    agents.run(client, handle, delivery)
    assert words(boss.call_peer(client.workspace_id, "directly")) == [HERE]
    assert rows(stage, client, "message/send") == [], "the platform carried it"
    assert boss.fetch_inbound(since_secs=600) == []
