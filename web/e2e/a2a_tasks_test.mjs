// The official client of A2A asks about its tasks, in both generations and both bindings: how one stands, which there
// are, to stop one, and to read on where it was left. The agent is the official server.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { Role, TaskState } from "@a2a-js/sdk";
import { JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore, JsonRpcTransportHandler } from "@a2a-js/sdk/server";
import { serve } from "./a2a_server.mjs";
import { Platform } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0", "--dial-allow", "127.0.0.1/32"] });
const text = (value) => ({ content: { $case: "text", value }, filename: "", mediaType: "" });
const card = {
  name: "patient", description: "works until it is told to stop", version: "1", skills: [], signatures: [], securitySchemes: {},
  securityRequirements: [], capabilities: { streaming: true, pushNotifications: false, extensions: [] },
  defaultInputModes: ["text/plain"], defaultOutputModes: ["text/plain"],
};
const status = (state) => ({ state, message: undefined, timestamp: new Date().toISOString() });
let agent;
let workspace;

/** Works until it is stopped, or told to go on. */
const running = new Map();
const patient = {
  async execute({ taskId, contextId, userMessage }, bus) {
    bus.publish(AgentEvent.task({ id: taskId, contextId, status: status(TaskState.TASK_STATE_WORKING), history: [], artifacts: [] }));
    const end = await new Promise((done) => running.set(taskId, done));
    if (end === "done")
      bus.publish(AgentEvent.artifactUpdate({
        taskId, contextId, append: false, lastChunk: true,
        artifact: { artifactId: "said", name: "", description: "", parts: [userMessage.parts[0]], extensions: [] },
      }));
    bus.publish(AgentEvent.statusUpdate({
      taskId, contextId, status: status(end === "done" ? TaskState.TASK_STATE_COMPLETED : TaskState.TASK_STATE_CANCELED),
    }));
    bus.finished();
  },
  async cancelTask(taskId) {
    running.get(taskId)?.("stopped");
  },
};

before(async () => {
  await platform.start();
  agent = createServer();
  agent.listen(0, "127.0.0.1");
  await once(agent, "listening");
  const url = `http://127.0.0.1:${agent.address().port}/`;
  const own = { ...card, supportedInterfaces: [{ url, protocolBinding: "JSONRPC", protocolVersion: "1.0", tenant: "" }] };
  const handler = new JsonRpcTransportHandler(new DefaultRequestHandler(own, new InMemoryTaskStore(), patient));
  agent.on("request", (request, response) => void serve(handler, request, response));
  workspace = await platform.ask("POST", "/workspaces", { name: "patient", external: true });
  const fields = { id: workspace.id, url, agent_card: own, delivery_mode: "push" };
  await platform.ask("POST", "/registry/register", fields, workspace.connection.auth_token);
});
after(async () => {
  for (const done of running.values()) done("stopped");
  agent.closeAllConnections();
  agent.close();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

async function client(protocolVersion, protocolBinding) {
  const fetchImpl = (url, options = {}) => {
    const headers = new Headers(options.headers);
    headers.set("Authorization", `Bearer ${workspace.connection.auth_token}`);
    return fetch(url, { ...options, headers });
  };
  const url = `${platform.url}/a2a/${workspace.id}`;
  const Factory = protocolBinding === "JSONRPC" ? JsonRpcTransportFactory : RestTransportFactory;
  const factory = new Factory({ fetchImpl, legacyCompat: { enabled: true } });
  return factory.create(url, { supportedInterfaces: [{ url, protocolBinding, protocolVersion, tenant: "" }] });
}

const asking = (words, contextId) => ({
  tenant: "",
  message: { messageId: randomUUID(), contextId, taskId: "", role: Role.ROLE_USER, parts: [text(words)], extensions: [], referenceTaskIds: [] },
});

/** A stream that has told its task and goes on. */
async function begun(asked, words, contextId) {
  const stream = asked.sendMessageStream(asking(words, contextId));
  const first = await stream.next();
  assert.equal(first.value.payload.$case, "task");
  return { stream, id: first.value.payload.value.id };
}

for (const [generation, binding] of [["1.0", "JSONRPC"], ["1.0", "HTTP+JSON"], ["0.3", "JSONRPC"]]) {
  const kind = `${generation} in ${binding}`;

  test(`a client of ${kind} is told how its task stands, and stops it`, async () => {
    const asked = await client(generation, binding);
    const { stream, id } = await begun(asked, "work", randomUUID());
    const now = await asked.getTask({ tenant: "", id, historyLength: 0 });
    assert.equal(now.id, id);
    assert.equal(now.status.state, TaskState.TASK_STATE_WORKING);
    const stopped = await asked.cancelTask({ tenant: "", id, metadata: undefined });
    assert.equal(stopped.status.state, TaskState.TASK_STATE_CANCELED);
    let last;
    for await (const event of stream) last = event.payload;
    assert.equal(last.value.status.state, TaskState.TASK_STATE_CANCELED);
    await assert.rejects(asked.cancelTask({ tenant: "", id, metadata: undefined }), /canceled/);
    await assert.rejects(asked.getTask({ tenant: "", id: randomUUID() }), /no such task|not found/i);
  });

  test(`a client of ${kind} that left a stream reads on`, async () => {
    const asked = await client(generation, binding);
    const { stream, id } = await begun(asked, "words", randomUUID());
    await stream.return();
    const again = asked.resubscribeTask({ tenant: "", id });
    const first = await again.next();
    assert.equal(first.value.payload.$case, "task");
    assert.equal(first.value.payload.value.status.state, TaskState.TASK_STATE_WORKING);
    running.get(id)("done");
    const rest = [];
    for await (const event of again) rest.push(event.payload);
    assert.deepEqual(rest.map((event) => event.$case), ["artifactUpdate", "statusUpdate"]);
    const now = await asked.getTask({ tenant: "", id });
    assert.equal(now.status.state, TaskState.TASK_STATE_COMPLETED);
    assert.equal(now.artifacts[0].parts[0].content.value, "words");
  });

  if (generation === "0.3") continue;
  test(`a client of ${kind} lists the tasks of a conversation`, async () => {
    const asked = await client(generation, binding);
    const contextId = randomUUID();
    const ids = [];
    for (const words of ["one", "two", "three"]) {
      const { stream, id } = await begun(asked, words, contextId);
      running.get(id)("done");
      for await (const event of stream) assert.ok(event);
      ids.unshift(id);
    }
    const filters = { tenant: "", contextId, pageSize: 2, pageToken: "", historyLength: 0, status: TaskState.TASK_STATE_COMPLETED, includeArtifacts: true };
    const page = await asked.listTasks(filters);
    assert.deepEqual(page.tasks.map((task) => task.id), ids.slice(0, 2));
    assert.equal(page.totalSize, 3);
    assert.equal(page.tasks[0].artifacts[0].parts[0].content.value, "three");
    const rest = await asked.listTasks({ ...filters, pageToken: page.nextPageToken });
    assert.deepEqual(rest.tasks.map((task) => task.id), ids.slice(2));
    assert.equal(rest.nextPageToken, "");
  });
}
