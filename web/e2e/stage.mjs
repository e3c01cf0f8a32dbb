// Starts the platform, its demo agents and a browser for one test file, and ends them again.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binaries = [process.env.MOLECULE_BIN, "build/dev/molecule", "build/release/molecule"].filter(Boolean);
const chromiumFlags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const readyMs = 15_000;
const stopMs = 15_000;
const pasteMs = 60_000;

export function binary() {
  const found = binaries.map((path) => join(path.startsWith("/") ? "" : root, path)).find((path) => existsSync(path));
  if (!found) throw new Error(`no molecule binary at ${binaries.join(", ")}; set MOLECULE_BIN`);
  return found;
}

/** A promise that fails with `what` when nothing came in time. */
export async function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again until the answer is true. */
export async function until(what, ask, milliseconds = 20_000) {
  const deadline = Date.now() + milliseconds;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  try {
    await within(stopMs, "the end of a process", gone);
  } catch {
    child.kill("SIGKILL");
    await gone;
  }
}

/** Ends a shell and what it started. */
async function endGroup(shell) {
  if (shell.exitCode !== null || shell.signalCode !== null) return;
  const gone = once(shell, "exit");
  process.kill(-shell.pid, "SIGTERM");
  await within(stopMs, "the end of a line", gone);
}

/** One platform on one data directory; it may be stopped and started again on its port. */
export class Platform {
  #flags;
  #data = mkdtempSync(join(tmpdir(), "molecule-e2e-"));
  #server;
  #agents = [];
  /** Shells with what they started, each a group of its own. */
  #lines = [];
  #log = createWriteStream(join(this.#data, "e2e.log"), { flags: "a" });
  url = "";
  claimLink = "";

  /** `flags` are added to those every platform of a test has; without `demo` it starts empty. */
  constructor({ flags = [], demo = true } = {}) {
    this.#flags = [...(demo ? ["--demo"] : []), ...flags];
  }

  /** From the next start on. */
  set flags(flags) {
    this.#flags = flags;
  }

  get data() {
    return this.#data;
  }

