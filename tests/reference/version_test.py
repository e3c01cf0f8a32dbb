"""One version number: CMakeLists.txt states it, and the binary, the SDK and the canvas say the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import molecule_agent
import requests

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MOLECULE_BINARY", ROOT / "build/dev/molecule"))
STATED = re.search(r"^project\(molecule VERSION (\d+\.\d+\.\d+) ", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)


def version() -> str:
    assert STATED, "CMakeLists.txt states no version"
    return STATED[1]


def test_the_binary() -> None:
    said = subprocess.run([str(BINARY), "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert said.startswith(f"molecule {version()} (")


def test_the_sdk() -> None:
    assert molecule_agent.__version__ == version()
    said = subprocess.run(["/usr/bin/python3", "-m", "molecule_agent", "--version"], capture_output=True, text=True, timeout=30,
                          check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "sdk/python/src")}).stdout
    assert said.split()[-1] == version()


def test_the_page(tmp_path: Path) -> None:
    server = subprocess.Popen([str(BINARY), "serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data")],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        page = requests.get(url, headers={"Accept": "text/html"}, timeout=10).text
        assert f'<meta name="generator" content="Molecule {version()}">' in page
        assert requests.get(f"{url}/health", timeout=10).json()["version"] == version()
    finally:
        server.terminate()
        server.wait(30)


def test_the_canvas() -> None:
    assert json.loads((ROOT / "web/package.json").read_text())["version"] == version()
    lock = json.loads((ROOT / "web/package-lock.json").read_text())
    assert lock["version"] == lock["packages"][""]["version"] == version()
