"""What both demo agents do before they work: read who they are, log, register patiently, end cleanly."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from pathlib import Path
from typing import Any

from molecule_agent import RemoteAgentClient

MAX_DEMO_FILE_BYTES = 64 * 1024


def start_logging(name: str) -> None:
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def join(name: str, card: dict[str, Any]) -> RemoteAgentClient:
    """The client of demo agent `name`, by the file MOLECULE_DEMO_FILE names. Exits with 2 when that cannot be read."""
    path = os.environ.get("MOLECULE_DEMO_FILE", "")
    if not path:
        sys.exit("set MOLECULE_DEMO_FILE to the demo.json that `molecule serve --demo` writes into its data directory")
    try:
        with open(path, "rb") as source:
            demo = json.loads(source.read(MAX_DEMO_FILE_BYTES))
        agent = demo["agents"][name]
        # Beside demo.json, so that several demos on one machine keep apart.
        home = Path(path).resolve().parent / "agents" / name
        client = RemoteAgentClient(agent["workspace_id"], demo["platform_url"], agent_card=card, token_dir=home,
                                   heartbeat_interval=15.0)
        client.save_token(agent["token"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"cannot use {path}: {type(error).__name__}: {error}")
    client.stop_on_signals()
    return client


def register(client: RemoteAgentClient) -> None:
    """Register, waiting for a platform that is still starting. Raises what it says when it refuses."""
    client.register(patience=math.inf)
