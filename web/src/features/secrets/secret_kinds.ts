/** What a secret is for, told by its name, and how values of that service look. */
interface Kind {
  service: string;
  name: RegExp;
  value?: RegExp;
  /** How a value begins, in words. */
  shape?: string;
}

const kinds: readonly Kind[] = [
  { service: "Anthropic", name: /^(ANTHROPIC|CLAUDE)_/, value: /^sk-ant-\S+$/, shape: "sk-ant-…" },
  { service: "GitHub", name: /^(GITHUB|GH)_/, value: /^(gh[pousr]_\w+|github_pat_\w+|[0-9a-f]{40})$/, shape: "ghp_… or github_pat_…" },
  { service: "OpenRouter", name: /^OPENROUTER_/, value: /^sk-or-\S+$/, shape: "sk-or-…" },
  { service: "OpenAI", name: /^OPENAI_/, value: /^sk-\S+$/, shape: "sk-…" },
];
const other = "Other";
/** Names of keys and tokens; other variables of a service, such as its address, have no known form. */
const holdsKey = /(_KEY|_TOKEN|_PAT)$/;

export const serviceOf = (key: string): string => kinds.find(({ name }) => name.test(key))?.service ?? other;

/** Why a value does not look like what its name says; it may be right all the same. */
export function oddness(key: string, value: string): string | undefined {
  const kind = kinds.find(({ name }) => name.test(key));
  if (!kind?.value || !holdsKey.test(key) || kind.value.test(value)) return undefined;
  return `This does not look like a key of ${kind.service}: those begin with ${kind.shape}.${/\s$/.test(value) ? " It ends with white space." : ""}`;
}

/** In groups by service, those with a known one first, each in the order of names. */
export function byService<T extends { key: string }>(secrets: readonly T[]): { service: string; secrets: T[] }[] {
  const groups = new Map<string, T[]>();
  for (const secret of [...secrets].sort((a, b) => a.key.localeCompare(b.key))) {
    const service = serviceOf(secret.key);
    groups.set(service, [...(groups.get(service) ?? []), secret]);
  }
  return [...groups]
    .map(([service, all]) => ({ service, secrets: all }))
    .sort((a, b) => Number(a.service === other) - Number(b.service === other) || a.service.localeCompare(b.service));
}
