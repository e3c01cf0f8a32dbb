"""The worker program alone, around stand-ins that have the names and just the calls of the frameworks that it drives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WORKER = Path(__file__).resolve().parents[2] / "src" / "agent" / "worker.py"

SAYS = """
import asyncio

class AuthenticationError(Exception):
    status_code = 401

async def said(text, before):
    word = text.split()[0]
    print("a panel of the framework's own")
    if word == "auth":
        raise RuntimeError("while asking") from AuthenticationError("no such key")
    if word == "hang":
        await asyncio.sleep(60)
    return f"{len(before)} before; heard {text}"
"""
STANDINS = {
    "standin_says.py": SAYS,
    "langchain_openai.py": """
        class ChatOpenAI:
            def __init__(self, **options): self.options = options
    """,
    "langgraph/__init__.py": "__version__ = '9'",
    "langgraph/prebuilt.py": """
        from types import SimpleNamespace
        from standin_says import said
        class AIMessageChunk(SimpleNamespace): pass
        class ToolMessage(SimpleNamespace): pass
        class Graph:
            def __init__(self, model, prompt): self.model, self.prompt = model, prompt
            async def astream(self, state, stream_mode):
                assert stream_mode == "messages"
                *before, last = [each["content"] for each in state["messages"]]
                if last == "about": last = f"about {self.prompt} {sorted(self.model.options.items())}"
                text = await said(last, before)
                yield AIMessageChunk(content="", tool_call_chunks=[{"name": "look"}]), {}
                yield ToolMessage(content="never told"), {}
                for at in range(0, len(text), 10):
                    yield AIMessageChunk(content=[{"type": "text", "text": text[at:at + 10]}]), {}
        def create_react_agent(model, tools, prompt): return Graph(model, prompt)
    """,
    "deepagents.py": """
        from langgraph.prebuilt import Graph
        def create_deep_agent(model, tools, system_prompt): return Graph(model, system_prompt)
    """,
    "autogen_core.py": "class CancellationToken: pass",
    "autogen_agentchat/__init__.py": "",
    "autogen_agentchat/messages.py": """
        class TextMessage:
            def __init__(self, content, source): self.content, self.source = content, source
    """,
    "autogen_agentchat/agents.py": """
        from types import SimpleNamespace
        from standin_says import said
        class ModelClientStreamingChunkEvent(SimpleNamespace): pass
        class ToolCallRequestEvent(SimpleNamespace): pass
        class TaskResult(SimpleNamespace): pass
        class AssistantAgent:
            def __init__(self, name, model_client, tools, system_message, model_client_stream, reflect_on_tool_use):
                self.prompt, self.model = system_message, model_client
            async def run_stream(self, task, cancellation_token):
                *before, last = [each.content for each in task]
                if last == "about": last = f"about {self.prompt} {sorted(self.model.options.items())}"
                text = await said(last, before)
                yield ToolCallRequestEvent(content=[SimpleNamespace(name="look")])
                yield ModelClientStreamingChunkEvent(content=text[:5])
                yield ModelClientStreamingChunkEvent(content=text[5:])
                yield TaskResult(messages=[])
    """,
    "autogen_ext/__init__.py": "",
    "autogen_ext/models/__init__.py": "",
    "autogen_ext/models/openai.py": """
        class OpenAIChatCompletionClient:
            def __init__(self, **options): self.options = options
    """,
    "crewai.py": """
        from types import SimpleNamespace
        from standin_says import said
        class LLM(SimpleNamespace): pass
        class Agent(SimpleNamespace): pass
        class Task(SimpleNamespace): pass
        class Crew(SimpleNamespace):
            async def kickoff_async(self):
                before, _, last = self.tasks[0].description.rpartition("Current request:\\n")
                if last == "about": last = f"about {self.agents[0].backstory} {sorted(vars(self.agents[0].llm).items())}"
                return SimpleNamespace(raw=await said(last, [line for line in before.splitlines() if line.startswith(("user:", "agent:"))]))
    """,
}
FRAMEWORKS = ["langgraph", "deepagents", "autogen", "crewai"]


class Worker:
    def __init__(self, framework: str, modules: Path | None, home: Path) -> None:
        self.framework = framework
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SOME_KEY": "key-of-nobody"}
        if modules:
            environment["PYTHONPATH"] = str(modules)
        self.process = subprocess.Popen([sys.executable, "-u", str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment)
        self.events: list[dict[str, Any]] = []
        self.asked = 0

    def send(self, method: str, **params: Any) -> int:
        assert self.process.stdin
        self.asked += 1
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params}) + "\n")
        self.process.stdin.flush()
        return self.asked

    def answer(self, id: int) -> dict[str, Any]:
        assert self.process.stdout
        while True:
            line = self.process.stdout.readline()
            assert line, "the worker has ended"
            message = json.loads(line)
            if message.get("id") == id:
                return dict(message)
            self.events.append(message["params"])

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self.answer(self.send(method, **params))

    def open(self) -> dict[str, Any]:
        return self.ask("initialize", framework=self.framework, systemPrompt="Be brief.", mcpServers=[],
                        model={"provider": "openai", "name": "m", "baseUrl": "http://127.0.0.1:9/v1", "apiKeyEnv": "SOME_KEY"})

    def run(self, text: str, session: str = "s1") -> dict[str, Any]:
        self.events.clear()
        return dict(self.ask("run", runId="r", sessionId=session, text=text)["result"])

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    for name, text in STANDINS.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    return folder


@pytest.fixture(params=FRAMEWORKS)
def worker(request: pytest.FixtureRequest, modules: Path, tmp_path: Path) -> Iterator[Worker]:
    made = Worker(str(request.param), modules, tmp_path)
    assert made.open()["result"]["framework"] == request.param
    yield made
    made.close()


def test_it_says_what_the_framework_says_and_nothing_that_it_prints(worker: Worker) -> None:
    done = worker.run("hello there")
    assert done == {"status": "completed", "text": "0 before; heard hello there"}
    assert "".join(each["text"] for each in worker.events if each["kind"] == "text") == done["text"]
    told = worker.run("about", session="s2")["text"]
    assert "Be brief." in told and "key-of-nobody" in told and "http://127.0.0.1:9/v1" in told


def test_a_session_knows_what_was_said_also_in_the_next_worker(worker: Worker, modules: Path, tmp_path: Path) -> None:
    worker.run("one")
    assert worker.run("two")["text"].startswith("2 before")
    assert worker.run("three", session="s2")["text"].startswith("0 before")
    state = worker.ask("save_state", sessionId="s1")["result"]["state"]
    other = Worker(worker.framework, modules, tmp_path)
    try:
        other.open()
        assert other.ask("load_state", sessionId="s1", state=state)["result"] == {}
        assert other.run("again")["text"].startswith("4 before")
    finally:
        other.close()


def test_a_refused_key_has_its_class_and_a_run_can_be_canceled(worker: Worker) -> None:
    failed = worker.run("auth")
    assert failed["status"] == "failed" and failed["error"]["class"] == "auth", failed
    running = worker.send("run", runId="r9", sessionId="s1", text="hang")
    assert worker.ask("cancel", runId="r9")["result"] == {}
    assert worker.answer(running)["result"] == {"status": "canceled"}
    assert worker.run("hello")["text"].startswith("0 before")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_that_is_not_there_is_named(framework: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    worker = Worker(framework, None, tmp_path)
    try:
        error = worker.open()["error"]
        assert error["code"] == -32010 and error["data"]["reason"] == "not_installed", error
        assert worker.ask("no_such_method")["error"]["code"] == -32601
    finally:
        worker.close()


def test_what_is_kept_of_a_conversation_is_bounded_as_it_is_written(modules: Path, tmp_path: Path) -> None:
    worker = Worker("langgraph", modules, tmp_path)
    try:
        worker.open()
        for _ in range(6):
            worker.run("\u0434" * 200_000)
        asked = worker.send("save_state", sessionId="s1")
        state = worker.answer(asked)["result"]["state"]
        written = json.dumps(state, ensure_ascii=False).encode()
        assert 400_000 < len(written) < (1 << 20) + 10_000, len(written)
    finally:
        worker.close()
