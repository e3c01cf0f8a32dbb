"""What a broken client writes to `molecule mcp`, and what a platform that is none answers to it: each request is answered once, and
the conversation goes on."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mcp_client import McpClient
from stage import BINARY, wait_for

NOBODY = "http://127.0.0.1:9"
SELF = "00000000-0000-4000-8000-000000000001"
KINDS = ["workspace", "operator"]
Begin = Callable[..., McpClient]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    made: list[McpClient] = []

    def another(kind: str, platform: str = NOBODY) -> McpClient:
        folder = tmp_path / f"{kind} {len(made)}"
        folder.mkdir()
        if kind == "workspace":
            client = McpClient(folder, PLATFORM_URL=platform, WORKSPACE_ID=SELF, MOLECULE_WORKSPACE_TOKEN="mol_none")
        else:
            client = McpClient(folder, program=[str(BINARY), "mcp", "--manage"], MOLECULE_API_URL=platform, MOLECULE_API_KEY="none")
        made.append(client)
        return client

    yield another
    for each in made:
        each.close()


@contextlib.contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """What answers so to everything; its address."""
    class Odd(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


BROKEN = [b"\x00", b"\xff\xfe\xfd", b"{", b"}" * 50, b"[" * 200_000, b'{"a":' * 100_000, b'"\\ud800"', b"1e999", b"-", b"nul", b"{}{}",
          b'{"jsonrpc":"2.0","id":1,"method":"ping"', b'{"jsonrpc":"2.0","id":1,"method":"ping"}}', b"\xef\xbb\xbf{", b"'x'", b'{"id":1,}']
NO_REQUEST: list[Any] = [None, True, 0, "", [], {}, {"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "id": 101, "method": "ping"}, {"id": 101, "method": "ping"},
                         {"jsonrpc": "2.0", "id": 101, "method": 7}, {"jsonrpc": "2.0", "id": True, "method": "ping"},
                         {"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, {"jsonrpc": "2.0", "id": {}, "method": "ping"},
                         {"jsonrpc": 2.0, "id": 101, "method": "ping"}]


@pytest.mark.parametrize("kind", KINDS)
def test_lines_that_are_no_messages(begin: Begin, kind: str) -> None:
    client = begin(kind)
    client.hello()
    for line in BROKEN:
        client.write(line + b"\n")
    for message in NO_REQUEST:
        client.write(json.dumps(message) + "\n")
    answered = wait_for("every one to be refused", lambda: len(client.heard) >= len(BROKEN) + len(NO_REQUEST) and client.heard)
    assert {each["error"]["code"] for each in answered} == {-32700, -32600}
    client.expect("spaced")
    client.write(b' \t{"jsonrpc" : "2.0", "method":"ping" , "id" :"spaced"}  \r\n')
    assert client.answer("spaced")["result"] == {}
    assert client.end() == 0 and len(client.heard) == len(BROKEN) + len(NO_REQUEST), "nothing was answered twice"


WRONG_PARAMS: list[Any] = [[], "x", 5, None, {"name": 7}, {"name": None}, {"name": ""}, {"name": "no_such_tool"}, {"name": "x" * 100_000},
                           {"name": "../../etc/passwd", "arguments": {}}, {"name": ["delegate_task"]}]
WRONG_ARGUMENTS: list[Any] = [[], "x", 5, True, {"workspace_id": {"deep": [1]}}, {"workspace_id": "\x00", "task": "\u0000"}, {"": ""},
                              {"workspace_id": "../..", "task": "x"}, {"timeout_secs": "soon"}, {"limit": 10**30}, {"limit": -1}]


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_types_and_unknown_tools_are_answered(begin: Begin, kind: str) -> None:
    with answering(404, b'{"error": "no such thing", "code": "workspace_not_found"}') as platform:
        client = begin(kind, platform)
        client.hello()
        for method in ("tools/call", "tools/list", "initialize", "logging/setLevel", "prompts/get", "no/such/method"):
            for params in WRONG_PARAMS:
                answer = client.ask(method, params)
                assert ("error" in answer) != ("result" in answer), answer
                assert method not in ("tools/call", "no/such/method", "prompts/get") or answer["error"]["code"] in (-32602, -32601, -32600), answer
        tools = [tool["name"] for tool in client.result("tools/list")["tools"] if tool["name"] != "wait_for_message"]
        for tool in tools:
            for arguments in WRONG_ARGUMENTS:
                answer = client.ask("tools/call", {"name": tool, "arguments": arguments})
                assert "error" in answer or answer["result"]["content"][0]["text"], (tool, arguments, answer)
                if not isinstance(arguments, dict):
                    assert "error" in answer or answer["result"]["isError"], (tool, arguments, answer)
        assert client.result("ping") == {} and client.end() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_in_the_middle_of_a_line(begin: Begin, kind: str) -> None:
    for rest in (b'{"jsonrpc":"2.0","id":9,"meth', b"", b"x" * (17 << 20)):
        client = begin(kind)
        client.hello()
        client.write(rest)
        assert client.end() == 0 and not [each for each in client.heard if "result" in each]
    # Whole but for its line end, it is a message.
    client = begin(kind)
    client.hello()
    client.expect("last")
    client.write(b'{"jsonrpc":"2.0","id":"last","method":"ping"}')
    assert client.end() == 0 and client.answer("last")["result"] == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_has_gone_ends_it(begin: Begin, kind: str) -> None:
    client = begin(kind)
    client.kill()
    for stdout in (subprocess.DEVNULL, subprocess.PIPE):
        with subprocess.Popen(client._program, env=client._environment, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.DEVNULL) as process:
            assert process.stdin is not None
            if process.stdout is not None:
                process.stdout.close()
            process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n' * 50)
            process.stdin.flush()
            if stdout == subprocess.DEVNULL:
                process.stdin.close()
            assert process.wait(20) in (0, 1)


ANSWERS: list[tuple[int, bytes]] = [
    (200, b""), (200, b"null"), (200, b"[]"), (200, b"{}"), (200, b'"x"'), (200, b"17"), (200, b"<html>Sign in</html>"), (200, b"[" * 50_000),
    (200, b'[null, 7, "x", [], {"id": 5}]'), (200, b'{"delegations": 1, "peers": {}, "items": "x", "role": 7, "scope": []}'),
    (204, b""), (302, b""), (404, b'{"error": "no such route", "code": "route_not_found"}'), (418, b"teapot"),
    (500, b'{"error": {"deep": 1}, "code": 5}'), (500, b"\xff\xfe" * 100), (503, b"{}")]
"""Of platforms that are older, newer, or none."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("status", "body"), ANSWERS)
def test_a_platform_that_answers_something_else(begin: Begin, kind: str, status: int, body: bytes) -> None:
    other = "00000000-0000-4000-8000-000000000002"
    fitting = {"workspace_id": other, "task": "x", "task_id": other, "message": "x", "activity_id": other, "peer_id": other, "card": {}}
    with answering(status, body) as platform:
        client = begin(kind, platform)
        client.hello()
        names = [tool["name"] for tool in client.result("tools/list")["tools"]
                 if tool["name"] in ("list_peers", "get_workspace_info", "delegate_task_async", "check_task_status", "send_message_to_user",
                                     "chat_history", "update_agent_card", "list_workspaces", "get_workspace", "list_activity",
                                     "list_remote_agents", "check_remote_agent_freshness", "get_remote_agent_state")]
        assert len(names) >= 6
        asked = [client.begin("tools/call", {"name": name, "arguments": fitting if kind == "workspace" else {"workspace_id": other}})
                 for name in names]
        for name, number in zip(names, asked, strict=True):
            answer = client.answer(number, 60)
            assert "error" in answer or answer["result"]["content"][0]["text"], (name, answer)
            if status >= 300:
                assert answer["result"]["isError"], (name, answer)
        assert client.result("ping") == {} and client.end() == 0
