"""An MCP client that knows no library: lines in, lines out, whatever is asked."""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

from stage import BINARY, wait_for

ANSWER_SECONDS = 30.0


class McpClient:
    """One `molecule mcp` and what it said."""

    def __init__(self, folder: Path, start: bool = True, program: list[str] | None = None, **environment: str) -> None:
        self._program = program or [str(BINARY), "mcp"]
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
        self._environment = {**kept, "HOME": str(folder), "CONFIGS_DIR": str(folder / "configs"), **environment}
        self._log = folder / "mcp.log"
        self.heard: list[dict[str, Any]] = []
        """Notifications, and answers with no id."""
        self._answers: dict[str, queue.Queue[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        if start:
            self.start()

    def start(self, reading: bool = True) -> McpClient:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._program, env=self._environment, stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        if reading:
            threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        return self

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            waiting = self._answers.get(json.dumps(message.get("id"))) if "method" not in message else None
            if waiting is None:
                self.heard.append(message)
            else:
                waiting.put(message)

    def log(self) -> str:
        return self._log.read_text()

    def memory(self) -> int:
        """Bytes that it holds."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) << 10

    def write(self, text: str | bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(text.encode() if isinstance(text, str) else text)
        self._process.stdin.flush()

    def begin(self, method: str, params: Any = None, number: Any = None) -> Any:
        """Ask and do not wait; the id to wait for."""
        number = next(self._numbers) if number is None else number
        self.expect(number)
        request: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            request["params"] = params
        self.write(json.dumps(request) + "\n")
        return number

    def expect(self, number: Any) -> None:
        """The answer to a request of this id, written in some other way, is waited for."""
        self._answers[json.dumps(number)] = queue.Queue()

    def is_answered(self, number: Any) -> bool:
        return not self._answers[json.dumps(number)].empty()

    def answer(self, number: Any, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        return self._answers[json.dumps(number)].get(timeout=seconds)

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        return self.answer(self.begin(method, params))

    def result(self, method: str, params: Any = None) -> Any:
        answer = self.ask(method, params)
        assert "result" in answer, answer
        return answer["result"]

    def notify(self, method: str, params: Any = None) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, **({} if params is None else {"params": params})}) + "\n")

    def hello(self, revision: str = "2025-11-25", **capabilities: Any) -> Any:
        told = self.result("initialize", {"protocolVersion": revision, "capabilities": capabilities, "clientInfo": {"name": "t", "version": "1"}})
        self.notify("notifications/initialized")
        return told

    def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        """What a tool says, and whether it failed."""
        result = self.result("tools/call", {"name": tool, "arguments": arguments})
        assert [part["type"] for part in result["content"]] == ["text"]
        return result["content"][0]["text"], result["isError"]

    def says(self, tool: str, **arguments: Any) -> str:
        text, failed = self.call(tool, **arguments)
        assert not failed, text
        return text

    def message(self, seconds: float = 20) -> dict[str, Any]:
        return dict(json.loads(self.says("wait_for_message", timeout_secs=seconds)))

    def pushed(self, text: str) -> dict[str, Any]:
        """The notification that brings this text."""
        found = wait_for("it to be pushed", lambda: [each for each in self.heard if text in str(each.get("params", {}).get("content"))])
        return dict(found[0])

    def deafened(self) -> McpClient:
        """Another one of the same environment, whose answers nobody reads."""
        self.close()
        return self.start(reading=False)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def status(self, seconds: float = 20) -> int:
        """How it ended by itself."""
        assert self._process is not None
        return self._process.wait(seconds)

    def end(self) -> int:
        """Its client goes."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()
        return self.status(5)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
