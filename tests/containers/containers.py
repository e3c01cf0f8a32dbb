"""What tests of agents in containers have in common."""

from __future__ import annotations

from engine import Engine
from stage import Stage, wait_for
from stand_in import nothing_left


def gone(stage: Stage, engine: Engine, workspace: str) -> bool:
    left = engine.labelled(f"molecule.workspace={workspace}")
    return nothing_left(stage, workspace) and not any(left.values())


def remove(stage: Stage, engine: Engine, workspace: str, again: bool = True) -> None:
    if again:
        stage.must("DELETE", f"/workspaces/{workspace}")
    wait_for("all of it to be gone", lambda: gone(stage, engine, workspace), 40)
