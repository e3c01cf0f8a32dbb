import { graph } from "@/canvas/graph_controls";
import { orgStore } from "@/model/org";

/** Brings a workspace into view that was just made: its card arrives by event, maybe a moment later, and maybe out of sight. */
export function revealOnceThere(id: string): void {
  const look = () => {
    if (!orgStore.get().workspaces.has(id)) return;
    leave();
    // The graph lays it out first.
    requestAnimationFrame(() => requestAnimationFrame(() => graph.controls?.reveal(id)));
  };
  const leave = orgStore.subscribe(look);
  look();
}
