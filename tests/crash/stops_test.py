"""SIGTERM under load is a clean end: status 0, within the time that requests have, and nothing acknowledged is forgotten."""

import json
import os
import random
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from agents import LOST, PushAgent
from plane import Plane, Refused, Session

ROUNDS = int(os.environ.get("MOLECULE_STOP_ROUNDS", "20"))
SEED = int(os.environ.get("MOLECULE_CRASH_SEED") or random.SystemRandom().randrange(1 << 32))
DRAIN_SECONDS = 25
"""What the platform gives requests that are under way."""
SENDERS = 12


class SlowAgent(PushAgent):
    """Works up to a second on each message."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        super().__init__()

    def _answer(self, request) -> bytes:
        time.sleep(self.chance.uniform(0.0, 1.0))
        return super()._answer(request)


def envelope(message: str) -> dict:
    return {"jsonrpc": "2.0", "id": message, "method": "message/send",
            "params": {"message": {"role": "user", "messageId": message, "parts": [{"kind": "text", "text": f"do {message}"}]}}}


class Load:
    """Everything at once: slow work, mail for an agent that is away, mail nobody fetches, beats, followers, long polls."""

    def __init__(self, plane: Plane, chance: random.Random):
        self.plane, self.chance = plane, chance
        plane.start()
        self.admin = plane.admin()
        self.agent = SlowAgent(chance)
        session = plane.session(self.admin)
        self.targets = []
        for name, fields in {"slow": {"url": self.agent.url, "max_concurrent_tasks": 8}, "away": {"url": "http://127.0.0.1:9/"},
                             "polls": {"delivery_mode": "poll"}}.items():
            self.targets.append(session.must("POST", "/workspaces", {"name": name, "external": True, **fields})["id"])
        self.tokens = [session.must("POST", f"/workspaces/{target}/tokens", {})["auth_token"] for target in self.targets]
        session.close()
        self.acknowledged: dict[str, tuple[str, str]] = {}
        self.wrong: list[str] = []

    def life(self, number: int, seconds: float) -> tuple[int, float]:
        """Load the platform that runs, stop it in the middle; its status and how long it took."""
        over = threading.Event()
        threads = [threading.Thread(target=self._until, args=(over, self._send, f"{number}-{n}"), daemon=True) for n in range(SENDERS)]
        for index in range(len(self.targets)):
            threads += [threading.Thread(target=self._until, args=(over, work, index), daemon=True) for work in (self._beat, self._wait, self._follow)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        began = time.monotonic()
        status = self.plane.stop()
        took = time.monotonic() - began
        over.set()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads), "a client was left without an end of its connection"
        return status, took

    def _until(self, over: threading.Event, work, what) -> None:
        while not over.is_set():
            try:
                work(over, what)
            except LOST:
                time.sleep(0.01)  # It is going down, or gone.
            except Refused as wrong:
                self.wrong.append(str(wrong))
                return

    def _asking(self, bearer: str) -> Session:
        return self.plane.session(bearer, timeout=40)

    def _send(self, over: threading.Event, name: str) -> None:
        session = self._asking(self.admin)
        try:
            for count in range(1_000_000):
                if over.is_set():
                    return
                message, target = f"m-{name}-{time.monotonic_ns()}-{count}", self.chance.choice(self.targets)
                status, answer, _ = session.ask("POST", f"/workspaces/{target}/a2a", envelope(message))
                if status in (200, 202) and "result" not in answer:
                    raise Refused(f"{status} {answer}")
                if status in (200, 202):
                    self.acknowledged[message] = (target, json.dumps(answer["result"].get("parts") or answer["result"]["id"]))
                elif status not in (429, 503):
                    raise Refused(f"{status} {answer}")
        finally:
            session.close()

    def _beat(self, over: threading.Event, index: int) -> None:
        session = self._asking(self.tokens[index])
        try:
            while not over.wait(0.05):
                status, answer, _ = session.ask("POST", "/registry/heartbeat", {"workspace_id": self.targets[index], "active_tasks": 0})
                if status not in (200, 503):
                    raise Refused(f"{status} {answer}")
        finally:
            session.close()

    def _wait(self, over: threading.Event, index: int) -> None:
        session = self._asking(self.tokens[index])
        try:
            while not over.is_set():
                session.ask("GET", f"/workspaces/{self.targets[index]}/activity?type=error&wait=30")
        finally:
            session.close()

    def _follow(self, over: threading.Event, index: int) -> None:
        session = self._asking(self.tokens[index])
        try:
            session.connection.request("GET", f"/workspaces/{self.targets[index]}/events/stream", headers=session.headers)
            answer = session.connection.getresponse()
            while not over.is_set() and answer.read1(65536):
                pass
            time.sleep(0.01)
        finally:
            session.close()

    def prove(self) -> None:
        """Sent again, each message is known: its answer, or the receipt under the same id."""
        session = self.plane.session(self.admin)
        for message in self.chance.sample(sorted(self.acknowledged), min(50, len(self.acknowledged))):
            target, said = self.acknowledged[message]
            status, answer, _ = session.ask("POST", f"/workspaces/{target}/a2a", envelope(message))
            assert status in (200, 202), f"{message}: {status} {answer}"
            now = json.dumps(answer["result"].get("parts") or answer["result"]["id"])
            assert now == said or "parts" in answer["result"], f"{message} was {said} and is {now}"
        session.close()


@pytest.fixture
def load(tmp_path):
    binary = Path(os.environ.get("MOLECULE_BINARY", Path(__file__).resolve().parents[2] / "build/dev/molecule"))
    load = Load(Plane(binary, tmp_path), random.Random(SEED))
    yield load
    load.agent.close()
    if load.plane.process is not None:
        load.plane.kill()


def test_stops_under_load_are_clean(load):
    print(f"\nstops: {ROUNDS} rounds, seed {SEED}, log {load.plane.log}", flush=True)
    times = []
    for number in range(ROUNDS):
        status, took = load.life(number, load.chance.uniform(0.05, 0.8))
        assert status == 0, f"round {number}, seed {SEED}: ended with {status}; see {load.plane.log}"
        assert took < DRAIN_SECONDS, f"round {number}, seed {SEED}: {took:.1f} s"
        assert not load.wrong, f"round {number}, seed {SEED}: {load.wrong[:3]}"
        times.append(took)
        load.plane.start()
        load.prove()
    print(f"  {ROUNDS} stops: {len(load.acknowledged)} messages acknowledged, stopped in {sorted(times)[len(times) // 2]:.2f} s "
          f"(median), {max(times):.2f} s (longest)", flush=True)
    assert len(load.acknowledged) > ROUNDS, "there was no load"
    errors = [line for line in load.plane.log.read_text().splitlines() if '"level":"error"' in line]
    assert not errors, errors[:3]
    assert load.plane.stop() == 0
