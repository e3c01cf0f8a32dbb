// The official client of A2A over gRPC against the platform, where the card says that it is to be asked.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { InterceptingCall } from "@grpc/grpc-js";
import { Role, TaskState } from "@a2a-js/sdk";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";
import { Agent, Platform, saying } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
let agent;

before(async () => {
  await platform.start();
  agent = await new Agent((words) => saying(`you said ${words}`)).join(platform, "by grpc");
});
after(async () => {
  await agent.leave();
  await platform.stop();
});
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

/** The client that the card leads to, with the operator's credential. */
async function clientFor(id) {
  const headers = { Authorization: `Bearer ${platform.adminToken()}`, "A2A-Version": "1.0" };
  const card = await (await fetch(`${platform.url}/a2a/${id}/.well-known/agent-card.json`, { headers })).json();
  const place = card.supportedInterfaces.find((each) => each.protocolBinding === "GRPC");
  const bearer = (options, next) =>
    new InterceptingCall(next(options), {
      start(metadata, listener, pass) {
        metadata.set("authorization", headers.Authorization);
        pass(metadata, listener);
      },
    });
  const factory = new GrpcTransportFactory({ grpcCallOptions: { interceptors: [bearer] } });
  return { client: await factory.create(place.url, { ...card, supportedInterfaces: [place] }), tenant: place.tenant };
}

const asking = (tenant, words) => ({
  tenant,
  message: {
    messageId: randomUUID(), contextId: "", taskId: "", role: Role.ROLE_USER, extensions: [], referenceTaskIds: [],
    parts: [{ content: { $case: "text", value: words }, filename: "", mediaType: "" }],
  },
});

test("the official client sends, streams and asks", async () => {
  const { client, tenant } = await clientFor(agent.id);
  const said = await client.sendMessage(asking(tenant, "hello"));
  assert.equal(said.parts.map((part) => part.content.value).join(""), "you said hello");
  const events = [];
  for await (const event of client.sendMessageStream(asking(tenant, "again"))) events.push(event);
  assert.match(JSON.stringify(events), /you said again/);
  const { tasks } = await client.listTasks({ tenant, contextId: "", status: TaskState.TASK_STATE_COMPLETED, pageToken: "" });
  assert.equal(tasks.length, 2);
  const task = await client.getTask({ tenant, id: tasks[0].id });
  assert.equal(task.status.state, TaskState.TASK_STATE_COMPLETED);
});

test("the official client knows what it is refused with", async () => {
  const { client, tenant } = await clientFor(agent.id);
  await assert.rejects(client.getTask({ tenant, id: "nobody" }), { name: "TaskNotFoundError" });
});
