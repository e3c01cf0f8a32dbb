import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// The staircase: a folder may import itself and what stands before it, never what stands after it.
const layers = ["ui", "api", "live", "model", "canvas", "actions", "features", "app"];

const reachingUp = "This folder may not import what stands above it; see README.md, “The order”.";
const climbing = "Use ./ inside a folder and @/ across folders, so that every edge is visible.";

function order(layer) {
  const above = layers.slice(layers.indexOf(layer) + 1).map((name) => `@/${name}/*`);
  const patterns = [{ group: ["../*"], message: climbing }];
  if (above.length > 0) patterns.push({ group: above, message: reachingUp });
  if (layer === "features") patterns.push({ group: ["@/features/*"], message: "Features never import each other." });
  return {
    files: [`src/${layer}/**/*.{ts,tsx}`],
    rules: { "no-restricted-imports": ["error", { patterns }] },
  };
}

const barrels = [
  { selector: "ExportAllDeclaration", message: "No barrels: import the file that declares the name." },
  { selector: "ExportNamedDeclaration[source]", message: "No barrels: import the file that declares the name." },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: "Times are the platform's: now() of ui/clock.ts." },
  { selector: "MemberExpression[property.name='randomUUID']", message: "Only a secure context has it: newMessageId() of api/message_id.ts." },
  { selector: "MemberExpression[object.name='navigator'][property.name='clipboard']", message: "Only a secure context has it: copyText() of ui/clipboard.ts." },
  { selector: "MemberExpression[property.name=/^(subtle|serviceWorker|mediaDevices|locks|storage)$/][object.name=/^(crypto|navigator)$/]", message: "Only a secure context has it: plain http must work too." },
  { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Markup never comes from text." },
];

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  ...tseslint.configs.strict,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "no-restricted-syntax": ["error", ...barrels],
      "no-eval": "error",
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  // The homes of what the rules above send elsewhere.
  { files: ["src/ui/clock.ts", "src/ui/clipboard.ts"], rules: { "no-restricted-syntax": "off" } },
  ...layers.map(order),
);
