"""How the canvas is looked at: kept for operators, refused when it is no view, none of an agent's business."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from loops import Agents
from stage import Stage

EACH_ENGINE = True
VIEW = {"x": -120.5, "y": 64, "zoom": 0.75}


def test_the_last_viewport_stands(stage: Stage) -> None:
    assert stage.must("PUT", "/canvas/viewport", {"x": 1, "y": 2, "zoom": 1}) == {"status": "saved"}
    stage.must("PUT", "/canvas/viewport", VIEW)
    kept = stage.must("GET", "/canvas/viewport")
    assert {name: kept[name] for name in VIEW} == VIEW
    assert isinstance(kept["saved_at"], str)


@pytest.mark.parametrize("body", [None, [], {}, {"x": 1, "y": 2}, {**VIEW, "zoom": 0}, {**VIEW, "zoom": -1}, {**VIEW, "x": 1e9},
                                  {**VIEW, "y": "left"}, {**VIEW, "zoom": None}, {**VIEW, "x": "1" * 2000}])
def test_what_is_no_viewport_changes_nothing(stage: Stage, body: Any) -> None:
    stage.must("PUT", "/canvas/viewport", VIEW)
    answer = stage.ask("PUT", "/canvas/viewport", body)
    assert 400 <= answer.status_code < 500, answer.text
    refusal = answer.json()
    assert refusal["error"] and refusal["code"]
    assert stage.must("GET", "/canvas/viewport")["zoom"] == VIEW["zoom"]


def test_an_agent_has_no_part_in_it(stage: Stage, agents: Agents) -> None:
    client = agents.client("onlooker")
    for method in ("GET", "PUT"):
        answer = requests.request(method, f"{stage.url}/canvas/viewport", json=VIEW if method == "PUT" else None, timeout=30,
                                  headers={"Authorization": f"Bearer {client.load_token()}"})
        assert answer.status_code in (401, 403), answer.text
