import type { WorkspaceStatus } from "@/api/wire";
import { StatusDot } from "@/canvas/status_dot";
import { readStatuses, toggledStatus } from "@/model/list_rows";
import { orgStore } from "@/model/org";
import { countStatuses, statusWords } from "@/model/selectors";
import { useSelected } from "@/ui/store";
import { navigate, routeStore } from "./routes";
import styles from "./status_counts.module.css";

const counted: WorkspaceStatus[] = ["online", "degraded", "provisioning", "awaiting_agent", "offline", "paused", "hibernating", "hibernated", "failed"];

/** How many workspaces have each status. Each count shows those in the list, or takes that back. */
export function StatusCounts({ listed }: { /** The list is what is looked at. */ listed: boolean }) {
  const org = useSelected(orgStore, (value) => value);
  const show = useSelected(routeStore, (route) => route.show);
  if (!org.loaded) return null;
  const counts = countStatuses(org);
  const chosen = listed ? readStatuses(show) : new Set<WorkspaceStatus>();
  return (
    <ul className={styles.counts} aria-label="Workspaces by status">
      {counted
        .filter((status) => status === "online" || (counts[status] ?? 0) > 0 || chosen.has(status))
        .map((status) => {
          const words = `${counts[status] ?? 0} ${statusWords[status].toLowerCase()}`;
          return (
            <li key={status}>
              <button
                type="button"
                title={chosen.has(status) ? `${words}: show the others, too` : `Show the ${words} in the list`}
                aria-pressed={chosen.has(status)}
                onClick={() => navigate(listed ? { show: toggledStatus(show, status) } : { view: "list", show: status })}
              >
                <StatusDot status={status} />
                <span>
                  {counts[status] ?? 0}
                  <span className={styles.word}> {statusWords[status].toLowerCase()}</span>
                </span>
              </button>
            </li>
          );
        })}
    </ul>
  );
}
