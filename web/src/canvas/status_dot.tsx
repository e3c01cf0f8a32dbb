import type { WorkspaceStatus } from "@/api/wire";
import { classNames } from "@/ui/class_names";
import styles from "./status_dot.module.css";

/** Colour and shape of a status. Decoration: the word always stands beside it. */
export function StatusDot({ status }: { status: WorkspaceStatus }) {
  return <span className={classNames(styles.dot, styles[status])} aria-hidden />;
}

/** The palette name of a status, for places that draw their own shapes. */
export const statusTone: Record<WorkspaceStatus, string> = {
  online: "var(--ok)",
  degraded: "var(--warn)",
  failed: "var(--bad)",
  provisioning: "var(--sky)",
  awaiting_agent: "var(--sky)",
  paused: "var(--indigo)",
  hibernating: "var(--grey)",
  hibernated: "var(--grey)",
  offline: "var(--grey)",
  removed: "var(--grey)",
};
