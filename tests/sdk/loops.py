"""Agents of the SDK in this process: a client each, its loop in a thread, and an end for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from molecule_agent import InboundDelivery, PollDelivery, RemoteAgentClient
from stage import Stage


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
