import { allWorkspaceStatus as workspaceStatuses, type WorkspaceStatus } from "./wire";
import type * as wire from "./wire";

/** A workspace as GET /workspaces lists it, whole; its card read as far as it can be. */
export type Workspace = Omit<wire.Workspace, "agent_card" | "workspace_dir" | "budget_limit" | "monthly_spend" | "delivery_mode"> & {
  agent_card: AgentCard | null;
  last_sample_error: string;
  current_task: string;
  delivery_mode: string;
};

export interface Skill {
  id?: string;
  name?: string;
  description?: string;
  tags?: string[];
  examples?: string[];
}

/** Exactly what an agent registered, so every member may be missing or odd. */
export interface AgentCard {
  name?: string;
  description?: string;
  version?: string;
  runtime?: string;
  skills?: Skill[];
  /** "not_configured": it runs and answers, and lacks something to work with. */
  configuration_status?: string;
  configuration_error?: string;
}

export type Peer = Pick<wire.PeerView, "id" | "name" | "role" | "tier" | "status"> & { agent_card: AgentCard | null };

function text(value: unknown, fallback = ""): string {
  return typeof value === "string" ? value : fallback;
}
function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
export function readStatus(value: unknown): WorkspaceStatus {
  return workspaceStatuses.find((status) => status === value) ?? "offline";
}
export function readCard(value: unknown): AgentCard | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as AgentCard) : null;
}

/** Reads a workspace object; absent members become their empty value, so a single GET and a list row read alike. */
export function readWorkspace(raw: Record<string, unknown>): Workspace {
  return {
    id: text(raw.id),
    name: text(raw.name, "unnamed"),
    role: textOrNull(raw.role),
    tier: count(raw.tier) || 3,
    status: readStatus(raw.status),
    url: text(raw.url),
    parent_id: textOrNull(raw.parent_id),
    agent_card: readCard(raw.agent_card),
    active_tasks: count(raw.active_tasks),
    max_concurrent_tasks: count(raw.max_concurrent_tasks),
    uptime_seconds: count(raw.uptime_seconds),
    last_error_rate: count(raw.last_error_rate),
    last_sample_error: text(raw.last_sample_error),
    current_task: text(raw.current_task),
    runtime: text(raw.runtime),
    delivery_mode: text(raw.delivery_mode, "push"),
    x: count(raw.x),
    y: count(raw.y),
    collapsed: raw.collapsed === true,
    late: raw.late === true,
    created_at: text(raw.created_at),
    last_heartbeat_at: textOrNull(raw.last_heartbeat_at),
    last_outbound_at: textOrNull(raw.last_outbound_at),
  };
}

/** What an agent that runs lacks to work, in its own words; undefined when it lacks nothing, or does not say. */
export function lackOf(card: AgentCard | null): string | undefined {
  if (card?.configuration_status !== "not_configured") return undefined;
  return text(card.configuration_error).trim() || "Its agent does not say what is missing.";
}

/** The names to show for a card's skills, in its order; unreadable entries are left out. */
export function skillNames(card: AgentCard | null): string[] {
  if (!Array.isArray(card?.skills)) return [];
  return card.skills.map((skill) => text(skill?.name) || text(skill?.id)).filter((name) => name !== "");
}
