"""A store of an earlier version is carried along: everything that was in it is still there, and goes on."""

from __future__ import annotations

import hashlib
import http.server
import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import earlier
import pytest
import requests
from stage import Schema, Stage, wait_for

EACH_ENGINE = True
OPERATOR = "an operator of an earlier version"
INBOUND_SECRET = "8597d831d68bf3b77e1e124df9105226905fae2fd3a1ff4cb63a509e7093ecf8"
"""The digest of what the platform showed to worker."""


class Content:
    """What the store held before it was carried along."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.row_factory = sqlite3.Row
        self._db.executescript(earlier.statements(postgresql=False))
        self.workspaces = {row["name"]: row for row in self.rows("workspaces")}

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self._db.execute(f"SELECT * FROM {table} ORDER BY rowid")]

    def workspace(self, name: str) -> str:
        return str(uuid.UUID(bytes=self.workspaces[name]["id"]))

    def activity(self, name: str) -> list[dict[str, Any]]:
        """Its rows as the earlier version told them."""
        return [told(row) for row in self.rows("activity") if row["workspace_id"] == self.workspaces[name]["id"]]

    def close(self) -> None:
        self._db.close()


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the activity table as clients know it."""
    known = {name: row[name] for name in ("seq", "activity_type", "method", "summary", "duration_ms", "status", "error_detail",
                                          "message_id", "mail")}
    known |= {name: row[name] and str(uuid.UUID(bytes=row[name])) for name in ("workspace_id", "source_id", "target_id")}
    known |= {name: row[name] and json.loads(row[name]) for name in ("request_body", "response_body", "tool_trace")}
    known["created_at"] = instant(row["created_at"])
    # A client keeps it as its place in the feed.
    number = 0x8000_0000_0000_0000 | row["seq"]
    known["id"] = str(uuid.UUID(int=(row["created_at"] // 1000) << 80 | 0x7000 << 64 | number))
    if row["mail"] == "none":
        known["mail"] = None
    # Nobody carries it any more.
    if row["mail"] == "leased":
        known |= {"mail": "queued", "status": "queued"}
    return known


def instant(micros: int | None) -> str | None:
    if micros is None:
        return None
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Agent:
    """Is pushed to, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["params"]["message"]
                asked.append(said["messageId"])
                body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {
                    "kind": "message", "role": "agent", "messageId": f"a-{said['messageId']}",
                    "parts": [{"kind": "text", "text": f"done now: {said['parts'][0]['text']}"}]}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/a2a"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Carried:
    """The platform of today over the store of then."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.content = Content()
        self._schema = Schema() if engine else None
        self.stage = Stage(folder, database_url=self._schema.url if self._schema else "", environment={
            "SECRETS_ENCRYPTION_KEY": earlier.SEALING_KEY, "ADMIN_TOKEN": OPERATOR})
        earlier.lay(self.stage.data, self._schema)
        self.stage.start()

    def ask_as(self, name: str, method: str, path: str, body: Any = None, token: str = "") -> requests.Response:
        """As an agent does, with the token that it was given then."""
        path = path.replace("SELF", self.content.workspace(name.split()[0])) if "SELF" in path else path
        return self.stage.ask(method, path, body,
                              headers={"Authorization": f"Bearer {token or earlier.token_of(name)}"})

    def activity(self, name: str) -> list[dict[str, Any]]:
        return self.stage.rows(self.content.workspace(name))

    def row(self, name: str, message_id: str) -> dict[str, Any]:
        return next(row for row in self.activity(name) if row.get("message_id") == message_id)

    def again(self, name: str, row: dict[str, Any]) -> requests.Response:
        """Send a message once more, as its sender would."""
        token = earlier.token_of("lead") if row["source_id"] else OPERATOR
        sent = {**row["request_body"], "params": {**row["request_body"]["params"]}}
        sent["params"].pop("metadata", None)
        return self.ask_as(name, "POST", "/workspaces/SELF/a2a", sent, token=token)

    def close(self) -> None:
        self.stage.close()
        if self._schema:
            self._schema.drop()
        self.content.close()


@pytest.fixture
def carried(tmp_path: Path, engine: str) -> Iterator[Carried]:
    made = Carried(tmp_path, engine)
    yield made
    made.close()


@pytest.fixture
def agent() -> Iterator[Agent]:
    made = Agent()
    yield made
    made.close()


def test_what_was_in_it_is_told_as_it_was(carried: Carried) -> None:
    content = carried.content
    # Their time ended long ago, or their reader is gone; the first thing the platform does is to say so.
    ended = {"after": "expired before it was answered", "of the removed": "removed"}
    wait_for("what ended meanwhile", lambda: carried.row("away", "after")["mail"] == "dead")
    away = carried.row("away", "queued 1")["error_detail"]
    wait_for("a try at what was carried then", lambda: carried.row("worker", "leased")["error_detail"] == away)
    wait_for("what waited for nobody", lambda: carried.row("gone", "of the removed")["mail"] == "dead")
    compared = 0
    for name in content.workspaces:
        was, now = content.activity(name), carried.activity(name)
        assert [row["id"] for row in now] == [row["id"] for row in was]
        for before, after in zip(was, now, strict=True):
            if before["message_id"] == "leased":
                before["error_detail"] = away  # Its agent cannot be reached either.
            if before["message_id"] in ended:
                assert ended[before["message_id"]] in after["error_detail"]
                for changed in ("mail", "status", "error_detail", "response_body", "duration_ms"):
                    before[changed] = after.get(changed)
            assert {**dict.fromkeys(before), **{key: value for key, value in after.items() if key in before}} == before
            compared += 1
    assert compared == len(content.rows("activity"))
    assert {row["mail"] for row in content.rows("activity")} == {"none", "settled", "polled", "queued", "leased", "dead"}

    found = {row["name"]: row for row in carried.stage.must("GET", "/workspaces")}
    assert sorted(found) == sorted(set(content.workspaces) - {"gone"})
    beats = {row["workspace_id"]: row for row in content.rows("presence")}
    for name, now in found.items():
        was, beat = content.workspaces[name], beats[content.workspaces[name]["id"]]
        assert {key: now[key] for key in ("id", "role", "tier", "url", "delivery_mode", "runtime", "x", "y", "created_at")} == {
            "id": content.workspace(name), "role": was["role"] or None, "tier": was["tier"], "url": was["url"], "runtime": was["runtime"],
            "delivery_mode": was["delivery"], "x": was["x"], "y": was["y"], "created_at": instant(was["created_at"])}
        assert now["agent_card"] == json.loads(was["agent_card"])
        assert now["parent_id"] == (was["parent"] and str(uuid.UUID(bytes=was["parent"])))
        assert [now[key] for key in ("active_tasks", "current_task", "uptime_seconds", "last_error_rate", "last_sample_error")] == [
            beat[key] for key in ("active_tasks", "current_task", "uptime_seconds", "error_rate", "sample_error")]

    delegations = {row["delegation_id"]: row for row in carried.ask_as("lead", "GET", "/workspaces/SELF/delegations").json()}
    for was in content.rows("delegations"):
        now = delegations.pop(str(uuid.UUID(bytes=was["delegation_id"])))
        assert [now["target_id"], now["summary"], now["status"], now.get("error"), now.get("response_preview"), now["updated_at"]] == [
            str(uuid.UUID(bytes=was["target_id"])), was["task"], was["status"], was["error"], was["result"], instant(was["updated_at"])]
    assert not delegations
    (view,) = content.rows("canvas_viewport")
    shown = carried.stage.must("GET", "/canvas/viewport")
    assert [shown[key] for key in ("x", "y", "zoom")] == [view[key] for key in ("x", "y", "zoom")]


def test_its_tokens_keys_and_secrets_open_what_they_opened(carried: Carried) -> None:
    for holder in ("lead", "reader", "reader second", "worker", "away"):
        assert carried.ask_as(holder, "GET", "/workspaces/SELF/activity").status_code == 200, holder
        assert carried.ask_as(holder, "GET", "/settings/secrets").status_code == 403, holder
    assert carried.ask_as("gone", "GET", "/workspaces/SELF/activity").status_code == 410
    assert carried.ask_as("nobody", "GET", "/workspaces", token=earlier.token_of("nobody")).status_code == 401
    assert carried.ask_as("reader", "GET", "/workspaces/SELF/secrets/values").json() == {"WORD": "one\ntwo", "SHARED": "for all"}
    known = carried.ask_as("worker", "POST", "/registry/register", {
        "id": carried.content.workspace("worker"), "url": "http://127.0.0.1:9/a2a", "agent_card": {"name": "worker"}}).json()
    assert hashlib.sha256(known["platform_inbound_secret"].encode()).hexdigest() == INBOUND_SECRET


def test_a_message_that_is_sent_again_is_known(carried: Carried) -> None:
    wait_for("what ended meanwhile", lambda: carried.row("away", "after")["mail"] == "dead")
    sent = 0
    for name in ("lead", "reader", "worker", "away"):
        for row in carried.content.activity(name):
            if not row["mail"]:
                continue
            answer = carried.again(name, row)
            sent += 1
            if row["mail"] == "settled":
                # An answer that was fetched by polling is told to whoever asks again.
                assert answer.status_code == 200 and answer.json().get("result") == row["response_body"].get("result"), answer.text
                assert answer.json().get("error") == row["response_body"].get("error")
            elif row["mail"] == "polled":
                assert answer.json()["activity_id"] == row["id"], answer.text
            elif row["mail"] == "dead" or row["message_id"] == "after":
                assert "expired before it was answered" in answer.text or row["error_detail"] in answer.text
            else:
                assert answer.status_code == 202 and answer.json()["queue_id"] == row["id"], answer.text
        assert [row["id"] for row in carried.activity(name)] == [row["id"] for row in carried.content.activity(name)]
    assert sent > 10
    (given,) = [row for row in carried.content.rows("delegations") if row["idempotency_key"] == "sum"]
    again = carried.ask_as("lead", "POST", "/workspaces/SELF/delegate", {
        "target_id": carried.content.workspace("worker"), "task": given["task"], "idempotency_key": "sum"})
    assert again.json()["delegation_id"] == str(uuid.UUID(bytes=given["delegation_id"]))


def test_what_waited_is_carried_fetched_and_answered(carried: Carried, agent: Agent) -> None:
    # Before anything that is overdue can be ended.
    for name in ("worker", "away"):
        registered = carried.ask_as(name, "POST", "/registry/register", {
            "id": carried.content.workspace(name), "url": agent.url, "delivery_mode": "push", "agent_card": {"name": name}})
        assert registered.status_code == 200, registered.text
    for name, message_id in (("worker", "leased"), ("away", "queued 1"), ("away", "queued 2")):
        wait_for(f"the result of {message_id}", lambda: carried.row(name, message_id)["mail"] == "settled")
    assert sorted(agent.asked) == ["leased", "queued 1", "queued 2"]
    assert agent.asked.index("queued 1") < agent.asked.index("queued 2")
    answer = carried.again("worker", carried.row("worker", "leased"))
    assert answer.status_code == 200 and "done now: hang" in answer.text

    # From where the agent had read to.
    place = carried.row("reader", "answered")["id"]
    rows = carried.ask_as("reader", "GET", f"/workspaces/SELF/activity?type=a2a_receive&order=asc&since_id={place}").json()
    rows = [row for row in rows if row["method"] == "message/send"]
    assert [row["id"] for row in rows] == [row["id"] for row in carried.content.activity("reader") if row["mail"] == "polled"]
    for row in rows:
        if not row["source_id"]:
            reply = carried.ask_as("reader", "POST", "/workspaces/SELF/notify", {"message": "found", "reply_to": row["id"]})
            assert reply.status_code == 200 and carried.row("reader", row["message_id"])["mail"] == "settled"


def test_its_log_goes_on_where_it_ended(carried: Carried) -> None:
    was = [(row["seq"], row["type"], json.loads(row["payload"])) for row in carried.content.rows("log")]
    carried.stage.say(carried.content.workspace("reader"), "and now")
    found = carried.stage.must("GET", "/events?limit=500")
    now = sorted((row["seq"], row["event_type"], row["payload"]) for row in found if row["seq"] <= was[-1][0])
    assert now == was
    after = [row["seq"] for row in found if row["seq"] > was[-1][0]]
    assert sorted(after) == list(range(was[-1][0] + 1, was[-1][0] + 1 + len(after))) and after
