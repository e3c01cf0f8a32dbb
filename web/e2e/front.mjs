// A proxy in front of the platform, a real one: nginx, Caddy or HAProxy with a configuration as the guide has it, but for
// its ports, its name and its certificate.
import { execFileSync, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { end, until } from "./stage.mjs";

const guide = readFileSync(fileURLToPath(new URL("../../docs/guides/behind-a-proxy.md", import.meta.url)), "utf8");
const path = `${process.env.PATH}:/usr/sbin:/sbin`;
/** Where the browser is told to find it; no name of this machine. */
export const host = "proxy.test";

/** The blocks of one language in the guide, in order: for a name of its own, and below a prefix. */
export function blocks(language) {
  const found = [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(([, text]) => text);
  if (found.length === 0) throw new Error(`the guide has no ${language}`);
  return found;
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

const kept = mkdtempSync(join(tmpdir(), "molecule-front-cert-"));
process.once("exit", () => rmSync(kept, { recursive: true, force: true }));

/** One for all fronts of a file, so that a browser can be started that trusts it. */
const files = certificate(kept);

/** A browser that is told to go on past a certificate it does not trust asks again for each connection that it opens, and gives up once there were many; one that trusts its key just connects. */
const publicKey = new X509Certificate(readFileSync(files.cert)).publicKey.export({ type: "spki", format: "der" });
export const browserFlags = [`--host-resolver-rules=MAP ${host} 127.0.0.1`, `--ignore-certificate-errors-spki-list=${createHash("sha256").update(publicKey).digest("base64")}`];

function certificate(folder) {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-keyout", key, "-out", cert, "-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`], { stdio: "ignore" });
  writeFileSync(join(folder, "both.pem"), readFileSync(cert, "utf8") + readFileSync(key, "utf8"), { mode: 0o600 });
  return { cert, key, both: join(folder, "both.pem") };
}

/** What each program needs around the guide's text to run as anybody, in a folder, on loopback. */
const programs = {
  nginx: (text, { folder, port, files }) => ({
    config: `daemon off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n")}\n${text
      .replaceAll("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
      .replaceAll("listen 80", `listen 127.0.0.1:${port}`)
      .replaceAll("/etc/ssl/molecule.pem", files.cert)
      .replaceAll("/etc/ssl/molecule.key", files.key)}}\n`,
    run: (options) => spawn("nginx", ["-c", `${folder}/config`, "-p", folder, "-e", "stderr"], options),
  }),
  caddy: (text, { folder, port, files }) => ({
    config: `{\n\tadmin off\n\tauto_https off\n}\n${text.replace(`${host} {`, `https://${host}:${port} {\n\tbind 127.0.0.1\n\ttls ${files.cert} ${files.key}`)}`,
    run: (options) => spawn("caddy", ["run", "--adapter", "caddyfile", "--config", `${folder}/config`], options),
  }),
  haproxy: (text, { folder, port, files }) => ({
    config: text.replaceAll("bind :443", `bind 127.0.0.1:${port}`).replaceAll("/etc/haproxy/molecule.pem", files.both),
    run: (options) => spawn("haproxy", ["-db", "-f", `${folder}/config`], options),
  }),
};

export class Front {
  #folder = mkdtempSync(join(tmpdir(), "molecule-front-"));
  #process;
  #port;
  #scheme;
  #prefix;

  constructor(port, { scheme = "https", prefix = "" } = {}) {
    this.#port = port;
    this.#scheme = scheme;
    this.#prefix = prefix;
  }

  /** Where people find the platform. */
  get url() {
    return `${this.#scheme}://${host}:${this.#port}${this.#prefix}`;
  }

  /** The flags the guide has the platform started with, for this address. */
  flags(shell) {
    const words = shell.replaceAll("\\\n", " ").trim().split(/\s+/).slice(2);
    const flags = [];
    for (let at = 0; at < words.length; at += 2) {
      const [flag, value] = words.slice(at, at + 2);
      // Where it listens and keeps its data is the stage's own.
      if (flag === "--listen" || flag === "--data") continue;
      flags.push(flag, flag === "--platform-url" ? this.url : value);
    }
    return flags;
  }

  async start(program, text, platform) {
    const named = text.replaceAll("molecule.example.org", host).replaceAll("example.org", host).replaceAll("127.0.0.1:8080", new URL(platform).host);
    const { config, run } = programs[program](named, { folder: this.#folder, port: this.#port, files });
    writeFileSync(join(this.#folder, "config"), config);
    const log = openSync(join(this.#folder, "log"), "a");
    const child = run({ stdio: ["ignore", log, log], cwd: this.#folder, env: { PATH: path, HOME: this.#folder, XDG_DATA_HOME: this.#folder, XDG_CONFIG_HOME: this.#folder } });
    closeSync(log);
    this.#process = child;
    let failure = "";
    child.on("error", (error) => (failure = String(error)));
    child.on("exit", (code) => (failure = failure || `ended with ${code}`));
    await until(`${program} listening`, async () => {
      if (failure) throw new Error(`${program}: ${failure}\n${config}\n${this.log()}`);
      return new Promise((resolve) => {
        const trial = net.connect(this.#port, "127.0.0.1", () => {
          trial.destroy();
          resolve(true);
        });
        trial.on("error", () => resolve(false));
      });
    });
  }

  log() {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  async stop() {
    if (this.#process) await end(this.#process);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
