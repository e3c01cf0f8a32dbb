"""Who lives in a home: agents that have nothing but their way out, and what they say in a stream."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dialling import Joined, Joining, LocalAgent, Looping, events
from namespaces import Home

TASK = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "working"}}
DONE = {"kind": "status-update", "taskId": "t", "contextId": "c", "status": {"state": "completed"}, "final": True}
PIECES = 40
PIECE = "x" * 2000


def words(text: str) -> dict[str, Any]:
    return {"kind": "artifact-update", "taskId": "t", "contextId": "c", "append": True,
            "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": text}]}}


TOLD = [f"{number}:{PIECE}" for number in range(PIECES)]


class Teller:
    """An A2A server at home behind `molecule join`, which tells a story piece by piece, as fast as it is let."""

    def __init__(self, home: Home, joining: Joining, name: str, parent: str | None = None) -> None:
        self.home = home
        self.hold()
        self.id, self.token = joining.workspace(name, parent)
        self.agent: LocalAgent = home.host.inside(lambda: joining.agent(self._answer))
        self.joined: Joined = home.host.inside(lambda: joining.join(self.id, self.token, "--agent", self.agent.url))
        joining.online(self.id)

    def hold(self) -> None:
        """No piece of the next story until it is let."""
        self.let = threading.Semaphore(0)

    def _answer(self, body: dict[str, Any]) -> Any:
        if body["params"]["message"]["parts"][0]["text"] != "tell me":
            return {"kind": "message", "messageId": "a", "role": "agent", "parts": [{"kind": "text", "text": "heard"}]}

        def story() -> Iterator[dict[str, Any]]:
            yield TASK
            for text in TOLD:
                self.let.acquire(timeout=60)
                yield words(text)
            yield DONE
        return story()


class Listener(threading.Thread):
    """Somebody who hears a story out."""

    def __init__(self, teller: Teller, joining: Joining, message: str) -> None:
        super().__init__(daemon=True)
        self.came: list[tuple[int, dict[str, Any]]] = []
        self._ask = lambda: joining.send(teller.id, "tell me", message, stream=True)
        self.start()

    def run(self) -> None:
        with self._ask() as response:
            for number, event in events(response):
                self.came.append((int(number), event["result"]))

    def pieces(self) -> list[str]:
        return [event["artifact"]["parts"][0]["text"] for _, event in self.came if event["kind"] == "artifact-update"]

    def heard_it_all(self, seconds: float) -> None:
        """Each piece once, and in the order of its number."""
        self.join(seconds)
        assert not self.is_alive(), f"after {len(self.came)} events nothing came"
        assert [number for number, _ in self.came] == list(range(1, PIECES + 3))
        assert self.pieces() == TOLD and self.came[-1][1]["status"]["state"] == "completed"


def looping(home: Home, joining: Joining, name: str, folder: Path) -> tuple[str, Looping]:
    """An agent of the Python SDK at home."""
    workspace, token = joining.workspace(name)
    return workspace, home.host.inside(lambda: Looping(joining.stage.url, workspace, token, folder,
                                                       lambda message, client: f"I heard: {message.text}"))
