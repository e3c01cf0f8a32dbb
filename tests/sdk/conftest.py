"""Fixtures: one platform for the module, one agent after the other."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from molecule_agent import InboundDelivery, PollDelivery, RemoteAgentClient

sys.path.insert(0, str(Path(__file__).parent))
from stage import DATABASE, Schema, Stage  # noqa: E402


def engines() -> list[str]:
    """SQLite always; PostgreSQL where a test server is named, and where one is demanded."""
    return ["sqlite", "postgresql"] if DATABASE or os.environ.get("MOLECULE_REQUIRE_POSTGRES") == "1" else ["sqlite"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # A file that says EACH_ENGINE is run on every engine, the others on SQLite.
    if "stage" in metafunc.fixturenames or "engine" in metafunc.fixturenames:
        chosen = engines() if getattr(metafunc.module, "EACH_ENGINE", False) else ["sqlite"]
        metafunc.parametrize("engine", chosen, scope="module", indirect=True)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database address for a platform, "" for SQLite in its data directory."""
    if request.param == "sqlite":
        yield ""
        return
    schema = Schema()
    yield schema.url
    schema.drop()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"), database_url=engine)
    made.start()
    yield made
    made.close()


class Agents:
    """Makes workspaces with a client each, runs their loops in threads, and ends them all."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self._folder = folder
        self._made: list[RemoteAgentClient] = []
        self._threads: list[threading.Thread] = []
        self.outcomes: dict[str, str] = {}

    def client(self, name: str, parent: str | None = None, register: bool = True,
               card: dict[str, Any] | None = None) -> RemoteAgentClient:
        made = self._stage.external(f"{name} {len(self._made)} {self._folder.name}", parent)
        client = self.client_of(made["id"], name, card)
        client.save_token(made["connection"]["auth_token"])
        if register:
            client.register()
        return client

    def client_of(self, workspace_id: str, folder: str, card: dict[str, Any] | None = None) -> RemoteAgentClient:
        client = RemoteAgentClient(workspace_id, self._stage.url, agent_card=card or {"name": folder},
                                   token_dir=self._folder / folder, heartbeat_interval=0.5, state_poll_interval=0.5)
        self._made.append(client)
        return client

    def run(self, client: RemoteAgentClient, handler: Callable[..., Any],
            delivery: InboundDelivery | None = None) -> None:
        chosen = delivery or PollDelivery(client, interval=1, cursor_file=client.token_dir / "inbox_cursor")

        def loop() -> None:
            self.outcomes[client.workspace_id] = client.run_agent_loop(handler, chosen)

        thread = threading.Thread(target=loop, daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        for client in self._made:
            client.stop()
        for thread in self._threads:
            thread.join(15)
            assert not thread.is_alive()
        for client in self._made:
            client.close()


@pytest.fixture
def agents(stage: Stage, tmp_path: Path) -> Iterator[Agents]:
    made = Agents(stage, tmp_path)
    yield made
    made.close()
