import { readCard, readStatus, readWorkspace, type Workspace } from "@/api/workspace";
import type { WorkspaceStatus } from "@/api/wire";
import { wordsOf, type EventName, type Frame } from "@/live/frame";
import { withoutWorkspace, withWorkspace, type Org } from "./org";

export interface Applied {
  org: Org;
  /** A workspace the event told too little about; it should be read again. */
  incomplete?: string;
}

type Payload = Record<string, unknown>;

const statusByEvent: Partial<Record<EventName, WorkspaceStatus>> = {
  WORKSPACE_PROVISIONING: "provisioning",
  WORKSPACE_AWAITING_AGENT: "awaiting_agent",
  WORKSPACE_ONLINE: "online",
  WORKSPACE_OFFLINE: "offline",
  WORKSPACE_DEGRADED: "degraded",
  WORKSPACE_PROVISION_FAILED: "failed",
  WORKSPACE_PAUSED: "paused",
  WORKSPACE_HIBERNATED: "hibernated",
};

/** The members an event may carry under the workspace's own names. */
const carried = [
  "name",
  "role",
  "tier",
  "runtime",
  "url",
  "parent_id",
  "x",
  "y",
  "collapsed",
  "delivery_mode",
  "active_tasks",
  "max_concurrent_tasks",
  "uptime_seconds",
  "current_task",
  "last_error_rate",
  "last_sample_error",
  "last_heartbeat_at",
  "last_outbound_at",
  "late",
] as const;

/** Only members the event has, read with the same care as a listed workspace. */
function carriedBy(payload: Payload): Partial<Workspace> {
  const read = readWorkspace(payload);
  const change: Record<string, unknown> = {};
  for (const key of carried) if (key in payload) change[key] = read[key];
  if ("agent_card" in payload && payload.agent_card) change.agent_card = readCard(payload.agent_card);
  if ("status" in payload) change.status = readStatus(payload.status);
  return change as Partial<Workspace>;
}

function changeOf(frame: Frame): Partial<Workspace> | undefined {
  const status = statusByEvent[frame.event];
  switch (frame.event) {
    case "WORKSPACE_PROVISIONING":
      return { ...carriedBy(frame.payload), status: "provisioning", current_task: "", late: false, last_sample_error: "" };
    case "WORKSPACE_ONLINE":
      return { ...carriedBy(frame.payload), status: "online", last_error_rate: 0, last_sample_error: "", late: false };
    case "WORKSPACE_DEGRADED": {
      const rate = frame.payload.error_rate;
      const sample = frame.payload.sample_error;
      return {
        status: "degraded",
        late: false,
        ...(typeof rate === "number" ? { last_error_rate: rate } : {}),
        ...(typeof sample === "string" ? { last_sample_error: sample } : {}),
      };
    }
    case "WORKSPACE_PROVISION_FAILED":
      return { status: "failed", last_sample_error: wordsOf(frame.payload, "error") ?? "" };
    case "WORKSPACE_OFFLINE":
    case "WORKSPACE_PAUSED":
      return { ...carriedBy(frame.payload), status: status ?? "offline", current_task: "", active_tasks: 0, late: false };
    case "WORKSPACE_AWAITING_AGENT":
    case "WORKSPACE_HIBERNATED":
      return { ...carriedBy(frame.payload), status: status ?? "offline", late: false };
    case "WORKSPACE_UPDATED":
    case "TASK_UPDATED":
    case "AGENT_CARD_UPDATED":
      return carriedBy(frame.payload);
    case "WORKSPACE_LATE":
      return { late: true };
    case "WORKSPACE_HEARTBEAT":
      return { ...carriedBy(frame.payload), late: false, last_heartbeat_at: new Date(frame.at).toISOString() };
    default:
      return undefined;
  }
}

/** The organisation after one event. Unknown events and events about nothing known leave it as it is. */
export function apply(org: Org, frame: Frame): Applied {
  const id = frame.workspace_id;
  if (id === "") return { org };
  if (frame.event === "WORKSPACE_REMOVED") return { org: withoutWorkspace(org, id) };
  const change = changeOf(frame);
  if (!change) return { org };
  const before = org.workspaces.get(id);
  if (before) return { org: withWorkspace(org, { ...before, ...change }) };
  // Only an event of a new workspace may add one: a late heartbeat must not bring a removed one back.
  if (!(frame.event in statusByEvent) || !("name" in frame.payload) || typeof frame.payload.name !== "string") return { org, incomplete: id };
  const created = readWorkspace({ ...frame.payload, id, created_at: new Date(frame.at).toISOString() });
  return { org: withWorkspace(org, { ...created, ...change }), incomplete: id };
}
