"""An agent's life through the SDK against the real platform: joining, presence, messages, delegation, leaving."""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from loops import Agents
from molecule_agent import (A2AServer, CredentialRejectedError, CursorLostError, InboundMessage, PlatformError,
                            PollDelivery, PushDelivery, RemoteAgentClient, WorkspaceGoneError, extract_text)
from stage import Stage, wait_for

EACH_ENGINE = True


def upper(message: InboundMessage, client: RemoteAgentClient) -> str:
    return message.text.upper()


# --- joining ---


def test_a_workspace_is_claimed_once(stage: Stage, agents: Agents) -> None:
    made = stage.external("claimed once")
    assert made["status"] == "awaiting_agent"
    first = agents.client_of(made["id"], "first")
    token = first.register()
    assert token.startswith("mol_") and stage.workspace(made["id"])["status"] == "online"
    stranger = agents.client_of(made["id"], "stranger")
    with pytest.raises(CredentialRejectedError, match="claimed"):
        stranger.register()
    restarted = agents.client_of(made["id"], "first")
    assert restarted.register() == token
    restarted.heartbeat("still the same")
    handed_out = agents.client_of(made["id"], "handed-out")
    handed_out.save_token(made["connection"]["auth_token"])
    with pytest.raises(CredentialRejectedError):
        handed_out.heartbeat()


def test_a_rotated_token_ends_the_old_one(stage: Stage, agents: Agents) -> None:
    client = agents.client("rotated")
    rotated = stage.must("POST", f"/workspaces/{client.workspace_id}/external/rotate")["connection"]["auth_token"]
    with pytest.raises(CredentialRejectedError):
        client.heartbeat()
    client.save_token(rotated)
    client.heartbeat()


def test_tokens_are_minted_listed_and_revoked(stage: Stage, agents: Agents) -> None:
    client = agents.client("tokens")
    path = f"/workspaces/{client.workspace_id}/tokens"
    minted = stage.must("POST", path)["auth_token"]
    other = agents.client_of(client.workspace_id, "other-holder")
    other.save_token(minted)
    other.heartbeat()
    listed = stage.must("GET", path)["tokens"]
    newest = next(token for token in listed if minted.startswith(token["prefix"]))
    assert minted not in str(listed)
    makers = {token["prefix"]: token["created_by"] for token in listed}
    assert makers.pop(newest["prefix"]) == "admin-token" and set(makers.values()) == {"admin-token"}, "also of the one that came with it"
    stage.must("DELETE", f"{path}/{newest['id']}")
    told = [(each["event_type"], each["payload"]) for each in stage.must("GET", f"/events/{client.workspace_id}")
            if each["event_type"].startswith("TOKEN_")]
    assert [(name, payload["token_id"], payload["by"]) for name, payload in told] == [
        ("TOKEN_REVOKED", newest["id"], "admin-token"), ("TOKEN_MADE", newest["id"], "admin-token")]
    assert minted not in str(told)
    with pytest.raises(CredentialRejectedError):
        other.heartbeat()
    client.heartbeat()


def test_the_card_and_the_mode_are_stored(stage: Stage, agents: Agents) -> None:
    card = {"name": "carded", "skills": [{"id": "a", "name": "A"}, "plain"]}
    client = agents.client("carded", card=card)
    shown = stage.workspace(client.workspace_id)
    assert shown["agent_card"]["skills"] == card["skills"]
    assert shown["delivery_mode"] == "poll" and shown["runtime"] == "external" and shown["url"] == ""


# --- presence ---


def test_the_current_task_is_shown_while_it_lasts(stage: Stage, agents: Agents) -> None:
    client = agents.client("busy")
    with client.working("counting sheep"):
        wait_for("the task", lambda: stage.workspace(client.workspace_id)["current_task"] == "counting sheep", 2)
        assert stage.workspace(client.workspace_id)["active_tasks"] == 1
    wait_for("the end of the task", lambda: stage.workspace(client.workspace_id)["current_task"] == "", 2)


