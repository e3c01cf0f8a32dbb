import { Radio } from "lucide-react";
import type { Workspace } from "@/api/workspace";
import { isRemote, tierWords } from "@/model/selectors";
import { classNames } from "@/ui/class_names";
import styles from "./pills.module.css";

export function TierPill({ tier }: { tier: number }) {
  return (
    <span className={classNames(styles.pill, styles[`tier${tier}`])} title={`Tier ${tier}: ${tierWords[tier] ?? "unknown"}`}>
      T{tier}
    </span>
  );
}

/** The purple badge of an agent that runs elsewhere; for any other, its runtime, if known. */
export function RuntimePill({ workspace }: { workspace: Workspace }) {
  if (isRemote(workspace))
    return (
      <span
        className={classNames(styles.pill, styles.remote)}
        data-badge="remote"
        title="This agent runs on another machine. Its heartbeats keep it alive here."
      >
        <Radio size={12} aria-hidden /> REMOTE
      </span>
    );
  const runtime = workspace.runtime || workspace.agent_card?.runtime;
  return runtime ? <span className={styles.pill}>{runtime}</span> : null;
}
