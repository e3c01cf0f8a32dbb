"""Lists of tasks: who is told that there is nothing, and how many one may ask for at once."""

from __future__ import annotations

import threading
from typing import Any

from chains import Member
from stage import Stage

NOBODY = "00000000-0000-4000-8000-000000000000"


def listed(asker: Member | Stage, at: str) -> Any:
    return asker.ask("GET", f"/a2a/{at}/tasks?A2A-Version=1.0")


def test_a_list_of_nobody_s_tasks_says_so_only_to_who_may_send_there(stage: Stage) -> None:
    lead = Member(stage, "lists lead")
    one, other = Member(stage, "lists one", lead), Member(stage, "lists other", lead)
    stranger = Member(stage, "lists stranger")
    assert listed(other, one.id).json()["tasks"] == []
    assert listed(stranger, one.id).status_code == 403
    assert listed(other, NOBODY).status_code == 403
    assert listed(stage, NOBODY).status_code == 404
    # What was sent is seen by its sender, wherever that stands now.
    other.tell(one, "hello")
    stage.must("PATCH", f"/workspaces/{other.id}", {"parent_id": None})
    assert one.id not in [each["id"] for each in other.must("GET", "/registry/SELF/peers")]
    assert listed(other, one.id).json()["totalSize"] == 1


def test_lists_of_one_who_asks_come_one_after_the_other(stage: Stage) -> None:
    lead = Member(stage, "many lists")
    below = Member(stage, "listed", lead)
    lead.tell(below, "hello")
    codes: list[int] = []

    def ask() -> None:
        for _ in range(5):
            codes.append(listed(lead, below.id).status_code)

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert codes == [200] * 160
