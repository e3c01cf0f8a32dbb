"""Tickets: guessed, replayed, raced for, too late, with somebody else's key, of another platform."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from attackers import Org, PushAgents, answer_bytes
from ticket_holder import JoiningAgent, Ticket
from stage import Stage


def make(org: Org, **fields: object) -> Ticket:
    made = org.ask("POST", "/tickets", {"name": f"joiner {secrets.token_hex(4)}", **fields})
    assert made.status_code == 201, made.text
    return Ticket(made.json()["ticket"])


def workspaces(org: Org) -> int:
    return len(org.ask("GET", "/workspaces").json())


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Without limits, so that each attack is answered for what it is."""
    made = Stage(tmp_path_factory.mktemp("attacked"), environment={"RATE_LIMIT": "0"})
    made.start()
    yield made
    made.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Org]:
    """A platform with its limits on, as it is by default."""
    stage = Stage(tmp_path, environment={"RATE_LIMIT": "600"})
    stage.start()
    org = Org(stage)
    yield org
    org.close()
    stage.close()


def test_guesses_are_few_and_leave_nothing_behind(guarded: Org) -> None:
    ticket, agent = make(guarded), JoiningAgent()
    seen = [agent.redeem(ticket.altered(secret=secrets.token_bytes(32))) for _ in range(12)]
    assert [answer.status_code for answer in seen] == [410] * 10 + [429] * 2
    assert int(seen[-1].headers["Retry-After"]) > 0
    assert workspaces(guarded) == 0
    kinds = guarded.ask("GET", "/events?limit=100").text
    assert "TICKET_REFUSED" not in kinds, "a guess is not told to everybody"
    agent.joins(ticket)  # Whoever shares the address and has a good one is let in.


def test_anything_but_a_ticket_is_told_that_it_is_none(org: Org) -> None:
    agent = JoiningAgent()
    ticket = make(org)
    for text in ("", "mjt_", "mol_" + "A" * 49, ticket.text[:-1], ticket.text + "A", ticket.text.swapcase(), "mjt_" + "A" * 796,
                 "x" * 100_000, ticket.text.replace("mjt_", "mjt-")):
        body = {**agent.body(ticket), "ticket": text}
        refused(requests.post(org.stage.url + "/tickets/redeem", json=body, timeout=20), 410, "ticket_invalid")
    for raw in (b"", b"null", b"[]", b"{", b'{"ticket":1}', b'{"ticket":"a","agent_key":"b"}'):
        answer = org.ask("POST", "/tickets/redeem", raw=raw, token="")
        assert answer.status_code == 400, (raw, answer.text)


def test_a_replayed_redemption_is_the_same_agents_or_refused(org: Org) -> None:
    ticket, agent, thief = make(org), JoiningAgent(), JoiningAgent()
    before = workspaces(org)
    first = agent.joins(ticket)
    refused(thief.redeem(ticket), 409, "ticket_used")
    again = agent.body(ticket)
    url = org.stage.url + "/tickets/redeem"
    second = requests.post(url, json=again, timeout=20).json()
    assert second["workspace_id"] == first["workspace_id"] and agent.believes(ticket, second)
    assert not thief.believes(ticket, second)
    state = f"/workspaces/{first['workspace_id']}/state"
    assert org.ask("GET", state, token=first["auth_token"]).status_code == 401, "of which nobody knows who has it"
    # Somebody heard the request and sends it again, word for word or with another number.
    refused(requests.post(url, json=again, timeout=20), 409, "ticket_replayed")
    refused(requests.post(url, json={**again, "attempt": again["attempt"] + 1}, timeout=20), 403, "agent_key_unproven")
    for attempt in (-1, 2**63, 1.5, "1"):
        assert requests.post(url, json={**again, "attempt": attempt}, timeout=20).status_code in (400, 403)
    assert org.ask("GET", state, token=second["auth_token"]).status_code == 200
    assert workspaces(org) == before + 1


@pytest.mark.parametrize("how", ["used", "revoked", "rotated"])
def test_a_ticket_makes_no_second_token_once_the_first_was_used_or_taken_away(org: Org, how: str) -> None:
    ticket, agent = make(org), JoiningAgent()
    joined = agent.joins(ticket)
    workspace = f"/workspaces/{joined['workspace_id']}"
    if how == "used":
        assert org.ask("GET", f"{workspace}/state", token=joined["auth_token"]).status_code == 200
    elif how == "rotated":
        assert org.ask("POST", f"{workspace}/external/rotate").status_code == 200
    else:
        (token,) = org.ask("GET", f"{workspace}/tokens").json()["tokens"]
        assert org.ask("DELETE", f"{workspace}/tokens/{token['id']}").status_code in (200, 204)
    refused(agent.redeem(ticket), 409, "ticket_used")


