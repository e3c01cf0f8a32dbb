"""The demo without a browser: a person asks pm, pm finds the researcher, the researcher reads the real file."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from molecule_agent import extract_text
from stage import ROOT, Stage, wait_for

DEMO = ROOT / "sdk/python/examples/demo"

BEES = """# Bees

Bees visit flowers and make honey from the nectar that they find there in summer. A colony of honey bees keeps between
twenty and sixty thousand workers through the warm months.

## Work

Foraging bees tell their sisters by a dance how far away a field of flowers is. Workers clean the hive, feed the young
and guard the entrance against wasps.

## Worth

Without bees a third of the food that people eat would be missing from the shops. Farmers rent colonies in spring,
because pollinated orchards carry more fruit.
"""


class Demo:
    def __init__(self, folder: Path, pages: str) -> None:
        self.library = folder / "library"
        self.library.mkdir()
        (self.library / "bees.md").write_text(BEES)
        self.stage = Stage(folder, "--demo")
        self.stage.start()
        self._pages = pages
        self._folder = folder
        told = json.loads((self.stage.data / "demo.json").read_text())
        self.ids = {name: agent["workspace_id"] for name, agent in told["agents"].items()}
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "PYTHONPATH": str(ROOT / "sdk/python/src"),
                       "PYTHONDONTWRITEBYTECODE": "1", "MOLECULE_DEMO_FILE": str(self.stage.data / "demo.json"),
                       "MOLECULE_DEMO_ROOTS": str(self.library), "MOLECULE_DEMO_URLS": self._pages}
        with (self._folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(["/usr/bin/python3", "-W", "error", str(DEMO / f"{name}.py")], cwd=self._folder,
                                       env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        self.processes[name] = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"{name} ready"), (self._folder / f"{name}.log").read_text()

    def end(self, name: str) -> int:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        status = process.wait(15)
        assert process.stdout is not None
        process.stdout.close()
        return status

    def ask(self, text: str) -> str:
        answer = self.stage.say(self.ids["pm"], text)
        assert answer.status_code == 200, answer.text
        return extract_text(answer.json())

    def tasks(self, name: str) -> list[str]:
        """Every task of an agent that the log has, oldest first."""
        events = self.stage.must("GET", f"/events/{self.ids[name]}")
        return [e["payload"]["current_task"] for e in reversed(events) if e["event_type"] == "TASK_UPDATED"]

    def close(self) -> None:
        for name in list(self.processes):
            self.end(name)
        self.stage.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f"<html><body><nav>Menu</nav><main><p>{BEES.split(chr(10) * 2)[1]}</p></main></body></html>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    made = Demo(tmp_path_factory.mktemp("demo"), f"http://127.0.0.1:{pages.server_address[1]}/ok")
    made.start("researcher")
    made.start("pm")
    yield made
    made.close()
    pages.shutdown()
    pages.server_close()


def test_the_organisation(demo: Demo) -> None:
    pm, researcher = demo.stage.workspace(demo.ids["pm"]), demo.stage.workspace(demo.ids["researcher"])
    assert (pm["name"], pm["status"], pm["delivery_mode"]) == ("pm", "online", "push")
    assert (researcher["name"], researcher["status"], researcher["runtime"]) == ("researcher", "online", "external")
    assert researcher["parent_id"] == pm["id"]
    assert {skill["id"] for skill in researcher["agent_card"]["skills"]} == {"summarise", "read-files", "fetch-urls"}


def test_a_summary_of_the_real_file_comes_back(demo: Demo) -> None:
    answer = demo.ask("Summarise bees.md in 3 bullet points")
    lines = answer.split("\n")
    assert lines[0] == "bees.md in 3 points:" and len(lines) == 4
    flat = " ".join(BEES.split())
    for line in lines[1:]:
        assert line.startswith("- ") and line[2:] in flat
    # The file is read when it is asked for, not remembered.
    (demo.library / "bees.md").write_text(BEES.replace("Bees visit flowers", "Many bees visit flowers"))
    assert "Many bees visit flowers" in demo.ask("Summarise bees.md in 3 bullet points")


def test_every_hop_is_in_the_activity(demo: Demo) -> None:
    (demo.library / "bees.md").write_text(BEES.replace("Bees visit", "Our bees visit"))
    demo.ask("Summarise bees.md in one sentence")
    pm = [(r["activity_type"], r["method"]) for r in demo.stage.rows(demo.ids["pm"])]
    assert ("a2a_receive", "message/send") in pm and ("delegation", "delegate") in pm
    assert ("a2a_receive", "delegate_result") in pm
    received = [r for r in demo.stage.rows(demo.ids["researcher"]) if r["method"] == "message/send"]
    assert received[-1]["data"]["text"] == "Summarise bees.md in one sentence"
    assert received[-1]["data"]["source"] == "peer_agent" and received[-1]["data"]["peer_name"] == "pm"
    assert received[-1]["status"] == "ok" and "bees visit flowers" in str(received[-1]["response_body"])


def test_both_show_what_they_do(demo: Demo) -> None:
    demo.ask("Summarise bees.md in two sentences")
    wait_for("pm's tasks", lambda: any(task.startswith("Waiting for researcher") for task in demo.tasks("pm")))
    wait_for("researcher's task", lambda: "Summarising bees.md" in demo.tasks("researcher"))
    for name in ("pm", "researcher"):
        wait_for("an idle end", lambda: demo.stage.workspace(demo.ids[name])["current_task"] == "")


@pytest.mark.parametrize(("text", "expected"), [
    ("Summarise bee.md in 3 bullet points", "Did you mean bees.md"), ("Summarise nowhere/at/all.md", "could not find"),
    ("Summarise ../data/demo.json", "outside the folders"), ("Summarise /etc/passwd", "outside the folders"),
    ("Summarise http://127.0.0.1:9/secret", "allow-list"), ("Sing me a lullaby", "None of my peers")])
def test_what_cannot_be_done_is_said_clearly(demo: Demo, text: str, expected: str) -> None:
    assert expected in demo.ask(text)


def test_a_page_on_the_allow_list(demo: Demo) -> None:
    url = demo._pages
    answer = demo.ask(f"Summarise {url}/bees in one sentence")
    assert "Bees visit flowers" in answer and "Menu" not in answer
    assert "allow-list" in demo.ask(f"Summarise {url.rsplit('/', 1)[0]}/other")


def test_an_agent_that_left_and_came_back(demo: Demo) -> None:
    assert demo.end("researcher") == 0
    # Not yet missed by the platform: the message waits in its mailbox and is done when it is back.
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(demo.ask("Summarise bees.md in one sentence")))
    asking.start()
    wait_for("the waiting message", lambda: any(
        r.get("mail") in ("polled", "queued") for r in demo.stage.rows(demo.ids["researcher"])))
    demo.start("researcher")
    asking.join(60)
    assert answers and "ees visit flowers" in answers[0]


def test_both_end_politely(demo: Demo) -> None:
    assert demo.end("pm") == 0
    demo.start("pm")
    assert "ees visit flowers" in demo.ask("Summarise bees.md in one sentence")
