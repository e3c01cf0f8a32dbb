// The document at /openapi.json: valid OpenAPI, examples that fit their schemas, and a platform that answers as it says.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { redemption } from "./joiner.mjs";
import { Agent, Platform, saying, until } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
let document;
let ajv;
const called = new Set();

before(async () => {
  await platform.start();
  document = await (await fetch(`${platform.url}/openapi.json`)).json();
  ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, "api");
});
after(() => platform.stop());
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

const escaped = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D");

/** Whether `value` is what the schema at `path` of the document says; the complaints otherwise. */
function complaints(path, value) {
  const validate = ajv.getSchema(`api#/${path.map(escaped).join("/")}`) ?? assert.fail(`no schema at ${path.join("/")}`);
  return validate(value) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
}

/** Asks as `token`, and holds the answer to what the document says of this route. */
async function ask(method, pattern, { token, body, raw, query = "", expect = 200, headers = {}, ...names } = {}) {
  const path = pattern.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name] ?? assert.fail(`no ${name} for ${pattern}`)));
  const bearer = token ?? platform.adminToken();
  const answer = await fetch(platform.url + path + query, {
    method,
    headers: { ...(bearer === "" ? {} : { Authorization: `Bearer ${bearer}` }), ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(raw === undefined ? {} : { body: raw }),
  });
  const text = await answer.text();
  const verb = method.toLowerCase();
  const operation = document.paths[pattern]?.[verb] ?? assert.fail(`${method} ${pattern} is not in the document`);
  called.add(`${verb} ${pattern}`);
  assert.equal(answer.status, expect, `${method} ${path}: ${text}`);
  const said = operation.responses[String(answer.status)] ?? assert.fail(`${method} ${pattern} does not say that it answers ${answer.status}: ${text}`);
  const json = said.content?.["application/json"];
  if (!json) return text;
  const value = JSON.parse(text);
  if (json.schema) {
    const at = ["paths", pattern, verb, "responses", String(answer.status), "content", "application/json", "schema"];
    assert.deepEqual(complaints(at, value), [], `${method} ${pattern} ${answer.status}: ${text}`);
  }
  return value;
}

test("is valid OpenAPI 3.1", async () => {
  const verdict = await new Validator().validate(structuredClone(document));
  assert.ok(verdict.valid, JSON.stringify(verdict.errors, null, 1));
  assert.equal(document.openapi, "3.1.0");
});

test("has examples that fit", () => {
  let examples = 0;
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [verb, operation] of Object.entries(operations)) {
      assert.ok(operation.summary, `${verb} ${path} says nothing of itself`);
      const places = Object.entries(operation.responses).map(([status, said]) => [["paths", path, verb, "responses", status], said]);
      if (operation.requestBody) places.push([["paths", path, verb, "requestBody"], operation.requestBody]);
      for (const [place, said] of places) {
        const json = said.content?.["application/json"];
        if (!json?.schema) continue;
        examples += 1;
        assert.deepEqual(complaints([...place, "content", "application/json", "schema"], json.example), [], `${verb} ${path}`);
      }
    }
  }
  assert.ok(examples > 200, `${examples} examples`);
});

