"""Peers that reach each other call directly: each knows the other by a token of the platform's, and the platform is not asked."""

from __future__ import annotations

import time

import pytest
from loops import Agents
from molecule_agent import A2AServer, InboundMessage, PlatformError, PushDelivery, RemoteAgentClient, extract_text
from molecule_agent._direct import CallRefusedError
from stage import Stage


class Called:
    """An agent with an address of its own, that answers peers with a token, and the platform."""

    def __init__(self, agents: Agents, parent: str) -> None:
        self.client = agents.client("called", parent, register=False)
        self.heard: list[tuple[str, str]] = []
        self.callers = self.client.direct_callers()
        server = A2AServer(self.client.workspace_id, host="127.0.0.1", secret=lambda: self.client.inbound_secret,
                           callers=self.callers)
        self.url = server.inbound_url
        delivery = PushDelivery(self.client, server, self.handle)
        self.client.reported_url = server.inbound_url
        self.client.register()
        agents.run(self.client, self.handle, delivery)

    def handle(self, message: InboundMessage, client: RemoteAgentClient) -> str:
        self.heard.append((message.source_id, message.text))
        return message.text.upper()


def token_for(caller: RemoteAgentClient, target: RemoteAgentClient) -> str:
    found = caller._look_up(target.workspace_id)
    assert found is not None
    return found.token


def messages_of(stage: Stage, client: RemoteAgentClient) -> int:
    return len(stage.must("GET", f"/workspaces/{client.workspace_id}/activity?type=a2a_receive"))


def test_a_peer_is_called_directly_and_knows_who_calls(stage: Stage, agents: Agents) -> None:
    boss = agents.client("boss")
    called = Called(agents, boss.workspace_id)
    assert extract_text(boss.call_peer(called.client.workspace_id, "direct")) == "DIRECT"
    assert messages_of(stage, called.client) == 0, "the platform carried it"
    assert extract_text(boss.call_peer(called.client.workspace_id, "carried", prefer_direct=False)) == "CARRIED"
    assert messages_of(stage, called.client) == 1
    assert called.heard == [(boss.workspace_id, "direct"), (boss.workspace_id, "carried")]
    assert extract_text(stage.say(called.client.workspace_id, "a person").json()) == "A PERSON"


def test_what_one_was_given_is_good_for_one_target_and_nobody_else(stage: Stage, agents: Agents) -> None:
    boss = agents.client("boss")
    called, sibling = Called(agents, boss.workspace_id), Called(agents, boss.workspace_id)
    good = token_for(boss, called.client)
    assert called.callers.caller_of(good) == boss.workspace_id
    with pytest.raises(CallRefusedError, match="another workspace"):
        sibling.callers.caller_of(good)
    # Another organisation's agent gets none, and a person gets none in an agent's name.
    stranger = agents.client("stranger")
    with pytest.raises(PlatformError):
        stranger._look_up(called.client.workspace_id)
    named = stage.ask("GET", f"/registry/discover/{called.client.workspace_id}", headers={"X-Workspace-ID": boss.workspace_id})
    assert "direct_token" not in named.text


def test_once_the_tree_changed_it_stops_within_a_minute(stage: Stage, agents: Agents) -> None:
    boss, elsewhere = agents.client("boss"), agents.client("elsewhere")
    child = agents.client("child", elsewhere.workspace_id)
    called = Called(agents, elsewhere.workspace_id)
    held = token_for(child, called.client)
    stage.must("PATCH", f"/workspaces/{child.workspace_id}", {"parent_id": boss.workspace_id})
    with pytest.raises(PlatformError):
        token_for(child, called.client)
    # What it holds still is good for a while, by any clock that is not more than a quarter of a minute behind.
    at = time.time()
    called.callers._now = lambda: at + 60 - 15
    with pytest.raises(CallRefusedError, match="expired"):
        called.callers.caller_of(held)
    # And the platform does not carry it either.
    with pytest.raises(PlatformError):
        child.call_peer(called.client.workspace_id, "still")
    assert called.heard == []


def test_a_peer_that_takes_no_tokens_is_reached_through_the_platform(stage: Stage, agents: Agents) -> None:
    boss = agents.client("boss")
    called = Called(agents, boss.workspace_id)
    called.callers._now = lambda: time.time() - 3600  # Its clock is wrong: it trusts no token.
    assert extract_text(boss.call_peer(called.client.workspace_id, "anyway")) == "ANYWAY"
    assert messages_of(stage, called.client) == 1 and called.heard == [(boss.workspace_id, "anyway")]
