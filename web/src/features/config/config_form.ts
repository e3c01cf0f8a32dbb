/** The settings that the form has; all others are in the text. */
export interface Setting {
  key: string;
  label: string;
  hint?: string;
  form: "line" | "text" | "number" | "list";
}

export const settings: readonly Setting[] = [
  { key: "name", label: "Name", form: "line" },
  { key: "role", label: "Role", hint: "What colleagues read to choose whom to ask", form: "line" },
  { key: "description", label: "Description", form: "text" },
  { key: "model", label: "Model", hint: "Empty: the program’s own", form: "line" },
  { key: "runtime_config.command", label: "Command", hint: "Of the runtime command: what a shell runs for each message; of others: a program in place of the usual one", form: "line" },
  { key: "runtime_config.timeout", label: "Seconds for one turn", hint: "3600 unless you say otherwise", form: "number" },
  { key: "runtime_config.turns_at_once", label: "Turns at once", hint: "4 unless you say otherwise", form: "number" },
  { key: "prompt_files", label: "Prompt files", hint: "One to a line; system-prompt.md unless you say otherwise", form: "list" },
  { key: "skills", label: "Skills", hint: "One to a line; empty: all that are there", form: "list" },
  { key: "initial_prompt", label: "Initial prompt", hint: "Said to the agent once in its life", form: "text" },
];

type Data = Record<string, unknown>;

function valueAt(data: Data, key: string): unknown {
  return key.split(".").reduce<unknown>((at, step) => (typeof at === "object" && at !== null ? (at as Data)[step] : undefined), data);
}

/** What stands in a field for what the configuration says. */
export function shownIn(setting: Setting, data: Data): string {
  const value = valueAt(data, setting.key);
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(String).join("\n");
  return typeof value === "object" ? "" : String(value);
}

/** Whether a form can show it: what is written otherwise is left to the text. */
export function fits(setting: Setting, data: Data): boolean {
  const value = valueAt(data, setting.key);
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return true;
  return setting.form === "list" && Array.isArray(value) && value.every((each) => typeof each !== "object");
}

function meant(setting: Setting, text: string): unknown {
  if (text.trim() === "") return null;
  if (setting.form === "list") return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (setting.form === "number" && /^-?\d+$/.test(text.trim())) return Number(text.trim());
  return text;
}

/** The members of the configuration that change when these fields say something else now. */
export function changesOf(data: Data, typed: ReadonlyMap<string, string>): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const setting of settings) {
    const text = typed.get(setting.key);
    if (text === undefined || text === shownIn(setting, data)) continue;
    const [first = "", second] = setting.key.split(".");
    if (second === undefined) {
      changes[first] = meant(setting, text);
      continue;
    }
    const known = changes[first] ?? data[first];
    const whole: Data = typeof known === "object" && known !== null && !Array.isArray(known) ? (known as Data) : {};
    const value = meant(setting, text);
    changes[first] = value === null ? Object.fromEntries(Object.entries(whole).filter(([name]) => name !== second)) : { ...whole, [second]: value };
  }
  return changes;
}
