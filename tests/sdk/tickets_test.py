"""Tickets from a shell and over HTTP: one line that is run elsewhere, once, and what is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from dialling import Joined, LocalAgent
from stage import BINARY, Schema, Stage, wait_for
from ticket_holder import JoiningAgent, Ticket

EACH_ENGINE = True
DONE, FAILED, WRONG_USAGE, NOT_REACHABLE, REFUSED = range(5)


def molecule(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return subprocess.run([str(BINARY), "ticket", *map(str, arguments)], env={**kept, **environment}, capture_output=True,
                          text=True, timeout=60, check=False)


@pytest.fixture
def own(tmp_path: Path, engine: str) -> Iterator[Stage]:
    schema = Schema() if engine else None
    made = Stage(tmp_path, database_url=schema.url if schema else "")
    made.start()
    yield made
    made.close()
    if schema:
        schema.drop()


def make(stage: Stage, **fields: object) -> Ticket:
    return Ticket(stage.must("POST", "/tickets", {"name": "joiner", **fields})["ticket"])


def test_the_token_of_a_platform_is_not_shown_to_another(own: Stage, tmp_path: Path) -> None:
    asked: list[str | None] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Authorization"))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    here = {"MOLECULE_DATA_DIR": str(own.data)}
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        ran = molecule("list", "--url", url, **here)
        assert (ran.returncode, ran.stdout, asked) == (FAILED, "", [None])
        asked.clear()
        molecule("list", "--url", url, ADMIN_TOKEN="meant-for-the-other", **here)
        assert asked == ["Bearer meant-for-the-other"]
        server.shutdown()
    assert molecule("list", "--url", own.url + "/", **here).returncode == DONE, "its own platform gets it"


def test_the_line_that_is_printed_lets_an_agent_join(own: Stage) -> None:
    ran = molecule("create", "--data", own.data, "--name", "joiner", "--role", "Joins", "--expires-in", "90")
    assert ran.returncode == DONE, ran.stderr
    found = re.fullmatch(r"molecule join (mjt_[\w-]+)\n", ran.stdout)
    assert found and "Good once, until " in ran.stderr
    ticket = Ticket(found[1])
    assert ticket.platform_url == own.url and ticket.fingerprint in ran.stderr
    assert "--platform-url" in ran.stderr, "a loopback address leads nowhere from another machine"
    assert ticket.fingerprint == own.must("GET", "/platform/key")["fingerprint"]
    agent = JoiningAgent()
    joined = agent.joins(ticket, agent_card={"name": "joiner", "skills": [{"id": "x", "name": "X"}]})
    shown = own.must("GET", f"/workspaces/{joined['workspace_id']}")
    assert (shown["name"], shown["role"], shown["runtime"]) == ("joiner", "Joins", "external")
    assert shown["agent_card"]["skills"] == [{"id": "x", "name": "X"}]
    bearer = {"Authorization": f"Bearer {joined['auth_token']}"}
    beat = requests.post(own.url + "/registry/register", headers=bearer, timeout=10, json={
        "id": joined["workspace_id"], "agent_card": {"name": "joiner"}, "delivery_mode": "poll"})
    assert beat.status_code == 200, beat.text
    key = own.must("GET", f"/workspaces/{joined['workspace_id']}/agent-key")
    assert key["public_key"] == agent.public_key and key["fingerprint"] == agent.fingerprint
    listed = molecule("list", "--data", own.data)
    assert ticket.id in listed.stdout and "redeemed" in listed.stdout and joined["workspace_id"] in listed.stdout
    assert "mjt_" not in listed.stdout


def test_a_ticket_names_where_others_reach_the_platform(own: Stage) -> None:
    ran = molecule("create", "--data", own.data, "--name", "a", "--platform-url", "https://molecule.example/", "-o", "json")
    made = json.loads(ran.stdout)
    assert ran.stderr == "" and made["platform_url"] == "https://molecule.example"
    assert Ticket(made["ticket"]).platform_url == "https://molecule.example"
    assert made["command"] == f"molecule join {made['ticket']}"
    plain = molecule("create", "--data", own.data, "--role", "b", PLATFORM_URL="https://other.example")
    assert Ticket(plain.stdout.split()[2]).platform_url == "https://other.example" and "--platform-url" not in plain.stderr


def test_one_that_was_revoked_is_good_for_nothing(own: Stage) -> None:
    ticket = make(own)
    other = make(own)
    ran = molecule("revoke", ticket.id, "--data", own.data)
    assert (ran.returncode, ran.stderr) == (DONE, "") and "Revoked" in ran.stdout
    answer = JoiningAgent().redeem(ticket)
    assert (answer.status_code, answer.json()["code"]) == (410, "ticket_revoked")
    again = molecule("revoke", ticket.id, "--data", own.data)
    assert (again.returncode, again.stdout) == (FAILED, "") and "no such ticket" in again.stderr
    assert molecule("revoke", "nonsense", "--data", own.data).returncode == WRONG_USAGE
    JoiningAgent().joins(other)
    used = molecule("revoke", other.id, "--data", own.data)
    assert used.returncode == REFUSED and "joined" in used.stderr
    page = json.loads(molecule("list", "--data", own.data, "-o", "json").stdout)
    assert {row["id"]: row["state"] for row in page["tickets"]} == {ticket.id: "revoked", other.id: "redeemed"}
    assert own.must("GET", "/workspaces") and page["count"] == 2


def test_what_leads_nowhere_is_refused_in_words(own: Stage) -> None:
    for arguments, word in ((["--tier", "9", "--name", "a"], "tier"), ([], "a name or a role"),
                            (["--name", "a", "--expires-in", "5"], "60 to 604800"),
                            (["--name", "a{b"], "name")):
        ran = molecule("create", "--data", own.data, *arguments)
        assert (ran.returncode, ran.stdout) == (WRONG_USAGE, "") and word in ran.stderr, ran
    below = molecule("create", "--data", own.data, "--name", "a", "--parent", "x")
    assert (below.returncode, below.stdout) == (FAILED, "") and "no workspace x" in below.stderr
    nobody = molecule("list", "--data", own.data, ADMIN_TOKEN="not the operator's token")
    assert nobody.returncode == REFUSED
    own.stop()
    assert molecule("list", "--data", own.data).returncode == NOT_REACHABLE


def test_what_was_promised_survives_a_restart_and_a_kill(own: Stage) -> None:
    open_one, used, agent = make(own), make(own), JoiningAgent()
    first = agent.joins(used)
    own.kill()
    own.start()
    assert own.must("GET", f"/workspaces/{first['workspace_id']}/agent-key")["public_key"] == agent.public_key
    again = agent.joins(used)
    assert again["workspace_id"] == first["workspace_id"] and again["auth_token"] != first["auth_token"]
    assert JoiningAgent().redeem(used).status_code == 409
    JoiningAgent().joins(open_one)
    assert len(own.must("GET", "/workspaces")) == 2


def test_the_log_tells_every_step_and_no_secret(own: Stage) -> None:
    ticket, agent = make(own), JoiningAgent()
    back = make(own)
    joined = agent.joins(ticket)
    JoiningAgent().redeem(ticket)
    own.must("DELETE", f"/tickets/{back.id}")
    own.must("DELETE", f"/workspaces/{joined['workspace_id']}/agent-key")
    events = own.must("GET", "/events?limit=100")
    events = events["events"] if isinstance(events, dict) else events
    kinds = [event["event_type"] for event in events]
    for kind in ("TICKET_MADE", "TICKET_REDEEMED", "TICKET_REFUSED", "TICKET_REVOKED", "AGENT_KEY_REMOVED"):
        assert kind in kinds, kinds
    everything = json.dumps(events) + own.log_text()
    for secret in (ticket.text, back.text, joined["auth_token"], ticket.secret.hex()):
        assert secret not in everything
    assert agent.public_key in json.dumps(events) and "127.0.0.1" in json.dumps(events)


def test_a_token_without_the_key_leads_no_messages_away_from_a_connected_agent(own: Stage, tmp_path: Path) -> None:
    ticket = make(own, name="keyed")
    spoken = {"kind": "message", "role": "agent", "messageId": "a", "parts": [{"kind": "text", "text": "the true one"}]}
    with contextlib.closing(LocalAgent(lambda message: spoken)) as local:
        joined = Joined(tmp_path, ticket.text, "", None, "--agent", local.url)
        workspace = wait_for("it to join", lambda: next((row for row in own.must("GET", "/workspaces") if row["name"] == "keyed"), None))
        wait_for("it to be online", lambda: own.workspace(workspace["id"])["status"] == "online")
        token = own.must("POST", f"/workspaces/{workspace['id']}/tokens", {})["auth_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        for way in ({"delivery_mode": "poll"}, {"delivery_mode": "push", "url": "http://127.0.0.1:9/"}):
            answer = requests.post(own.url + "/registry/register", headers=bearer, timeout=10,
                                   json={"id": workspace["id"], "agent_card": {"name": "thief"}, **way})
            assert (answer.status_code, answer.json()["code"]) == (409, "agent_key_pinned"), way
        answer = requests.post(own.url + "/registry/update-card", headers=bearer, timeout=10,
                               json={"workspace_id": workspace["id"], "agent_card": {"name": "keyed"}, "url": "http://127.0.0.1:9/"})
        assert answer.status_code == 409
        assert "the true one" in own.say(workspace["id"], "who is there").text
        joined.stop()
