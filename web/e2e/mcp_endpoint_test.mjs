// The official MCP SDK as the client of a workspace's endpoint, over Streamable HTTP and over the older HTTP with SSE: the
// handshake, its tools, calls beside each other, progress, a call that is given up, and a platform that is started anew.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Agent, Platform, saying, until } from "./stage.mjs";

const platform = new Platform({ demo: false });
const clients = [];
let made, peer, release;

before(async () => {
  await platform.start();
  made = await platform.ask("POST", "/workspaces", { name: "clerk", external: true });
  peer = await new Agent(async (words) => {
    if (words === "take your time") await new Promise((resolve) => (release = resolve));
    return saying(`you said ${words}`);
  }).join(platform, "echo");
});
afterEach(async () => {
  release?.();
  for (const client of clients.splice(0)) await client.close();
});
after(async () => {
  await peer?.leave();
  await platform.stop();
});

const headers = () => ({ Authorization: `Bearer ${made.connection.auth_token}` });
const kinds = {
  "Streamable HTTP": () => new StreamableHTTPClientTransport(new URL(`${platform.url}/workspaces/${made.id}/mcp`), { requestInit: { headers: headers() } }),
  "HTTP with SSE": () =>
    new SSEClientTransport(new URL(`${platform.url}/workspaces/${made.id}/mcp/stream`), {
      requestInit: { headers: headers() },
      eventSourceInit: { fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers() } }) },
    }),
};

async function connected(kind) {
  const client = new Client({ name: "e2e", version: "1.0.0" });
  clients.push(client);
  await client.connect(kinds[kind]());
  return client;
}
const texts = (result) => result.content.map((part) => part.text).join("");
const task = (words) => ({ name: "delegate_task", arguments: { workspace_id: peer.id, task: words } });

for (const kind of Object.keys(kinds)) {
  test(`${kind}: it shakes hands, pings and lists its tools`, async () => {
    const client = await connected(kind);
    assert.equal(client.getServerVersion().name, "molecule-a2a");
    await client.ping();
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name), ["list_peers", "get_workspace_info", "delegate_task", "delegate_task_async", "check_task_status"]);
    for (const { annotations } of tools) assert.equal(typeof annotations.readOnlyHint, "boolean");
  });

  test(`${kind}: calls run beside each other and reach agents`, async () => {
    const client = await connected(kind);
    const answers = await Promise.all(["one", "two", "three"].map((words) => client.callTool(task(words))));
    for (const [place, words] of ["one", "two", "three"].entries()) assert.match(texts(answers[place]), new RegExp(`you said ${words}`));
    const { peers } = JSON.parse(texts(await client.callTool({ name: "list_peers", arguments: {} })));
    assert.ok(peers.some(({ id }) => id === peer.id));
    const wrong = await client.callTool({ name: "delegate_task", arguments: { workspace_id: 5 } });
    assert.equal(wrong.isError, true);
    assert.match(texts(wrong), /workspace_id: expected a string/);
    await assert.rejects(client.callTool({ name: "no_such_tool" }), /Unknown tool/);
  });

  test(`${kind}: a long call tells that it goes on, holds up no other, and can be given up`, async () => {
    const client = await connected(kind);
    const told = [];
    const leave = new AbortController();
    const waiting = client.callTool(task("take your time"), undefined, { onprogress: (progress) => told.push(progress), signal: leave.signal });
    const ended = assert.rejects(waiting, /enough|abort/i);
    await client.ping();
    await until("progress", () => told.length > 0);
    assert.match(told[0].message, /echo/);
    leave.abort("enough");
    await ended;
    await client.ping();
  });
}

test("a client of Streamable HTTP goes on when the platform was started anew", async () => {
  const client = await connected("Streamable HTTP");
  await client.listTools();
  await platform.stopServer();
  await platform.start();
  assert.equal((await client.listTools()).tools.length, 5);
});
