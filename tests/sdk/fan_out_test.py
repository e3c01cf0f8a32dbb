"""One task for several peers: each its own delegation with its own end, all of them or none, and one key for all."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chains import Member, at_work
from molecule_agent import InboundMessage, PlatformError, PollDelivery, RelayDelivery
from stage import Stage, wait_for

EACH_ENGINE = True


def house(stage: Stage, peers: int = 3) -> tuple[Member, list[Member]]:
    lead = Member(stage, "lead")
    return lead, [Member(stage, f"peer {i}", lead) for i in range(peers)]


def hand_out(lead: Member, peers: list[Member], **fields: Any) -> Any:
    return lead.ask("POST", "/workspaces/SELF/delegations", {"task": "count", "targets": [{"target_id": p.id} for p in peers], **fields})


def test_each_peer_has_its_own_delegation_and_its_own_end(stage: Stage) -> None:
    lead, peers = house(stage)
    answer = hand_out(lead, peers)
    assert answer.status_code == 202, answer.text
    group = answer.json()
    assert group["status"] == "delegated"
    assert [each["target_id"] for each in group["delegations"]] == [peer.id for peer in peers]
    ids = [each["delegation_id"] for each in group["delegations"]]
    assert len(set(ids)) == 3
    address = f"/workspaces/SELF/delegations/groups/{group['group_id']}"
    with ThreadPoolExecutor(2) as pool:
        first, every = pool.submit(lead.must, "GET", f"{address}?wait=20&ended=0"), pool.submit(lead.must, "GET", f"{address}?wait=20")
        peers[1].reply(peers[1].inbox()[0], "eleven")
        one = first.result()
        assert (one["total"], one["ended"]) == (3, 1) and not every.done()
        peers[0].reply(peers[0].inbox()[0], "ten")
        lead.must("POST", f"/workspaces/SELF/delegations/{ids[2]}/cancel")
        told = every.result()
    assert (told["total"], told["ended"]) == (3, 3)
    assert [each["delegation_id"] for each in told["delegations"]] == ids
    assert [each["status"] for each in told["delegations"]] == ["completed", "completed", "canceled"]
    assert [each.get("response_preview") for each in told["delegations"]] == ["ten", "eleven", None]
    assert {each["group_id"] for each in told["delegations"]} == {group["group_id"]}
    assert sorted(row["status"] for row in lead.results()) == ["canceled", "ok", "ok"]
    assert peers[0].ask("GET", address).status_code == 404


def test_each_may_have_a_task_of_its_own(stage: Stage) -> None:
    lead, peers = house(stage)
    targets = [{"target_id": peers[0].id, "task": "sweep"}, {"target_id": peers[1].id}, {"target_id": peers[0].id}]
    lead.must("POST", "/workspaces/SELF/delegations", {"task": "count", "targets": targets})
    texts = [[row["data"]["text"] for row in peer.inbox()] for peer in peers]
    assert texts == [["sweep", "count"], ["count"], []]


BAD: dict[str, tuple[dict[str, Any], int]] = {
    "no targets": ({"targets": []}, 400),
    "no list": ({"targets": None}, 400),
    "no task": ({"task": None}, 400),
    "an empty task": ({"task": ""}, 400),
    "an empty key": ({"idempotency_key": ""}, 400),
    "a long task": ({"task": "x" * (256 * 1024 + 1)}, 413)}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_is_refused(stage: Stage, kind: str) -> None:
    lead, peers = house(stage, 2)
    fields, status = BAD[kind]
    assert hand_out(lead, peers, **fields).status_code == status
    assert peers[0].inbox() == []


def test_one_target_that_cannot_be_had_is_why_there_is_none(stage: Stage) -> None:
    lead, peers = house(stage)
    stranger = Member(stage, "stranger", Member(stage, "elsewhere"))
    gone = Member(stage, "gone", lead)
    stage.must("DELETE", f"/workspaces/{gone.id}?confirm=true")
    before = stage.must("GET", "/events?limit=1")[0]["seq"]
    for target, status in ((stranger.id, 403), (str(uuid.uuid4()), 403), (gone.id, 410), (lead.id, 400), (peers[0].id, 400)):
        answer = hand_out(lead, peers, targets=[{"target_id": peer.id} for peer in peers] + [{"target_id": target}])
        assert answer.status_code == status, answer.text
        assert target in (answer.json().get("target_id"), answer.json().get("id"))
    assert hand_out(lead, peers, targets=[{"target_id": peers[0].id, "task": str(i)} for i in range(33)]).status_code == 400
    assert [peer.inbox() for peer in peers] == [[], [], []] and lead.must("GET", "/workspaces/SELF/delegations") == []
    assert stage.must("GET", "/events?limit=1")[0]["seq"] == before
    assert hand_out(lead, peers, targets=[{"target_id": peers[0].id, "task": str(i)} for i in range(32)]).status_code == 202
    assert len(peers[0].inbox()) == 32


def test_a_key_stands_for_all_of_them_together(stage: Stage) -> None:
    lead, peers = house(stage)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: hand_out(lead, peers, idempotency_key="k"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202]
    assert len({str([each["delegation_id"] for each in answer.json()["delegations"]]) for answer in answers}) == 1
    assert [len(peer.inbox()) for peer in peers] == [1, 1, 1]
    for fields in ({"task": "sweep"}, {"targets": [{"target_id": peers[0].id}]},
                   {"targets": [{"target_id": peer.id} for peer in reversed(peers)]}):
        other = hand_out(lead, peers, **{"idempotency_key": "k", **fields})
        assert other.status_code == 409 and other.json()["code"] == "idempotency_key_reused"
    for target in peers:
        body = {"target_id": target.id, "task": "count", "idempotency_key": "k"}
        assert lead.ask("POST", "/workspaces/SELF/delegate", body).status_code == 409
    # One that came to something keeps its key, one of which nothing came gives it away.
    ids = [each["delegation_id"] for each in answers[0].json()["delegations"]]
    for made in ids[:2]:
        lead.must("POST", f"/workspaces/SELF/delegations/{made}/cancel")
    again = hand_out(lead, peers, idempotency_key="k")
    assert again.status_code == 200 and again.json()["idempotent_hit"] is True
    assert sorted(each["status"] for each in again.json()["delegations"]) == ["canceled", "canceled", "dispatched"]
    lead.must("POST", f"/workspaces/SELF/delegations/{ids[2]}/cancel")
    assert hand_out(lead, peers, idempotency_key="k").status_code == 202


@pytest.mark.parametrize("way", ["polling", "relayed", "pushed"])
def test_a_waiting_agent_is_woken_for_each_and_can_wait_for_all(stage: Stage, agents: Any, way: str) -> None:
    lead = agents.client("lead")
    peers = [agents.client(name, lead.workspace_id) for name in ("one", "two", "three")]
    for i, peer in enumerate(peers):
        agents.run(peer, lambda message, client, i=i: f"{message.text} {i}")
    seen: list[str] = []
    if way == "relayed":
        agents.run(lead, lambda message, client: None, RelayDelivery(lead))
    if way == "polling":
        agents.run(lead, lambda message, client: None,
                   PollDelivery(lead, interval=5, on_result=lambda row, client: seen.append(row["response_body"]["text"])))
    if way == "pushed":
        with at_work() as worker:
            lead.reported_url, lead.delivery_mode = worker.url, "push"
            lead.register()
    group = lead.delegate_many("count", [peer.workspace_id for peer in peers])
    as_they_end = [each["result"] for each in lead.delegations_as_they_end(group["group_id"], timeout=30)]
    assert sorted(as_they_end) == ["count 0", "count 1", "count 2"]
    assert [each["result"] for each in lead.wait_for_delegations(group["group_id"])] == ["count 0", "count 1", "count 2"]
    if way == "polling":
        wait_for("a call for each result", lambda: sorted(seen) == ["count 0", "count 1", "count 2"])


def test_an_agent_calls_off_what_it_handed_out(stage: Stage, agents: Any) -> None:
    lead = agents.client("lead")
    peer = agents.client("peer", lead.workspace_id)
    group = lead.delegate_many(None, [(peer.workspace_id, "sweep"), (peer.workspace_id, "mop")])
    made = group["delegations"][0]["delegation_id"]
    assert lead.cancel_delegation(made)["status"] == "canceled"
    ended = next(iter(lead.delegations_as_they_end(group["group_id"], timeout=10)))
    assert (ended["delegation_id"], ended["status"]) == (made, "canceled")
    with pytest.raises(TimeoutError):
        lead.wait_for_delegations(group["group_id"], timeout=0)
    with pytest.raises(PlatformError):
        lead.cancel_delegation(str(uuid.uuid4()))


def test_what_a_handler_asks_for_is_part_of_what_it_was_asked(stage: Stage, agents: Any) -> None:
    lead, peer = agents.client("lead"), None
    peer = agents.client("peer", lead.workspace_id)

    def work(message: InboundMessage, client: Any) -> str:
        group = client.delegate_many(message.text, [peer.workspace_id])
        return ", ".join(str(each["result"]) for each in client.wait_for_delegations(group["group_id"], timeout=20))

    agents.run(lead, work)
    agents.run(peer, lambda message, client: message.text.upper())
    boss = agents.client("boss")
    stage.must("PATCH", f"/workspaces/{lead.workspace_id}", {"parent_id": boss.workspace_id})
    made = boss.delegate("count", lead.workspace_id)
    whole = boss.wait_for_delegation(made["delegation_id"], timeout=30)
    assert whole["result"] == "COUNT"
    tree = boss.task_tree(lead.workspace_id, whole["task_id"])
    assert [(each["depth"], each["kind"], each["state"], each.get("hidden", False)) for each in tree] == [
        (0, "delegation", "completed", False), (1, "delegation", "completed", True)]
