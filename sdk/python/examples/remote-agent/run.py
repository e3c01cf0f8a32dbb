"""A remote agent in one file: registers, fetches its secrets, and answers messages while it lives.

    WORKSPACE_ID=… PLATFORM_URL=http://127.0.0.1:8080 python run.py

It needs one outbound connection and no open port. AGENT_NAME names it; MAX_ITERATIONS ends it after that many rounds of
five seconds. Exit codes: 0 done, 1 the secrets could not be fetched, 2 a setting is missing.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import sys
import time
from typing import Any

import requests
from molecule_agent import InboundMessage, InboundSource, PlatformError, PollDelivery, RemoteAgentClient

log = logging.getLogger("remote-agent")

ROUND_SECONDS = 5.0
STARTED = time.monotonic()


def idle() -> dict[str, Any]:
    return {"current_task": "remote-agent demo idle", "active_tasks": 0}


def answer(message: InboundMessage, client: RemoteAgentClient) -> str | None:
    """Answer what this small agent knows for certain: itself, its peers, and the message."""
    if message.source == InboundSource.unknown:
        return None
    asked = message.text.lower()
    with client.working(f"Answering: {message.text[:60]}"):
        if "peer" in asked:
            peers = client.get_peers()
            return "My peers: " + (", ".join(f"{peer.name} ({peer.status})" for peer in peers) or "none yet") + "."
        if "uptime" in asked or "how long" in asked:
            return f"I have been up for {time.monotonic() - STARTED:.0f} seconds."
        if "secret" in asked:
            keys = sorted(client.pull_secrets())
            return f"I was given {len(keys)} secrets: {', '.join(keys) or 'none'}. Their values stay with me."
        words = message.text.split()
        return (f"I run on Python {platform.python_version()} under {platform.system()} and read {len(words)} words: "
                f"“{' '.join(words[:12])}{' …' if len(words) > 12 else ''}”. "
                "Ask me about my peers, my uptime or my secrets.")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    workspace_id, platform_url = os.environ.get("WORKSPACE_ID", ""), os.environ.get("PLATFORM_URL", "")
    if not workspace_id or not platform_url:
        print("set WORKSPACE_ID and PLATFORM_URL (the canvas shows both under \"Connect your agent\")", file=sys.stderr)
        return 2
    try:
        rounds = int(os.environ["MAX_ITERATIONS"]) if os.environ.get("MAX_ITERATIONS") else None
    except ValueError:
        print("MAX_ITERATIONS must be a whole number", file=sys.stderr)
        return 2
    name = os.environ.get("AGENT_NAME") or f"remote-demo-{workspace_id[:8]}"
    card = {"name": name, "description": "Remote agent example", "skills": [
        {"id": "status", "name": "Status", "description": "Tells uptime, peers and secret names", "tags": ["demo"]}]}
    with RemoteAgentClient(workspace_id, platform_url, agent_card=card, heartbeat_interval=ROUND_SECONDS) as client:
        if os.environ.get("MOLECULE_WORKSPACE_TOKEN"):
            client.save_token(os.environ["MOLECULE_WORKSPACE_TOKEN"])
        client.stop_on_signals()
        client.register(patience=math.inf)
        log.info("registered %s as %s", workspace_id, name)
        try:
            secrets = client.pull_secrets()
        except (PlatformError, requests.RequestException) as error:
            log.error("cannot fetch secrets: %s", error)
            return 1
        log.info("fetched %d secrets: %s", len(secrets), ", ".join(sorted(secrets)) or "none")
        delivery = PollDelivery(client, interval=ROUND_SECONDS, cursor_file=client.token_dir / "inbox_cursor")
        client.run_agent_loop(answer, delivery, max_iterations=rounds, task_supplier=idle)
    return 0


if __name__ == "__main__":
    sys.exit(main())
