// The official client of A2A, in both generations, against the platform: what it is answered at once, on a repeat, for
// a message that waits, and for a mistake.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import { Role, TaskState } from "@a2a-js/sdk";
import { Agent, Platform, saying } from "./stage.mjs";

const generations = ["1.0", "0.3"];
const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
const closing = [];

before(() => platform.start());
after(async () => {
  for (const close of closing) await close();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

/** An agent that pushes are sent to, unless it has no address or polls. */
async function workspace(name, fields) {
  if (!fields) {
    const agent = await new Agent((words) => saying(`you said ${words}`)).join(platform, name);
    closing.push(() => agent.leave());
    return agent;
  }
  const made = await platform.ask("POST", "/workspaces", { name, external: true });
  await platform.ask("POST", "/registry/register", { id: made.id, agent_card: { name }, ...fields }, made.connection.auth_token);
  return { id: made.id, token: made.connection.auth_token };
}

/** The official client of one generation, for one workspace and its token. */
async function clientFor(id, token, protocolVersion) {
  const withToken = (url, options) => fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
  const url = `${platform.url}/workspaces/${id}/a2a`;
  const factory = new JsonRpcTransportFactory({ fetchImpl: withToken, legacyCompat: { enabled: true } });
  const transport = await factory.create(url, { supportedInterfaces: [{ url, protocolBinding: "JSONRPC", protocolVersion, tenant: "" }] });
  assert.equal(transport.protocolVersion, protocolVersion);
  return transport;
}

const text = (value) => ({ content: { $case: "text", value }, filename: "", mediaType: "" });
const asking = (words, messageId = randomUUID()) => ({
  tenant: "",
  message: { messageId, contextId: "", taskId: "", role: Role.ROLE_USER, parts: words.map(text), extensions: [], referenceTaskIds: [] },
});
const saidBy = (result) => result.parts.map((part) => part.content.value).join("");

/** An asker in the platform, and its clients for another workspace. */
async function asker(of) {
  const made = await workspace(`asker ${randomUUID()}`, { delivery_mode: "poll" });
  return { ...made, clients: await Promise.all(generations.map((generation) => clientFor(of.id, made.token, generation))) };
}

test("a message is answered, and so is every repeat in either generation", async () => {
  const agent = await workspace(`answers ${randomUUID()}`);
  const { clients } = await asker(agent);
  const messageId = randomUUID();
  for (const client of [...clients, ...clients]) assert.equal(saidBy(await client.sendMessage(asking(["hi"], messageId))), "you said hi");
  assert.equal(agent.asked.length, 1);
});

for (const [kind, fields] of Object.entries({
  "an agent that polls": { delivery_mode: "poll" },
  "an agent that is away": { url: "http://127.0.0.1:9/" },
})) {
  test(`a message for ${kind} is a submitted task, the same one on a repeat`, async () => {
    const { clients } = await asker(await workspace(`waits ${randomUUID()}`, fields));
    const messageId = randomUUID();
    const ids = new Set();
    for (const client of [...clients, ...clients]) {
      const task = await client.sendMessage(asking(["hi"], messageId));
      assert.equal(task.status.state, TaskState.TASK_STATE_SUBMITTED);
      assert.notEqual(task.contextId, "");
      ids.add(task.id);
    }
    assert.equal(ids.size, 1);
  });
}

test("a mistake is told in the platform's words", async () => {
  const { clients } = await asker(await workspace(`strict ${randomUUID()}`, { delivery_mode: "poll" }));
  for (const client of clients) await assert.rejects(client.sendMessage(asking([])), /params\.message.*parts/);
});
