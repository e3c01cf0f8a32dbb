"""Platform, agents and ways end at random moments under load, and nothing acknowledged is lost, recorded twice or turned
around; a stream that was cut is, byte for byte, the one that was not."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sdk")]
from agents import PollAgent, PushAgent
from follower import events
from ledger import Ledger
from plane import Plane
from relayed import Command, Server
from senders import Sender, Streams
from stage import BINARY, DATABASE, Schema

ROUNDS = int(os.environ.get("MOLECULE_RELAY_ROUNDS", "2"))
SEED = int(os.environ.get("MOLECULE_CRASH_SEED") or random.SystemRandom().randrange(1 << 32))
LONGEST = float(os.environ.get("MOLECULE_RELAY_SLEEP", "1.5"))
"""Seconds that an agent sleeps or a way is blocked, at most."""
CARRIED_AT_ONCE = 16
"""So many of a sender's messages go to an agent together. They go out in order, as the simulation of schedules proves; each
goes to a connection or a process of its own there, and which of those is at work first is chance."""
NAP_SECONDS = float(os.environ.get("MOLECULE_RELAY_NAP", "0"))
"""How long one agent sleeps, about, now and then; what is under way is kept for two minutes."""
NAPS = 2
SETTLE_SECONDS = 150
"""A connection that was found dead is given up after a minute or two."""


def told_as(heard: list[tuple[int, bytes]], is_: list[tuple[int, bytes]]) -> bool:
    """Whether the first event was heard as it is. To whom the platform told a task before, its agent's is told as news of it."""
    if not heard or heard == is_:
        return True
    news, task = (json.loads(each[0][1].removeprefix(b"data: "))["result"] for each in (heard, is_))
    return bool((news["kind"], task["kind"]) == ("status-update", "task") and news["taskId"] == task["id"]
                and news["status"] == task["status"] and heard[0][0] == is_[0][0])


