"""Several processes share the files of this folder, each file as a whole: the longest go first, or one of them would be
left over when everybody else is done."""

from __future__ import annotations

from pathlib import Path

import pytest

LONGEST = ("outage_test.py", "snippets_test.py", "missing_test.py", "agent_test.py", "demo_run_test.py", "silence_test.py",
           "floods_test.py", "stopping_test.py", "store_test.py")


def rank(item: pytest.Item) -> int:
    name = Path(str(item.path)).name
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=rank)
