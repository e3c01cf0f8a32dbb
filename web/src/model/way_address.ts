import { textMember } from "@/api/a2a_text";
import type { ActivityRow } from "@/api/activity_api";

/** Which message is meant: one of a workspace by its id, or the one that carries a delegation to it. */
export interface WayAddress {
  workspace: string;
  message?: string;
  delegation?: string;
}

export const writeWay = ({ workspace, message, delegation }: WayAddress): string => [workspace, message ?? "", delegation ?? ""].join(".");

export function readWay(text: string): WayAddress | undefined {
  const [workspace = "", message = "", delegation = ""] = text.split(".");
  if (workspace === "" || (message === "" && delegation === "")) return undefined;
  return { workspace, ...(message ? { message } : {}), ...(delegation ? { delegation } : {}) };
}

const delegationOf = (row: ActivityRow): string | undefined =>
  textMember(row.request_body, "delegation_id") ?? textMember(row.response_body, "delegation_id");

/** The address of what a row of activity is about, where it is about a message. */
export function wayOfRow(row: ActivityRow): string | undefined {
  if (row.mail !== undefined) return writeWay({ workspace: row.workspace_id, message: row.id });
  const delegation = delegationOf(row);
  const carrier = row.method === "delegate_result" ? row.source_id : row.target_id;
  if (delegation !== undefined && carrier) return writeWay({ workspace: carrier, delegation });
  const letter = row.activity_type === "dead_letter" ? textMember(row.request_body, "dead_letter") : undefined;
  return letter === undefined ? undefined : writeWay({ workspace: row.workspace_id, message: letter });
}
