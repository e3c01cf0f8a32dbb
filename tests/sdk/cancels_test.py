"""A cancel goes down: what was asked because of a task stops with it, whoever has it, once, also over a kill."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chains import Member, asked, at_work, said
from stage import Stage, wait_for

EACH_ENGINE = True

Cancel = Callable[[Stage, Member, str], Any]


def by_rpc(method: str) -> Cancel:
    def cancel(stage: Stage, member: Member, task: str) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"id": task}}
        return stage.must("POST", f"/a2a/{member.id}", body)["result"]
    return cancel


def by_rest(stage: Stage, member: Member, task: str) -> Any:
    return stage.must("POST", f"/a2a/{member.id}/tasks/{task}:cancel", {}, headers={"A2A-Version": "1.0"})


WAYS: dict[str, Cancel] = {"tasks/cancel": by_rpc("tasks/cancel"), "CancelTask": by_rpc("CancelTask"), "tasks/{task}:cancel": by_rest}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_asked_because_of_a_task_stops_with_it(stage: Stage, way: str) -> None:
    lead = Member(stage, "lead")
    with at_work() as worker:
        busy, idle = Member(stage, "busy", lead, url=worker.url), Member(stage, "idle", lead)
        below = Member(stage, "below", busy)
        task, other = asked(stage, lead), asked(stage, lead, "something else")
        to_busy = lead.delegate(busy, part_of=task)
        note = lead.tell(idle, "by the way", part_of=task)
        beside = lead.delegate(idle, "for the other", part_of=other)
        to_below = busy.delegate(below, part_of=worker.has_work())
        waiting = below.inbox()[0]

        with ThreadPoolExecutor(2) as pool:
            told = [pool.submit(lead.delegation, to_busy, 20), pool.submit(busy.delegation, to_below, 20)]
            WAYS[way](stage, lead, task)
            assert [each.result()["status"] for each in told] == ["canceled", "canceled"]
        assert wait_for("the agent to be told", lambda: worker.about("tasks/cancel"))[0]["id"] == worker.has_work()
        rows = {row["id"]: row for row in idle.inbox()}
        wait_for("the message to be canceled", lambda: {row["id"]: row for row in idle.inbox()}[note]["mail"] == "dead")
        assert lead.delegation(beside)["status"] in ("queued", "dispatched") and len(rows) == 2

        # An answer that comes after all is recorded nowhere.
        assert below.reply(waiting, "three")["status"] == "canceled"
        assert len(busy.results()) == 1 and "result" not in busy.delegation(to_below)
        assert [row["status"] for row in lead.results()] == ["canceled"]
        assert len(worker.about("tasks/cancel")) == 1
        refused = lead.ask("POST", "/workspaces/SELF/delegate", {"target_id": idle.id, "task": "more"}, part_of=task)
        assert refused.status_code == 409 and refused.json()["code"] == "task_canceled"


def test_a_delegation_is_called_off_by_who_made_it(stage: Stage) -> None:
    lead = Member(stage, "lead")
    with at_work(stops=False) as worker:
        busy = Member(stage, "busy", lead, url=worker.url)
        below = Member(stage, "below", busy)
        made = lead.delegate(busy)
        to_below = busy.delegate(below, part_of=worker.has_work())
        assert busy.ask("POST", f"/workspaces/SELF/delegations/{made}/cancel").status_code == 404
        for _ in range(2):
            answer = lead.must("POST", f"/workspaces/SELF/delegations/{made}/cancel")
            assert answer == {"delegation_id": made, "status": "canceled", "target_id": busy.id}
        assert lead.delegation(made)["status"] == "canceled"
        assert busy.delegation(to_below, 20)["status"] == "canceled"
        wait_for("the agent to be told", lambda: worker.about("tasks/cancel"))
        assert len(lead.results()) == 1 and len(busy.results()) == 1


def test_what_has_its_result_is_not_called_off(stage: Stage) -> None:
    lead = Member(stage, "lead")
    peer = Member(stage, "peer", lead)
    done = lead.delegate(peer)
    peer.reply(peer.inbox()[0], "three")
    ended = lead.ask("POST", f"/workspaces/SELF/delegations/{done}/cancel")
    assert ended.status_code == 409 and ended.json()["code"] == "delegation_ended"
    assert lead.delegation(done)["result"] == "three"


def test_noted_work_is_called_off_too(stage: Stage) -> None:
    lead = Member(stage, "lead")
    peer = Member(stage, "peer", lead)
    made = "11111111-2222-4333-8444-" + lead.id.replace("-", "")[-12:]
    lead.must("POST", "/workspaces/SELF/delegations/record", {"target_id": peer.id, "task": "x", "delegation_id": made})
    assert lead.must("POST", f"/workspaces/SELF/delegations/{made}/cancel")["status"] == "canceled"
    assert lead.delegation(made)["status"] == "canceled"


def test_workspaces_that_ask_each_other_in_a_circle_stop_once(stage: Stage) -> None:
    one = Member(stage, "one")
    two = Member(stage, "two", one)
    task = asked(stage, one)
    made, at = [], task
    for i in range(8):
        sender, peer = (one, two) if i % 2 == 0 else (two, one)
        made.append((sender, sender.delegate(peer, f"step {i}", part_of=at)))
        at = peer.inbox()[-1]["id"]
    by_rpc("tasks/cancel")(stage, one, task)
    for sender, delegation in made:
        assert sender.delegation(delegation, 20)["status"] == "canceled"
    assert len(one.results()) == len(two.results()) == 4


def test_an_agent_that_is_away_is_told_when_it_is_back(stage: Stage) -> None:
    lead = Member(stage, "lead")
    with at_work() as worker:
        busy = Member(stage, "busy", lead, url=worker.url)
        made = lead.delegate(busy)
        worker.has_work()
        worker.down.set()
        lead.must("POST", f"/workspaces/SELF/delegations/{made}/cancel")
        stage.kill()
        stage.start()
        worker.down.clear()
        wait_for("the agent to be told", lambda: worker.about("tasks/cancel"))
        assert len(worker.about("message/send")) == 1, "it was given what had been canceled"


@pytest.mark.parametrize("way", WAYS)
def test_an_agent_that_was_away_when_its_task_was_canceled_is_told_when_it_is_back(stage: Stage, way: str) -> None:
    with at_work() as worker:
        busy = Member(stage, "busy", url=worker.url)
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(stage.ask, "POST", f"/workspaces/{busy.id}/a2a", said("begin"))
            task = worker.has_work()
            worker.down.set()
            WAYS[way](stage, busy, task)
            assert "canceled" in sent.result().text
        stage.kill()
        stage.start()
        worker.down.clear()
        assert wait_for("the agent to be told", lambda: worker.about("tasks/cancel"))[0]["id"] == task
        assert len(worker.about("message/send")) == 1, "it was given what had been canceled"


BROAD = 900


def test_a_cancel_that_a_kill_cuts_short_is_finished_afterwards(stage: Stage, engine: str) -> None:
    lead = Member(stage, "lead")
    peers = [Member(stage, f"peer {i}", lead) for i in range(3)]
    task = asked(stage, lead)
    group = lead.must("POST", "/workspaces/SELF/delegations",
                      {"task": "count", "targets": [{"target_id": peer.id} for peer in peers]}, part_of=task)
    begun = threading.Semaphore(8)

    def send(i: int) -> str:
        with begun:
            return lead.tell(peers[i % 3], f"message {i}", part_of=task)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(BROAD)))
    # The last of them has led to more.
    last = peers[(BROAD - 1) % 3]
    deeper = last.tell(lead, "and this", part_of=sent[-1])
    by_rpc("tasks/cancel")(stage, lead, task)
    stage.kill()
    if not engine:
        with sqlite3.connect(f"file:{stage.data}/molecule.db?mode=ro", uri=True) as store:
            assert store.execute("SELECT COUNT(*) FROM deliveries").fetchone()[0] > BROAD / 10, "the kill came too late"
    stage.start()

    def open_mail() -> int:
        rows = [row for member in [lead, *peers] for row in member.inbox()]
        return sum(row["mail"] not in ("dead", "settled") for row in rows)

    wait_for("everything to be canceled", lambda: open_mail() == 0, 60)
    assert {row["id"]: row["status"] for row in lead.inbox()}[deeper] == "canceled"
    for each in group["delegations"]:
        assert lead.delegation(each["delegation_id"])["status"] == "canceled"
    assert len(lead.results()) == len(peers)
    assert stage.must("POST", f"/workspaces/{lead.id}/a2a", said("and on"))["status"] == "queued"
