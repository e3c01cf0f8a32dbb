// What a body's schema in /openapi.json allows, its route reads; what it does not, is refused by a code that is named there.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Platform } from "./stage.mjs";

const platform = new Platform({ demo: false, flags: ["--rate-limit", "0"] });
let document;
let ajv;
let self; // The workspace that is changed, registers and beats.

before(async () => {
  await platform.start();
  document = await (await fetch(`${platform.url}/openapi.json`)).json();
  ajv = new Ajv({ strict: false });
  addFormats(ajv);
  ajv.addSchema(document, "api");
  self = (await ask("POST", "/workspaces", { name: "self", runtime: "external" })).body;
});
after(() => platform.stop());
afterEach((context) => {
  if (!context.passed) console.error(platform.log());
});

async function ask(method, path, body, token = platform.adminToken()) {
  const answer = await fetch(platform.url + path, { method, headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

const operation = (method, pattern) => document.paths[pattern][method.toLowerCase()];
const named = (schema) => (schema.$ref ? document.components.schemas[schema.$ref.split("/").pop()] : schema);

/** Values at and beyond the bounds of a member, and of every other type. */
function trials(schema) {
  const values = [undefined, null, true, 7, 0.5, "", "x", [], {}, ["x"], [7], { a: 7 }, "0b0c0d0e-0000-4000-8000-000000000001"];
  if (schema.maxLength !== undefined) values.push("x".repeat(schema.maxLength), "x".repeat(schema.maxLength + 1));
  for (const bound of [schema.minimum, schema.maximum]) if (bound !== undefined) values.push(bound - 1, bound, bound + 1);
  if (schema.maxProperties !== undefined)
    for (const more of [0, 1]) values.push(Object.fromEntries(Array.from({ length: schema.maxProperties + more }, (_, i) => [`K${i}`, "v"])));
  const item = schema.additionalProperties;
  if (item?.maxLength !== undefined) for (const size of [item.minLength - 1, item.maxLength, item.maxLength + 1]) values.push({ K: "v".repeat(size) });
  if (schema.properties) for (const [name, inner] of Object.entries(schema.properties)) for (const value of trials(named(inner))) values.push({ [name]: value });
  for (const one of schema.anyOf ?? []) {
    values.push(...(one.$ref ? [...(named(one).enum ?? []), ...(named(one).properties ? trials(named(one)) : [])] : []));
  }
  return values;
}

let made = 0;
// By member: `means`, codes by which a value of the right form is refused for what it says; `lax`, values that are not looked at.
const routes = [
  ["POST", "/workspaces", "", () => ({ name: `w${(made += 1)}`, runtime: "external" }), {
    means: { runtime: ["invalid_workspace_fields", "runtime_unknown"], url: ["url_invalid"], template: [], workspace_dir: ["invalid_workspace_directory"], workspace_access: ["invalid_workspace_access"], parent_id: ["workspace_reparent_parent_not_found"] } }],
  ["PATCH", "/workspaces/{id}", "", () => ({ x: 1, y: 1 }), {
    means: { name: ["invalid_workspace_payload", "workspace_name_conflict"], workspace_dir: ["invalid_workspace_directory"], parent_id: ["workspace_reparent_parent_not_found"] } }],
  ["POST", "/registry/register", " with a card", () => ({ id: self.id, agent_card: { name: "n" }, delivery_mode: "poll" }), {
    means: { kind: ["kind_not_allowed"], delivery_mode: ["url_required"], id: ["workspace_not_found"] }, lax: ["workspace_id", "name", "description", "skills"] }],
  ["POST", "/registry/register", " with a name", () => ({ workspace_id: self.id, name: "n", delivery_mode: "poll" }), {
    means: { kind: ["kind_not_allowed"], delivery_mode: ["url_required"], id: ["workspace_not_found"], workspace_id: ["workspace_not_found"], description: ["agent_card_too_large"] } }],
  ["POST", "/registry/heartbeat", " by workspace_id", () => ({ workspace_id: self.id, current_task: "t" }), {
    means: { workspace_id: ["workspace_not_found"] }, lax: ["id", "task", "runtime_metadata"] }],
  ["POST", "/registry/heartbeat", " by id", () => ({ id: self.id }), { means: { id: ["workspace_not_found"], workspace_id: ["workspace_not_found"] }, lax: ["runtime_metadata"] }],
  ["POST", "/registry/update-card", "", () => ({ id: self.id, agent_card: { name: "n" } }), {
    means: { id: ["workspace_not_found"], url: ["url_invalid"] }, lax: ["workspace_id", "name", "description", "skills"] }],
  ["POST", "/tickets", "", () => ({ name: "t", role: "r" }), {
    means: { name: ["invalid_workspace_fields"], runtime: ["invalid_ticket"], platform_url: ["url_invalid"], parent_id: ["workspace_reparent_parent_not_found"] } }]];

for (const [method, pattern, how, base, { means = {}, lax = [] }] of routes) {
  test(`${method} ${pattern}${how} reads what its schema allows`, async () => {
    const said = operation(method, pattern);
    const schema = said.requestBody.content["application/json"].schema;
    const fits = ajv.getSchema(`api#${schema.$ref.slice(1)}`);
    let taken = 0;
    let refused = 0;
    for (const [member, of] of Object.entries(named(schema).properties)) {
      for (const value of trials(named(of))) {
        const body = { ...base(), [member]: value };
        const answer = await ask(method, pattern.replace("{id}", self.id), body);
        const shown = `${member}: ${String(JSON.stringify(value)).slice(0, 80)}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;
        const read = answer.status < 400 || (means[member] ?? []).includes(answer.body.code);
        if (fits(JSON.parse(JSON.stringify(body)))) assert.ok(read, `fits, and is refused: ${shown}`);
        else if (!lax.includes(member)) assert.ok(answer.status >= 400, `does not fit, and is taken: ${shown}`);
        if (answer.status < 400) taken += 1;
        else {
          refused += 1;
          const codes = said.responses[String(answer.status)]?.content["application/json"].schema.allOf[1].properties.code.enum;
          assert.ok(codes?.includes(answer.body.code), `not named in the document: ${shown}`);
        }
      }
    }
    assert.ok(taken > 10 && refused > 10, `${taken} taken, ${refused} refused`);
  });
}
