"""Callers that want to be told of their tasks: told of every state, in order, until they take it, whatever ends in between."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from stage import Stage, wait_for

EACH_ENGINE = True
TOKEN, CREDENTIALS = "the-token-of-this-task", "the-credentials-of-the-receiver"


class Server:
    """Answers POSTs as `answer` says; what came is kept."""

    def __init__(self, answer: Callable[[dict[str, Any]], tuple[int, Any]], port: int = 0) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server._lock:
                    server.heads.append({name.lower(): value for name, value in self.headers.items()})
                    server.bodies.append(body)
                status, told = answer(body)
                data = json.dumps(told).encode() if status != 204 else b""
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.heads: list[dict[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/told?secret=1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def states(self) -> list[str]:
        """What it was told, in order."""
        return [state_of(body) for body in list(self.bodies)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def state_of(body: dict[str, Any]) -> str:
    told = body.get("task") or body.get("statusUpdate") or body
    return str(told["status"]["state"])


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    open_ones: list[Server] = []

    def make(answer: Callable[[dict[str, Any]], tuple[int, Any]] = lambda body: (200, {}), port: int = 0) -> Server:
        open_ones.append(Server(answer, port))
        return open_ones[-1]

    yield make
    for each in open_ones:
        each.close()


def free_port() -> int:
    server = Server(lambda body: (200, {}))
    server.close()
    return server.port


def answering(*results: Any) -> Callable[[dict[str, Any]], tuple[int, Any]]:
    """An agent that answers with each in turn, and with the last from then on."""
    left = list(results)

    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        result = left.pop(0) if len(left) > 1 else left[0]
        return 200, {"jsonrpc": "2.0", "id": body.get("id"), "result": result}
    return answer


def task(state: str, **more: Any) -> dict[str, Any]:
    return {"kind": "task", "id": "t-1", "contextId": "c-1", "status": {"state": state}} | more


DONE = task("completed", artifacts=[{"artifactId": "a", "parts": [{"kind": "text", "text": "42"}]}])


class Agent:
    """A workspace with an agent at an address."""

    def __init__(self, stage: Stage, url: str) -> None:
        made = stage.external(f"worker {uuid.uuid4().hex[:8]}")
        self.stage, self.id, self.token = stage, str(made["id"]), made["connection"]["auth_token"]
        self.register(url)

    def register(self, url: str) -> None:
        self.stage.must("POST", "/registry/register", {"id": self.id, "agent_card": {"name": "worker"}, "url": url, "delivery_mode": "push"},
                        headers={"Authorization": f"Bearer {self.token}"})

    def rpc(self, method: str, params: dict[str, Any], **options: Any) -> dict[str, Any]:
        answer = self.stage.ask("POST", f"/a2a/{self.id}", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, **options)
        return dict(answer.json())

    def send(self, receiver: str | None, text: str = "what?", **config: Any) -> dict[str, Any]:
        """A message of 1.0 whose sender wants to be told there."""
        params: dict[str, Any] = {"message": {"role": "ROLE_USER", "messageId": uuid.uuid4().hex, "parts": [{"text": text}]}}
        if receiver is not None:
            params["configuration"] = {"taskPushNotificationConfig": {"url": receiver, **config}, "returnImmediately": False}
        answer = self.rpc("SendMessage", params)
        assert "result" in answer, answer
        return dict(answer["result"])


def test_the_receiver_is_told_of_the_end_and_the_agent_of_no_receiver(stage: Stage, serve: Callable[..., Server]) -> None:
    receiver, worker = serve(), serve(answering(DONE))
    agent = Agent(stage, worker.url)
    agent.send(receiver.url, token=TOKEN, authentication={"scheme": "Bearer", "credentials": CREDENTIALS})
    wait_for("a notification", lambda: receiver.bodies)
    [told], [head] = receiver.bodies, receiver.heads
    assert told["task"]["id"] == "t-1" and told["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert told["task"]["artifacts"][0]["parts"] == [{"text": "42"}]
    assert head["content-type"] == "application/a2a+json" and head["a2a-version"] == "1.0"
    assert head["x-a2a-notification-token"] == TOKEN and head["authorization"] == f"Bearer {CREDENTIALS}"
    assert head["x-molecule-event-id"].endswith("-1") and head["x-molecule-signature"].count(".") == 2
    assert worker.bodies[0]["params"]["configuration"] == {"blocking": True}
    kept = json.dumps(stage.rows(agent.id)) + stage.log_text()
    assert TOKEN not in kept and CREDENTIALS not in kept and "secret=1" not in kept
    store = (stage.data / "molecule.db").read_bytes() if (stage.data / "molecule.db").exists() else b""
    assert CREDENTIALS.encode() not in store


def test_a_client_of_the_old_generation_is_told_a_task(stage: Stage, serve: Callable[..., Server]) -> None:
    receiver, worker = serve(), serve(answering(DONE))
    agent = Agent(stage, worker.url)
    message = {"kind": "message", "role": "user", "messageId": uuid.uuid4().hex, "parts": [{"kind": "text", "text": "?"}]}
    agent.rpc("message/send", {"message": message, "configuration": {"pushNotificationConfig": {"url": receiver.url, "token": TOKEN}}})
    wait_for("a notification", lambda: receiver.bodies)
    assert receiver.bodies[0]["kind"] == "task" and receiver.bodies[0]["status"]["state"] == "completed"
    assert receiver.heads[0]["content-type"] == "application/json" and receiver.heads[0]["x-a2a-notification-token"] == TOKEN
    assert "a2a-version" not in receiver.heads[0] and "authorization" not in receiver.heads[0]


def test_what_its_agent_goes_on_with_is_told_though_nobody_asks(stage: Stage, serve: Callable[..., Server]) -> None:
    receiver = serve()
    agent = Agent(stage, serve(answering(task("submitted"), task("working"), task("working"), DONE)).url)
    assert agent.send(None)["task"]["id"] == "t-1"
    made = agent.rpc("CreateTaskPushNotificationConfig", {"taskId": "t-1", "id": "mine", "url": receiver.url})["result"]
    assert made == {"id": "mine", "taskId": "t-1", "url": receiver.url}
    wait_for("the end", lambda: "TASK_STATE_COMPLETED" in receiver.states(), 60)
    assert receiver.states() == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"]
    assert receiver.bodies[0]["statusUpdate"]["taskId"] == "t-1" and receiver.bodies[0]["statusUpdate"]["contextId"] == "c-1"
    assert receiver.bodies[1]["task"]["artifacts"][0]["parts"] == [{"text": "42"}], "what its agent said last"


def test_a_receiver_that_is_down_is_told_later_also_by_the_next_platform(stage: Stage, serve: Callable[..., Server]) -> None:
    port = free_port()
    agent = Agent(stage, serve(answering(DONE)).url)
    agent.send(f"http://127.0.0.1:{port}/", token=TOKEN)
    stage.kill()
    stage.start()
    receiver = serve(port=port)
    wait_for("a notification", lambda: receiver.bodies, 40)
    assert receiver.states() == ["TASK_STATE_COMPLETED"] and receiver.heads[0]["x-a2a-notification-token"] == TOKEN


def test_what_is_not_taken_is_told_again_in_order_under_its_own_id(stage: Stage, serve: Callable[..., Server]) -> None:
    answers = iter([503, 500, 302])
    receiver = serve(lambda body: (next(answers, 204), {}))
    agent = Agent(stage, serve(answering(task("input-required"), DONE)).url)
    agent.send(receiver.url)
    wait_for("four attempts", lambda: len(receiver.bodies) >= 4, 40)
    assert receiver.states()[:4] == ["TASK_STATE_INPUT_REQUIRED"] * 4
    assert len({head["x-molecule-event-id"] for head in receiver.heads[:4]}) == 1
    wait_for("the end", lambda: "TASK_STATE_COMPLETED" in receiver.states(), 40)
    assert receiver.heads[-1]["x-molecule-event-id"] != receiver.heads[0]["x-molecule-event-id"]


def test_who_is_told_follows_the_task_to_its_next_message(stage: Stage, serve: Callable[..., Server]) -> None:
    receiver = serve()
    asked = threading.Event()

    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        goes_on = body["method"] == "message/send" and "taskId" in body["params"]["message"]
        if goes_on:
            asked.set()
        return 200, {"jsonrpc": "2.0", "id": body["id"], "result": DONE if asked.is_set() else task("input-required")}

    agent = Agent(stage, serve(answer).url)
    agent.send(receiver.url)
    wait_for("the question", lambda: receiver.states() == ["TASK_STATE_INPUT_REQUIRED"])
    agent.rpc("SendMessage", {"message": {"role": "ROLE_USER", "messageId": uuid.uuid4().hex, "taskId": "t-1", "parts": [{"text": "so"}]}})
    wait_for("the end", lambda: len(receiver.bodies) > 1)
    assert receiver.states() == ["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_COMPLETED"]


def test_a_task_that_is_canceled_while_it_waits_is_told_by_the_id_of_its_receipt(stage: Stage, serve: Callable[..., Server]) -> None:
    receiver = serve()
    agent = Agent(stage, "http://127.0.0.1:9/")
    waiting = agent.send(receiver.url)["task"]["id"]
    agent.rpc("CancelTask", {"id": waiting})
    wait_for("a notification", lambda: receiver.bodies)
    assert receiver.bodies[0]["task"]["id"] == waiting and receiver.states() == ["TASK_STATE_CANCELED"]


def test_a_receiver_that_wants_nothing_more_is_given_up_and_that_is_on_the_log(stage: Stage, serve: Callable[..., Server]) -> None:
    receiver = serve(lambda body: (410, {}))
    agent = Agent(stage, serve(answering(task("working"))).url)
    agent.send(receiver.url, id="gone")
    row = wait_for("the report", lambda: stage.rows(agent.id, type="push_notification"))[0]
    assert row["status"] == "error" and row["method"] == "given_up" and row["request_body"]["config_id"] == "gone"
    assert row["request_body"]["receiver"] == f"http://127.0.0.1:{receiver.port}" and "410" in row["error_detail"]
    assert agent.rpc("ListTaskPushNotificationConfigs", {"taskId": "t-1"})["result"] == {"configs": [], "nextPageToken": ""}
    events = stage.must("GET", "/events", params={"limit": 100})
    assert any(event["payload"].get("activity_type") == "push_notification" for event in events)


def test_one_that_was_deleted_is_told_nothing(stage: Stage, serve: Callable[..., Server]) -> None:
    deleted, kept = serve(), serve()
    agent = Agent(stage, "http://127.0.0.1:9/")
    waiting = agent.send(deleted.url, id="first")["task"]["id"]
    agent.rpc("CreateTaskPushNotificationConfig", {"taskId": waiting, "url": kept.url})
    assert agent.rpc("DeleteTaskPushNotificationConfig", {"taskId": waiting, "id": "first"})["result"] == {}
    assert "error" not in agent.rpc("DeleteTaskPushNotificationConfig", {"taskId": waiting, "id": "first"})
    agent.register(serve(answering(DONE)).url)
    stage.ask("POST", "/registry/heartbeat", {"workspace_id": agent.id}, headers={"Authorization": f"Bearer {agent.token}"})
    wait_for("the other's notification", lambda: kept.bodies, 40)
    assert deleted.bodies == []
