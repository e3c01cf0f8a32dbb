"""A store that says nothing any more is noticed without traffic, and outlasts neither a start nor a stop."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from attackers import Org, refused
from outages import SILENT, ready
from stage import wait_for


@pytest.mark.parametrize("kind", SILENT, ids=lambda kind: kind.__name__)
def test_a_silent_store_is_noticed_without_traffic_and_does_not_outlast_a_stop(kind: type, tmp_path: Path) -> None:
    outage = kind(tmp_path)
    try:
        outage.stage.start()
        org = Org(outage.stage)
        polls = org.resident("polls")
        outage.begin()
        begun = time.monotonic()
        wait_for("readiness to end", lambda: not ready(org), 15)
        # Nobody who asks from now on waits for the server once more.
        asked = time.monotonic()
        refused(polls.register(), 503)
        refused(org.ask("GET", f"/workspaces/{polls.id}/activity"), 503)
        assert time.monotonic() - asked < 8, "a request waited for a server that is known to be silent"
        assert time.monotonic() - begun < 25
        outage.stage.ask_to_stop()
        assert outage.stage.stopped(25) is not None, "the stop waited for the store"
        org.close()
    finally:
        outage.close()


@pytest.mark.parametrize("kind", SILENT, ids=lambda kind: kind.__name__)
def test_a_start_does_not_wait_for_a_silent_store(kind: type, tmp_path: Path) -> None:
    outage = kind(tmp_path)
    try:
        outage.begin()
        with pytest.raises(AssertionError, match="did not answer within"):
            outage.stage.start()
    finally:
        outage.close()
