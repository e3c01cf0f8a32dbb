// The signatures of agent cards, checked by the official SDK and by hand with Node's own cryptography.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { verifyAgentCardSignature } from "@a2a-js/sdk";
import { JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { Platform } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
const own = {
  name: "signed", description: "", version: "3", skills: [{ id: "s", name: "Grüße", description: "", tags: [], examples: [], later: 1 }], iconUrl: "",
  capabilities: { extensions: [{ uri: "https://e.example/x", required: false, params: { a: 1.5, "\u20ac": [1e21, 0.1], b: "" } }] },
  signatures: [{ protected: "eyJhbGciOiJub25lIn0", signature: "AAAA" }], later: { list: [], 2: null, "10": "ü" },
};
let workspace;

before(async () => {
  await platform.start();
  workspace = await platform.ask("POST", "/workspaces", { name: "signed", external: true });
  const fields = { id: workspace.id, agent_card: own, delivery_mode: "poll" };
  await platform.ask("POST", "/registry/register", fields, workspace.connection.auth_token);
});
after(() => platform.stop());
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

const fetchCard = (headers = {}, file = "agent-card.json") =>
  fetch(`${platform.url}/a2a/${workspace.id}/.well-known/${file}`, {
    headers: { Authorization: `Bearer ${workspace.connection.auth_token}`, ...headers },
  });

/** RFC 8785 in JavaScript, which it is made after. */
function canonical(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}

const headerOf = (signature) => JSON.parse(Buffer.from(signature.protected, "base64url").toString());

/** The key that a signature names, from where it says; nothing where that is not there. */
async function keyOf(kid, jku) {
  const { keys } = await (await fetch(jku)).json();
  return keys.find((key) => key.kid === kid);
}

/** Whether a signature is of exactly this card. */
async function holds(card, signature) {
  const { alg, kid, jku } = headerOf(signature);
  assert.equal(alg, "EdDSA");
  const key = createPublicKey({ key: await keyOf(kid, jku), format: "jwk" });
  const payload = { ...card };
  delete payload.signatures;
  const input = `${signature.protected}.${Buffer.from(canonical(payload)).toString("base64url")}`;
  return verify(null, Buffer.from(input), key, Buffer.from(signature.signature, "base64url"));
}

for (const [form, headers, file] of [
  ["of 1.0", { "A2A-Version": "1.0" }],
  ["for every generation", {}],
  ["from before 0.3", {}, "agent.json"],
]) {
  test(`the card ${form} is signed by the platform's key`, async () => {
    const card = await (await fetchCard(headers, file)).json();
    const { fingerprint } = await (await fetch(`${platform.url}/platform/key`)).json();
    for (const signature of card.signatures) {
      const header = headerOf(signature);
      assert.deepEqual(header, { alg: "EdDSA", typ: "JOSE", kid: fingerprint, jku: `${platform.url}/.well-known/jwks.json` });
    }
    assert.equal(await holds(card, card.signatures[0]), true);
    assert.equal(await holds({ ...card, version: "4" }, card.signatures[0]), false);
    assert.equal(await holds(card, { ...card.signatures[0], signature: card.signatures[0].signature.replace(/^./, (c) => (c === "A" ? "B" : "A")) }), false);
  });

  test(`the official SDK finds the card ${form} in order, and a changed one not`, async () => {
    // Given the JSON that came: of a card that it has read itself it forgets the security schemes before it checks.
    const check = verifyAgentCardSignature(keyOf);
    const card = await (await fetchCard(headers, file)).json();
    await check(card);
    for (const changed of [
      { ...card, name: "signee" },
      { ...card, supportedInterfaces: [{ ...card.supportedInterfaces[0], url: "http://elsewhere.example/" }] },
      { ...card, capabilities: { ...card.capabilities, pushNotifications: !card.capabilities.pushNotifications } },
      { ...card, skills: [] },
      { ...card, signatures: own.signatures },
    ])
      await assert.rejects(check(changed), /No valid signatures/);
  });
}

test("what its agent had signed is left out, since it is not true of this card", async () => {
  const card = await (await fetchCard()).json();
  assert.ok(card.signatures.every(({ protected: header }) => header !== own.signatures[0].protected));
  assert.deepEqual(card.later, own.later);
});

test("a card that did not change is not sent again", async () => {
  const first = await fetchCard({ "A2A-Version": "1.0" });
  const etag = first.headers.get("ETag");
  const again = await fetchCard({ "A2A-Version": "1.0", "If-None-Match": etag });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), "");
  const other = await fetchCard({ "If-None-Match": etag });
  assert.equal(other.status, 200);
});

for (const version of ["1.0", "0.3"]) {
  test(`a client of ${version} gets the extended card that the card speaks of`, async () => {
    const fetchImpl = (url, options = {}) => {
      const headers = new Headers(options.headers);
      headers.set("Authorization", `Bearer ${workspace.connection.auth_token}`);
      return fetch(url, { ...options, headers });
    };
    const card = await (await fetchCard({ "A2A-Version": "1.0" })).json();
    assert.equal(card.capabilities.extendedAgentCard, true);
    assert.equal((await (await fetchCard()).json()).supportsAuthenticatedExtendedCard, true);
    const url = `${platform.url}/a2a/${workspace.id}`;
    const legacyCompat = { enabled: true };
    const bindings = version === "1.0" ? { JSONRPC: JsonRpcTransportFactory, "HTTP+JSON": RestTransportFactory } : { JSONRPC: JsonRpcTransportFactory };
    for (const [protocolBinding, Factory] of Object.entries(bindings)) {
      const transport = await new Factory({ fetchImpl, legacyCompat }).create(url, {
        supportedInterfaces: [{ url, protocolBinding, protocolVersion: version, tenant: "" }],
      });
      const extended = await transport.getExtendedAgentCard({ tenant: "" });
      assert.equal(extended.name, "signed");
      assert.ok(extended.signatures.length > 0);
    }
  });
}

test("the extended card is signed as well, and nobody sees it who may not reach the workspace", async () => {
  const stranger = await platform.ask("POST", "/workspaces", { name: "boss", external: true });
  const below = await platform.ask("POST", "/workspaces", { name: "below", external: true, parent_id: stranger.id });
  const of = (token) => fetch(`${platform.url}/a2a/${workspace.id}/extendedAgentCard`, { headers: { Authorization: `Bearer ${token}`, "A2A-Version": "1.0" } });
  const card = await (await of(workspace.connection.auth_token)).json();
  assert.equal(await holds(card, card.signatures[0]), true);
  const refused = await of(below.connection.auth_token);
  assert.equal(refused.status, 403);
  assert.equal((await refused.json()).error.status, "PERMISSION_DENIED");
  const rpc = await platform.ask("POST", `/a2a/${workspace.id}`, { jsonrpc: "2.0", id: 1, method: "GetExtendedAgentCard" }, below.connection.auth_token);
  assert.equal(rpc.code, "not_reachable");
  assert.equal((await fetch(`${platform.url}/a2a/${workspace.id}/extendedAgentCard`)).status, 401);
});
