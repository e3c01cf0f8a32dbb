"""How far `molecule mcp` reaches: very many peers, and a platform that was away."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from placed import Place
from stage import Stage


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    made.start()
    yield made
    made.close()


def test_peers_come_in_pages(own: Stage, tmp_path: Path) -> None:
    place = Place(own, tmp_path)
    try:
        for number in range(120):
            own.external(f"peer {number}")
        expected = [each["id"] for each in own.must("GET", f"/registry/{place.id}/peers")]
        seen: list[str] = []
        cursor: dict[str, str] = {}
        for limit in ({}, {"limit": 5}, {"limit": 500}):
            told = place.client.says("list_peers", **limit, **cursor)
            seen += re.findall(r"\(ID: ([0-9a-f-]+),", told)
            more = re.search(r"\(there are more: cursor (\S+) goes on\)$", told)
            if more:
                cursor = {"cursor": more[1]}
        assert more is None and seen == expected
        assert len(place.client.says("list_peers").splitlines()) == 101
        assert place.client.says("list_peers", q="peer 119").count("(ID: ") == 1
        text, failed = place.client.call("list_peers", cursor="00000000-0000-4000-8000-000000000001")
        assert failed and "from the beginning" in text
    finally:
        place.close()


def test_who_waits_hears_soon_after_the_platform_is_back(own: Stage, tmp_path: Path) -> None:
    place = Place(own, tmp_path)
    try:
        place.online()
        own.stop()
        time.sleep(16)  # By then it is asked seldom.
        own.start()
        own.say(place.id, "back again")
        began = time.monotonic()
        assert place.client.message()["text"] == "back again"
        assert time.monotonic() - began < 8
    finally:
        place.close()
