// Compares web/dist with bundle_budget.json, so that weight is a decision and not an accident.
// Exits 1 and names the budget when one is exceeded.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const budget = JSON.parse(readFileSync(join(root, "bundle_budget.json"), "utf8"));

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

const dist = join(root, "dist");
const all = files(dist);
const page = readFileSync(join(dist, "index.html"), "utf8");
const sum = (paths, measure) => paths.reduce((total, path) => total + measure(path), 0);
const raw = (path) => statSync(path).size;
const zipped = (path) => gzipSync(readFileSync(path)).length;
const scripts = all.filter((path) => path.endsWith(".js"));

const measured = {
  first_load_js_gzip: sum(scripts.filter((path) => page.includes(path.split("/").pop())), zipped),
  all_js_gzip: sum(scripts, zipped),
  css_gzip: sum(all.filter((path) => path.endsWith(".css")), zipped),
  fonts: sum(all.filter((path) => path.endsWith(".woff2")), raw),
  everything: sum(all, raw),
};

let over = 0;
for (const [name, limit] of Object.entries(budget)) {
  const value = measured[name];
  const verdict = value <= limit ? "ok" : "OVER";
  if (value > limit) over += 1;
  console.log(`${verdict.padEnd(5)} ${name.padEnd(20)} ${String(value).padStart(9)} of ${limit}`);
}
process.exit(over === 0 ? 0 : 1);