test("is what the platform answers, route by route", async () => {
  for (const path of ["/health", "/healthz", "/readyz", "/openapi.json"]) await ask("GET", path, { token: "" });
  await ask("GET", "/metrics");
  await ask("GET", "/metrics", { token: "", expect: 401 });

  // Workspaces.
  const lead = await ask("POST", "/workspaces", { body: { name: "lead", external: true }, expect: 201 });
  const id = lead.id;
  const mate = await ask("POST", "/workspaces", { body: { name: "mate", external: true, parent_id: id }, expect: 201 });
  const token = lead.connection.auth_token;
  const mateToken = mate.connection.auth_token;
  await ask("POST", "/workspaces", { body: {}, expect: 400 });
  const refused = await ask("GET", "/workspaces", { token, expect: 403 });
  assert.equal(refused.code, "admin_required");
  await ask("GET", "/workspaces");
  await ask("GET", "/workspaces/{id}", { id });
  await ask("GET", "/workspaces/{id}", { id, token: mateToken });
  await ask("GET", "/workspaces/{id}", { id: "nonsense", expect: 400 });
  await ask("PATCH", "/workspaces/{id}", { id, body: { role: "Leads", x: 10, y: 20 } });
  await ask("PATCH", "/workspaces/{id}", { id, token, body: { tier: 2 }, expect: 403 });
  await ask("GET", "/workspaces/{id}/state", { id, token });
  await ask("POST", "/workspaces/{id}/pause", { id: mate.id });
  await ask("POST", "/workspaces/{id}/pause", { id: mate.id, expect: 404 });
  await ask("POST", "/workspaces/{id}/resume", { id: mate.id });
  await ask("POST", "/workspaces/{id}/restart", { id: mate.id });
  await ask("GET", "/workspaces/{id}/external/connection", { id });
  await ask("DELETE", "/workspaces/{id}", { id, expect: 409 });

  // Agents that the platform starts.
  await ask("GET", "/runtimes");
  const started = await ask("POST", "/workspaces", { body: { name: "started", runtime: "command", command: "cat", tier: 2 }, expect: 201 });
  const running = async () => (await ask("GET", "/workspaces/{id}/process", { id: started.id })).state === "running";
  await until("its start", running);
  const log = await ask("GET", "/workspaces/{id}/logs", { id: started.id });
  await ask("GET", "/workspaces/{id}/logs", { id: started.id, query: `?since=${log.next}&wait=0` });
  await ask("GET", "/workspaces/{id}/logs", { id, expect: 404 });
  await ask("GET", "/workspaces/{id}/terminal", { id: started.id, query: "?cols=80&rows=24", expect: 426 });
  await ask("GET", "/workspaces/{id}/terminal", { id, expect: 404 });

  // Its configuration and its files.
  const config = await ask("GET", "/workspaces/{id}/config", { id: started.id });
  await ask("PUT", "/workspaces/{id}/config", { id: started.id, body: { text: `${config.text}colour: blue\n` }, headers: { "If-Match": `"${config.version}"` } });
  await ask("PUT", "/workspaces/{id}/config", { id: started.id, body: { text: "name: [" }, expect: 400 });
  await ask("PATCH", "/workspaces/{id}/config", { id: started.id, body: { description: "repeats" } });
  await ask("GET", "/workspaces/{id}/config", { id, expect: 404 });
  const todo = { id: started.id, path: "notes/todo.md" };
  const written = await ask("PUT", "/workspaces/{id}/files/{path}", { ...todo, body: { content: "one" } });
  await ask("PUT", "/workspaces/{id}/files/{path}", { ...todo, body: { content: "two" }, headers: { "If-Match": `"${written.version}0"` }, expect: 409 });
  await ask("PUT", "/workspaces/{id}/files", { id: started.id, body: { files: { "notes/a.md": "a" } } });
  assert.equal((await ask("GET", "/workspaces/{id}/files", { id: started.id, query: "?depth=2&path=notes" })).length, 2);
  await ask("GET", "/workspaces/{id}/files", { id, expect: 404 });
  await ask("GET", "/workspaces/{id}/files", { id: started.id, query: "?root=/etc", expect: 400 });
  assert.equal((await ask("GET", "/workspaces/{id}/files/{path}", todo)).content, "one");
  await ask("PUT", "/workspaces/{id}/file-bytes/{path}", { ...todo, raw: "three" });
  assert.equal(await ask("GET", "/workspaces/{id}/file-bytes/{path}", todo), "three");
  await ask("DELETE", "/workspaces/{id}/files/{path}", todo);
  await ask("GET", "/workspaces/{id}/files/{path}", { ...todo, expect: 404 });
  await ask("DELETE", "/workspaces/{id}", { id: started.id });

  // The registry.
  const registered = await ask("POST", "/registry/register", { token, body: { id, agent_card: { name: "lead" } } });
  assert.equal(registered.delivery_mode, "poll");
  await ask("POST", "/registry/register", { token: mateToken, body: { id: mate.id, name: "mate", skills: ["read"] } });
  await ask("POST", "/registry/register", { token: "", body: { id, agent_card: { name: "lead" } }, expect: 401 });
  await ask("POST", "/registry/heartbeat", { token, body: { workspace_id: id, active_tasks: 1, current_task: "reading" } });
  await ask("POST", "/registry/heartbeat", { token, body: { workspace_id: mate.id }, expect: 403 });
  await ask("POST", "/registry/update-card", { token, body: { id, agent_card: { name: "lead", description: "Leads" } } });
  await ask("GET", "/registry/{id}/peers", { id, token });
  await ask("GET", "/registry/discover/{id}", { id: mate.id, token });
  await ask("POST", "/registry/check-access", { token, body: { caller_id: id, target_id: mate.id } });

  // Credentials.
  const made = await ask("POST", "/workspaces/{id}/tokens", { id, body: { label: "laptop" }, expect: 201 });
  await ask("GET", "/workspaces/{id}/tokens", { id });
  await ask("DELETE", "/workspaces/{id}/tokens/{token_id}", { id, token_id: made.id });
  await ask("DELETE", "/workspaces/{id}/tokens/{token_id}", { id, token_id: made.id, expect: 404 });
  await ask("POST", "/admin/workspaces/{id}/tokens", { id: mate.id, expect: 201 });
  await ask("GET", "/admin/workspaces/{id}/test-token", { id, expect: 404 });
  await ask("POST", "/admin/workspaces/{id}/test-token", { id, expect: 404 });
  await ask("POST", "/auth/claim", { token: "", body: { code: "wrong" }, expect: 410 });
  await ask("POST", "/auth/claim", { token: "", body: { code: /claim\/([^/]+)/.exec(platform.claimLink)[1] } });
  await ask("GET", "/auth/me");
  const key = await ask("POST", "/org/tokens", { body: { name: "dashboards", scope: "read" } });
  assert.equal((await ask("GET", "/auth/me", { token: key.auth_token })).key.id, key.id);
  await ask("POST", "/workspaces", { token: key.auth_token, body: { name: "x" }, expect: 403 });
  await ask("POST", "/registry/check-access", { token: key.auth_token, body: { caller_id: id, target_id: mate.id }, expect: 403 });
  await ask("POST", "/org/tokens", { body: { scope: "all" }, expect: 400 });
  await ask("GET", "/org/tokens");
  await ask("DELETE", "/org/tokens/{id}", { id: key.id });
  await ask("DELETE", "/org/tokens/{id}", { id: key.id, expect: 404 });
  const { sessions } = await ask("GET", "/auth/sessions");
  await ask("DELETE", "/auth/sessions/{id}", { id: sessions[0].id });
  await ask("POST", "/auth/logout", { token: "" });

  // Files.
  await ask("GET", "/uploads/limits", { token: "" });
  const form = { headers: { "Content-Type": "multipart/form-data; boundary=b" }, raw: '--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nwords\r\n--b--\r\n' };
  const { files } = await ask("POST", "/workspaces/{id}/chat/uploads", { id, ...form });
  await ask("POST", "/workspaces/{id}/chat/uploads", { id, ...form, raw: "no form", expect: 400 });
  const file = files[0].uri.split("/")[1];
  assert.equal(await ask("GET", "/workspaces/{id}/attachments/{file}", { id, file }), "words");
  assert.equal(await ask("GET", "/workspaces/{id}/attachments/{file}", { id, file, headers: { Range: "bytes=1-2" }, expect: 206 }), "or");
  await ask("GET", "/workspaces/{id}/attachments/{file}", { id, file, headers: { Range: "bytes=9-" }, expect: 416 });
  await ask("GET", "/workspaces/{id}/attachments/{file}", { id: mate.id, token: mateToken, file, expect: 404 });
  const hex = file.replaceAll("-", "");
  await ask("GET", "/workspaces/{id}/chat/download", { id, query: `?path=/workspace/.molecule/chat-uploads/${hex}-a.txt` });
  await ask("GET", "/workspaces/{id}/chat/download", { id, query: "?path=a.txt", expect: 400 });
  await ask("GET", "/workspaces/{id}/pending-uploads/{file_id}/content", { id, token, file_id: file });
  await ask("POST", "/workspaces/{id}/pending-uploads/{file_id}/ack", { id, token, file_id: file });
  await ask("POST", "/workspaces/{id}/pending-uploads/{file_id}/ack", { id, token, file_id: file, expect: 404 });

  // Tickets.
  const ticket = await ask("POST", "/tickets", { body: { name: "visitor", role: "Visits", parent_id: id, expires_in: 60, canvas: { x: 1, y: 2 } }, expect: 201 });
  await ask("POST", "/tickets", { body: {}, expect: 400 });
  const { body, believe } = redemption(ticket.command);
  const joined = await ask("POST", "/tickets/redeem", { token: "", body, expect: 201 });
  believe(joined);
  await ask("POST", "/tickets/redeem", { token: "", body, expect: 409 });
  await ask("POST", "/tickets/redeem", { token: "", body: { ...body, ticket: "mjt_" }, expect: 410 });
  await ask("DELETE", "/tickets/{id}", { id: ticket.id, expect: 409 });
  const spare = await ask("POST", "/tickets", { body: { role: "spare" }, expect: 201 });
  await ask("DELETE", "/tickets/{id}", { id: spare.id });
  await ask("GET", "/tickets");
  await ask("GET", "/workspaces/{id}/agent-key", { id: joined.workspace_id });
  await ask("GET", "/workspaces/{id}/agent-key", { id });
  await ask("DELETE", "/workspaces/{id}/agent-key", { id: joined.workspace_id });
  await ask("DELETE", "/workspaces/{id}/agent-key", { id, expect: 404 });
  await ask("DELETE", "/workspaces/{id}", { id: joined.workspace_id });

  // Secrets.
  for (const method of ["POST", "PUT"]) await ask(method, "/workspaces/{id}/secrets", { id, body: { key: "SEARCH_KEY", value: "s" } });
  await ask("GET", "/workspaces/{id}/secrets", { id });
  await ask("GET", "/workspaces/{id}/secrets/values", { id, token });
  await ask("GET", "/workspaces/{id}/secrets/values", { id, expect: 403 });
  await ask("PUT", "/workspaces/{id}/model", { id, body: { model: "a-model" } });
  await ask("GET", "/workspaces/{id}/model", { id });
  await ask("PUT", "/workspaces/{id}/model", { id, body: { model: "" } });
  await ask("DELETE", "/workspaces/{id}/secrets/{key}", { id, key: "SEARCH_KEY" });
  await ask("DELETE", "/workspaces/{id}/secrets/{key}", { id, key: "SEARCH_KEY", expect: 404 });
  for (const place of ["/settings/secrets", "/admin/secrets"]) {
    for (const method of ["POST", "PUT"]) await ask(method, place, { body: { key: "SHARED", value: "s" } });
    await ask("GET", place);
    await ask("DELETE", `${place}/{key}`, { key: "SHARED" });
  }
  await ask("POST", "/admin/secrets/rotate");

  // Messages, activity, delegations.
  const message = (text, messageId) => ({ jsonrpc: "2.0", id: 1, method: "message/send", params: { message: { kind: "message", role: "user", messageId, parts: [{ kind: "text", text }] } } });
  const waiting = await ask("POST", "/workspaces/{id}/a2a", { id: mate.id, token, body: message("read it", "m-1") });
  await ask("POST", "/workspaces/{id}/a2a", { id: mate.id, token, body: { jsonrpc: "2.0", id: 1, method: "nonsense" }, expect: 400 });
  await ask("POST", "/a2a/{id}", { id: mate.id, token, body: message("read it too", "m-endpoint") });
  for (const path of ["/a2a/{id}/.well-known/agent-card.json", "/a2a/{id}/.well-known/agent.json"]) {
    await ask("GET", path, { id, token: mateToken });
    await ask("GET", path, { id, token: "", expect: 401 });
  }
  await ask("GET", "/a2a/{id}/extendedAgentCard", { id, token: mateToken });
  await ask("POST", "/lf.a2a.v1.A2AService/{method}", { method: "ListTasks", token, raw: new Uint8Array(5), headers: { "Content-Type": "application/grpc" } });
  await ask("GET", "/workspaces/{id}/a2a/queue/{queue_id}", { id: mate.id, queue_id: waiting.activity_id, token });
  await ask("GET", "/workspaces/{id}/a2a/queue/{queue_id}", { id: mate.id, queue_id: id, token, expect: 404 });

  // Tasks, and what nobody answered.
  const asked = { message: { role: "ROLE_USER", messageId: "m-rest", parts: [{ text: "and this" }] } };
  const taken = await ask("POST", "/a2a/{id}/message:send", { id: mate.id, token, body: asked });
  const of = { id: mate.id, token, task: taken.task.id };
  await ask("GET", "/a2a/{id}/tasks", { id: mate.id, token, query: "?pageSize=2&includeArtifacts=true" });
  await ask("GET", "/a2a/{id}/tasks/{task}", { ...of, query: "?historyLength=1" });
  const configs = "/a2a/{id}/tasks/{task}/pushNotificationConfigs";
  await ask("POST", configs, { ...of, body: { id: "told", url: "http://127.0.0.1:9/" } });
  await ask("GET", configs, of);
  await ask("GET", `${configs}/{config}`, { ...of, config: "told" });
  await ask("DELETE", `${configs}/{config}`, { ...of, config: "told" });
  const off = await ask("POST", "/a2a/{id}/tasks/{task}:cancel", of);
  assert.equal(off.status.state, "TASK_STATE_CANCELED");
  const seen = { "Last-Event-ID": "1" };
  for (const method of ["GET", "POST"]) await ask(method, "/a2a/{id}/tasks/{task}:subscribe", { ...of, headers: seen });
  const late = (messageId) => ({ ...message("too late", messageId), params: { ...message("too late", messageId).params, expires_in_seconds: 1 } });
  for (const messageId of ["m-late-1", "m-late-2"]) await ask("POST", "/workspaces/{id}/a2a", { id: mate.id, token, body: late(messageId) });
  let letters = [];
  for (const until = Date.now() + 20_000; letters.length < 2 && Date.now() < until; await new Promise((done) => setTimeout(done, 100)))
    letters = (await ask("GET", "/dead-letters", { query: `?workspace_id=${mate.id}` })).items;
  const [second, first] = letters;
  await ask("POST", "/dead-letters/{id}/resend", { id: first.id, body: { reason: "it is read now" } });
  await ask("POST", "/dead-letters/{id}/drop", { id: first.id, body: { reason: "twice" }, expect: 409 });
  await ask("POST", "/dead-letters/{id}/drop", { id: second.id, body: { reason: "nobody needs it" } });
  await ask("GET", "/dead-letters", { query: "?state=decided" });
  const asks = await new Agent(() => ({ kind: "task", id: "t", contextId: "c", status: { state: "input-required", message: saying("Which one?") } })).join(platform, "asks");
  await ask("POST", "/workspaces/{id}/a2a", { id: asks.id, body: message("read one", "m-asks") });
  const questions = await ask("GET", "/questions", { query: "?limit=1" });
  assert.deepEqual(questions.items.map(({ workspace_id, task_id, state }) => [workspace_id, task_id, state]), [[asks.id, "t", "input-required"]]);
  await asks.leave();

  await ask("GET", "/workspaces/{id}/activity", { id: mate.id, token: mateToken, query: "?type=a2a_receive&include=peer_info" });
  await ask("GET", "/workspaces/{id}/activity", { id: mate.id, query: "?order=sideways", expect: 400 });
  await ask("POST", "/workspaces/{id}/activity", { id, token, body: { activity_type: "task_update", summary: "read" } });
  await ask("POST", "/workspaces/{id}/notify", { id, token, body: { message: "done", attachments: [{ uri: "https://files.example/a.txt", name: "a.txt" }] } });
  const both = { Accept: "application/json, text/event-stream" };
  await ask("POST", "/workspaces/{id}/mcp", { id, token, body: { jsonrpc: "2.0", id: 1, method: "tools/list" }, headers: both });
  await ask("POST", "/workspaces/{id}/mcp", { id, token, body: { jsonrpc: "2.0", method: "notifications/initialized" }, headers: both, expect: 202 });
  await ask("POST", "/workspaces/{id}/mcp/stream", { id, token, body: {}, query: "?session=none", expect: 404 });
  const pushed = await new Agent((words) => saying(`you said ${words}`)).join(platform, "pushed");
  await ask("POST", "/workspaces/{id}/a2a", { id: pushed.id, body: message("hello", "m-2") });
  await ask("POST", "/a2a/{id}/message:stream", { id: pushed.id, body: { message: { ...asked.message, messageId: "m-stream" } } });
  const handed = await ask("POST", "/workspaces/{id}/delegate", { id, token, body: { target_id: mate.id, task: "read it", idempotency_key: "k" }, expect: 202 });
  await ask("POST", "/workspaces/{id}/delegate", { id, token, body: { target_id: mate.id, task: "read it", idempotency_key: "k" } });
  await ask("POST", "/workspaces/{id}/delegate", { id, token, body: { target_id: id, task: "read it" }, expect: 400 });
  const several = { targets: [{ target_id: mate.id }, { target_id: mate.id, task: "sing it" }], task: "write it", idempotency_key: "several" };
  const group = await ask("POST", "/workspaces/{id}/delegations", { id, token, body: several, expect: 202 });
  await ask("POST", "/workspaces/{id}/delegations", { id, token, body: several });
  await ask("POST", "/workspaces/{id}/delegations", { id, token, body: { targets: [], task: "write it" }, expect: 400 });
  await ask("GET", "/workspaces/{id}/delegations/groups/{group_id}", { id, token, group_id: group.group_id });
  await ask("POST", "/workspaces/{id}/delegations/{delegation_id}/cancel", { id, token, delegation_id: group.delegations[0].delegation_id });
  const carried = await ask("GET", "/workspaces/{id}/delegations/{delegation_id}", { id, token, delegation_id: group.delegations[1].delegation_id });
  await ask("GET", "/workspaces/{id}/tasks/{task}/tree", { id: mate.id, token, task: carried.task_id });
  await ask("GET", "/workspaces/{id}/delegations", { id, token });
  await ask("GET", "/workspaces/{id}/delegations/{delegation_id}", { id, token, delegation_id: handed.delegation_id });
  const noted = crypto.randomUUID();
  await ask("POST", "/workspaces/{id}/delegations/record", { id, token, body: { target_id: mate.id, task: "noted", delegation_id: noted }, expect: 202 });
  await ask("POST", "/workspaces/{id}/delegations/{delegation_id}/update", { id, token, delegation_id: noted, body: { status: "completed", response_preview: "read" } });

  // The canvas and the past.
  await ask("PUT", "/canvas/viewport", { body: { x: 1, y: 2, zoom: 1 } });
  await ask("PUT", "/canvas/viewport", { body: { x: 1, y: 2, zoom: 0 }, expect: 400 });
  await ask("GET", "/canvas/viewport");
  await ask("PATCH", "/canvas/places", { body: { places: [{ id, x: 30, y: 40 }] } });
  await ask("PATCH", "/canvas/places", { body: { places: [{ id, x: 30, y: 4e9 }] }, expect: 400 });
  await ask("GET", "/platform/key");
  await ask("GET", "/.well-known/jwks.json", { token: "" });
  const past = await ask("GET", "/events", { query: "?limit=500" });
  for (const event of past) assert.deepEqual(complaintsOf(event), [], JSON.stringify(event));
  await ask("GET", "/events/{id}", { id });

  await ask("POST", "/workspaces/{id}/relay/polls", { id, token, expect: 201 });
  await ask("POST", "/workspaces/{id}/external/rotate", { id });
  await ask("POST", "/admin/workspaces/{id}/revoke-auth-tokens", { id });
  await pushed.leave();
  await ask("DELETE", "/workspaces/{id}", { id, query: "?confirm=true" });
  await ask("DELETE", "/workspaces/{id}", { id, expect: 410 });
  await ask("GET", "/workspaces/{id}", { id, expect: 410 });

  // Read as they go on.
  const open = new Set(["get /ws", "get /workspaces/{id}/relay", "get /workspaces/{id}/events/stream", "get /workspaces/{id}/mcp/stream",
    "post /workspaces/{id}/relay/polls/{poll_id}/parcels", "post /workspaces/{id}/relay/polls/{poll_id}/next"]);
  const missed = Object.entries(document.paths).flatMap(([path, operations]) => Object.keys(operations).map((verb) => `${verb} ${path}`)).filter((name) => !called.has(name) && !open.has(name));
  assert.deepEqual(missed, []);
});

/** Whether an event's payload is what the list of events says of its type. */
function complaintsOf(event) {
  return complaints(["x-molecule-events", event.event_type], event.payload);
}
