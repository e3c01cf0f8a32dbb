"""What npm has installed for these tests, and the Node.js that runs it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = Path(os.environ.get("MOLECULE_CONFORMANCE_DIR", ROOT / "build/conformance"))
SUITE = "@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR = "@modelcontextprotocol/inspector-cli/build/index.js"


def program(name: str) -> list[str]:
    """How one of them is started. The system's own Node.js is too old for them, so theirs came with them."""
    modules = PLACE / "node_modules"
    nodes = [node for node in modules.glob("node-linux-*/bin/node") if os.access(node, os.X_OK)]
    assert nodes and (modules / name).is_file(), f"{modules} has not what tests/conformance/package.json names: ./dev test --only conformance"
    return [str(nodes[0]), str(modules / name)]
