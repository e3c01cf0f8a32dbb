"""Drives one agent framework for the runtime: JSON-RPC in lines on standard input and output.

What a framework prints goes to standard error. It is imported when it is asked for, and not before. A conversation is the list
of what was said, which the runtime keeps between two workers.
"""

import asyncio
import importlib
import json
import os
import sys

HISTORY_MAX = 200  # Entries,
BYTES_MAX = 1 << 20  # and their bytes, as they are written.
TOLD_MAX = 20000  # Characters of an error; the runtime hides what is secret in it before it cuts it.
NOT_INSTALLED = -32010
QUIET = {"LANGSMITH_TRACING": "false", "CREWAI_TRACING_ENABLED": "false", "CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true"}


class Refused(Exception):
    def __init__(self, code, text, **data):
        super().__init__(text)
        self.code, self.text, self.data = code, text, data


def need(module):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Refused(NOT_INSTALLED, f"the Python module {error.name or module} is not installed", reason="not_installed",
                      module=error.name or module) from error


def written(value):
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def words_of(content):
    """The text of a message's content in any of the forms that models give it."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part if isinstance(part, str) else part.get("text", "") if isinstance(part, dict) else "" for part in content)
    return ""


class Framework:
    """One of them: opened once, then run with all that was said before."""

    module = ""

    def __init__(self, asked):
        self.model = asked["model"]
        self.system = asked.get("systemPrompt", "")
        self.servers = asked.get("mcpServers", [])
        self.key = os.environ.get(self.model.get("apiKeyEnv", ""), "")

    async def open(self):
        raise NotImplementedError

    async def run(self, history, text, tell):
        """What it says to `text`, told as it comes."""
        raise NotImplementedError


class LangChain(Framework):
    """What its two have in common: a graph whose messages are streamed."""

    module = "langgraph"

    def chat_model(self):
        where = {"base_url": self.model["baseUrl"]} if self.model.get("baseUrl") else {}
        if self.model["provider"] == "anthropic":
            return need("langchain_anthropic").ChatAnthropic(model=self.model["name"], api_key=self.key, max_retries=1, **where)
        return need("langchain_openai").ChatOpenAI(model=self.model["name"], api_key=self.key, max_retries=1, **where)

    async def tools(self):
        if not self.servers:
            return []
        client = need("langchain_mcp_adapters.client").MultiServerMCPClient(
            {each["name"]: {"transport": "stdio", "command": each["command"], "args": each["args"],
                            "env": {pair["name"]: pair["value"] for pair in each["env"]}} for each in self.servers})
        return await client.get_tools()

    def graph(self, model, tools):
        prebuilt = need("langgraph.prebuilt")
        return prebuilt.create_react_agent(model, tools, prompt=self.system or None)

    async def open(self):
        need(self.module)
        tools = await self.tools()
        self.agent = self.graph(self.chat_model(), tools)
        return [tool.name for tool in tools]

    async def run(self, history, text, tell):
        said = []
        messages = [{"role": "user" if each["role"] == "user" else "assistant", "content": each["text"]} for each in history]
        messages.append({"role": "user", "content": text})
        async for piece, _ in self.agent.astream({"messages": messages}, stream_mode="messages"):
            if not type(piece).__name__.startswith("AIMessage"):
                continue
            for call in getattr(piece, "tool_call_chunks", None) or []:
                if call.get("name"):
                    tell("tool_call", name=call["name"])
            if words := words_of(piece.content):
                said.append(words)
                tell("text", text=words)
        return "".join(said)


class DeepAgents(LangChain):
    module = "deepagents"

    def graph(self, model, tools):
        return need("deepagents").create_deep_agent(model=model, tools=tools, system_prompt=self.system)


class AutoGen(Framework):
    module = "autogen_agentchat"

    async def open(self):
        agents = need("autogen_agentchat.agents")
        tools = []
        for each in self.servers:
            mcp = need("autogen_ext.tools.mcp")
            server = mcp.StdioServerParams(command=each["command"], args=each["args"],
                                           env={pair["name"]: pair["value"] for pair in each["env"]})
            tools += await mcp.mcp_server_tools(server)
        where = {"base_url": self.model["baseUrl"]} if self.model.get("baseUrl") else {}
        if self.model["provider"] == "anthropic":
            client = need("autogen_ext.models.anthropic").AnthropicChatCompletionClient(model=self.model["name"], api_key=self.key, **where)
        else:
            info = {"vision": False, "function_calling": True, "json_output": False, "structured_output": False, "family": "unknown"}
            client = need("autogen_ext.models.openai").OpenAIChatCompletionClient(
                model=self.model["name"], api_key=self.key, model_info=info, max_retries=1, **where)
        self.make = lambda: agents.AssistantAgent("agent", model_client=client, tools=tools, system_message=self.system or None,
                                                  model_client_stream=True, reflect_on_tool_use=bool(tools))
        return [tool.name for tool in tools]

    async def run(self, history, text, tell):
        said = []
        messages = need("autogen_agentchat.messages")
        task = [messages.TextMessage(content=each["text"], source="user" if each["role"] == "user" else "agent") for each in history]
        task.append(messages.TextMessage(content=text, source="user"))
        async for event in self.make().run_stream(task=task, cancellation_token=need("autogen_core").CancellationToken()):
            kind = type(event).__name__
            if kind == "ModelClientStreamingChunkEvent":
                said.append(event.content)
                tell("text", text=event.content)
            elif kind == "ToolCallRequestEvent":
                for call in event.content:
                    tell("tool_call", name=call.name)
            elif kind == "TaskResult" and not said:
                said.append(words_of(event.messages[-1].content))
                tell("text", text=said[-1])
        return "".join(said)


class CrewAi(Framework):
    module = "crewai"

    async def open(self):
        crewai = need("crewai")
        prefix = "anthropic/" if self.model["provider"] == "anthropic" else "openai/"
        where = {"base_url": self.model["baseUrl"]} if self.model.get("baseUrl") else {}
        llm = crewai.LLM(model=prefix + self.model["name"], api_key=self.key, **where)
        servers = [need("crewai.mcp").MCPServerStdio(command=each["command"], args=each["args"],
                                                     env={pair["name"]: pair["value"] for pair in each["env"]}) for each in self.servers]
        role = (self.system.splitlines() or ["A helpful agent"])[0][:100] or "A helpful agent"
        self.agent = crewai.Agent(role=role, goal="Do what you are asked", backstory=self.system or role, llm=llm, mcps=servers, verbose=False)
        return []

    async def run(self, history, text, tell):
        crewai = need("crewai")
        before = "".join(f"{each['role']}: {each['text']}\n" for each in history)
        asked = f"Conversation so far:\n{before}\nCurrent request:\n{text}" if before else text
        task = crewai.Task(description=asked.replace("{", "{{").replace("}", "}}") if before else asked,
                           expected_output="An answer to the request", agent=self.agent)
        result = await crewai.Crew(agents=[self.agent], tasks=[task], verbose=False).kickoff_async()
        words = str(getattr(result, "raw", result))
        tell("text", text=words)
        return words


FRAMEWORKS = {"langgraph": LangChain, "deepagents": DeepAgents, "autogen": AutoGen, "crewai": CrewAi}


def class_of(error):
    """The runtime's class of a framework's error, by its status and its name, through its causes."""
    while error is not None:
        status = getattr(error, "status_code", None)
        name = type(error).__name__.lower()
        if status in (401, 403) or "authentication" in name or "permissiondenied" in name:
            return "auth"
        if status == 429 or "ratelimit" in name:
            return "rate_limit"
        if status in (503, 529) or "overloaded" in name:
            return "overloaded"
        error = error.__cause__
    return "provider"


class Worker:
    def __init__(self, out):
        self.out = out
        self.framework = None
        self.sessions = {}
        self.runs = {}

    def put(self, message):
        data = written({"jsonrpc": "2.0"} | message) + b"\n"
        while data:
            data = data[os.write(self.out, data):]

    async def initialize(self, asked):
        kind = FRAMEWORKS.get(asked["framework"])
        if kind is None:
            raise Refused(-32602, f"there is no framework {asked['framework']}")
        framework = kind(asked)
        tools = await framework.open()
        self.framework = framework
        version = getattr(sys.modules.get(kind.module), "__version__", "")
        return {"protocol": 1, "framework": asked["framework"], "version": str(version), "tools": tools,
                "capabilities": {"stream": True, "cancel": True, "state": True}}

    async def run(self, asked):
        history = self.sessions.setdefault(asked["sessionId"], [])
        tell = lambda kind, **facts: self.put({"method": "event", "params": {"runId": asked["runId"], "kind": kind} | facts})  # noqa: E731
        work = asyncio.ensure_future(self.framework.run(list(history), asked["text"], tell))
        self.runs[asked["runId"]] = work
        try:
            text = await work
        except asyncio.CancelledError:
            return {"status": "canceled"}
        except Refused:
            raise
        except Exception as error:
            return {"status": "failed", "error": {"class": class_of(error), "message": f"{type(error).__name__}: {error}"[:TOLD_MAX]}}
        finally:
            self.runs.pop(asked["runId"], None)
        history += [{"role": "user", "text": asked["text"]}, {"role": "agent", "text": text}]
        sizes = [len(written(each)) for each in history]
        while len(history) > HISTORY_MAX or sum(sizes) > BYTES_MAX:
            del history[:2], sizes[:2]
        return {"status": "completed", "text": text}

    async def cancel(self, asked):
        if work := self.runs.get(asked["runId"]):
            work.cancel()
        return {}

    async def save_state(self, asked):
        return {"state": self.sessions.get(asked["sessionId"], [])}

    async def load_state(self, asked):
        self.sessions[asked["sessionId"]] = list(asked["state"])
        return {}

    async def answer(self, message):
        methods = {"initialize": self.initialize, "run": self.run, "cancel": self.cancel, "save_state": self.save_state,
                   "load_state": self.load_state}
        try:
            act = methods.get(message["method"])
            if act is None:
                raise Refused(-32601, "there is no such method here")
            reply = {"result": await act(message.get("params", {}))}
        except Refused as refused:
            reply = {"error": {"code": refused.code, "message": refused.text, "data": refused.data}}
        except Exception as error:
            reply = {"error": {"code": -32603, "message": f"{type(error).__name__}: {error}"[:TOLD_MAX]}}
        self.put({"id": message["id"]} | reply)

    async def serve(self):
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 26)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(0, "rb", buffering=0))
        tasks = set()
        while line := await reader.readline():
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict) and "method" in message and "id" in message:
                task = asyncio.ensure_future(self.answer(message))
                tasks.add(task)
                task.add_done_callback(tasks.discard)


def main():
    out = os.dup(1)
    os.dup2(2, 1)
    os.environ.update(QUIET)
    asyncio.run(Worker(out).serve())
    # A framework's threads may wait for what nobody answers any more.
    os._exit(0)


main()