  adminToken() {
    return readFileSync(join(this.#data, "admin_token"), "utf8").trim();
  }

  /** An administrator's request; its JSON. A workspace's own token asks in its name. */
  async ask(method, path, body, token) {
    const bearer = token ?? this.adminToken();
    const answer = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.json();
  }

  /** Starts the platform; on the first start it has the demo organisation and prints a claim link. */
  async start() {
    const listen = this.url === "" ? "127.0.0.1:0" : new URL(this.url).host;
    const server = spawn(
      binary(),
      ["serve", "--listen", listen, "--data", this.#data, "--dial-allow", "127.0.0.1/32", ...this.#flags],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ADMIN_TOKEN: undefined, MOLECULE_ENV: undefined } },
    );
    this.#server = server;
    const ready = new Promise((resolve, reject) => {
      const hear = (line) => {
        this.#log.write(`${line}\n`);
        const claim = /(http[^\s"]*\/claim\/[^\s"]+)/.exec(line);
        if (claim) this.claimLink = claim[1];
        const said = /^ready (http\S+)/.exec(line);
        if (said) resolve(said[1].replace(/\/$/, ""));
      };
      createInterface({ input: server.stdout }).on("line", hear);
      createInterface({ input: server.stderr }).on("line", hear);
      server.on("exit", (code) => reject(new Error(`the platform ended with ${code} before it was ready:\n${this.log()}`)));
    });
    this.url = await within(readyMs, "ready", ready);
    if (this.claimLink === "") this.claimLink = await this.newClaimLink();
  }

  async newClaimLink() {
    const admin = spawn(binary(), ["admin", "claim", "--data", this.#data, "--url", this.url], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    admin.stdout.on("data", (text) => (said += text));
    admin.stderr.on("data", (text) => (said += text));
    await once(admin, "exit");
    const link = /(http[^\s"]*\/claim\/[^\s"]+)/.exec(said);
    if (!link) throw new Error(`molecule admin claim printed no link: ${said}`);
    return link[1];
  }

  /** The two agents of the demo, each its own process with its own credentials. */
  startAgents() {
    for (const name of ["researcher", "pm"]) {
      const agent = spawn("/usr/bin/python3", [join(root, "sdk/python/examples/demo", `${name}.py`)], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          PYTHONPATH: join(root, "sdk/python/src"),
          PYTHONUNBUFFERED: "1",
          MOLECULE_DEMO_FILE: join(this.#data, "demo.json"),
        },
      });
      for (const stream of [agent.stdout, agent.stderr])
        createInterface({ input: stream }).on("line", (line) => this.#log.write(`${name}: ${line}\n`));
      this.#agents.push(agent);
    }
  }

  /** Runs a pasted shell snippet as a person would; its output, or a failure with it. */
  async paste(snippet) {
    const shell = spawn("/bin/bash", ["-c", snippet], { cwd: this.#data, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    shell.stdout.on("data", (text) => (said += text));
    shell.stderr.on("data", (text) => (said += text));
    const [code] = await within(pasteMs, "the end of the snippet", once(shell, "exit"));
    if (code !== 0) throw new Error(`the snippet ended with ${code}: ${said}`);
    return said;
  }

  /** Runs a pasted line that goes on until `stop` is called; `molecule` in it is the binary of this test. */
  runLine(line) {
    const path = dirname(binary());
    const shell = spawn("/bin/bash", ["-c", line], {
      cwd: this.#data,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, HOME: this.#data, XDG_STATE_HOME: join(this.#data, "state"), PATH: `${path}:${process.env.PATH}` },
    });
    for (const stream of [shell.stdout, shell.stderr]) createInterface({ input: stream }).on("line", (text) => this.#log.write(`line: ${text}\n`));
    this.#lines.push(shell);
    return shell;
  }

  /** Runs a pasted Python snippet with the SDK of this tree until `stop` is called. */
  runPython(code) {
    const agent = spawn("/usr/bin/python3", ["-c", code], {
      cwd: this.#data,
      stdio: ["ignore", "pipe", "pipe"],
      // A home of its own: the SDK keeps the token there.
      env: { ...process.env, HOME: this.#data, PYTHONPATH: join(root, "sdk/python/src"), PYTHONUNBUFFERED: "1" },
    });
    for (const stream of [agent.stdout, agent.stderr])
      createInterface({ input: stream }).on("line", (line) => this.#log.write(`snippet: ${line}\n`));
    this.#agents.push(agent);
    return agent;
  }

  async stopServer() {
    await end(this.#server);
  }

  log() {
    const path = join(this.#data, "e2e.log");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(-60).join("\n") : "";
  }

  async stop() {
    await Promise.all(this.#agents.map(end));
    await Promise.all(this.#lines.map(endGroup));
    if (this.#server) await end(this.#server);
    await new Promise((resolve) => this.#log.end(resolve));
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/**
 * An agent of a test's own: `answer` gets each message and gives the result of its JSON-RPC answer, or writes the
 * response itself. `stop` gets the task that it is asked to stop. With `streams` its card says that it answers in pieces.
 */
export class Agent {
  #server = createServer((request, response) => {
    let body = "";
    // A piece may end inside of a character.
    request.setEncoding("utf8");
    request.on("data", (text) => (body += text));
    request.on("end", () => void this.#take(JSON.parse(body), response));
  });
  #answer;
  #stop;
  #streams;
  /** The messages it was asked, in order. */
  asked = [];
  id = "";
  token = "";

  constructor(answer, { stop, streams = false } = {}) {
    this.#answer = answer;
    this.#stop = stop;
    this.#streams = streams;
  }

  /** Registers as a workspace of that name. */
  async join(platform, name) {
    const made = await platform.ask("POST", "/workspaces", { name, external: true });
    this.id = made.id;
    this.token = made.connection.auth_token;
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const url = `http://127.0.0.1:${this.#server.address().port}/`;
    await platform.ask("POST", "/registry/register", { id: this.id, agent_card: { name, capabilities: { streaming: this.#streams } }, url }, this.token);
    return this;
  }

  async #take(message, response) {
    if (message.params.message === undefined) {
      const result = await this.#stop?.(message);
      const error = { code: -32002, message: "I cannot be stopped" };
      return response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...(result === undefined ? { error } : { result }) }));
    }
    this.asked.push(message);
    const words = message.params.message.parts.map(({ text }) => text).join("");
    const result = await this.#answer(words, response, message.id);
    if (!response.writableEnded) response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
  }

  async leave() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** An answer in pieces: what `write` is called with reaches the caller as it comes. */
export function inPieces(response, id) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const tell = (result) => response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`);
  const of = { taskId: "task", contextId: "talk" };
  return {
    status: (state, words) =>
      tell({ kind: "status-update", ...of, final: ["completed", "canceled"].includes(state), status: { state, ...(words ? { message: saying(words) } : {}) } }),
    write: (text) => tell({ kind: "artifact-update", ...of, append: true, artifact: { artifactId: "said", parts: [{ kind: "text", text }] } }),
    end: () => response.end(),
  };
}

export const saying = (text) => ({ kind: "message", role: "agent", messageId: randomUUID(), parts: [{ kind: "text", text }] });

/** A browser whose pages fail the test when their console reports an error. */
export class Browser {
  #browser;
  /** What pages complained about, except what a test announced that it would cause. */
  complaints = [];
  #expected = [];

  async start(flags = []) {
    this.#browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...chromiumFlags, ...flags] });
  }

  /** From here on, console errors that match are part of the play: a platform that is down, say. */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  /** Without `guide` it is a browser that has been here before: the first steps do not stand in the way. */
  async page({ guide = false, ...options } = {}) {
    const context = await this.#browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    if (!guide)
      await context.addInitScript(() => localStorage.setItem("molecule.guide", JSON.stringify({ answered: true, delegated: true, connected: true, over: true })));
    return this.pageIn(context);
  }

  /** Another tab of the same browser. */
  async pageIn(context) {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      if (message.type() === "error") this.#complain(`${message.text()} ${message.location().url}`.trim());
    });
    page.on("pageerror", (error) => this.#complain(String(error)));
    return page;
  }

  #complain(text) {
    if (!this.#expected.some((pattern) => pattern.test(text))) this.complaints.push(text);
  }

  async stop() {
    await this.#browser?.close();
  }
}

/** Keeps a picture of a view when someone asked for pictures. */
export async function picture(page, name) {
  if (process.env.E2E_SHOTS) await page.screenshot({ path: join(process.env.E2E_SHOTS, `${name}.png`) });
}