def test_peers_are_family_only(stage: Stage, agents: Agents) -> None:
    parent = agents.client("parent")
    one = agents.client("one", parent=parent.workspace_id, card={"name": "one", "skills": ["sums"]})
    two = agents.client("two", parent=parent.workspace_id)
    stranger = agents.client("stranger")
    assert {p.id for p in one.get_peers()} == {parent.workspace_id, two.workspace_id}
    assert {one.workspace_id, two.workspace_id} <= {p.id for p in parent.get_peers()}
    seen = next(p for p in two.get_peers() if p.id == one.workspace_id)
    assert seen.status == "online" and seen.agent_card["skills"] == ["sums"]
    assert one.discover_peer(two.workspace_id) is None  # it polls: there is no address
    with pytest.raises(PlatformError) as refused:
        one.discover_peer(stranger.workspace_id)
    assert refused.value.status == 403 and refused.value.code
    with pytest.raises(PlatformError) as refused:
        one.call_peer(stranger.workspace_id, "hello")
    assert refused.value.status == 403


def test_secrets_reach_the_workspace_alone(stage: Stage, agents: Agents) -> None:
    client, other = agents.client("secretive"), agents.client("nosy")
    stage.must("PUT", "/settings/secrets", {"key": "SHARED_KEY", "value": "global"})
    stage.must("PUT", "/settings/secrets", {"key": "OWN_KEY", "value": "global"})
    stage.must("PUT", f"/workspaces/{client.workspace_id}/secrets", {"key": "OWN_KEY", "value": "mine"})
    assert client.pull_secrets() == {"SHARED_KEY": "global", "OWN_KEY": "mine"}
    assert other.pull_secrets() == {"SHARED_KEY": "global", "OWN_KEY": "global"}
    thief = agents.client_of(client.workspace_id, "thief")
    thief.save_token(str(other.load_token()))
    with pytest.raises(PlatformError) as refused:
        thief.pull_secrets()
    assert refused.value.status in (401, 403)
    listed = stage.ask("GET", f"/workspaces/{client.workspace_id}/secrets").text
    assert "OWN_KEY" in listed and "mine" not in listed
    stage.must("DELETE", "/settings/secrets/SHARED_KEY")
    stage.must("DELETE", "/settings/secrets/OWN_KEY")


@pytest.mark.parametrize("value", [
    "-----BEGIN KEY-----\nMIIE\n-----END KEY-----\n", "-----BEGIN KEY-----\r\nMIIE\r\n-----END KEY-----\r\n", " \tspaces around \n\n ",
    "\n", "a\rb", "quotes \" ' ` $HOME \\n %s", "\ufeffmarked é 🦊\u2028"])
def test_secrets_come_byte_for_byte(value: str, stage: Stage, agents: Agents) -> None:
    made = stage.must("POST", "/workspaces", {"name": f"bytes {uuid.uuid4()}", "external": True, "secrets": {"MADE": value}})
    client = agents.client_of(made["id"], "bytes")
    client.save_token(made["connection"]["auth_token"])
    stage.must("PUT", "/settings/secrets", {"key": "SHARED_BYTES", "value": value})
    stage.must("PUT", f"/workspaces/{made['id']}/secrets", {"key": "OWN_BYTES", "value": value})
    assert client.pull_secrets() == {"MADE": value, "SHARED_BYTES": value, "OWN_BYTES": value}
    stage.must("DELETE", "/settings/secrets/SHARED_BYTES")


# --- messages of people ---


def test_a_person_is_answered_by_a_polling_agent(stage: Stage, agents: Agents) -> None:
    client = agents.client("answering")
    agents.run(client, upper)
    accepted = stage.say(client.workspace_id, "good morning").json()
    assert accepted["status"] == "queued" and accepted["delivery_mode"] == "poll"
    answers = wait_for("the answer", lambda: [r for r in stage.rows(client.workspace_id) if r["method"] == "notify"])
    assert "GOOD MORNING" in str(answers[0]["response_body"])
    asked = next(r for r in stage.rows(client.workspace_id) if r["method"] == "message/send")
    assert asked["data"]["source"] == "canvas_user" and asked["data"]["text"] == "good morning"
    # Which message was answered is told later too.
    assert answers[0]["request_body"] == {"reply_to": asked["id"]}
    # The agent sees neither its own notification nor the message again.
    time.sleep(0.3)
    assert len([r for r in stage.rows(client.workspace_id) if r["method"] == "notify"]) == 1


