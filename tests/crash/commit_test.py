"""The connection to PostgreSQL ends at a COMMIT: on its way there, so that nothing is kept, or behind it, so that everything is.

The platform cannot know which. Somebody between it and the server hangs up just then. Whatever it was, a message that was
kept is carried within a lease, a message that is sent again has one result, and who follows the log misses nothing.
"""

import json
import re
import sys
import threading
import urllib.parse
import uuid
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), *(str(Path(__file__).parents[1] / beside) for beside in ("sdk", "attacks"))]
from attackers import Org, PushAgents, Relay, answer_bytes, message, refused
from follower import Gap, events, follow
from stage import DATABASE, Schema, Stage, wait_for

LOST = ["request", "answer"] if DATABASE else []
CARRIED_SECONDS = 20
"""What is left of a lease once the platform has read what is true, and some turns."""
TAG = b"COMMIT\0"


class Interrupter(Relay):
    """Hangs up at the first COMMIT behind a text, in the connection in which that text was sent to the server."""

    def __init__(self, host: str, port: int) -> None:
        self._guard = threading.Lock()
        self._text = b""
        self._lost = ""
        self._heard: dict[object, tuple[bytes, bytes]] = {}
        self._statement: dict[object, bytes] = {}
        self._marked: object = None
        self.happened = threading.Event()
        super().__init__(host, port)

    def lose(self, lost: str, behind: str) -> None:
        """Lose the request for the COMMIT, or its answer."""
        with self._guard:
            self._lost, self._text, self._marked = lost, behind.encode(), None
            self.happened.clear()

    def passes(self, near: object, data: bytes, asking: bool) -> bool:
        with self._guard:
            asked, answered = self._heard.get(near, (b"", b""))
            # What is looked for may come in two pieces.
            seen = ((asked if asking else answered) + data)[-80_000:]
            self._heard[near] = (seen[-200:], answered) if asking else (asked, seen[-200:])
            if asking and (named := re.search(rb"P.{4}(\w+)\0" + TAG, seen, re.DOTALL)):
                self._statement[near] = named[1]
            if not self._text:
                return True
            if asking and self._marked is None and self._text in seen:
                self._marked = near
                self._heard[near] = (self._heard[near][0], b"")
                seen = seen[seen.index(self._text):]  # Not the COMMIT of what went before.
            if self._marked is not near or not self._commits(near, seen, asking):
                return True
            self._text = b""
            self.happened.set()
            return False

    def _commits(self, near: object, seen: bytes, asking: bool) -> bool:
        if not asking:
            return self._lost == "answer" and TAG in seen
        # Asked for by the name of a statement that was prepared.
        named = self._statement.get(near)
        return self._lost == "request" and named is not None and re.search(rb"B.{4}\0" + named + rb"\0", seen, re.DOTALL) is not None


