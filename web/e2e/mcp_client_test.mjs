// The official MCP SDK as the client of `molecule mcp`: the handshake, its list of tools, calls beside each other, progress,
// a call that is given up, and messages that are pushed.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { binary, Platform, until } from "./stage.mjs";

const platform = new Platform({ demo: false });
let home, client, made;
const notified = [];

before(async () => {
  await platform.start();
  made = await platform.ask("POST", "/workspaces", { name: "clerk", external: true });
  home = await mkdtemp(join(tmpdir(), "molecule-mcp-"));
  const transport = new StdioClientTransport({
    command: binary(),
    args: ["mcp"],
    env: { PLATFORM_URL: platform.url, WORKSPACE_ID: made.id, MOLECULE_WORKSPACE_TOKEN: made.connection.auth_token, HOME: home, CONFIGS_DIR: join(home, "configs") },
  });
  client = new Client({ name: "e2e", version: "1.0.0" });
  client.fallbackNotificationHandler = async (notification) => void notified.push(notification);
  await client.connect(transport);
});

after(async () => {
  await client?.close();
  await platform.stop();
  if (home) await rm(home, { recursive: true, force: true });
});

const texts = (result) => result.content.map((part) => part.text).join("");
const call = (name, args = {}, options = {}) => client.callTool({ name, arguments: args }, undefined, options);

test("it shakes hands, pings and lists its tools", async () => {
  assert.deepEqual(client.getServerVersion().name, "molecule");
  assert.match(client.getInstructions(), /wait_for_message/);
  await client.ping();
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ["delegate_task", "delegate_task_async", "check_task_status", "list_peers", "get_workspace_info", "get_runtime_identity", "update_agent_card", "send_message_to_user", "wait_for_message", "inbox_peek", "inbox_pop", "fetch_files", "chat_history"],
  );
  for (const { annotations } of tools) assert.equal(typeof annotations.readOnlyHint, "boolean");
});

test("a message of a person is pushed, waited for, answered and popped", async () => {
  const waiting = call("wait_for_message", { timeout_secs: 20 });
  const parts = [{ kind: "text", text: "is anybody there?" }];
  await platform.ask("POST", `/workspaces/${made.id}/a2a`, { jsonrpc: "2.0", id: 1, method: "message/send", params: { message: { role: "user", messageId: "m1", parts } } });
  const message = JSON.parse(texts(await waiting));
  assert.deepEqual([message.text, message.kind], ["is anybody there?", "canvas_user"]);
  await until("the notification", () => notified.length === 1);
  assert.equal(notified[0].method, "notifications/claude/channel");
  assert.equal(notified[0].params.meta.activity_id, message.activity_id);
  const sent = await call("send_message_to_user", { message: "Yes.", reply_to: message.activity_id });
  assert.equal(sent.isError, false, texts(sent));
  assert.deepEqual(JSON.parse(texts(await call("inbox_pop", { activity_id: message.activity_id }))), { removed: true, activity_id: message.activity_id });
});

test("a long call tells that it goes on, holds up no other, and can be given up", async () => {
  const told = [];
  const leave = new AbortController();
  const waiting = call("wait_for_message", { timeout_secs: 120 }, { onprogress: (progress) => told.push(progress), signal: leave.signal });
  assert.equal(texts(await call("inbox_peek")), "[]");
  await until("progress", () => told.length > 0);
  leave.abort("enough");
  await assert.rejects(waiting, /enough|abort/i);
  await client.ping();
});

test("wrong arguments are told to the model, unknown tools to the client", async () => {
  const wrong = await call("delegate_task", { workspace_id: 5 });
  assert.equal(wrong.isError, true);
  assert.match(texts(wrong), /workspace_id: expected a string/);
  await assert.rejects(call("no_such_tool"), /Unknown tool/);
});
