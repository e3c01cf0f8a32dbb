"""Ending a credential ends what it holds open, within about a second."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from loops import Agents
from held import Held, Stopwatch, bearer
from stage import BINARY, Stage

AT_ONCE = 3.0
"""Seconds, on a machine with other work to do. Without an ending nothing here would come for 15 (a keep-alive), 25 (a long poll) or ever."""


def everything_ends(stage: Stage, workspace_id: str, token: str, end: Callable[[], Any], status: int, code: str) -> None:
    """Opens one of each kind with `token`, ends the credential and sees all of them end for that reason."""
    target = stage.external(f"target of {workspace_id}", workspace_id)["id"]
    delegation = requests.post(f"{stage.url}/workspaces/{workspace_id}/delegate", timeout=10,
                               headers={"Authorization": f"Bearer {token}"}, json={"target_id": target, "task": "wait"})
    assert delegation.status_code == 202, delegation.text
    path = f"/workspaces/{workspace_id}"
    with Held(stage.url) as feed, Held(stage.url) as outcome, Held(stage.url) as stream, Held(stage.url) as socket:
        stream.stream(workspace_id, bearer(token))
        socket.socket(bearer(token))
        feed.poll(f"{path}/activity?type=error&since_secs=60&wait=25", bearer(token))
        outcome.poll(f"{path}/delegations/{delegation.json()['delegation_id']}?wait=25", bearer(token))
        end()
        watch = Stopwatch()
        assert socket.close_code() == (4401, "the credential of this connection has ended")
        assert socket.rest() == b""
        assert stream.rest().endswith(b"0\r\n\r\n")
        for poll in (feed, outcome):
            answered, body = poll.answer()
            assert (answered, json.loads(body)["code"]) == (status, code)
        assert watch.seconds < AT_ONCE


@pytest.fixture
def holder(stage: Stage, agents: Agents) -> tuple[str, str]:
    client = agents.client("holder")
    return client.workspace_id, str(client.load_token())


def test_a_revoked_token_holds_nothing_open(stage: Stage, holder: tuple[str, str]) -> None:
    workspace_id, token = holder
    other = stage.must("POST", f"/workspaces/{workspace_id}/tokens")["auth_token"]
    listed = stage.must("GET", f"/workspaces/{workspace_id}/tokens")["tokens"]
    (mine,) = [one["id"] for one in listed if token.startswith(one["prefix"])]
    with Held(stage.url) as bystander, Held(stage.url) as operator:
        bystander.socket(bearer(other))
        operator.socket(str(bearer((stage.data / "admin_token").read_text().strip())))
        everything_ends(stage, workspace_id, token,
                        lambda: stage.must("DELETE", f"/workspaces/{workspace_id}/tokens/{mine}"), 401, "invalid_token")
        # Another token of the same workspace, and the operator, go on and hear what happens.
        stage.must("PATCH", f"/workspaces/{workspace_id}", {"role": "still here"})
        for still in (bystander, operator):
            still.hear(b"still here")


def test_revoking_all_tokens_of_a_workspace_ends_all_they_hold(stage: Stage, holder: tuple[str, str]) -> None:
    workspace_id, token = holder
    everything_ends(stage, workspace_id, token,
                    lambda: stage.must("POST", f"/admin/workspaces/{workspace_id}/revoke-auth-tokens"),
                    401, "invalid_token")


def test_a_removed_workspace_holds_nothing_open(stage: Stage, holder: tuple[str, str]) -> None:
    workspace_id, token = holder
    everything_ends(stage, workspace_id, token,
                    lambda: stage.must("DELETE", f"/workspaces/{workspace_id}?confirm=true"), 410, "workspace_removed")


def test_a_token_that_expires_takes_along_what_it_holds(stage: Stage, holder: tuple[str, str]) -> None:
    workspace_id, _ = holder
    ends = datetime.now(UTC) + timedelta(seconds=6)
    token = stage.must("POST", f"/workspaces/{workspace_id}/tokens", {"expires_at": ends.isoformat()})["auth_token"]

    def until_it_expires() -> None:
        time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))

    everything_ends(stage, workspace_id, token, until_it_expires, 401, "token_expired")


def signed_in(stage: Stage) -> str:
    """The cookie of a browser that opened a claim link."""
    link = subprocess.run([str(BINARY), "admin", "claim", "--data", str(stage.data)], capture_output=True, text=True,
                          timeout=30, check=True).stdout.strip()
    answer = requests.post(f"{stage.url}/auth/claim", json={"code": link.rsplit("/", 1)[1]}, timeout=10)
    assert answer.status_code == 200, answer.text
    [(name, value)] = answer.cookies.items()
    return f"{name}={value}"


@pytest.mark.parametrize("how", ["signing out", "being signed out"])
def test_a_signed_out_browser_hears_nothing_more(stage: Stage, holder: tuple[str, str], how: str) -> None:
    workspace_id, _ = holder
    cookie = signed_in(stage)
    other = signed_in(stage)
    headers = {"Cookie": cookie, "Origin": stage.url}
    with Held(stage.url) as socket, Held(stage.url) as stream, Held(stage.url) as feed, Held(stage.url) as bystander:
        socket.socket(f"Cookie: {cookie}", f"Origin: {stage.url}")
        bystander.socket(f"Cookie: {other}", f"Origin: {stage.url}")
        stream.stream(workspace_id, f"Cookie: {cookie}")
        feed.poll(f"/workspaces/{workspace_id}/activity?type=error&since_secs=60&wait=25", f"Cookie: {cookie}")
        if how == "signing out":
            assert requests.post(f"{stage.url}/auth/logout", headers=headers, timeout=10).status_code == 200
        else:
            listed = requests.get(f"{stage.url}/auth/sessions", headers=headers, timeout=10).json()["sessions"]
            (mine,) = [one["id"] for one in listed if one["current"]]
            stage.must("DELETE", f"/auth/sessions/{mine}")
        watch = Stopwatch()
        assert socket.close_code()[0] == 4401
        assert stream.rest().endswith(b"0\r\n\r\n")
        assert feed.answer()[0] == 401
        assert watch.seconds < AT_ONCE
        stage.must("PATCH", f"/workspaces/{workspace_id}", {"role": f"heard by others after {how}"})
        bystander.hear(b"heard by others")
