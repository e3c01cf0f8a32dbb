// The official SDK of A2A on both ends of a workspace's own endpoint: found by its card, answered whole and in pieces.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { Role, TaskState } from "@a2a-js/sdk";
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore, JsonRpcTransportHandler } from "@a2a-js/sdk/server";
import { serve } from "./a2a_server.mjs";
import { Platform } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0", "--dial-allow", "127.0.0.1/32"] });
const text = (value) => ({ content: { $case: "text", value }, filename: "", mediaType: "" });
const card = {
  name: "official", description: "answers in pieces", version: "1", skills: [], signatures: [], securitySchemes: {}, securityRequirements: [],
  capabilities: { streaming: true, pushNotifications: false, extensions: [] }, defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
};
let agent;
let workspace;

/** Says each word of the message again, as a piece of one artifact. */
const echo = {
  async execute({ taskId, contextId, userMessage }, bus) {
    const status = (state) => ({ state, message: undefined, timestamp: new Date().toISOString() });
    bus.publish(AgentEvent.task({ id: taskId, contextId, status: status(TaskState.TASK_STATE_SUBMITTED), history: [], artifacts: [] }));
    const words = userMessage.parts[0].content.value.split(" ");
    words.forEach((word, number) =>
      bus.publish(AgentEvent.artifactUpdate({
        taskId, contextId, append: number > 0, lastChunk: number === words.length - 1,
        artifact: { artifactId: "said", name: "", description: "", parts: [text(word)], extensions: [] },
      })),
    );
    bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: status(TaskState.TASK_STATE_COMPLETED) }));
    bus.finished();
  },
  async cancelTask() {},
};

before(async () => {
  await platform.start();
  agent = createServer();
  agent.listen(0, "127.0.0.1");
  await once(agent, "listening");
  const url = `http://127.0.0.1:${agent.address().port}/`;
  const own = { ...card, supportedInterfaces: [{ url, protocolBinding: "JSONRPC", protocolVersion: "1.0", tenant: "" }] };
  const handler = new JsonRpcTransportHandler(new DefaultRequestHandler(own, new InMemoryTaskStore(), echo));
  agent.on("request", (request, response) => void serve(handler, request, response));
  workspace = await platform.ask("POST", "/workspaces", { name: "official", external: true });
  const fields = { id: workspace.id, url, agent_card: own, delivery_mode: "push" };
  await platform.ask("POST", "/registry/register", fields, workspace.connection.auth_token);
});
after(async () => {
  agent.closeAllConnections();
  agent.close();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

/** The client that the card of the workspace's endpoint leads to; told as one of 0.3 or of 1.0, in a binding. */
async function found(asked, binding = "JSONRPC") {
  const fetchImpl = (url, options = {}) => {
    const headers = new Headers(options.headers);
    headers.set("Authorization", `Bearer ${workspace.connection.auth_token}`);
    if (asked === "0.3") headers.delete("A2A-Version");
    return fetch(url, { ...options, headers });
  };
  const legacyCompat = { enabled: true };
  const cardResolver = new DefaultAgentCardResolver({ fetchImpl, legacyCompat });
  const path = ".well-known/agent-card.json";
  const shown = await cardResolver.resolve(`${platform.url}/a2a/${workspace.id}/`, path);
  assert.equal(shown.name, "official");
  assert.equal(shown.capabilities.streaming, true);
  const interfaces = shown.supportedInterfaces.filter((each) => each.protocolVersion.startsWith(asked) && each.protocolBinding === binding);
  assert.deepEqual(interfaces.map((each) => each.url), [`${platform.url}/a2a/${workspace.id}`]);
  const transports = [new JsonRpcTransportFactory({ fetchImpl, legacyCompat }), new RestTransportFactory({ fetchImpl, legacyCompat })];
  const factory = new ClientFactory({ transports, cardResolver });
  return factory.createFromAgentCard({ ...shown, supportedInterfaces: interfaces });
}

const asking = (words) => ({
  tenant: "",
  message: { messageId: randomUUID(), contextId: "", taskId: "", role: Role.ROLE_USER, parts: [text(words)], extensions: [], referenceTaskIds: [] },
});

for (const [asked, binding] of [["1.0", "JSONRPC"], ["1.0", "HTTP+JSON"], ["0.3", "JSONRPC"]]) {
  const kind = `${asked} in ${binding}`;
  test(`a client of ${kind} reads an official agent's pieces as they come`, async () => {
    const client = await found(asked, binding);
    const events = [];
    for await (const event of client.sendMessageStream(asking("one two three"))) events.push(event.payload);
    assert.deepEqual(events.map((event) => event.$case), ["task", "artifactUpdate", "artifactUpdate", "artifactUpdate", "statusUpdate"]);
    assert.deepEqual(events.slice(1, 4).map((event) => event.value.artifact.parts[0].content.value), ["one", "two", "three"]);
    assert.equal(events.at(-1).value.status.state, TaskState.TASK_STATE_COMPLETED);
  });

  test(`a client of ${kind} is answered whole`, async () => {
    const client = await found(asked, binding);
    const task = await client.sendMessage(asking("four five"));
    assert.equal(task.status.state, TaskState.TASK_STATE_COMPLETED);
    assert.deepEqual(task.artifacts[0].parts.map((part) => part.content.value), ["four", "five"]);
  });
}
