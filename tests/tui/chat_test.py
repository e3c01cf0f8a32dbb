"""Chats of `molecule top`: what agents answer, as it comes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

from attackers import Org, PushAgents, Resident, answer_bytes
from terminals import Terminal

Terminals = Callable[..., Terminal]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
TASK = {"kind": "task", "id": "t", "contextId": "c", "status": {"state": "submitted"}}


def status(state: str, words: str = "", final: bool = False) -> dict[str, Any]:
    said = {"message": {"role": "agent", "messageId": "s", "parts": [{"kind": "text", "text": words}]}} if words else {}
    return {"kind": "status-update", "taskId": "t", "contextId": "c", "status": {"state": state, **said}, "final": final}


def piece(text: str) -> dict[str, Any]:
    return {"kind": "artifact-update", "taskId": "t", "contextId": "c", "append": True,
            "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": text}]}}


class Streamer:
    """An agent that answers piece by piece, each when it is let."""

    def __init__(self, org: Org, push_agents: PushAgents, name: str, *pieces: dict[str, Any]) -> None:
        self._pieces = pieces
        self._go = threading.Semaphore(0)
        self.asked: list[dict[str, Any]] = []
        made = org.stage.must("POST", "/workspaces", {"name": name, "runtime": "external"})
        self.resident = Resident(org, made["id"], made["connection"]["auth_token"])
        registered = self.resident.register(url=push_agents.start(self._answer), delivery_mode="push",
                                            agent_card={"name": name, "capabilities": {"streaming": True}})
        assert registered.status_code == 200, registered.text

    def _answer(self, connection: socket.socket, _head: bytes, body: bytes) -> None:
        asked = json.loads(body)
        if not asked["method"].startswith("message/"):  # The platform also looks how its task stands.
            unknown = {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "unknown method"}}
            connection.sendall(answer_bytes(json.dumps(unknown)))
            return
        self.asked.append(asked)
        connection.sendall(HEAD)
        for each in self._pieces:
            if not self._go.acquire(timeout=30):
                return
            connection.sendall(b"data: " + json.dumps({"jsonrpc": "2.0", "id": 1, "result": each}).encode() + b"\n\n")

    def go(self, pieces: int = 1) -> None:
        self._go.release(pieces)


def opened(terminal: Terminals, org: Org, name: str, sign: str = "Enter sends") -> Terminal:
    screen = terminal()
    screen.top(org.stage.data)
    screen.see("● live", name)
    screen.keys("Enter")
    screen.see(f"─ {name} ─", sign)
    return screen


def test_an_answer_is_seen_while_it_comes(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    agent = Streamer(org, push_agents, "writer", TASK, status("working", "Reading the sources"), piece("The first half, "),
                     piece("and the second half."), status("completed", final=True))
    screen = opened(terminal, org, "writer")
    screen.type("Tell me all of it")
    screen.keys("Enter")
    screen.see("you ▸", "Tell me all of it", "Tab wait no longer")
    agent.go(2)
    screen.see("Reading the sources")
    agent.go()
    text = screen.see("The first half,")
    assert "second" not in text
    agent.go()
    screen.see("The first half, and the second half.", "Tab wait no longer")
    agent.go()
    text = screen.see_no("Tab wait no longer")
    assert text.count("The first half, and the second half.") == 1 and "Enter send" in text
    [asked] = agent.asked
    assert asked["method"] == "message/stream" and asked["params"]["message"]["parts"][0]["text"] == "Tell me all of it"


def test_an_answer_comes_after_the_chat_was_left(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    agent = Streamer(org, push_agents, "writer", piece("Here it is."), status("completed", final=True))
    screen = opened(terminal, org, "writer")
    screen.type("Take your time")
    screen.keys("Enter")
    screen.see("you ▸")
    screen.keys("Escape")
    screen.see("writer …", "NAME")
    agent.go(2)
    screen.see("writer ✉")
    screen.keys("Enter")
    screen.see("writer ◂", "Here it is.")
    screen.keys("Escape")
    screen.see_no("✉")


def test_hostile_answers_are_text(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    agent = Streamer(org, push_agents, "writer", piece("\x1b[2J\x1b]0;title\x07 研究員 e\u0301\u202e\nsecond\tline\n\n\n"),
                     status("completed", final=True))
    screen = opened(terminal, org, "writer")
    screen.type("x")
    screen.keys("Enter")
    agent.go(2)
    text = screen.see("␛[2J␛]0;title␇ 研究員", "second line")
    assert text.startswith(" molecule   1 Agents")


def test_a_long_answer_is_scrolled(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    words = "\n".join(f"line {number}" for number in range(100))
    agent = Streamer(org, push_agents, "writer", piece(words), status("completed", final=True))
    screen = opened(terminal, org, "writer")
    screen.type("all")
    screen.keys("Enter")
    agent.go(2)
    screen.see("line 99")
    screen.keys(*["PPage"] * 12)
    screen.see("you ▸", "line 0", "more lines below")
    screen.resize(120, 40)
    screen.wait("the wide screen", lambda text: text.split("\n")[1] == "─" * 120)
    screen.keys(*["NPage"] * 12)
    screen.see("line 99")


def test_a_refusal_and_a_failure_are_said(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    def fails(connection: socket.socket, _head: bytes, _body: bytes) -> None:
        connection.sendall(answer_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "out of ink"}})))

    made = org.stage.must("POST", "/workspaces", {"name": "writer", "runtime": "external"})
    Resident(org, made["id"], made["connection"]["auth_token"]).register(url=push_agents.start(fails), delivery_mode="push")
    screen = opened(terminal, org, "writer")
    screen.type("x")
    screen.keys("Enter")
    screen.see("out of ink", "Enter send")
    org.stage.must("DELETE", f"/workspaces/{made['id']}?confirm=true")
    screen.see("─ gone ─")
    screen.type("y")
    screen.keys("Enter")
    screen.see("you ▸", "removed")


def test_an_agent_that_is_away_answers_later(org: Org, terminal: Terminals) -> None:
    made = org.stage.must("POST", "/workspaces", {"name": "writer", "runtime": "external"})
    agent = Resident(org, made["id"], made["connection"]["auth_token"])
    agent.register()
    screen = opened(terminal, org, "writer")
    screen.type("Are you there?")
    screen.keys("Enter")
    screen.see("the platform has it")
    # It fetches its messages and answers, while the platform is restarted in between.
    org.stage.stop()
    org.stage.start()
    [row] = [each for each in org.stage.rows(made["id"]) if each["type"] == "a2a_receive"]
    agent.ask("POST", f"/workspaces/{made['id']}/notify", {"message": "Yes, here.", "reply_to": row["id"]})
    text = screen.see("writer ◂", "Yes, here.", "Enter send")
    assert text.count("Yes, here.") == 1


def test_what_was_said_before_is_there(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    agent = Streamer(org, push_agents, "writer", piece("The first answer"), status("completed", final=True))
    agent.go(2)
    assert org.stage.say(agent.resident.id, "The first question").status_code == 200
    agent.resident.ask("POST", f"/workspaces/{agent.resident.id}/notify", {"message": "By the way"})
    screen = opened(terminal, org, "writer", sign="you ▸")
    text = screen.see("The first question", "The first answer", "By the way")
    places = [text.index(words) for words in ("The first question", "The first answer", "By the way")]
    assert places == sorted(places)
    screen.keys("Escape")
    agent.resident.ask("POST", f"/workspaces/{agent.resident.id}/notify", {"message": "And now"})
    screen.see("writer ✉")
    screen.keys("Enter")
    text = screen.see("you ▸", "And now")
    assert all(text.count(words) == 1 for words in ("The first question", "The first answer", "By the way", "And now"))


def test_an_answer_to_an_agents_question_goes_on_with_its_task(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    agent = Streamer(org, push_agents, "writer", TASK, status("input-required", "Which day?", final=True))
    agent.go(2)
    screen = opened(terminal, org, "writer")
    screen.type("Book it")
    screen.keys("Enter")
    screen.see("Which day?", "it waits for an answer", "Enter send")
    agent.go(2)
    screen.type("Friday")
    screen.keys("Enter")
    screen.wait("its second question", lambda text: text.count("Which day?") == 2)
    told = [each["params"]["message"] for each in agent.asked]
    assert "taskId" not in told[0] and told[1]["taskId"] == "t" and told[1]["contextId"] == "c"
    # Whoever looks at the list sees that it asks, and whoever opens another window what.
    screen.keys("Escape")
    screen.see("writer ?", "Enter answers: message/stream", "? 1")
    screen.keys("4")
    screen.see("1 want attention", "? asks")
    screen.keys("q")
    other = opened(terminal, org, "writer", sign="it waits for an answer")
    agent.go(2)
    other.type("Saturday")
    other.keys("Enter")
    other.wait("its third question", lambda text: text.count("Which day?") == 3)
    assert agent.asked[2]["params"]["message"]["taskId"] == "t"


def test_nobody_has_to_wait(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    agent = Streamer(org, push_agents, "writer", piece("Half"), status("completed", final=True))
    screen = opened(terminal, org, "writer")
    screen.type("x")
    screen.keys("Enter")
    agent.go()
    screen.see("Half", "Tab wait no longer")
    screen.keys("Tab")
    screen.see("no longer waited for", "Half", "Enter send")
    screen.type("another")
    screen.keys("Enter")
    screen.see("another", "Tab wait no longer")


def test_what_is_pasted_is_one_message(org: Org, terminal: Terminals, push_agents: PushAgents) -> None:
    agent = Streamer(org, push_agents, "writer", status("completed", final=True))
    screen = opened(terminal, org, "writer")
    screen.paste("first line\nsecond line\n")
    screen.see("▸ first line", "second line")
    assert agent.asked == []
    screen.keys("Enter")
    agent.go()
    screen.see("it is done, and said nothing")
    [asked] = agent.asked
    assert asked["params"]["message"]["parts"][0]["text"] == "first line\nsecond line\n"
