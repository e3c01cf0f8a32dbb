#!/usr/bin/python3
"""An agent's program that does what the last word of its text says, in the dialect that its name stands for: claude speaks
stream-json, gemini and opencode ACP, codex its app-server. What was said in a session is kept below HOME, as theirs is.

Nothing here is of the runtime: a program of somebody else's, which behaves or does not.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

KEPT = Path(os.environ["HOME"]) / "kept"
LONG = 1 << 20


def put(message: Any) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


class Fake:
    """What all dialects have in common: a session, its turns, and how a turn goes wrong."""

    model = ""
    system = ""

    def __init__(self) -> None:
        self.session = ""
        self.stopping = threading.Event()
        self.turning: threading.Thread | None = None
        self.deaf = False

    # --- what a dialect says ---

    def text(self, piece: str) -> None:
        raise NotImplementedError

    def tool(self, name: str) -> None:
        raise NotImplementedError

    def may(self, name: str) -> bool:
        """Asks whether it may use a tool that runs something."""
        return True

    def over(self, how: str, why: str = "", status: int = 0) -> None:
        """completed, canceled or failed."""
        raise NotImplementedError

    def hear(self, message: dict[str, Any]) -> None:
        raise NotImplementedError

    # --- sessions ---

    def begin(self) -> None:
        self.session = str(uuid.uuid4())
        KEPT.mkdir(exist_ok=True)
        (KEPT / self.session).touch()

    def bring_back(self, session: str) -> bool:
        if not (KEPT / session).exists():
            return False
        self.session = session
        return True

    # --- turns ---

    def start_turn(self, text: str) -> None:
        self.stopping.clear()
        if text.startswith("deaf"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.turning = threading.Thread(target=self.turn, args=(text,), daemon=True)
        self.turning.start()

    def turn(self, text: str) -> None:
        history = (KEPT / self.session).read_text().splitlines()
        with (KEPT / self.session).open("a") as file:
            file.write(text.splitlines()[0] + "\n")
        word = text.split()[0]
        act = getattr(self, f"do_{word.replace('-', '_')}", None)
        if act is None:
            self.text(f"heard: {text}")
            return self.over("completed")
        act(history)

    def do_pieces(self, _: list[str]) -> None:
        for piece in ("one ", "two ", "drei\u00fc"):
            self.text(piece)
            time.sleep(0.05)
        self.over("completed")

    def do_tool(self, _: list[str]) -> None:
        self.tool("mcp__molecule__list_peers")
        self.text("used it")
        self.over("completed")

    def do_work(self, _: list[str]) -> None:
        self.text("did it" if self.may("Bash") else "was refused")
        self.over("completed")

    def do_history(self, history: list[str]) -> None:
        self.text(f"{self.session} {len(history)}: " + " | ".join(history))
        self.over("completed")

    def do_about(self, _: list[str]) -> None:
        self.text(json.dumps({"argv": sys.argv[1:], "env": sorted(os.environ), "cwd": os.getcwd(), "system": self.system}))
        self.over("completed")

    def do_auth(self, _: list[str]) -> None:
        self.over("failed", "Invalid API key", 401)

    def do_key(self, _: list[str]) -> None:
        """Refused unless the newest key is among what it was given."""
        newest = (Path(os.environ["HOME"]) / "newest").read_text()
        if newest not in os.environ.values():
            return self.do_auth(_)
        self.text("taken")
        self.over("completed")

    def do_rate(self, _: list[str]) -> None:
        self.over("failed", "Too many requests", 429)

    def do_hang(self, _: list[str]) -> None:
        self.stopping.wait(60)
        self.over("canceled")

    def do_stream(self, _: list[str]) -> None:
        self.text("begun")
        self.stopping.wait(60)
        self.over("canceled")

    def do_deaf(self, _: list[str]) -> None:
        self.deaf = True
        self.text("begun")
        time.sleep(60)

    def do_die(self, _: list[str]) -> None:
        self.text("half of it")
        print("out of memory, or so", file=sys.stderr, flush=True)
        os._exit(7)

    def do_junk(self, _: list[str]) -> None:
        os.write(1, b"npm WARN old lockfile\n{broken\n[1]\n{\"type\":7}\n\xff\xfe\n{\"jsonrpc\":\"2.0\",\"method\":\"never/heard\"}\n")
        self.text("after all that")
        self.over("completed")

    def do_long(self, _: list[str]) -> None:
        self.text("x" * LONG)
        self.over("completed")

    def do_no_end(self, _: list[str]) -> None:
        self.text("as if it were all")
        os._exit(0)

    def do_empty(self, _: list[str]) -> None:
        self.over("completed")

    def do_closes(self, _: list[str]) -> None:
        os.close(0)
        self.text("deaf from now on")
        self.over("completed")
        os._exit(0)

    def do_adds(self, _: list[str]) -> None:
        """A whole turn of its own behind this one, as when something that it left running has ended."""
        self.text("as asked")
        self.over("completed")
        time.sleep(0.1)
        self.own_turn()
        (Path(os.environ["HOME"]) / "added").touch()

    def own_turn(self) -> None:
        self.text("of my own accord")
        self.over("completed")

    def do_leaves(self, _: list[str]) -> None:
        stay = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
        subprocess.Popen([sys.executable, "-c", stay, os.environ.get("MARK", "mark")], stdin=subprocess.DEVNULL)
        self.text("left something behind")
        self.over("completed")

    def run(self) -> None:
        while True:
            try:
                line = sys.stdin.readline()
            except OSError:
                # A turn has closed it before it was waited at; that turn ends the program.
                threading.Event().wait(60)
                break
            if not line:
                break
            if not self.deaf:
                self.hear(json.loads(line))
        while self.deaf:
            time.sleep(1)


def option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""


class Claude(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.system = Path(option("--append-system-prompt-file")).read_text()
        assert "molecule" in json.loads(Path(option("--mcp-config")).read_text())["mcpServers"]
        resume = option("--resume")
        if resume and not self.bring_back(resume):
            print(f"No conversation found with session ID: {resume}", file=sys.stderr, flush=True)
            os._exit(1)
        if not resume:
            self.begin()
        self.interrupted = False
        self.message = ""
        self.own: queue.Queue[dict[str, Any]] | None = None

    def own_turn(self) -> None:
        self.init()
        super().own_turn()

    def do_begins_its_own(self, _: list[str]) -> None:
        """What it is told while it is in a turn of its own it takes up behind that."""
        self.text("as asked")
        self.own = queue.Queue()
        self.over("completed")
        self.init()
        self.text("of my own ")
        (Path(os.environ["HOME"]) / "added").touch()
        message = self.own.get(timeout=20)
        self.own = None
        super().own_turn()
        self.hear(message)

    def init(self) -> None:
        put({"type": "system", "subtype": "init", "session_id": self.session, "tools": [], "model": "fake"})

    def echo(self) -> None:
        """It repeats what it has taken up once it has begun to answer."""
        if "--replay-user-messages" in sys.argv and self.message:
            put({"type": "user", "uuid": self.message, "isReplay": True, "session_id": self.session, "message": {"role": "user", "content": ""}})
        self.message = ""

    def text(self, piece: str) -> None:
        put({"type": "stream_event", "session_id": self.session, "event":
             {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}})
        self.echo()

    def tool(self, name: str) -> None:
        self.allowed = threading.Event()
        put({"type": "stream_event", "event": {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "name": name}}})
        put({"type": "control_request", "request_id": "q1", "request": {"subtype": "can_use_tool", "tool_name": name, "input": {"a": [1]}}})
        assert self.allowed.wait(10)

    def may(self, name: str) -> bool:
        self.allowed = threading.Event()
        put({"type": "control_request", "request_id": "q2", "request": {"subtype": "can_use_tool", "tool_name": name, "input": {"command": "ls"}}})
        assert self.allowed.wait(10)
        return bool(self.verdict["behavior"] == "allow")

    def over(self, how: str, why: str = "", status: int = 0) -> None:
        put({"type": "result", "subtype": "error_during_execution" if how == "canceled" else "success", "is_error": how != "completed",
             "result": why, "session_id": self.session} | ({"api_error_status": status} if status else {}))

    def hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "user" and self.own:
            self.own.put(message)
        elif message["type"] == "user":
            self.init()
            self.message = message.get("uuid", "")
            self.start_turn(message["message"]["content"])
        elif message["type"] == "control_request" and message["request"]["subtype"] == "interrupt":
            put({"type": "control_response", "response": {"subtype": "success", "request_id": message["request_id"]}})
            self.stopping.set()
        elif message["type"] == "control_response":
            self.verdict = message["response"]["response"]
            if message["response"]["request_id"] == "q1":
                assert self.verdict == {"behavior": "allow", "updatedInput": {"a": [1]}}, self.verdict
            elif self.verdict["behavior"] == "deny":
                assert "delegate_task" in self.verdict["message"]
            self.allowed.set()


class JsonRpc(Fake):
    """Requests both ways."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[Any, Any] = {}
        self.answered = threading.Condition()

    def notify(self, method: str, params: Any) -> None:
        put({"jsonrpc": "2.0", "method": method, "params": params})

    def answer(self, id: Any, result: Any) -> None:
        put({"jsonrpc": "2.0", "id": id, "result": result})

    def refuse(self, id: Any, code: int, text: str, data: Any = None) -> None:
        put({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text} | ({"data": data} if data else {})})

    def request(self, id: Any, method: str, params: Any) -> Any:
        put({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        with self.answered:
            assert self.answered.wait_for(lambda: id in self.answers, 10)
            return self.answers.pop(id)

    def hear(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            with self.answered:
                self.answers[message["id"]] = message.get("result", message.get("error"))
                self.answered.notify_all()
            return
        name = message["method"].replace("/", "_")
        act = getattr(self, f"on_{name}", None)
        if act is None:
            if "id" in message:
                self.refuse(message["id"], -32601, "Method not found")
            return
        act(message.get("id"), message.get("params", {}))


class Acp(JsonRpc):
    def own_turn(self) -> None:
        self.text("of my own accord")

    def on_initialize(self, id: Any, params: dict[str, Any]) -> None:
        assert params["protocolVersion"] == 1
        self.answer(id, {"protocolVersion": 1, "agentCapabilities": {"loadSession": True}, "authMethods": []})

    def take_servers(self, params: dict[str, Any]) -> None:
        assert [each["name"] for each in params["mcpServers"]] == ["molecule"] and os.path.isabs(params["cwd"])

    def on_session_new(self, id: Any, params: dict[str, Any]) -> None:
        self.take_servers(params)
        self.begin()
        self.answer(id, {"sessionId": self.session})

    def on_session_load(self, id: Any, params: dict[str, Any]) -> None:
        self.take_servers(params)
        if not self.bring_back(params["sessionId"]):
            return self.refuse(id, -32002, "Session not found")
        for line in (KEPT / self.session).read_text().splitlines():
            self.text(f"replayed {line}")
        self.answer(id, {})
        self.text("replayed late")

    def on_session_prompt(self, id: Any, params: dict[str, Any]) -> None:
        assert params["sessionId"] == self.session
        self.prompt = id
        self.start_turn("".join(part["text"] for part in params["prompt"]))

    def on_session_cancel(self, _: Any, params: dict[str, Any]) -> None:
        assert params["sessionId"] == self.session
        self.stopping.set()

    def text(self, piece: str) -> None:
        self.notify("session/update", {"sessionId": self.session, "update":
                                       {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": piece}}})

    def tool(self, name: str) -> None:
        self.notify("session/update", {"sessionId": self.session, "update":
                                       {"sessionUpdate": "tool_call", "toolCallId": "t1", "title": name, "status": "pending"}})
        chosen = self.request("p1", "session/request_permission", {"sessionId": self.session, "toolCall": {"toolCallId": "t1"}, "options": [
            {"optionId": "always", "kind": "allow_always"}, {"optionId": "never", "kind": "reject_once"}, {"optionId": "once", "kind": "allow_once"}]})
        assert chosen == {"outcome": {"outcome": "selected", "optionId": "once"}}, chosen
        refused = self.request("f1", "fs/read_text_file", {"sessionId": self.session, "path": "/etc/passwd"})
        assert refused["code"] == -32601, refused

    def may(self, name: str) -> bool:
        self.notify("session/update", {"sessionId": self.session, "update":
                                       {"sessionUpdate": "tool_call", "toolCallId": "t2", "title": name, "kind": "execute", "status": "pending"}})
        chosen = self.request("p2", "session/request_permission", {"sessionId": self.session, "toolCall": {"toolCallId": "t2", "title": name}, "options": [
            {"optionId": "never", "kind": "reject_always"}, {"optionId": "not-now", "kind": "reject_once"}, {"optionId": "once", "kind": "allow_once"}]})
        assert chosen["outcome"]["optionId"] in ("once", "not-now"), chosen
        return bool(chosen["outcome"]["optionId"] == "once")

    def over(self, how: str, why: str = "", status: int = 0) -> None:
        if how == "failed":
            return self.refuse(self.prompt, status, why)
        self.answer(self.prompt, {"stopReason": "cancelled" if how == "canceled" else "end_turn"})

    @property
    def system(self) -> str:  # type: ignore[override]
        if "OPENCODE_CONFIG_CONTENT" in os.environ:
            return "".join(Path(each).read_text() for each in json.loads(os.environ["OPENCODE_CONFIG_CONTENT"]).get("instructions", []))
        return (Path(os.environ["GEMINI_CLI_HOME"]) / ".gemini" / "GEMINI.md").read_text()


class AppServer(JsonRpc):
    turns = 0

    def own_turn(self) -> None:
        self.turns += 1
        super().own_turn()

    def on_initialize(self, id: Any, params: dict[str, Any]) -> None:
        assert params["clientInfo"]["name"]
        self.answer(id, {"userAgent": "fake"})

    def on_thread_start(self, id: Any, params: dict[str, Any]) -> None:
        self.policy = params["approvalPolicy"]
        self.system = params.get("developerInstructions", "")
        self.begin()
        self.answer(id, {"thread": {"id": self.session}})

    def on_thread_resume(self, id: Any, params: dict[str, Any]) -> None:
        self.policy = params["approvalPolicy"]
        self.system = params.get("developerInstructions", "")
        if not self.bring_back(params["threadId"]):
            return self.refuse(id, -32600, f"no rollout found for thread id {params['threadId']}")
        self.answer(id, {"thread": {"id": self.session}})

    def on_turn_start(self, id: Any, params: dict[str, Any]) -> None:
        assert params["threadId"] == self.session
        self.turns += 1
        self.answer(id, {"turn": {"id": f"turn-{self.turns}", "status": "inProgress"}})
        self.start_turn("".join(part["text"] for part in params["input"]))

    def on_turn_interrupt(self, id: Any, params: dict[str, Any]) -> None:
        assert params == {"threadId": self.session, "turnId": f"turn-{self.turns}"}, params
        self.answer(id, {})
        self.stopping.set()

    def text(self, piece: str) -> None:
        self.notify("item/agentMessage/delta", {"threadId": self.session, "turnId": f"turn-{self.turns}", "itemId": "i1", "delta": piece})

    def tool(self, name: str) -> None:
        self.notify("item/started", {"threadId": self.session, "turnId": f"turn-{self.turns}", "item":
                                     {"type": "mcpToolCall", "id": "t1", "server": "molecule", "tool": name}})
        verdict = self.request(99, "mcpServer/elicitation/request", {"threadId": self.session, "serverName": "molecule"})
        assert verdict == {"action": "accept", "content": {}}, verdict

    def may(self, name: str) -> bool:
        assert self.policy in ("never", "untrusted"), self.policy
        verdict = self.request(98, "item/commandExecution/requestApproval", {"threadId": self.session, "itemId": "t2", "command": "make"})
        assert verdict["decision"] in ("accept", "decline") and (self.policy == "untrusted" or verdict["decision"] == "accept"), verdict
        return bool(verdict["decision"] == "accept")

    def over(self, how: str, why: str = "", status: int = 0) -> None:
        turn: dict[str, Any] = {"id": f"turn-{self.turns}", "status": {"canceled": "interrupted"}.get(how, how)}
        if how == "failed":
            turn["error"] = {"message": why, "codexErrorInfo": {"responseStreamConnectionFailed": {"httpStatusCode": status}}}
        self.notify("turn/completed", {"threadId": self.session, "turn": turn})


class Worker(JsonRpc):
    """In the place of the Python that runs the runtime's own worker."""

    def own_turn(self) -> None:
        self.text("of my own accord")

    def on_initialize(self, id: Any, params: dict[str, Any]) -> None:
        assert params["framework"] == "langgraph" and [each["name"] for each in params["mcpServers"]] == ["molecule"]
        assert params["model"]["apiKeyEnv"] in os.environ and params["model"]["provider"] == "openai"
        self.system = params["systemPrompt"]
        KEPT.mkdir(exist_ok=True)
        self.answer(id, {"protocol": 1, "framework": "langgraph", "tools": []})

    def on_load_state(self, id: Any, params: dict[str, Any]) -> None:
        if not (KEPT / params["sessionId"]).exists() and params["state"]:
            return self.refuse(id, -32603, "this makes no sense")
        self.answer(id, {})

    def on_save_state(self, id: Any, params: dict[str, Any]) -> None:
        self.answer(id, {"state": [{"role": "user", "text": "kept"}]})

    def on_run(self, id: Any, params: dict[str, Any]) -> None:
        self.session, self.id, self.run_id = params["sessionId"], id, params["runId"]
        (KEPT / self.session).touch()
        self.start_turn(params["text"])

    def on_cancel(self, id: Any, params: dict[str, Any]) -> None:
        assert params == {"runId": self.run_id}
        self.answer(id, {})
        self.stopping.set()

    def text(self, piece: str) -> None:
        self.notify("event", {"runId": self.run_id, "kind": "text", "text": piece})

    def tool(self, name: str) -> None:
        self.notify("event", {"runId": self.run_id, "kind": "tool_call", "name": name})

    def over(self, how: str, why: str = "", status: int = 0) -> None:
        kind = {401: "auth", 429: "rate_limit"}.get(status, "provider")
        self.answer(self.id, {"status": how} | ({"error": {"class": kind, "message": why}} if why else {}))


DIALECTS: dict[str, type[Fake]] = {"claude": Claude, "gemini": Acp, "opencode": Acp, "codex": AppServer, "python3": Worker}

if __name__ == "__main__":
    DIALECTS[Path(sys.argv[0]).name]().run()
