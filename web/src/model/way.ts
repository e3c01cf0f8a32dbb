import { standingWords, type StandingWord } from "@/api/tasks_api";
import type { TaskKind, TaskNode } from "@/api/wire";

/** What came of a message: where it stands, and what its agent says of its task where it began with less than an answer. */
export type StepStanding = StandingWord | "failed" | "asks";

/** One message on the way: who asked whom, when, and what came of it. */
export interface Step {
  id: string;
  depth: number;
  /** An answer is no work that was asked for: it is not called off. */
  kind: TaskKind;
  /** Null: a person. */
  from: string | null;
  to: string;
  /** What it is called, also when it is gone. */
  toName: string;
  /** The beginning of what it says. */
  text: string;
  error: string | undefined;
  standing: StepStanding;
  startedAt: number;
  /** Undefined: it is not over. */
  endedAt: number | undefined;
  delegation: string | undefined;
}

export interface Way {
  /** In the order of a tree that is read from its root: each before what was sent because of it. */
  steps: readonly Step[];
  /** The one that was asked for. */
  asked: string;
  startedAt: number;
  /** Undefined: something is not over. */
  endedAt: number | undefined;
  /** Not all are here. */
  more: boolean;
}

const underWay: ReadonlySet<StepStanding> = new Set<StepStanding>(["waiting", "leased", "seen"]);

/** By the state of the task: of a message that was answered with a task this is what the agent said of it last. */
const standings: Readonly<Record<string, StepStanding>> = {
  "answered canceled": "canceled",
  "answered failed": "failed",
  "answered rejected": "refused",
  "seen input-required": "asks",
  "seen auth-required": "asks",
};

/** What it says; that it goes to whom a summary may say before, and a step says so itself. */
function wordsIn({ summary = "", name }: TaskNode): string {
  const mark = ` → ${name ?? ""}: `;
  const at = summary.indexOf(mark);
  return at >= 0 && !summary.slice(0, at).includes(" ") ? summary.slice(at + mark.length) : summary;
}

function stepOf(node: TaskNode): Step {
  const standing = standings[`${node.standing} ${node.state}`] ?? standingWords.find((word) => word === node.standing) ?? "seen";
  // Its message ends with the first answer, which may say no more than that the agent is at it.
  const goesOn = underWay.has(standing) && (node.ended_at === undefined || node.state === "working" || node.state === "submitted");
  return {
    id: node.id,
    depth: node.depth,
    kind: node.kind,
    from: node.source_id ?? null,
    to: node.workspace_id ?? "",
    toName: node.name ?? "",
    text: wordsIn(node),
    error: node.error,
    standing,
    startedAt: Date.parse(node.created_at),
    endedAt: goesOn ? undefined : Math.max(Date.parse(node.since), Date.parse(node.ended_at ?? node.since)),
    delegation: node.delegation_id,
  };
}

/** A task's tree as the platform tells it, from the first that was asked. */
export function wayOf(nodes: readonly TaskNode[], asked: string, more: boolean): Way {
  const steps = nodes.map(stepOf);
  let [startedAt, endedAt]: [number, number | undefined] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const step of steps) {
    startedAt = Math.min(startedAt, step.startedAt);
    if (endedAt !== undefined) endedAt = step.endedAt === undefined ? undefined : Math.max(endedAt, step.endedAt);
  }
  return { steps, asked, startedAt, endedAt, more };
}

/** Where a step lies on the way's time, in parts of the whole; one that is not over reaches to `now`. */
export function span(way: Way, step: Step, now: number): { from: number; length: number } {
  const end = way.endedAt ?? Math.max(now, way.startedAt + 1);
  const whole = Math.max(1, end - way.startedAt);
  const from = Math.min(1, Math.max(0, (step.startedAt - way.startedAt) / whole));
  const until = Math.min(1, Math.max(from, ((step.endedAt ?? now) - way.startedAt) / whole));
  return { from, length: until - from };
}