class Story:
    """One store over many lives of the platform, and agents of every kind."""

    def __init__(self, plane: Plane, folder: Path) -> None:
        self.plane = plane
        self.chance = random.Random(SEED)
        self.ledger = Ledger()
        self.streams = Streams(plane)
        self.kills = 0
        self.broken_off = 0
        self._cursor: dict[str, str] = {}
        plane.start()
        self.admin = plane.admin()
        self._session = plane.session(self.admin)
        self.boss, boss_token = self._workspace("boss")
        self.pusher = PushAgent()
        self.push, self.push_token = self._workspace("pushed", url=self.pusher.url, max_concurrent_tasks=100)
        self.poll, poll_token = self._workspace("polling", delivery_mode="poll")
        self.ledger.poll = self.poll
        self.poller = PollAgent(plane, self.poll, poll_token)
        url = f"http://127.0.0.1:{plane.port}"
        self.dialled = [kind(folder / name, url, *self._workspace(name)) for name, kind in (("command", Command), ("server", Server))]
        self.seq = self.head()
        targets = {"push": self.push, "poll": self.poll, "command": self.dialled[0].workspace, "server": self.dialled[1].workspace}
        self.senders = [Sender(f"{sender}-{name}", plane, self.ledger, self.streams, bearer, target, self.chance.randrange(1 << 32))
                        for sender, bearer in (("person", self.admin), ("boss", boss_token)) for name, target in targets.items()
                        # Who polls answers people over the way that this agent takes, and agents over another.
                        if (sender, name) != ("boss", "poll")]

    def _workspace(self, name: str, **more: object) -> tuple[str, str]:
        parent = {"parent_id": self.boss} if name != "boss" else {}
        made = self._session.must("POST", "/workspaces", {"name": name, "external": True, **parent, **more})["id"]
        return made, self._session.must("POST", f"/workspaces/{made}/tokens", {})["auth_token"]

    def head(self) -> int:
        _, _, headers = self._session.ask("GET", "/workspaces")
        return int(next(value for name, value in headers.items() if name.lower() == "x-molecule-seq"))

    # ---- trouble

    def round(self) -> list[str]:
        told = []
        troubles = [(each, *each.trouble(self.chance, LONGEST)) for each in self.dialled]
        self.chance.shuffle(troubles)
        kill_at = self.chance.randrange(4)  # The last means not at all.
        for number, (agent, what, seconds) in enumerate(troubles):
            time.sleep(self.chance.uniform(0, 0.4))  # The moment, not a wait for anything.
            if number == kill_at:
                told.append("kill the platform")
                self.kill(self.chance.uniform(0, 0.3))
            told.append(f"{what} {type(agent).__name__} {seconds:.2f}")
            getattr(agent, what)(seconds)
        self.beat()
        return told

    def nap(self) -> str:
        agent = self.chance.choice(self.dialled)
        seconds = NAP_SECONDS * self.chance.uniform(0.75, 1.25)
        sleeping = threading.Thread(target=agent.freeze, args=(seconds,))
        sleeping.start()
        while sleeping.is_alive():
            self.prove()  # Meanwhile more is told than a follower may be behind.
            sleeping.join(1)
        return f"nap {type(agent).__name__} {seconds:.0f}"

    def kill(self, away: float) -> None:
        self.kills += 1
        self._session.close()
        self.plane.kill()
        time.sleep(away)
        self.plane.start()
        self._session = self.plane.session(self.admin, timeout=30)

    def beat(self) -> None:
        beat = self.plane.session(self.push_token)
        beat.must("POST", "/registry/heartbeat", {"workspace_id": self.push})
        beat.close()

    # ---- proofs

    def prove(self) -> None:
        wrong = [each for sender in self.senders for each in sender.wrong] + self.poller.wrong
        assert not wrong, wrong[:3]
        promised = self.ledger.acknowledged()  # More is while the rows are read.
        for workspace in (self.push, self.poll, *(each.workspace for each in self.dialled)):
            self._read_rows(workspace)
        gone = sorted(promised - self.ledger.rows.keys())
        assert not gone, f"acknowledged and gone: {gone[:5]}"
        head = self.head()
        for event in events(self.plane.port, self.admin, self.seq, head):
            self.ledger.saw_event(event)
        self.seq = max(self.seq, head)

    def _read_rows(self, workspace: str) -> None:
        while True:
            since = f"&since_id={self._cursor[workspace]}" if workspace in self._cursor else ""
            rows = self._session.must("GET", f"/workspaces/{workspace}/activity?type=a2a_receive&order=asc&limit=500{since}")
            for row in rows:
                self.ledger.saw_row(row)
                self._cursor[workspace] = row["id"]
            if len(rows) < 500:
                return

    def settle(self) -> None:
        for sender in self.senders:
            sender.stop()
        end = time.monotonic() + SETTLE_SECONDS
        for sender in self.senders:
            sender.join(max(0.0, end - time.monotonic()))
            assert not sender.is_alive(), f"{sender.sent[-1]} hangs"
        while True:
            self.beat()
            self.prove()
            left = self.unsettled()
            if not left:
                return
            assert time.monotonic() < end, f"{len(left)} messages without a result, such as {left[:5]}"
            time.sleep(0.1)

    def unsettled(self) -> list[str]:
        ledger = self.ledger
        return [message for message, workspace in ledger.target.items() if message in ledger.rows and (
            ledger.replies[ledger.rows[message]] if workspace == self.poll else ledger.results[message]) != 1]

    def results_stand(self) -> None:
        """Whoever asks again is told the same."""
        for sender in self.senders:
            for message in sender.sent:
                text, workspace = self.ledger.text[message], self.ledger.target[message]
                heard = self.streams.heard.get(message)
                if heard is None:
                    sender._send(message, text)
                else:
                    whole = self.streams.read(sender._bearer, workspace, message, text, 0)
                    assert whole and [number for number, _ in whole] == list(range(1, len(whole) + 1)), f"{message}: {whole}"
                    assert heard[1:] == whole[1:len(heard)] and told_as(heard[:1], whole[:1]), (
                        f"{message} was heard as {heard} and is {whole}")
                    self.broken_off += b'"error"' in whole[-1][1]
            assert not sender.wrong, sender.wrong[:3]

    def in_order(self) -> None:
        """Of one sender to one target: accepted in the order of sending, and met in it as far as they do not go together."""
        for sender in self.senders:
            turn = {message: number for number, message in enumerate(sender.sent)}
            accepted = [turn[message] for message in self.ledger.rows if message in turn]
            assert accepted == sorted(accepted), f"{sender.name}: accepted as {accepted}"
            for order in (self.pusher.order, *(each.order() for each in self.dialled)):
                met = [turn[message] for message in dict.fromkeys(order) if message in turn]
                furthest = 0
                for number in met:
                    furthest = max(furthest, number)
                    assert furthest - number < CARRIED_AT_ONCE, f"{sender.name}: {number} was met after {furthest} in {met}"

    def close(self) -> None:
        for sender in self.senders:
            sender.stop()
        self.poller.close()
        for each in self.dialled:
            each.close()
        self.pusher.close()
        if self.plane.process is not None:
            self.plane.kill()
        for sender in self.senders:
            sender.join(20)


@pytest.fixture(params=["sqlite", "postgresql"] if DATABASE else ["sqlite"])
def story(request, tmp_path):
    assert BINARY.exists(), f"{BINARY} is not built"
    schema = Schema() if request.param == "postgresql" else None
    print(f"\nrelays: {ROUNDS} rounds on {request.param}, seed {SEED}, log {tmp_path}/platform.log", flush=True)
    made = Story(Plane(BINARY, tmp_path, schema.url if schema else ""), tmp_path)
    yield made
    made.close()
    if schema:
        schema.drop()


def test_what_ends_under_load_loses_nothing_and_repeats_nothing(story):
    began = time.monotonic()
    for number in range(ROUNDS):
        naps = NAP_SECONDS and (number + 1) % max(1, ROUNDS // (NAPS + 1)) == 0 and number + 1 < ROUNDS
        told = story.round() + ([story.nap()] if naps else [])
        try:
            story.prove()
        except AssertionError as wrong:
            raise AssertionError(f"round {number}, seed {SEED}, {', '.join(told)}: {wrong}") from wrong
    story.settle()
    story.results_stand()
    story.in_order()
    settled = len(story.ledger.acknowledged())
    print(f"  {ROUNDS} rounds, {story.kills} kills of the platform: {settled} messages, {story.streams.resumed} streams resumed, "
          f"{story.broken_off} broken off for good, log at {story.seq}, {time.monotonic() - began:.0f} s", flush=True)
    # The load has to have been one.
    assert settled > ROUNDS * 10 and story.streams.heard
