const makers: Readonly<Record<string, string>> = {
  "admin-token": "the admin token",
  session: "a signed-in browser",
  developer: "the dev profile",
  workspace: "its own agent",
  ticket: "a join ticket",
  registration: "its agent’s registration",
  platform: "the platform, for the agent it starts",
};

/** Who made a credential, as the end of a sentence; undefined where nobody noted it. */
export function makerWords(maker: string | undefined): string | undefined {
  if (maker === undefined || maker === "") return undefined;
  return makers[maker] ?? (maker.startsWith("org-token:") ? `the key ${maker.slice("org-token:".length)}…` : maker);
}