def test_a_message_is_picked_up_at_once(stage: Stage, agents: Agents) -> None:
    client = agents.client("quick")
    arrived: list[float] = []
    agents.run(client, lambda m, c: arrived.append(time.monotonic()), PollDelivery(client, interval=3))
    wait_for("the long poll", lambda: stage.workspace(client.workspace_id)["status"] == "online")
    sent = time.monotonic()
    stage.say(client.workspace_id, "now")
    wait_for("the message", lambda: arrived, 5)
    assert arrived[0] - sent < 1.0


def test_messages_sent_before_the_agent_came_are_not_lost(stage: Stage, agents: Agents) -> None:
    client = agents.client("late", register=False)
    for number in range(3):
        assert stage.say(client.workspace_id, f"waiting {number}").status_code in (200, 202)
    client.register()
    got: list[str] = []
    agents.run(client, lambda m, c: got.append(m.text))
    wait_for("three messages", lambda: len(got) == 3)
    assert got == ["waiting 0", "waiting 1", "waiting 2"]


def test_a_restarted_agent_goes_on_where_it_was(stage: Stage, agents: Agents, tmp_path: Path) -> None:
    client = agents.client("resuming")
    file = tmp_path / "cursor"
    got: list[str] = []
    stage.say(client.workspace_id, "one")
    PollDelivery(client, interval=1, cursor_file=file).run_once(lambda m, c: got.append(m.text))
    stage.say(client.workspace_id, "two")
    again = PollDelivery(client, interval=1, cursor_file=file)
    again.run_once(lambda m, c: got.append(m.text))
    assert got == ["one", "two"]
    for broken in ("00000000-0000-0000-0000-000000000000", "not an id"):
        file.write_text(broken)
        lost = PollDelivery(client, interval=1, cursor_file=file)
        assert lost.run_once(lambda m, c: None) == 0 and lost.cursor is None
        assert lost.run_once(lambda m, c: None) == 2
    with pytest.raises(CursorLostError):
        client.fetch_inbound(since_id="00000000-0000-0000-0000-000000000000")


def test_a_message_sent_twice_is_one_message(stage: Stage, agents: Agents) -> None:
    client = agents.client("idempotent")
    for _ in range(3):
        stage.say(client.workspace_id, "once", message_id="same-id")
    got: list[str] = []
    PollDelivery(client, interval=1).run_once(lambda m, c: got.append(m.text))
    assert got == ["once"]


# --- messages of agents ---


def test_two_answering_agents_do_not_answer_each_other_for_ever(stage: Stage, agents: Agents) -> None:
    parent = agents.client("head")
    asker, answerer = agents.client("asker", parent.workspace_id), agents.client("answerer", parent.workspace_id)
    heard: list[InboundMessage] = []

    def listen(message: InboundMessage, client: RemoteAgentClient) -> str:
        heard.append(message)
        return "and I answer everything"

    agents.run(asker, listen)
    agents.run(answerer, upper)
    assert asker.call_peer(answerer.workspace_id, "knock knock")["status"] == "queued"
    wait_for("the answer", lambda: heard)
    assert heard[0].text == "KNOCK KNOCK" and heard[0].is_answer
    assert (heard[0].source, heard[0].source_id) == ("peer_agent", answerer.workspace_id)
    time.sleep(0.5)
    assert len(heard) == 1


