"""A model that does what the text it is given says, in the four dialects that clients ask models in.

The last text of a person (or of a channel) that has a `[[…]]` is what it does, piece by piece:

    [[tools]]              say which tools there are
    [[system]]             say what the system text is
    [[history]]            say all that people said
    [[wait]]               answer nothing until whoever asks hangs up
    [[call NAME {JSON}]]   call the tool whose name ends so; one after the other when there are several
    [[say TEXT]]           say that, once the calls are through

`$name` in the JSON stands for what an attribute of that text, or a member of an earlier result, of this name says. Nothing is
remembered between two requests: a request has it all.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CALL = re.compile(r"\[\[call (\w+) ?(\{.*?\})?\]\]", re.DOTALL)
SAY = re.compile(r"\[\[say (.*?)\]\]", re.DOTALL)


@dataclass
class Turn:
    """What somebody said: `who` is user, model, or tool."""

    who: str
    text: str


@dataclass
class Asked:
    turns: list[Turn]
    tools: list[Any]
    """Names, or (namespace, name)."""
    system: str = ""


@dataclass
class Does:
    text: str = ""
    tool: Any = None
    arguments: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    """Which call it is, so that every one has an id of its own."""
    waits: bool = False


def name_of(tool: Any) -> str:
    return tool if isinstance(tool, str) else "__".join(tool)


def flat(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part for part in map(flat, content) if part)
    if isinstance(content, dict):
        return flat(content["text"] if "text" in content else content.get("content", content.get("output", "")))
    return "" if content is None else str(content)


def what_to_do(asked: Asked) -> Does:
    scripts = [at for at, turn in enumerate(asked.turns) if turn.who == "user" and "[[" in turn.text]
    if not scripts:
        return Does("nothing to do")
    script = asked.turns[scripts[-1]].text
    results = [turn.text for turn in asked.turns[scripts[-1]:] if turn.who == "tool"]
    calls = CALL.findall(script)
    if len(results) < len(calls):
        name, written = calls[len(results)]
        found = [tool for tool in asked.tools if re.search(rf"(^|[^a-z]){name}$", name_of(tool))]
        if not found:
            return Does(f"there is no tool {name}")
        known = dict(re.findall(r'(\w+)="([^"]*)"', html.unescape(script)))
        for result in results:
            known |= dict(re.findall(r'"(\w+)":\s*"([^"]*)"', result.replace('\\"', '"')))
        filled = re.sub(r"\$(\w+)", lambda match: json.dumps(known.get(match[1], match[0]))[1:-1], written or "{}")
        return Does(tool=found[0], arguments=json.loads(filled), number=sum(turn.who == "tool" for turn in asked.turns))
    if "[[system]]" in script:
        return Does("system: " + asked.system)
    if "[[history]]" in script:
        return Does("history: " + " | ".join(turn.text for turn in asked.turns if turn.who == "user"))
    if "[[wait]]" in script:
        return Does(waits=True)
    if "[[tools]]" in script:
        return Does("tools: " + " ".join(map(name_of, asked.tools)))
    said = SAY.search(script)
    return Does(said[1] if said else "done: " + " | ".join(results))


# --- the dialects: how a request is read, and how an answer is written ---


def read_anthropic(body: Any) -> Asked:
    turns = []
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else [{"type": "text", "text": message["content"]}]
        for part in parts:
            if part["type"] == "tool_result":
                turns.append(Turn("tool", flat(part.get("content"))))
            elif part["type"] == "text":
                turns.append(Turn("user" if message["role"] == "user" else "model", part["text"]))
    return Asked(turns, [tool["name"] for tool in body.get("tools", [])], flat(body.get("system")))


def write_anthropic(does: Does, body: Any) -> Iterator[tuple[str, Any]]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    yield "message_start", {"message": {"id": f"msg_{does.number}", "type": "message", "role": "assistant", "model": body["model"],
                                        "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}}
    if does.tool:
        block = {"type": "tool_use", "id": f"toolu_{does.number}", "name": name_of(does.tool), "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(does.arguments)}
    else:
        block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": does.text}
    yield "content_block_start", {"index": 0, "content_block": block}
    yield "content_block_delta", {"index": 0, "delta": delta}
    yield "content_block_stop", {"index": 0}
    yield "message_delta", {"delta": {"stop_reason": "tool_use" if does.tool else "end_turn", "stop_sequence": None}, "usage": usage}
    yield "message_stop", {}


def read_gemini(body: Any) -> Asked:
    turns = []
    for content in body.get("contents", []):
        for part in content.get("parts", []):
            if "functionResponse" in part:
                answer = part["functionResponse"].get("response", {})
                turns.append(Turn("tool", answer["output"] if isinstance(answer.get("output"), str) else json.dumps(answer)))
            elif "text" in part:
                turns.append(Turn("model" if content.get("role") == "model" else "user", part["text"]))
    tools = [each["name"] for group in body.get("tools", []) for each in group.get("functionDeclarations", [])]
    return Asked(turns, tools, flat(body.get("systemInstruction", {}).get("parts")))


def write_gemini(does: Does) -> dict[str, Any]:
    part = {"functionCall": {"name": name_of(does.tool), "args": does.arguments}} if does.tool else {"text": does.text}
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}


def read_chat(body: Any) -> Asked:
    turns, system = [], ""
    for message in body["messages"]:
        role, text = message["role"], flat(message.get("content"))
        if role in ("system", "developer"):
            system += text
        else:
            turns.append(Turn({"user": "user", "tool": "tool"}.get(role, "model"), text))
    return Asked(turns, [tool["function"]["name"] for tool in body.get("tools", [])], system)


def write_chat(does: Does, body: Any) -> Iterator[tuple[str, Any]]:
    base = {"id": f"chat_{does.number}", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    delta: dict[str, Any] = {"role": "assistant", "content": does.text}
    if does.tool:
        delta = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, "id": f"call_{does.number}", "type": "function",
                 "function": {"name": name_of(does.tool), "arguments": json.dumps(does.arguments)}}]}
    yield "", base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield "", base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if does.tool else "stop"}],
                      "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}


def read_responses(body: Any) -> Asked:
    turns: list[Turn] = []
    tools: list[Any] = []
    system = flat(body.get("instructions"))
    for item in body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]:
        if str(item.get("type", "")).endswith("_call_output"):
            turns.append(Turn("tool", flat(item.get("output"))))
        elif item.get("role") in ("system", "developer"):
            system += flat(item.get("content"))
        elif item.get("role") in ("user", "assistant"):
            turns.append(Turn("user" if item["role"] == "user" else "model", flat(item.get("content"))))
    for tool in body.get("tools", []):
        if tool["type"] == "namespace":
            tools += [(tool["name"], each["name"]) for each in tool["tools"]]
            system += tool.get("description", "")
        elif "name" in tool:
            tools.append(tool["name"])
    return Asked(turns, tools, system)


def write_responses(does: Does) -> Iterator[tuple[str, Any]]:
    response = {"id": f"resp_{does.number}", "object": "response", "status": "completed", "output": [],
                "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1,
                          "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2}}
    item: dict[str, Any] = {"type": "message", "id": f"item_{does.number}", "role": "assistant", "status": "completed",
                            "content": [{"type": "output_text", "text": does.text, "annotations": []}]}
    if does.tool:
        where = {} if isinstance(does.tool, str) else {"namespace": does.tool[0]}
        own = does.tool if isinstance(does.tool, str) else does.tool[1]
        item = {"type": "function_call", "id": f"fc_{does.number}", "call_id": f"call_{does.number}", "status": "completed",
                "name": own, "arguments": json.dumps(does.arguments), **where}
    yield "response.created", {"response": response | {"status": "in_progress"}}
    yield "response.output_item.added", {"output_index": 0, "item": item}
    yield "response.output_item.done", {"output_index": 0, "item": item}
    yield "response.completed", {"response": response | {"output": [item]}}


class Waits(Exception):
    """Nothing is answered."""


class Model:
    """It answers at `url` until it is closed; with a `key`, whoever shows that one."""

    def __init__(self, key: str = "") -> None:
        self.asked: list[Asked] = []
        self.hung_up = 0
        model = self

        class Answers(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.give("application/json", b"")

            def do_GET(self) -> None:
                self.give("application/json", b'{"data":[],"models":[],"object":"list"}')

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
                path = self.path.partition("?")[0]
                shown = [self.headers.get("x-api-key"), self.headers.get("x-goog-api-key"),
                         (self.headers.get("Authorization") or "").removeprefix("Bearer ")]
                if key and key not in shown:
                    return self.refuse()
                if path.endswith("/messages"):
                    self.stream((kind, {"type": kind} | data) for does in map(model.does, [read_anthropic(body)])
                                for kind, data in write_anthropic(does, body))
                elif path.endswith(("count_tokens", ":countTokens")):
                    self.give("application/json", b'{"input_tokens":1,"totalTokens":1}')
                elif path.endswith(":streamGenerateContent"):
                    self.stream(("", write_gemini(does)) for does in map(model.does, [read_gemini(body)]))
                elif path.endswith(":generateContent"):
                    self.give("application/json", json.dumps(write_gemini(model.does(read_gemini(body)))).encode())
                elif path.endswith("/chat/completions"):
                    self.stream(event for does in map(model.does, [read_chat(body)]) for event in [*write_chat(does, body), ("", "[DONE]")])
                elif path.endswith("/responses"):
                    self.stream((kind, {"type": kind} | data) for does in map(model.does, [read_responses(body)])
                                for kind, data in write_responses(does))
                else:
                    self.give("application/json", b"{}")

            def refuse(self) -> None:
                error = {"type": "authentication_error", "message": "invalid key", "code": 401, "status": "UNAUTHENTICATED"}
                body = json.dumps({"type": "error", "error": error}).encode()
                self.send_response(401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def wait(self) -> None:
                self.connection.settimeout(60)
                with contextlib.suppress(TimeoutError):
                    with contextlib.suppress(ConnectionError):
                        while self.connection.recv(4096):
                            pass
                    model.hung_up += 1
                self.close_connection = True

            def stream(self, events: Any) -> None:
                try:
                    events = list(events)
                except Waits:
                    return self.wait()
                text = ""
                for kind, data in events:
                    text += (f"event: {kind}\n" if kind else "") + f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
                self.give("text/event-stream", text.encode())

            def give(self, kind: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def does(self, asked: Asked) -> Does:
        self.asked.append(asked)
        does = what_to_do(asked)
        if does.waits:
            raise Waits
        return does

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
