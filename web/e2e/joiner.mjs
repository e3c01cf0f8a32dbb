// What an agent does that joins by a ticket, with nothing but what the ticket says.
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";

const statement = (...parts) => Buffer.from(parts.map((part) => `${part.length}:${part}`).join(""));

function uuid(bytes) {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** What the ticket of the line says. */
function read(command) {
  const [, ticket] = /^molecule join (mjt_[\w-]+)$/.exec(command.trim());
  const bytes = Buffer.from(ticket.slice(4, -6), "base64url");
  return { ticket, id: uuid(bytes.subarray(1, 17)), print: bytes.subarray(49, 81), url: bytes.subarray(81).toString() };
}

/** The body that redeems it, by a key of its own, and what is believed of the answer. */
export function redemption(command) {
  const { ticket, id, print, url } = read(command);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const agent = publicKey.export({ format: "jwk" }).x;
  const attempt = Date.now();
  const proof = sign(null, statement("molecule ticket proof 1", id, String(attempt)), privateKey).toString("base64url");
  const body = { ticket, agent_key: agent, attempt, proof, agent_card: { name: "visitor", skills: [] } };
  function believe(answer) {
    assert.deepEqual(createHash("sha256").update(Buffer.from(answer.platform_key, "base64url")).digest(), print, "the key that the ticket names");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: answer.platform_key }, format: "jwk" });
    const said = statement("molecule ticket answer 1", id, agent, answer.workspace_id);
    assert.ok(verify(null, said, key, Buffer.from(answer.signature, "base64url")), "the platform's signature");
  }
  return { url, body, believe };
}

/** Joins by the line, and checks that it is the platform that the ticket names. */
export async function joins(command) {
  const { url, body, believe } = redemption(command);
  const response = await fetch(`${url}/tickets/redeem`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (response.status === 201) believe(answer);
  return { status: response.status, ...answer };
}