def test_of_many_at_once_one_wins(org: Org) -> None:
    for _ in range(5):
        ticket, agents = make(org), [JoiningAgent() for _ in range(12)]
        before = workspaces(org)
        start, answers = threading.Barrier(len(agents)), [None] * len(agents)

        def run(at: int, ticket: Ticket = ticket, agents: list[JoiningAgent] = agents, start: threading.Barrier = start,
                answers: list[requests.Response | None] = answers) -> None:
            start.wait()
            answers[at] = agents[at].redeem(ticket)

        threads = [threading.Thread(target=run, args=(at,)) for at in range(len(agents))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = sorted(answer.status_code for answer in answers if answer is not None)
        assert statuses == [201] + [409] * (len(agents) - 1)
        assert workspaces(org) == before + 1


def test_one_agent_that_asks_many_times_at_once_is_one_agent(org: Org) -> None:
    ticket, agent = make(org), JoiningAgent()
    before, answers = workspaces(org), []
    bodies = [agent.body(ticket) for _ in range(12)]
    url = org.stage.url + "/tickets/redeem"
    threads = [threading.Thread(target=lambda body=body: answers.append(requests.post(url, json=body, timeout=20)))
               for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [answer for answer in answers if answer.status_code == 201]
    assert good and {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["workspace_id"] for answer in good}) == 1 and workspaces(org) == before + 1
    home = good[0].json()["workspace_id"]
    live = [answer for answer in good
            if org.ask("GET", f"/workspaces/{home}/state", token=answer.json()["auth_token"]).status_code == 200]
    assert len(live) == 1, "the token that was given last, and no other"


def test_a_key_that_is_not_held_is_not_pinned(org: Org) -> None:
    ticket, agent, thief = make(org), JoiningAgent(), JoiningAgent()
    url = org.stage.url + "/tickets/redeem"
    for proof in (thief.proof(ticket), agent.proof(make(org)), agent.proof(ticket, 7), "", "A" * 86,
                  agent.proof(ticket)[:-2]):
        answer = requests.post(url, json={**agent.body(ticket), "attempt": 0, "proof": proof}, timeout=20)
        refused(answer, 403, "agent_key_unproven")
    # Under some keys everybody can sign.
    for weak in ("A" * 43, "AQ" + "A" * 41, "7P" + "_" * 40 + "8"):
        answer = requests.post(url, json={**agent.body(ticket), "agent_key": weak, "proof": "AQ" + "A" * 84}, timeout=20)
        assert answer.json()["code"] in ("agent_key_invalid", "agent_key_unproven"), answer.text
    agent.joins(ticket)


def test_a_ticket_of_another_platform_is_not_spent_here(org: Org) -> None:
    ticket = make(org)
    refused(JoiningAgent().redeem(ticket.altered(key_digest=secrets.token_bytes(32))), 409, "ticket_of_another_key")
    JoiningAgent().joins(ticket)


def test_somebody_who_answers_for_the_platform_is_not_believed(org: Org, push_agents: PushAgents) -> None:
    ticket, agent = make(org), JoiningAgent()
    other = make(org)
    true_answer = JoiningAgent().joins(other)
    lies = [{**true_answer}, {**true_answer, "platform_key": JoiningAgent().public_key}]

    def answering(connection: socket.socket, head: bytes, body: bytes) -> None:
        connection.sendall(answer_bytes(json.dumps(lies[0]), status="201 Created"))
        lies.append(lies.pop(0))

    url = push_agents.start(answering).removesuffix("/a2a")
    for _ in range(2):
        assert not agent.believes(ticket, agent.redeem(ticket, url).json())


def test_one_that_is_too_old_is_told_so(org: Org) -> None:
    answer = org.ask("POST", "/tickets", {"name": "late", "expires_in": 59})
    refused(answer, 400, "invalid_ticket")
    refused(org.ask("POST", "/tickets", {"name": "late", "expires_in": 10**12}), 400, "invalid_ticket")
    refused(org.ask("POST", "/tickets", {"name": "late", "expires_in": -(2**63)}), 400, "invalid_ticket")


def test_only_operators_make_see_and_take_back(org: Org) -> None:
    ticket, resident = make(org), org.resident("insider")
    for token in (resident.token, ""):
        for method, path in (("POST", "/tickets"), ("GET", "/tickets"), ("DELETE", f"/tickets/{ticket.id}"),
                             ("DELETE", f"/workspaces/{resident.id}/agent-key")):
            answer = org.ask(method, path, {"name": "mine"} if method == "POST" else None, token=token)
            assert answer.status_code in (401, 403), (method, path, answer.text)
    stranger = org.ask("GET", f"/workspaces/{resident.id}/agent-key", token=org.resident("other").token)
    assert stranger.status_code == 403
    JoiningAgent().joins(ticket)


def test_a_joined_workspace_cannot_be_claimed_without_its_token(org: Org) -> None:
    joined = JoiningAgent().joins(make(org))
    answer = org.ask("POST", "/registry/register", {"id": joined["workspace_id"], "agent_card": {"name": "thief"},
                                                    "delivery_mode": "poll"}, token="")
    assert answer.status_code == 401, answer.text


def test_a_removed_workspace_takes_its_key_along_and_does_not_come_back(org: Org) -> None:
    ticket, agent = make(org), JoiningAgent()
    joined = agent.joins(ticket)
    assert org.ask("DELETE", f"/workspaces/{joined['workspace_id']}").status_code == 200
    refused(agent.redeem(ticket), 410, "workspace_removed")
    refused(org.ask("GET", f"/workspaces/{joined['workspace_id']}/agent-key"), 410, "workspace_removed")


def test_what_the_agent_says_of_itself_is_held_to_the_rules(org: Org) -> None:
    ticket, agent = make(org, name="", role="reader"), JoiningAgent()
    for fields, status in (({"name": "a{b}"}, 400), ({"name": "x" * 300}, 400), ({"agent_card": [1]}, 400),
                           ({"agent_card": {"name": "a\u202eb"}}, 400), ({"agent_card": {"x": "y" * 300_000}}, 413)):
        answer = agent.redeem(ticket, **fields)
        assert answer.status_code == status, (answer.status_code, answer.text[:200])
    assert agent.joins(ticket, name="reading agent")["name"] == "reading agent"


def test_nothing_of_a_ticket_is_in_the_log_of_the_process(org: Org) -> None:
    ticket = make(org)
    JoiningAgent().joins(ticket)
    JoiningAgent().redeem(ticket)
    deadline = time.monotonic() + 10
    while "ticket refused" not in org.stage.log_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "mjt_" not in org.stage.log_text() and ticket.text not in org.ask("GET", "/events?limit=1000").text
