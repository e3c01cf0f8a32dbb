import { useEffect, useState } from "react";
import { liveState } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { Age } from "@/ui/age";
import { now } from "@/ui/clock";
import { useSelected } from "@/ui/store";
import styles from "./toolbar.module.css";

/** Says that what is shown may no longer be so, and since when, while the platform cannot be reached. */
export function StaleNotice() {
  const offline = useSelected(liveState, (state) => state === "offline");
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
  if (!offline || !loaded) return null;
  return (
    <p className={styles.stale} role="status">
      The platform cannot be reached. This is what it looked like <Age at={since} />; trying again.
    </p>
  );
}