def test_a_pushed_agent_is_called_directly_and_through_the_platform(stage: Stage, agents: Agents) -> None:
    parent = agents.client("hub")
    pushed = agents.client("pushed", parent.workspace_id, register=False)
    senders: list[str] = []

    def handler(message: InboundMessage, client: RemoteAgentClient) -> str:
        senders.append(message.source_id)
        return f"{message.source}: {message.text}"

    server = A2AServer(pushed.workspace_id, host="127.0.0.1", agent_card=pushed.agent_card)
    delivery = PushDelivery(pushed, server, handler)
    pushed.reported_url = server.inbound_url
    pushed.register()
    agents.run(pushed, handler, delivery)
    assert stage.workspace(pushed.workspace_id)["delivery_mode"] == "push"
    assert extract_text(stage.say(pushed.workspace_id, "hi").json()) == "canvas_user: hi"
    assert parent.discover_peer(pushed.workspace_id) == server.inbound_url
    for direct in (True, False):
        assert extract_text(parent.call_peer(pushed.workspace_id, "yo", prefer_direct=direct)) == "peer_agent: yo"
    assert senders == ["", parent.workspace_id, parent.workspace_id]


def test_both_dialects_of_a2a_reach_a_pushed_agent(stage: Stage, agents: Agents) -> None:
    pushed = agents.client("dialects", register=False)
    server = A2AServer(pushed.workspace_id, host="127.0.0.1")
    delivery = PushDelivery(pushed, server, upper)
    pushed.reported_url = server.inbound_url
    pushed.register()
    agents.run(pushed, upper, delivery)
    flat = {"jsonrpc": "2.0", "id": "x", "method": "SendMessage", "params": {"message": {
        "messageId": "flat-1", "role": "ROLE_USER", "parts": [{"text": "flat"}]}}}
    reply = stage.must("POST", f"/workspaces/{pushed.workspace_id}/a2a", flat)
    assert reply["id"] == "x" and reply["result"]["message"]["parts"][0]["text"] == "FLAT"
    old = stage.say(pushed.workspace_id, "old").json()
    assert old["result"]["kind"] == "message" and extract_text(old) == "OLD"


# --- delegation ---


@pytest.fixture
def pair(agents: Agents) -> tuple[RemoteAgentClient, RemoteAgentClient]:
    boss = agents.client("boss")
    return boss, agents.client("worker", boss.workspace_id)


def test_a_delegation_to_a_polling_agent(stage: Stage, agents: Agents,
                                         pair: tuple[RemoteAgentClient, RemoteAgentClient]) -> None:
    boss, worker = pair
    results: list[dict[str, Any]] = []
    got: list[InboundMessage] = []

    def work(message: InboundMessage, client: RemoteAgentClient) -> str:
        got.append(message)
        return "done: " + message.text

    agents.run(worker, work)
    agents.run(boss, upper, PollDelivery(boss, interval=1, on_result=lambda row, client: results.append(row)))
    accepted = boss.delegate("dig a hole", worker.workspace_id)
    row = boss.wait_for_delegation(accepted["delegation_id"], timeout=20)
    assert (row["status"], row["result"]) == ("completed", "done: dig a hole")
    assert (row["source_id"], row["target_id"]) == (boss.workspace_id, worker.workspace_id)
    assert got[0].source == "peer_agent" and got[0].source_id == boss.workspace_id and got[0].peer_name
    wait_for("the result row", lambda: results)
    assert results[0]["response_body"] == {"text": "done: dig a hole", "delegation_id": accepted["delegation_id"]}
    time.sleep(0.3)
    assert len(results) == 1 and len(got) == 1
    listed = stage.must("GET", f"/workspaces/{boss.workspace_id}/delegations")
    assert [d["delegation_id"] for d in listed] == [accepted["delegation_id"]]


def test_a_key_makes_several_calls_one_delegation(pair: tuple[RemoteAgentClient, RemoteAgentClient]) -> None:
    boss, worker = pair
    first = boss.delegate("task", worker.workspace_id, idempotency_key="k1")
    again = boss.delegate("task", worker.workspace_id, idempotency_key="k1")
    other = boss.delegate("task", worker.workspace_id)
    assert first["delegation_id"] == again["delegation_id"] != other["delegation_id"]
    assert again["idempotent_hit"] is True
    got: list[str] = []
    PollDelivery(worker, interval=1).run_once(lambda m, c: got.append(m.text))
    assert got == ["task", "task"]


