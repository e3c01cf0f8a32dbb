"""kill -9 under load loses no acknowledged message and records no result twice."""

import os
import random
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from agents import LOST, PollAgent, PushAgent
from follower import events
from ledger import Ledger
from plane import Plane

ROUNDS = int(os.environ.get("MOLECULE_CRASH_ROUNDS", "200"))
SEED = int(os.environ.get("MOLECULE_CRASH_SEED") or random.SystemRandom().randrange(1 << 32))
SENDERS = 6
SETTLE_SECONDS = 120


def envelope(message: str, text: str) -> dict:
    return {
        "jsonrpc": "2.0", "id": message, "method": "message/send",
        "params": {"message": {"role": "user", "messageId": message, "parts": [{"kind": "text", "text": text}]}},
    }


class Story:
    """One data directory over many lives of the platform."""

    def __init__(self, plane: Plane):
        self.plane = plane
        self.chance = random.Random(SEED)
        self.ledger = Ledger()
        self.cursor: dict[str, str] = {}
        self.seq = 0
        self.wrong: list[str] = []
        plane.start()
        self.admin = plane.admin()
        session = plane.session(self.admin)
        self.pusher = PushAgent()
        self.push = session.must(
            "POST", "/workspaces", {"name": "pushed", "external": True, "url": self.pusher.url, "max_concurrent_tasks": 1000}
        )["id"]
        self.push_token = session.must("POST", f"/workspaces/{self.push}/tokens", {})["auth_token"]
        made = session.must("POST", "/workspaces", {"name": "polling", "external": True, "delivery_mode": "poll"})
        self.poll = self.ledger.poll = made["id"]
        self.poller = PollAgent(plane, self.poll, made["connection"]["auth_token"])
        self.seq = self.head(session)
        session.close()

    def head(self, session) -> int:
        _, _, headers = session.ask("GET", "/workspaces")
        return int(next(v for k, v in headers.items() if k.lower() == "x-molecule-seq"))

    # ---- load

    def send(self, session, message: str, workspace: str, text: str) -> None:
        self.ledger.sent(message, workspace, text)
        status, body, _ = session.ask("POST", f"/workspaces/{workspace}/a2a", envelope(message, text))
        wrong = self.ledger.promised(message, status, body) if status in (200, 202) else f"{message}: {status} {body}"
        if wrong:
            self.wrong.append(wrong)

    def again(self, session, message: str) -> None:
        self.send(session, message, self.ledger.target[message], self.ledger.text[message])

    def sender(self, name: str, seed: int, ended: threading.Event):
        chance = random.Random(seed)
        session = self.plane.session(self.admin, timeout=20)
        last = ""
        try:
            number = 0
            while not ended.is_set():
                if last and chance.random() < 0.1:
                    self.again(session, last)
                    continue
                last = f"{name}-{number}"
                number += 1
                text = "word " * (2000 if chance.random() < 0.02 else chance.randrange(1, 40))
                self.send(session, last, self.push if chance.random() < 0.5 else self.poll, text)
        except LOST:
            pass  # The kill: this message stays unanswered.
        finally:
            session.close()

    def live(self, number: int) -> None:
        """One life: load, then death at a random moment."""
        beat = self.plane.session(self.push_token)
        beat.must("POST", "/registry/heartbeat", {"workspace_id": self.push})
        beat.close()
        ended = threading.Event()
        threads = [
            threading.Thread(target=self.sender, args=(f"r{number}-s{i}", self.chance.randrange(1 << 32), ended)) for i in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(self.chance.uniform(0.02, 0.35))  # The moment of death, not a wait for anything.
        self.plane.kill()
        ended.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive(), "a sender hangs on a dead platform"

    # ---- proofs

    def read_rows(self, session, workspace: str) -> None:
        while True:
            since = f"&since_id={self.cursor[workspace]}" if workspace in self.cursor else ""
            rows = session.must("GET", f"/workspaces/{workspace}/activity?type=a2a_receive&order=asc&limit=500{since}")
            for row in rows:
                self.ledger.saw_row(row)
                self.cursor[workspace] = row["id"]
            if len(rows) < 500:
                return

    def read_log(self, session) -> None:
        head = self.head(session)
        assert head >= self.seq, f"the log went back from {self.seq} to {head}"
        for event in events(self.plane.port, self.admin, self.seq, head):
            self.ledger.saw_event(event)
        self.seq = max(self.seq, head)

    def prove(self) -> None:
        assert not self.wrong, self.wrong[:3]
        assert not self.poller.wrong, self.poller.wrong[:3]
        session = self.plane.session(self.admin, timeout=30)
        for workspace in (self.push, self.poll):
            self.read_rows(session, workspace)
        assert not self.ledger.missing(), f"acknowledged and gone: {self.ledger.missing()[:5]}"
        # Some of what was promised is asked for again, and all that a sender never heard about.
        promised = sorted(self.ledger.answers)
        for message in self.chance.sample(promised, min(8, len(promised))) + sorted(self.ledger.unanswered):
            self.again(session, message)
        assert not self.wrong, self.wrong[:3]
        self.read_log(session)
        session.close()

    def unsettled(self) -> list[str]:
        open_results = [m for m, w in self.ledger.target.items() if w == self.push and m in self.ledger.rows and self.ledger.results[m] != 1]
        open_answers = [m for m, w in self.ledger.target.items() if w == self.poll and self.ledger.replies[self.ledger.rows.get(m, "")] != 1]
        return open_results + open_answers

    def settle(self) -> None:
        """In the end every message has exactly one result, those in flight at a kill included."""
        end = time.monotonic() + SETTLE_SECONDS
        while True:
            beat = self.plane.session(self.push_token)
            beat.must("POST", "/registry/heartbeat", {"workspace_id": self.push})
            beat.close()
            self.prove()
            left = self.unsettled()
            if not left:
                return
            assert time.monotonic() < end, f"{len(left)} messages without a result, such as {left[:5]}"
            time.sleep(0.2)


@pytest.fixture
def story(tmp_path):
    binary = Path(os.environ.get("MOLECULE_BINARY", Path(__file__).resolve().parents[2] / "build/dev/molecule"))
    assert binary.exists(), f"{binary} is not built"
    print(f"\nkill -9: {ROUNDS} rounds, seed {SEED}, log {tmp_path}/platform.log", flush=True)
    plane = Plane(binary, tmp_path)
    story = Story(plane)
    yield story
    story.poller.close()
    story.pusher.close()
    if plane.process is not None:
        plane.kill()


def test_nothing_acknowledged_is_lost_and_no_result_is_recorded_twice(story):
    began = time.monotonic()
    for number in range(ROUNDS):
        story.live(number)
        if story.chance.random() < 0.1:
            story.plane.start_and_kill_before_ready(story.chance.uniform(0.0, 0.06))
        story.plane.start()
        try:
            story.prove()
        except AssertionError as wrong:
            raise AssertionError(f"round {number}, seed {SEED}: {wrong}") from wrong
        if (number + 1) % 25 == 0:
            print(f"  {number + 1} kills, {len(story.ledger.rows)} messages, {time.monotonic() - began:.0f} s", flush=True)
    story.settle()
    repeats = sum(n - 1 for n in story.pusher.deliveries.values())
    print(f"  {ROUNDS} kills: {len(story.ledger.answers)} messages acknowledged, {repeats} delivered again, log at {story.seq}", flush=True)
    # The load has to have been one: a run that sent next to nothing proves nothing.
    assert len(story.ledger.answers) > ROUNDS * 10
    story.poller.close()
    assert story.plane.stop() == 0, "SIGTERM is a clean end"
    for database in story.plane.data.glob("*.db"):
        with sqlite3.connect(database) as checked:
            assert checked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            count, first, last = checked.execute("SELECT COUNT(*), MIN(seq), MAX(seq) FROM log").fetchone()
            assert count == last - first + 1, f"{count} facts from {first} to {last}"
