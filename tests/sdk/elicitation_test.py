"""What an agent asks before it goes on is asked of the person at the client of an assistant, where that can be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mcp_client import McpClient
from stage import BINARY, Stage, wait_for

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}


class Curious:
    """An agent that asks for whom a letter is, and then has it."""

    def __init__(self, stage: Stage) -> None:
        asked: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                message = call["params"]["message"]
                asked.append(message)
                text = message["parts"][0]["text"]
                state, said = ("completed", f"Dear {text}") if message.get("taskId") else ("input-required", f"For whom is {text}?\x1b[2J")
                told = {"kind": "message", "role": "agent", "messageId": "m", "parts": [{"kind": "text", "text": said}]}
                task = {"kind": "task", "id": "letter-1", "contextId": "c", "status": {"state": state, "message": told}}
                data = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": task}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.asked = asked
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        made = stage.external("curious")
        self.id = str(made["id"])
        stage.must("POST", "/registry/register", {"id": self.id, "agent_card": {"name": "curious"}, "delivery_mode": "push",
                                                  "url": f"http://127.0.0.1:{self._server.server_port}/a2a"},
                   headers={"Authorization": f"Bearer {made['connection']['auth_token']}"})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def curious(stage: Stage) -> Iterator[Curious]:
    made = Curious(stage)
    yield made
    made.close()
    stage.must("DELETE", f"/workspaces/{made.id}", params={"confirm": "true"})


@pytest.fixture
def client(stage: Stage, tmp_path: Path) -> Iterator[McpClient]:
    made = McpClient(tmp_path, program=[str(BINARY), "mcp", "--manage"], MOLECULE_API_URL=stage.url,
                     MOLECULE_API_KEY=(stage.data / "admin_token").read_text().strip())
    yield made
    made.close()


def text_of(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


def test_the_person_is_asked_and_their_answer_goes_to_the_task(client: McpClient, curious: Curious) -> None:
    client.hello("2025-11-25", elicitation={})
    number = client.begin("tools/call", {"name": "chat_with_agent", "arguments": {"workspace_id": curious.id, "message": "a letter"}})
    asked = wait_for("the question", lambda: [each for each in client.heard if each.get("method") == "elicitation/create"])[0]
    assert "For whom is a letter?" in asked["params"]["message"] and "\x1b" not in asked["params"]["message"]
    client.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept", "content": {"answer": "my aunt"}}}) + "\n")
    result = client.answer(number)["result"]
    assert not result["isError"] and "Dear my aunt" in text_of(result)
    assert curious.asked[1]["taskId"] == "letter-1" and len(curious.asked) == 2


def test_without_a_form_the_model_answers_with_the_task(client: McpClient, curious: Curious) -> None:
    client.hello()
    said = client.says("chat_with_agent", workspace_id=curious.id, message="a letter")
    assert "For whom is a letter?" in said and "with the task_id letter-1" in said
    assert "Dear my aunt" in client.says("chat_with_agent", workspace_id=curious.id, message="my aunt", task_id="letter-1")


def test_in_the_stateless_era_the_call_comes_again(client: McpClient, curious: Curious) -> None:
    call = {"name": "chat_with_agent", "arguments": {"workspace_id": curious.id, "message": "a letter"}, "_meta": META}
    asked = client.result("tools/call", call)
    assert asked["resultType"] == "input_required" and "content" not in asked
    assert "For whom is a letter?" in asked["inputRequests"]["message"]["params"]["message"]
    answer = {"message": {"action": "accept", "content": {"answer": "my aunt"}}}
    done = client.result("tools/call", {**call, "inputResponses": answer, "requestState": asked["requestState"]})
    assert done["resultType"] == "complete" and "Dear my aunt" in text_of(done) and curious.asked[1]["taskId"] == "letter-1"
    declined = client.result("tools/call", {**call, "inputResponses": {"message": {"action": "decline"}}, "requestState": asked["requestState"]})
    assert declined["isError"] and len(curious.asked) == 2, "nothing is sent"
