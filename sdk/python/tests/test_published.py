"""Ours is a superset of the published package: every name, every way to call it, every attribute."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
from typing import Any

import molecule_agent
import published
import pytest
from conftest import WORKSPACE
from molecule_agent import (A2AServer, InboundMessage, InboundSource, PeerInfo, PollDelivery, RemoteAgentClient,
                            WorkspaceState)
from scripted_platform import ScriptedPlatform


def found(name: str) -> Any:
    """What a dotted name of the list stands for."""
    first, _, rest = name.partition(".")
    if first in published.MODULES:
        return getattr(importlib.import_module(f"molecule_agent.{first}"), rest)
    value = getattr(molecule_agent, first)
    return getattr(value, rest) if rest else value


def test_every_name_is_there() -> None:
    assert set(published.NAMES) <= set(molecule_agent.__all__)
    for module, names in published.MODULES.items():
        loaded = importlib.import_module(f"molecule_agent.{module}")
        assert [name for name in names if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("name", published.SIGNATURES)
def test_every_call_of_theirs_is_one_of_ours(name: str) -> None:
    promised = ast.parse(f"def f({published.SIGNATURES[name]}): ...").body[0]
    assert isinstance(promised, ast.FunctionDef)
    wanted = [argument.arg for argument in promised.args.args]
    defaults = [ast.literal_eval(value) for value in promised.args.defaults]
    parameters = [p for p in inspect.signature(found(name)).parameters.values() if p.name != "self"]
    ours = [p for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in ours[:len(wanted)]] == wanted  # the same names in the same order
    for parameter, default in zip(ours[len(wanted) - len(defaults):len(wanted)], defaults, strict=True):
        assert parameter.default is not inspect.Parameter.empty
        if not (dataclasses.is_dataclass(found(name)) and default == {}):  # a factory has no default of its own
            assert parameter.default == default
    # What ours adds may be left out.
    assert all(p.default is not p.empty for p in parameters if p.name not in wanted)


def test_every_attribute_is_there(client: RemoteAgentClient) -> None:
    state = WorkspaceState("w", "online", False, False)
    peer = PeerInfo("i", "n", "u")
    message = InboundMessage("a", InboundSource.canvas_user, "", "t")
    for value, names in ((client, published.CLIENT_ATTRIBUTES), (state, published.STATE_ATTRIBUTES),
                         (peer, published.PEER_ATTRIBUTES), (message, published.MESSAGE_ATTRIBUTES),
                         (InboundSource, published.SOURCES), (client, published.CLIENT_METHODS)):
        assert [name for name in names if not hasattr(value, name)] == []
    client.reported_url = "http://shown.example"
    assert PollDelivery(client).cursor is None
    assert molecule_agent.DEFAULT_POLL_INTERVAL == 5.0
    server = A2AServer("a", "", lambda payload: None, host="127.0.0.1")
    server.stop()


def test_what_is_fetched_is_a_message_and_still_a_row(platform: ScriptedPlatform, client: RemoteAgentClient) -> None:
    row = {"id": "1", "source_id": None, "method": "message/send", "created_at": "2026-01-01T00:00:00Z",
           "request_body": {"params": {"message": {"parts": [{"kind": "text", "text": "hello"}]}}}}
    platform.on("GET", f"/workspaces/{WORKSPACE}/activity", [row, {"no": "id"}, 7])
    platform.on("POST", f"/workspaces/{WORKSPACE}/notify", {"status": "sent"})
    (message,) = client.fetch_inbound()
    assert isinstance(message, InboundMessage) and isinstance(message, dict)
    assert (message.activity_id, message.text, message.source, message.source_id) == ("1", "hello", "canvas_user", "")
    assert [name for name in published.MESSAGE_ATTRIBUTES if not hasattr(message, name)] == []
    assert not message.is_answer and message.raw == row
    assert message["created_at"] == row["created_at"] and message.get("nothing") is None and "id" in message
    assert message == row and json.loads(json.dumps(message)) == row
    assert "text='hello'" in repr(message)
    client.reply(message, "answer")
    assert platform.asked("POST", f"/workspaces/{WORKSPACE}/notify")[0].json()["reply_to"] == "1"