def test_the_older_form_of_delegate_is_understood(stage: Stage, pair: tuple[RemoteAgentClient, RemoteAgentClient]) -> None:
    boss, worker = pair
    answer = requests.post(f"{stage.url}/workspaces/{worker.workspace_id}/delegate", json={"task": "old form"}, timeout=10,
                           headers={"Authorization": f"Bearer {boss.load_token()}", "X-Workspace-ID": boss.workspace_id})
    assert answer.status_code == 202
    assert boss.delegation(answer.json()["delegation_id"])["target_id"] == worker.workspace_id


def test_a_failing_agent_fails_the_delegation_without_its_words(
        agents: Agents, pair: tuple[RemoteAgentClient, RemoteAgentClient]) -> None:
    boss, worker = pair

    def broken(message: InboundMessage, client: RemoteAgentClient) -> str:
        raise RuntimeError("password is hunter2")

    agents.run(worker, broken)
    row = boss.wait_for_delegation(boss.delegate("try", worker.workspace_id)["delegation_id"], timeout=20)
    assert row["status"] == "failed" and "log has the reason" in row["error"] and "hunter2" not in str(row)


def test_a_delegation_to_a_pushed_agent(agents: Agents, pair: tuple[RemoteAgentClient, RemoteAgentClient]) -> None:
    boss, worker = pair
    server = A2AServer(worker.workspace_id, host="127.0.0.1")
    delivery = PushDelivery(worker, server, upper)
    worker.reported_url = server.inbound_url
    worker.register()
    agents.run(worker, upper, delivery)
    row = boss.wait_for_delegation(boss.delegate("shout", worker.workspace_id)["delegation_id"], timeout=20)
    assert (row["status"], row["result"]) == ("completed", "SHOUT")


def test_a_delegation_waits_for_an_agent_that_is_not_there_yet(stage: Stage, agents: Agents) -> None:
    boss = agents.client("patient boss")
    absent = agents.client("absent", boss.workspace_id, register=False)
    accepted = boss.delegate("later", absent.workspace_id)
    with pytest.raises(TimeoutError):
        boss.wait_for_delegation(accepted["delegation_id"], timeout=0.5)
    absent.register()
    agents.run(absent, upper)
    assert boss.wait_for_delegation(accepted["delegation_id"], timeout=20)["result"] == "LATER"


def test_delegations_that_cannot_be(stage: Stage, agents: Agents,
                                    pair: tuple[RemoteAgentClient, RemoteAgentClient]) -> None:
    boss, worker = pair
    stranger = agents.client("no family", worker.workspace_id)
    for target, statuses in ((boss.workspace_id, (400,)), ("not-a-uuid", (400,)), (stranger.workspace_id, (403,)),
                             ("00000000-0000-4000-8000-000000000000", (403, 404))):
        with pytest.raises(PlatformError) as refused:
            boss.delegate("task", target)
        assert refused.value.status in statuses and refused.value.code, target
    with pytest.raises(PlatformError):
        boss.delegate("", worker.workspace_id)
    with pytest.raises(PlatformError) as unknown:
        boss.delegation("00000000-0000-4000-8000-000000000000")
    assert unknown.value.status == 404


# --- leaving ---


def test_a_pause_is_waited_out(stage: Stage, agents: Agents) -> None:
    client = agents.client("paused")
    agents.run(client, upper)
    wait_for("the loop", lambda: stage.workspace(client.workspace_id)["status"] == "online")
    for round in ("first", "second"):
        stage.must("POST", f"/workspaces/{client.workspace_id}/pause")
        assert client.poll_state().paused
        time.sleep(1.5)  # several beats of an agent that beats twice a second
        assert client.workspace_id not in agents.outcomes
        assert stage.workspace(client.workspace_id)["status"] == "paused"
        stage.say(client.workspace_id, f"waiting through the {round} pause")
        stage.must("POST", f"/workspaces/{client.workspace_id}/resume")
        wait_for("the node to be online", lambda: stage.workspace(client.workspace_id)["status"] == "online", 10)
        wait_for("the answer", lambda: [r for r in stage.rows(client.workspace_id) if r["method"] == "notify"
                                        and f"THROUGH THE {round.upper()} PAUSE" in str(r["response_body"])], 10)


