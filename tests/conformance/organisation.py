"""Those whose servers are judged."""

from __future__ import annotations

from dataclasses import dataclass

from stage import Stage


@dataclass(frozen=True)
class Workspace:
    id: str
    token: str
    card: str
    """The URI of its agent card."""


def made(stage: Stage, name: str) -> Workspace:
    told = stage.external(name)
    return Workspace(told["id"], told["connection"]["auth_token"], f"molecule://workspaces/{told['id']}/card")
