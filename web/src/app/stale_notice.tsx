import { useEffect, useState } from "react";
import { liveState } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { Age } from "@/ui/age";
import { classNames } from "@/ui/class_names";
import { now } from "@/ui/clock";
import { useSelected } from "@/ui/store";
import styles from "./toolbar.module.css";

/** Says that what is shown may no longer be so, and why: the platform cannot be reached, or live updates cannot. */
export function StaleNotice() {
  const state = useSelected(liveState, (live) => live);
  const loaded = useSelected(orgStore, (org) => org.loaded);
  const [since, setSince] = useState(() => now());
  useEffect(
    () =>
      liveState.subscribe(() => {
        if (liveState.get() === "reconnecting") setSince(now());
      }),
    [],
  );
  // Without a picture there is nothing that could be out of date; the page says so itself.
  if (!loaded) return null;
  if (state === "polling")
    return (
      <p className={classNames(styles.stale, styles.slow)} role="status">
        Live updates do not come through, so this is read anew every 10 seconds. If a proxy is in front of the platform, it has to pass
        WebSockets on.
      </p>
    );
  if (state !== "offline") return null;
  return (
    <p className={styles.stale} role="status">
      The platform cannot be reached. This is what it looked like <Age at={since} />; trying again.
    </p>
  );
}
