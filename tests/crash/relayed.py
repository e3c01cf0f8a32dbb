"""Agents that have dialled in, and what goes wrong with them: killed, frozen, cut off, one after the other."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dialling import Joined, LocalAgent, Way

PIECES = 6
PIECE_SECONDS = 0.02


class Dialled:
    """One `molecule join` over a way of its own. Only the test kills it."""

    def __init__(self, folder: Path, url: str, workspace: str, token: str, *options: str) -> None:
        folder.mkdir()
        self.workspace = workspace
        self.way = Way(url)
        self._folder, self._token, self._options = folder, token, options
        self._joined = Joined(folder, self.way.url, workspace, token, *options)

    def log_text(self) -> str:
        return "".join(log.read_text() for log in sorted(self._folder.glob("join-*.log")))

    def kill(self, away: float) -> None:
        self._joined.kill()
        time.sleep(away)
        self._joined = Joined(self._folder, self.way.url, self.workspace, self._token, *self._options)

    def freeze(self, seconds: float) -> None:
        self._joined.freeze()
        time.sleep(seconds)
        self._joined.thaw()

    def cut(self, _: float) -> None:
        self.way.cut()

    def block(self, seconds: float) -> None:
        self.way.block()
        time.sleep(seconds)
        self.way.unblock()

    def trouble(self, chance: random.Random, longest: float) -> tuple[str, float]:
        """What is drawn, and for how long."""
        what = chance.choice(("kill", "freeze", "cut", "cut", "block"))
        seconds = chance.uniform(0, 0.3) if what == "kill" else chance.uniform(0, longest)
        return what, seconds

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._joined.thaw()
        self._joined.stop()
        self.way.close()


class Command(Dialled):
    """Writes down what it is asked, in the order in which it is asked, and says the text again piece by piece."""

    def __init__(self, folder: Path, url: str, workspace: str, token: str) -> None:
        self._asked = folder / "asked"
        script = (f'read -r text; echo "$MOLECULE_MESSAGE_ID" >> {self._asked}; for n in {" ".join(map(str, range(PIECES)))}; '
                  f'do printf "%s %d;" "$text" $n; sleep {PIECE_SECONDS}; done')
        super().__init__(folder, url, workspace, token, "--command", script, "--jobs", "4")

    def order(self) -> list[str]:
        return self._asked.read_text().split() if self._asked.exists() else []


class Server(Dialled):
    """An A2A server that says a different thing each time it is asked the same, and remembers its tasks."""

    def __init__(self, folder: Path, url: str, workspace: str, token: str) -> None:
        self._guard = threading.Lock()
        self._order: list[str] = []
        self._turns: Counter[str] = Counter()
        self._agent = LocalAgent(self._answer)
        super().__init__(folder, url, workspace, token, "--agent", self._agent.url)

    def order(self) -> list[str]:
        with self._guard:
            return list(self._order)

    def _answer(self, body: dict[str, Any]) -> Any:
        if body["method"] in ("tasks/get", "tasks/resubscribe"):
            task = body["params"]["id"]
            whole = self._task(task, "completed", [{"artifactId": "a", "parts": [{"kind": "text", "text": f"all of {task}"}]}])
            return whole if body["method"] == "tasks/get" else iter([whole])
        message = body["params"]["message"]["messageId"]
        with self._guard:
            self._order.append(message)
            self._turns[message] += 1
            task = f"{message}~{self._turns[message]}"
        if body["method"] == "message/stream":
            return self._story(task)
        return {"kind": "message", "role": "agent", "messageId": task, "parts": [{"kind": "text", "text": f"answer {task}"}]}

    @staticmethod
    def _task(task: str, state: str, artifacts: list[dict[str, Any]]) -> dict[str, Any]:
        return {"kind": "task", "id": task, "contextId": "c", "status": {"state": state}, "artifacts": artifacts}

    def _story(self, task: str) -> Iterator[dict[str, Any]]:
        yield self._task(task, "working", [])
        for number in range(PIECES):
            time.sleep(PIECE_SECONDS)
            yield {"kind": "artifact-update", "taskId": task, "contextId": "c", "append": number > 0,
                   "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": f"{task} {number};"}]}}
        yield {"kind": "status-update", "taskId": task, "contextId": "c", "status": {"state": "completed"}, "final": True}

    def close(self) -> None:
        super().close()
        self._agent.close()
