"""What the platform shows to an agent that it calls: told to that agent alone, sealed at rest, the same after a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from loops import Agents
from molecule_agent import RemoteAgentClient
from stage import Stage, wait_for

EACH_ENGINE = True


class Endpoint:
    """An agent's own address; keeps the headers of every call."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.calls.append({name.lower(): value for name, value in self.headers.items()})
                body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {
                    "parts": [{"kind": "text", "text": "heard"}]}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass  # The calls are what the tests look at.

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/a2a"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


def post(stage: Stage, client: RemoteAgentClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(stage.url + path, json=body, timeout=20,
                           headers={"Authorization": f"Bearer {client.load_token()}"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def enrolled(stage: Stage, client: RemoteAgentClient, **fields: Any) -> dict[str, Any]:
    return post(stage, client, "/registry/register",
                {"id": client.workspace_id, "agent_card": {"name": "called"}, **fields})


def test_the_platform_proves_itself_to_an_agent_it_calls(stage: Stage, agents: Agents, endpoint: Endpoint) -> None:
    client, asker = agents.client("called"), agents.client("asker")
    answer = enrolled(stage, client, url=endpoint.url, delivery_mode="push")
    secret = answer["platform_inbound_secret"]
    assert len(secret) >= 32 and answer["delivery_mode"] == "push"

    # The same at every registration and, for an agent that is called, at every heartbeat.
    assert enrolled(stage, client, url=endpoint.url, delivery_mode="push")["platform_inbound_secret"] == secret
    beat = {"workspace_id": client.workspace_id}
    assert post(stage, client, "/registry/heartbeat", beat) == {"status": "ok", "platform_inbound_secret": secret}
    assert post(stage, asker, "/registry/heartbeat", {"workspace_id": asker.workspace_id}) == {"status": "ok"}

    # Shown by the platform, with who asks: nobody for a person, the workspace for a peer.
    assert stage.say(client.workspace_id, "hello").status_code == 200
    assert endpoint.calls[-1]["authorization"] == f"Bearer {secret}"
    assert "x-workspace-id" not in endpoint.calls[-1]
    asker.call_peer(client.workspace_id, "hello", prefer_direct=False)
    assert endpoint.calls[-1]["authorization"] == f"Bearer {secret}"
    assert endpoint.calls[-1]["x-workspace-id"] == asker.workspace_id

    # Another agent has another, and nobody reads this one anywhere.
    assert enrolled(stage, asker)["platform_inbound_secret"] != secret
    for path in (f"/workspaces/{client.workspace_id}", "/workspaces", f"/workspaces/{client.workspace_id}/activity",
                 f"/workspaces/{client.workspace_id}/secrets", "/events", f"/registry/{asker.workspace_id}/peers",
                 f"/workspaces/{client.workspace_id}/external/connection"):
        assert secret not in stage.ask("GET", path).text, path
    assert secret not in client_values(stage, client)
    for file in stage.data.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    assert secret not in stage.log_text()


def client_values(stage: Stage, client: RemoteAgentClient) -> str:
    return requests.get(f"{stage.url}/workspaces/{client.workspace_id}/secrets/values", timeout=20,
                        headers={"Authorization": f"Bearer {client.load_token()}"}).text


def test_it_outlives_a_new_sealing_key_and_a_crash(stage: Stage, agents: Agents, endpoint: Endpoint) -> None:
    client = agents.client("called")
    secret = enrolled(stage, client, url=endpoint.url, delivery_mode="push")["platform_inbound_secret"]
    rotated = stage.must("POST", "/admin/secrets/rotate")
    assert rotated["resealed"] >= 1 and rotated["unreadable"] == 0
    stage.kill()
    stage.start()
    # Opened at the start, so the first call of the new process shows it already.
    wait_for("an answer", lambda: stage.say(client.workspace_id, "again").status_code == 200)
    assert endpoint.calls[-1]["authorization"] == f"Bearer {secret}"
    assert enrolled(stage, client, url=endpoint.url, delivery_mode="push")["platform_inbound_secret"] == secret


def test_an_agent_that_an_operator_gave_an_address_learns_it_by_heartbeat(stage: Stage, agents: Agents,
                                                                          endpoint: Endpoint) -> None:
    made = stage.must("POST", "/workspaces", {"name": f"placed {endpoint.url[-10:-4]}", "runtime": "external",
                                              "url": endpoint.url, "delivery_mode": "push"})
    client = agents.client_of(made["id"], "placed")
    client.save_token(stage.must("POST", f"/workspaces/{made['id']}/tokens")["auth_token"])
    secret = post(stage, client, "/registry/heartbeat", {"workspace_id": made["id"]})["platform_inbound_secret"]
    assert stage.say(made["id"], "hello").status_code == 200
    assert endpoint.calls[-1]["authorization"] == f"Bearer {secret}"
