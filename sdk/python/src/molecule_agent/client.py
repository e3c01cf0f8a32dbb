"""The remote agent's side of the platform: one object per workspace, with the loops an agent lives in.

`RemoteAgentClient` needs outbound HTTP only. Without a `reported_url` the workspace is registered in poll mode and
messages are fetched (`run_agent_loop`); with one, the platform posts them there (`A2AServer`, `PushDelivery`).
"""

from __future__ import annotations

import hashlib
import time

from . import _loops
from ._calls import PLACEHOLDER_URL, AgentCalls
from ._models import PeerInfo, WorkspaceState
from ._transport import DEFAULT_GET_MAX_RETRIES
from ._work import Supplier as TaskSupplier
from .inbound import InboundDelivery, MessageHandler

__all__ = ["DEFAULT_GET_MAX_RETRIES", "PLACEHOLDER_URL", "PeerInfo", "RemoteAgentClient", "WorkspaceState",
           "make_idempotency_key"]


def make_idempotency_key(task_text: str, target_id: str = "") -> str:
    """A key that makes the same task for the same target within one clock minute one task.

    Two calls on either side of a full minute differ. `delegate` does not need this: it makes a fresh key per call.
    """
    minute = int(time.time()) // 60 * 60
    bound = f"{target_id}:{task_text}" if target_id else task_text
    return hashlib.sha256(f"{bound}:{minute}".encode()).hexdigest()


class RemoteAgentClient(AgentCalls):
    """A workspace held by this process. Methods may be called from several threads.

    `workspace_id, platform_url, agent_card, reported_url, token_file, plugins_dir` are public; `agent_card`,
    `reported_url` and `delivery_mode` may be assigned before `register`. `delivery_mode` is "" (push when there is a
    URL, else poll), "push" or "poll". `inbound_secret` is what the platform presents to this agent's own endpoint,
    "" until a registration told it.
    """

    def stop_on_signals(self) -> None:
        """Let SIGINT and SIGTERM call `stop`: a wait for messages ends at once, a message in hand is finished first.
        A second signal raises KeyboardInterrupt. Call it from the main thread."""
        _loops.stop_on_signals(self)

    def run_heartbeat_loop(self, max_iterations: int | None = None, task_supplier: TaskSupplier | None = None) -> str:
        """Beat and poll the state until told to stop. Returns "max_iterations", "stopped", or the workspace's status
        once the agent should stop: "paused" or "removed". An outage is waited out. Raises CredentialRejectedError when
        the platform refuses the token three times in a row."""
        return _loops.run_heartbeat_loop(self, max_iterations, task_supplier)

    def run_agent_loop(self, handler: MessageHandler, delivery: InboundDelivery | None = None,
                       max_iterations: int | None = None, task_supplier: TaskSupplier | None = None) -> str:
        """Hand every inbound message to `handler` and answer with what it returns, while heartbeats go on in their own
        thread. The default delivery polls and keeps its cursor beside the token.

        A pause and an outage are waited out, with a line in the log at their start and end. Returns "max_iterations",
        "stopped", or "removed" once the workspace is gone for good; raises CredentialRejectedError when the platform
        refuses the token three times in a row. The last line in the log says why."""
        return _loops.run_agent_loop(self, handler, delivery, max_iterations, task_supplier)
