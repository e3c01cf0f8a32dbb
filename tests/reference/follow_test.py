"""The guide to events and metrics names what the program says, no more and no less."""

import os
import re
import subprocess
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MOLECULE_BINARY", ROOT / "build/dev/molecule"))
GUIDE = (ROOT / "docs" / "guides" / "follow.md").read_text()


def rows_of(heading: str) -> str:
    return "\n".join(l.split("|")[1] for l in GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines() if l.startswith("| `"))


def test_every_event_is_on_the_page():
    types = (ROOT / "src" / "wire" / "events" / "types.h").read_text()
    said = set(re.findall(r"\b([A-Z0-9]+_[A-Z0-9_]+)\b", types.split("enum class Type {")[1].split("}")[0]))
    assert said == set(re.findall(r"`([A-Z0-9_]+)`", rows_of("Events")))


def test_every_metric_is_on_the_page(tmp_path):
    server = subprocess.Popen(
        [str(BINARY), "serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    try:
        for line in server.stdout:
            ready = re.match(r"ready (http://\S+)", line)
            if ready:
                break
        assert ready
        bearer = (tmp_path / "data" / "admin_token").read_text().strip()
        request = urllib.request.Request(ready[1] + "/metrics", headers={"Authorization": f"Bearer {bearer}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            exported = set(re.findall(r"^# HELP (\S+)", answer.read().decode(), re.M))
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()
    assert exported == set(re.findall(r"`(molecule_[a-z0-9_]+)`", rows_of("Metrics")))