def test_a_heartbeat_loop_ends_with_a_pause(stage: Stage, agents: Agents) -> None:
    client = agents.client("ends when paused")
    stage.must("POST", f"/workspaces/{client.workspace_id}/pause")
    assert client.run_heartbeat_loop() == "paused"


def test_a_wrong_path_is_no_removal(stage: Stage, agents: Agents, tmp_path: Path) -> None:
    client = agents.client("below a prefix")
    with RemoteAgentClient(client.workspace_id, stage.url + "/mol", token_dir=tmp_path / "prefixed") as astray:
        astray.save_token(str(client.load_token()))
        astray.heartbeat_interval = astray.state_poll_interval = 0.05
        assert astray.run_agent_loop(upper, PollDelivery(astray, interval=0.05), max_iterations=2) == "max_iterations"
        with pytest.raises(PlatformError) as refused:
            astray.poll_state()
        assert refused.value.status == 404 and not isinstance(refused.value, WorkspaceGoneError)


def test_a_token_of_another_workspace_ends_the_loop(stage: Stage, agents: Agents) -> None:
    mine, other = agents.client("mine"), agents.client("other")
    thief = agents.client_of(mine.workspace_id, "mistaken")
    thief.save_token(str(other.load_token()))
    with pytest.raises(CredentialRejectedError, match="3 times in a row"):
        thief.run_agent_loop(upper, PollDelivery(thief, interval=0.1))


def test_an_unknown_workspace_ends_the_loop(stage: Stage, agents: Agents) -> None:
    nobody = agents.client_of("99999999-2222-4333-8444-555555555555", "nobody")
    nobody.save_token((stage.data / "admin_token").read_text().strip())
    assert nobody.run_agent_loop(upper) == "removed"


def test_what_was_answered_is_not_asked_again_without_a_cursor(stage: Stage, agents: Agents) -> None:
    client = agents.client("forgetful")
    for text in ("one", "two"):
        stage.say(client.workspace_id, text)
    first = PollDelivery(client, interval=1)
    assert first.run_once(upper) == 2
    stage.say(client.workspace_id, "three")
    got: list[str] = []
    PollDelivery(client, interval=1).run_once(lambda m, c: got.append(m.text))
    assert got == ["three"]


def test_a_removed_workspace_ends_its_agent_and_never_comes_back(stage: Stage, agents: Agents) -> None:
    client = agents.client("removed")
    agents.run(client, upper)
    stage.must("DELETE", f"/workspaces/{client.workspace_id}")
    assert wait_for("the end of the loop", lambda: agents.outcomes.get(client.workspace_id), 10) == "removed"
    with pytest.raises((WorkspaceGoneError, CredentialRejectedError)):
        client.heartbeat()
    assert client.poll_state().deleted
    with pytest.raises(WorkspaceGoneError):
        client.register()
    gone = stage.ask("GET", f"/workspaces/{client.workspace_id}")
    assert gone.status_code == 410 and gone.json()["id"] == client.workspace_id and gone.json()["hint"]
    fresh = agents.client_of(client.workspace_id, "without-token")
    with pytest.raises(WorkspaceGoneError):
        fresh.register()


# --- the platform leaves ---


def test_agents_survive_a_crash_of_the_platform(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.start()
    agents = Agents(stage, tmp_path)
    try:
        boss = agents.client("boss")
        worker = agents.client("worker", boss.workspace_id)
        runs: list[str] = []
        release = threading.Event()

        def slow(message: InboundMessage, client: RemoteAgentClient) -> str:
            runs.append(message.text)
            assert release.wait(30)
            return "survived: " + message.text

        agents.run(worker, slow)
        accepted = boss.delegate("across the crash", worker.workspace_id)
        wait_for("the work", lambda: runs)
        stage.kill()
        release.set()
        stage.start()
        row = boss.wait_for_delegation(accepted["delegation_id"], timeout=40)
        assert row["status"] == "completed" and row["result"] == "survived: across the crash"
        assert runs == ["across the crash"]
        results = [r for r in stage.rows(boss.workspace_id) if r["method"] == "delegate_result"]
        assert len(results) == 1
    finally:
        agents.close()
        stage.close()
