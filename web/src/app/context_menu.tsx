import { Menu } from "@base-ui/react/menu";
import { useEffect, useMemo, useRef } from "react";
import { offered } from "@/actions/action";
import { groupAction } from "@/actions/group";
import { withPicked } from "@/actions/placing";
import { workspaceActions } from "@/actions/workspace_actions";
import { graph } from "@/canvas/graph_controls";
import type { Point } from "@/canvas/layout";
import { StatusDot } from "@/canvas/status_dot";
import { orgStore } from "@/model/org";
import { statusWords } from "@/model/selectors";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import styles from "./context_menu.module.css";

interface ContextMenuProps {
  id: string;
  at: Point;
  onClose: () => void;
}

/** Everything that can be done to a workspace, at the pointer or at the focused card. */
export function ContextMenu({ id, at, onClose }: ContextMenuProps) {
  const org = useSelected(orgStore, (value) => value);
  const workspace = org.workspaces.get(id);
  const anchor = useMemo(() => ({ getBoundingClientRect: () => new DOMRect(at.x, at.y, 0, 0) }), [at.x, at.y]);
  // Opened by a finger that rests on the card, the menu outlives its being lifted: only what begins later is a press outside.
  const pressed = useRef(false);
  useEffect(() => {
    const note = () => void (pressed.current = true);
    window.addEventListener("pointerdown", note, { capture: true });
    return () => window.removeEventListener("pointerdown", note, { capture: true });
  }, []);
  if (!workspace) return null;
  const together = withPicked(id).length;
  return (
    <Menu.Root
      open
      modal={false}
      onOpenChange={(open, details) => {
        if (open || (details.reason === "outside-press" && !pressed.current)) return;
        onClose();
        if (details.reason === "escape-key") graph.controls?.focus(id);
      }}
    >
      <Menu.Portal container={document.querySelector("main") ?? undefined}>
        <Menu.Positioner className={styles.positioner} anchor={anchor} side="bottom" align="start" sideOffset={2}>
          <Menu.Popup className={styles.popup} aria-label={`Actions for ${workspace.name}`}>
            <div className={styles.head} role="presentation">
              <StatusDot status={workspace.status} />
              {workspace.name}
              <span>{together > 1 ? `and ${together - 1} more` : statusWords[workspace.status]}</span>
            </div>
            {offered(workspaceActions, workspace, org).map(({ action, refusal }) => (
              <Menu.Item
                key={action.name}
                className={classNames(styles.item, action.danger && styles.danger)}
                disabled={refusal !== undefined && !groupAction(action.name, id)}
                title={refusal ?? action.meaning?.(workspace, org)}
                data-action={action.name}
                onClick={() => {
                  onClose();
                  (groupAction(action.name, id) ?? (() => action.run(workspace, org)))();
                }}
              >
                <action.icon size={15} aria-hidden />
                <span>
                  {action.label}
                  {refusal !== undefined && <small>{refusal}</small>}
                  {refusal === undefined && action.meaning && <small>{action.meaning(workspace, org)}</small>}
                </span>
                {action.key && <kbd aria-hidden>{action.key.length === 1 ? action.key.toUpperCase() : action.key}</kbd>}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
