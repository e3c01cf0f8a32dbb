// Push notifications, asked for by the official client in every way it knows; what comes is read by the official SDK and
// checked against the platform's key.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { Role, StreamResponse, TaskState } from "@a2a-js/sdk";
import { JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import * as jose from "jose";
import { Agent, Platform, until } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
const told = [];
let receiver;
let agent;
let asker;

before(async () => {
  await platform.start();
  receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    told.push({ path: request.url, headers: request.headers, body });
    response.end();
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  agent = await new Agent(() => ({
    kind: "task", id: randomUUID(), contextId: "c", status: { state: "completed" }, artifacts: [{ artifactId: "a", parts: [{ kind: "text", text: "42" }] }],
  })).join(platform, "worker");
  asker = await platform.ask("POST", "/workspaces", { name: "asker", external: true });
});
after(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await agent.leave();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

async function client(of, protocolVersion, protocolBinding) {
  const fetchImpl = (url, options = {}) => {
    const headers = new Headers(options.headers);
    headers.set("Authorization", `Bearer ${asker.connection.auth_token}`);
    return fetch(url, { ...options, headers });
  };
  const url = `${platform.url}/a2a/${of}`;
  const Factory = protocolBinding === "JSONRPC" ? JsonRpcTransportFactory : RestTransportFactory;
  return new Factory({ fetchImpl, legacyCompat: { enabled: true } }).create(url, { supportedInterfaces: [{ url, protocolBinding, protocolVersion, tenant: "" }] });
}

const receiving = (path, id = "") => ({
  tenant: "", id, taskId: "", url: `http://127.0.0.1:${receiver.address().port}/${path}`, token: "a-token", authentication: { scheme: "Bearer", credentials: "some" },
});
const asking = (config) => ({
  tenant: "",
  message: {
    messageId: randomUUID(), contextId: "", taskId: "", role: Role.ROLE_USER, extensions: [], referenceTaskIds: [],
    parts: [{ content: { $case: "text", value: "?" }, filename: "", mediaType: "" }],
  },
  configuration: { acceptedOutputModes: [], returnImmediately: false, historyLength: undefined, taskPushNotificationConfig: config },
});

/** What was told at a path, once there is something. */
async function toldAt(path) {
  await until("a notification", () => told.some((each) => each.path === `/${path}`));
  return told.filter((each) => each.path === `/${path}`);
}

const ways = [["1.0", "JSONRPC"], ["1.0", "HTTP+JSON"], ["0.3", "JSONRPC"]];
for (const [generation, binding] of ways) {
  test(`a client of ${generation} in ${binding} is told of the end of what it sends`, async () => {
    const path = randomUUID();
    const asked = await client(agent.id, generation, binding);
    const task = await asked.sendMessage(asking(receiving(path)));
    const [{ headers, body }] = await toldAt(path);
    assert.equal(headers["x-a2a-notification-token"], "a-token");
    assert.equal(headers.authorization, "Bearer some");
    if (generation === "1.0") {
      const { payload } = StreamResponse.fromJSON(JSON.parse(body));
      assert.equal(payload.$case, "task");
      assert.equal(payload.value.id, task.id);
      assert.equal(payload.value.status.state, TaskState.TASK_STATE_COMPLETED);
      assert.equal(payload.value.artifacts[0].parts[0].content.value, "42");
    } else {
      const old = JSON.parse(body);
      assert.deepEqual([old.kind, old.id, old.status.state, old.artifacts[0].parts[0].text], ["task", task.id, "completed", "42"]);
    }
    assert.equal(agent.asked.at(-1).params.configuration?.pushNotificationConfig, undefined);
  });

  test(`a client of ${generation} in ${binding} sets, reads, lists and deletes`, async () => {
    const waiting = await platform.ask("POST", "/workspaces", { name: "away", external: true });
    await platform.ask("POST", "/registry/register", { id: waiting.id, agent_card: { name: "away" }, delivery_mode: "poll" }, waiting.connection.auth_token);
    const asked = await client(waiting.id, generation, binding);
    const { id: taskId } = await asked.sendMessage(asking(undefined));
    const wanted = { ...receiving(randomUUID(), "one"), taskId };
    const made = await asked.createTaskPushNotificationConfig(wanted);
    assert.deepEqual([made.id, made.taskId, made.url, made.token], ["one", taskId, wanted.url, wanted.token]);
    const got = await asked.getTaskPushNotificationConfig({ tenant: "", taskId, id: "one" });
    assert.deepEqual([got.id, got.url, got.authentication.scheme, got.authentication.credentials], ["one", wanted.url, "Bearer", "some"]);
    await asked.createTaskPushNotificationConfig({ ...receiving(randomUUID(), "two"), taskId });
    const list = async () => (await asked.listTaskPushNotificationConfig({ tenant: "", taskId, pageSize: 0, pageToken: "" })).configs.map((each) => each.id);
    assert.deepEqual((await list()).sort(), ["one", "two"]);
    await asked.deleteTaskPushNotificationConfig({ tenant: "", taskId, id: "one" });
    assert.deepEqual(await list(), ["two"]);
    await assert.rejects(asked.getTaskPushNotificationConfig({ tenant: "", taskId, id: "one" }));
    await assert.rejects(asked.createTaskPushNotificationConfig({ ...wanted, url: "http://169.254.169.254/latest/meta-data" }), /169\.254/);
  });
}

test("the platform's signature is of this body and for this receiver", async () => {
  const path = randomUUID();
  const asked = await client(agent.id, "1.0", "JSONRPC");
  await asked.sendMessage(asking(receiving(path)));
  const [{ headers, body }] = await toldAt(path);
  const keys = jose.createRemoteJWKSet(new URL(`${platform.url}/.well-known/jwks.json`));
  const audience = new URL(receiving(path).url).origin;
  const { payload, protectedHeader } = await jose.jwtVerify(headers["x-molecule-signature"], keys, { audience, typ: "JWT" });
  assert.equal(protectedHeader.alg, "EdDSA");
  assert.equal(payload.jti, headers["x-molecule-event-id"]);
  assert.equal(payload.sub, agent.id);
  assert.equal(payload.request_body_sha256, createHash("sha256").update(body).digest("hex"));
  assert.ok(payload.exp - payload.iat <= 300);
  const [head, claims, signature] = headers["x-molecule-signature"].split(".");
  const forged = Buffer.from(JSON.stringify({ ...payload, jti: "another" })).toString("base64url");
  await assert.rejects(jose.jwtVerify(`${head}.${forged}.${signature}`, keys, { audience }));
  await assert.rejects(jose.jwtVerify(`${head}.${claims}.${signature}`, keys, { audience: "https://elsewhere.example" }));
});

test("the card says that it tells", async () => {
  const card = await platform.ask("GET", `/a2a/${agent.id}/.well-known/agent-card.json`);
  assert.equal(card.capabilities.pushNotifications, true);
});
