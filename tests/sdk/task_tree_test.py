"""The tree of a task: what was asked because of it, page by page, and what of it is shown to whom."""

from __future__ import annotations

from typing import Any

import pytest
from chains import Member, asked, at_work, tree_path
from stage import Stage, wait_for

EACH_ENGINE = True


def shape(nodes: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    return [(node["depth"], node["kind"], node["state"]) for node in nodes]


def test_a_tree_says_who_was_asked_by_whom_and_how_it_stands(stage: Stage) -> None:
    lead = Member(stage, "lead")
    with at_work() as worker:
        busy, idle = Member(stage, "busy", lead, url=worker.url), Member(stage, "idle", lead)
        below = Member(stage, "below", busy)
        task = asked(stage, lead, "please begin")
        to_busy = lead.delegate(busy, "dig", part_of=task)
        at_busy = worker.has_work()
        to_below = busy.delegate(below, "carry", part_of=at_busy)
        note = lead.tell(idle, "by the way", part_of=task)
        below.reply(below.inbox()[0], "carried")
        wait_for("the result", lambda: busy.delegation(to_below)["status"] == "completed")
        answer = stage.must("GET", tree_path(lead, task))
        nodes = answer["nodes"]
        assert "next" not in answer
        assert shape(nodes) == [(0, "message", "submitted"), (1, "delegation", "working"), (2, "delegation", "completed"),
                                (1, "message", "submitted")]
        assert [node["id"] for node in nodes] == [task, at_busy, nodes[2]["id"], note]
        assert [node.get("parent_id") for node in nodes] == [None, task, at_busy, task]
        assert [node["name"] for node in nodes] == [each.name for each in (lead, busy, below, idle)]
        assert [node["workspace_id"] for node in nodes] == [each.id for each in (lead, busy, below, idle)]
        assert [node["source_id"] for node in nodes] == [None, lead.id, busy.id, lead.id]
        assert [node.get("delegation_id") for node in nodes] == [None, to_busy, to_below, None]
        assert nodes[2]["ended_at"] >= nodes[2]["created_at"] and "ended_at" not in nodes[1]
        assert nodes[1]["summary"].endswith("dig") and nodes[0]["standing"] == "waiting"
        assert lead.delegation(to_busy)["task_id"] == at_busy
        # A part of it is a tree as well.
        part = stage.must("GET", tree_path(busy, at_busy))["nodes"]
        assert [(node["depth"], node["id"], node.get("parent_id")) for node in part] == [
            (0, at_busy, task), (1, nodes[2]["id"], at_busy)]


def test_it_shows_each_what_is_its_own(stage: Stage) -> None:
    lead = Member(stage, "lead")
    middle, beside = Member(stage, "middle", lead), Member(stage, "beside", lead)
    below = Member(stage, "below", middle)
    task = asked(stage, lead)
    lead.delegate(middle, part_of=task)
    at_middle = middle.inbox()[0]["id"]
    middle.delegate(below, "a secret", part_of=at_middle)
    nodes = lead.tree(lead, task)["nodes"]
    assert shape(nodes) == [(0, "message", "submitted"), (1, "delegation", "submitted"), (2, "delegation", "submitted")]
    assert [node.get("hidden", False) for node in nodes] == [False, False, True]
    assert set(nodes[2]) == {"id", "parent_id", "depth", "kind", "state", "standing", "created_at", "since", "hidden"}
    assert [node.get("hidden", False) for node in middle.tree(middle, at_middle)["nodes"]] == [False, False]
    assert lead.tree(middle, at_middle)["nodes"][1]["hidden"] is True
    for member, of, which in ((beside, lead, task), (beside, middle, at_middle), (middle, lead, task),
                              (middle, below, task), (below, middle, at_middle), (lead, middle, nodes[2]["id"])):
        assert member.ask("GET", tree_path(of, which)).status_code == 404


def test_an_answer_is_no_work(stage: Stage) -> None:
    lead = Member(stage, "lead")
    peer = Member(stage, "peer", lead)
    task = asked(stage, lead)
    lead.tell(peer, "what?", part_of=task)
    peer.reply(peer.inbox()[0], "that")
    nodes = stage.must("GET", tree_path(lead, task))["nodes"]
    assert shape(nodes) == [(0, "message", "submitted"), (1, "message", "completed"), (2, "answer", "submitted")]
    stage.must("POST", f"/a2a/{lead.id}", {"jsonrpc": "2.0", "id": 1, "method": "tasks/cancel", "params": {"id": task}})
    wait_for("the cancel", lambda: shape(stage.must("GET", tree_path(lead, task))["nodes"])[0][2] == "canceled")
    assert [row["mail"] for row in lead.inbox()] == ["dead", "polled"]


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_pages_put_together_are_the_whole(stage: Stage, limit: int) -> None:
    lead = Member(stage, "lead")
    peer = Member(stage, "peer", lead)
    task = asked(stage, lead)
    below: dict[str, list[str]] = {task: []}
    for i in range(9):
        made = lead.tell(peer, f"message {i}", part_of=task)
        below[task].append(made)
        below[made] = [peer.tell(lead, f"back {i}.{j}", part_of=made) for j in range(i % 3)]
    expected = [task] + [each for first in below[task] for each in [first, *below[first]]]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = stage.must("GET", tree_path(lead, task, **query))
        assert len(page["nodes"]) <= limit
        seen += [node["id"] for node in page["nodes"]]
        assert len(seen) <= len(expected), "it goes round"
        if "next" not in page:
            break
        assert page["next"] == page["nodes"][-1]["id"]
        query["after"] = page["next"]
    assert seen == expected
    other = asked(stage, lead)
    for after in (other, "nonsense", "11111111-2222-7333-8444-555555555555"):
        assert stage.ask("GET", tree_path(lead, task, after=after)).status_code == 400


def test_the_log_tells_of_each_that_is_added_and_ends(stage: Stage) -> None:
    lead = Member(stage, "lead")
    peer = Member(stage, "peer", lead)
    task = asked(stage, lead)
    begin = stage.must("GET", "/events?limit=1")[0]["seq"]
    made = lead.delegate(peer, part_of=task)
    carrier = peer.inbox()[0]["id"]
    lead.must("POST", f"/workspaces/SELF/delegations/{made}/cancel")
    facts = [fact for fact in stage.must("GET", "/events?limit=100") if fact["seq"] > begin]

    def payload(name: str) -> dict[str, Any]:
        found = [fact for fact in facts if name in (fact.get("event_type"), fact.get("event"), fact.get("type"))]
        assert found, facts
        return dict(found[-1]["payload"])

    sent = payload("DELEGATION_SENT")
    assert (sent["delegation_id"], sent["task_id"], sent["parent_id"]) == (made, carrier, task)
    assert payload("DELEGATION_FAILED")["status"] == "canceled"
    logged = [fact["payload"] for fact in facts if fact["payload"].get("activity_id") == carrier]
    assert any(each.get("parent_id") == task for each in logged)