class Following:
    """Somebody who watches the log live, from the beginning to the end of a test."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._port = urllib.parse.urlsplit(org.stage.url).port
        self._since = self.head()
        self.seen: list[dict] = []
        self.wrong: Exception | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def head(self) -> int:
        return int(self._org.ask("GET", "/workspaces").headers["X-Molecule-Seq"])

    def _run(self) -> None:
        try:
            for event in follow(self._port, self._org.admin, self._since):
                self.seen.append(event)
        except (Gap, OSError) as wrong:
            self.wrong = wrong

    def missed_nothing(self) -> list[dict]:
        """All that the log holds by now, which is what was seen."""
        head = self.head()
        wait_for("the follower to be told", lambda: self.wrong or (self.seen and self.seen[-1]["seq"] >= head))
        assert self.wrong is None, self.wrong
        replayed = events(self._port, self._org.admin, self._since, head)
        assert [one for one in self.seen if one["seq"] <= head] == replayed
        return replayed


class Trial:
    """A platform, its store behind somebody who hangs up, and an agent of each kind."""

    def __init__(self, folder: Path, lost: str) -> None:
        self.lost = lost
        self.kept = lost == "answer"
        self._schema = Schema()
        parts = urllib.parse.urlsplit(self._schema.url)
        self.between = Interrupter(parts.hostname or "127.0.0.1", parts.port or 5432)
        credentials = parts.netloc.rpartition("@")[0]
        there = f"{credentials}{'@' if credentials else ''}127.0.0.1:{self.between.port}"
        self.stage = Stage(folder, database_url=parts._replace(netloc=there).geturl())
        self.stage.start()
        self.org = Org(self.stage)
        self._agents = PushAgents()
        self.asked: list[str] = []
        self.pushed, self.polling = self.org.resident("pushed"), self.org.resident("polling")
        assert self.pushed.register(url=self._agents.start(self._answer), delivery_mode="push").status_code == 200
        assert self.polling.register().status_code == 200
        self.following = Following(self.org)
        self.mark = f"marked {uuid.uuid4().hex}"

    def _answer(self, connection, head, body) -> None:
        said = json.loads(body)["params"]["message"]
        self.asked.append(said["messageId"])
        turn = self.asked.count(said["messageId"])
        text = f"answer {turn} to {said['parts'][0]['text']}"
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {
            "kind": "message", "role": "agent", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": text}]}})))

    def interrupted(self, ask):
        """Ask, and be told that nobody knows."""
        self.between.lose(self.lost, self.mark)
        answer = ask()
        assert self.between.happened.is_set(), answer.text
        body = refused(answer, 503)
        assert body["code"] == "commit_unknown", body
        return answer

    def come_back(self) -> None:
        wait_for("readiness", lambda: self.org.ask("GET", "/readyz").status_code == 200)

    def rows(self, of, message_id: str) -> list[dict]:
        """What the workspace received under this id."""
        rows = self.org.ask("GET", f"/workspaces/{of.id}/activity?type=a2a_receive&limit=500").json()
        return [row for row in rows if row.get("request_body", {}).get("params", {}).get("message", {}).get("messageId") == message_id]

    def result(self, of, message_id: str) -> str:
        """What became of it, "" as long as nothing did."""
        return json.dumps(self.rows(of, message_id)[0].get("response_body") or "")[1:-1]

    def told_once(self, message_id: str) -> None:
        """Followers heard of the message once, and of its end once."""
        def told(among: list[dict]) -> list[str]:
            return [event["event"] for event in among if event["payload"].get("message_id") == message_id]

        wait_for("the end to be told", lambda: "A2A_RESPONSE" in told(self.following.seen))
        heard = told(self.following.missed_nothing())
        assert (heard.count("USER_MESSAGE"), heard.count("A2A_RESPONSE")) == (1, 1), heard

    def close(self) -> None:
        self.org.close()
        self.stage.close()
        self._agents.close()
        self.between.close()
        self._schema.drop()


@pytest.fixture(params=LOST, ids=lambda lost: f"{lost} lost")
def trial(request, tmp_path):
    made = Trial(tmp_path, request.param)
    yield made
    made.close()


def test_a_message_that_is_pushed_is_carried_without_being_sent_again(trial: Trial) -> None:
    inbox, sent = f"/workspaces/{trial.pushed.id}/a2a", message(f"do it, {trial.mark}", "m1")
    trial.interrupted(lambda: trial.org.ask("POST", inbox, sent))
    trial.come_back()
    if trial.kept:
        wait_for("the agent to be asked", lambda: trial.asked == ["m1"], CARRIED_SECONDS)
        wait_for("its result", lambda: trial.result(trial.pushed, "m1"))
    else:
        assert trial.org.ask("POST", inbox, message("another")).status_code == 200
        assert "m1" not in trial.asked and not trial.rows(trial.pushed, "m1")
    again = [trial.org.ask("POST", inbox, sent) for _ in range(2)]
    assert [answer.status_code for answer in again] == [200, 200]
    assert again[0].content == again[1].content and f"answer 1 to do it, {trial.mark}" in again[0].text
    assert trial.asked.count("m1") == 1 and len(trial.rows(trial.pushed, "m1")) == 1
    trial.told_once("m1")


def test_a_message_that_waits_is_fetched_once(trial: Trial) -> None:
    inbox, sent = f"/workspaces/{trial.polling.id}/a2a", message(f"do it, {trial.mark}", "m1")
    trial.interrupted(lambda: trial.org.ask("POST", inbox, sent))
    trial.come_back()
    found = trial.rows(trial.polling, "m1")
    assert len(found) == (1 if trial.kept else 0)
    again = [trial.org.ask("POST", inbox, sent) for _ in range(2)]
    assert [answer.status_code for answer in again] == [200, 200], again[0].text
    rows = trial.rows(trial.polling, "m1")
    assert [answer.json()["activity_id"] for answer in again] == [rows[0]["id"]] * 2 and len(rows) == 1
    reply = trial.polling.ask("POST", "/workspaces/SELF/notify", {"message": "done", "reply_to": rows[0]["id"]})
    assert reply.status_code == 200
    trial.told_once("m1")


def test_an_answer_is_recorded_once_and_its_work_done_once(trial: Trial) -> None:
    inbox, sent = f"/workspaces/{trial.pushed.id}/a2a", message("do it", "m1")
    trial.mark = "answer 1 to do it"
    trial.interrupted(lambda: trial.org.ask("POST", inbox, sent))
    trial.come_back()
    wait_for("the result", lambda: trial.result(trial.pushed, "m1"), CARRIED_SECONDS)
    again = [trial.org.ask("POST", inbox, sent) for _ in range(2)]
    assert [answer.status_code for answer in again] == [200, 200]
    assert again[0].content == again[1].content and "answer 1 to do it" in again[0].text
    assert trial.asked == ["m1"] and len(trial.rows(trial.pushed, "m1")) == 1
    trial.told_once("m1")


def test_a_reply_is_recorded_once(trial: Trial) -> None:
    inbox, sent = f"/workspaces/{trial.polling.id}/a2a", message("do it", "m1")
    asked = trial.org.ask("POST", inbox, sent).json()["activity_id"]
    reply = {"message": f"done, {trial.mark}", "reply_to": asked}
    trial.interrupted(lambda: trial.polling.ask("POST", "/workspaces/SELF/notify", reply))
    trial.come_back()
    again = trial.polling.ask("POST", "/workspaces/SELF/notify", reply)
    assert again.status_code == 200 and bool(again.json().get("duplicate")) == trial.kept, again.text
    assert len(trial.rows(trial.polling, "m1")) == 1 and trial.mark in trial.result(trial.polling, "m1")
    trial.told_once("m1")


def test_work_that_is_handed_over_is_done_once(trial: Trial) -> None:
    work = {"target_id": trial.pushed.id, "task": f"do it, {trial.mark}", "idempotency_key": "k1"}
    trial.interrupted(lambda: trial.polling.ask("POST", "/workspaces/SELF/delegate", work))
    trial.come_back()
    if trial.kept:
        wait_for("the agent to be asked", lambda: len(trial.asked) == 1, CARRIED_SECONDS)
    again = [trial.polling.ask("POST", "/workspaces/SELF/delegate", work) for _ in range(2)]
    assert {answer.status_code for answer in again} <= {200, 202}, again[0].text
    known = {answer.json()["delegation_id"] for answer in again}
    assert len(known) == 1
    where = f"/workspaces/SELF/delegations/{known.pop()}"
    found = wait_for("the result", lambda: (
        it := trial.polling.ask("GET", where).json())["status"] == "completed" and it, CARRIED_SECONDS)
    assert trial.mark in found["result"] and len(trial.asked) == 1
    trial.following.missed_nothing()


def test_after_a_restart_it_is_the_same(trial: Trial) -> None:
    inbox, sent = f"/workspaces/{trial.pushed.id}/a2a", message(f"do it, {trial.mark}", "m1")
    trial.interrupted(lambda: trial.org.ask("POST", inbox, sent))
    trial.stage.kill()
    trial.stage.start()
    if trial.kept:
        wait_for("the agent to be asked", lambda: trial.pushed.beat().status_code == 200 and trial.asked == ["m1"], CARRIED_SECONDS)
    again = wait_for("the result", lambda: (
        answer := trial.org.ask("POST", inbox, sent)).status_code == 200 and answer, CARRIED_SECONDS)
    assert "answer 1 to" in again.text and trial.asked == ["m1"] and len(trial.rows(trial.pushed, "m1")) == 1
