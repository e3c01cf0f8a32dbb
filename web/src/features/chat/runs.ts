import type { ChatMessage } from "@/model/chat";

/** So many messages stand in a run, more or less. */
const about = 24;

/** A message begins a run by its own id, so that what comes before or behind it moves no run that is there. */
function begins({ id }: ChatMessage): boolean {
  let hash = 0;
  for (let at = 0; at < id.length; at += 1) hash = (hash * 31 + id.charCodeAt(at)) | 0;
  return (hash >>> 3) % about === 0;
}

/**
 * A conversation in runs of messages, each drawn anew only when one of its own changes. What was the first message of all
 * before there were older ones begins a run for good.
 */
export function runsOf(messages: readonly ChatMessage[], firsts: ReadonlySet<string>): ChatMessage[][] {
  const runs: ChatMessage[][] = [];
  for (const message of messages) {
    const run = runs.at(-1);
    if (run && !begins(message) && !firsts.has(message.id)) run.push(message);
    else runs.push([message]);
  }
  return runs;
}
