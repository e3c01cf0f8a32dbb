import { RotateCw } from "lucide-react";
import { useEffect, useState } from "react";
import { connection, knownAt, liveState } from "@/live/live_bus";
import { orgStore } from "@/model/org";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class_names";
import { useSelected } from "@/ui/store";
import { useNow } from "@/ui/time";
import styles from "./toolbar.module.css";

/** A connection that is back sooner than this was never worth a word. */
const quietMs = 4000;
/** How long pressing the button shows. */
const tryingMs = 1500;

/** Says that what is shown may no longer be so, how old it is, and why: the platform cannot be reached, or live updates cannot. */
export function StaleNotice() {
  const state = useSelected(liveState, (live) => live);
  const loaded = useSelected(orgStore, (org) => org.loaded);
  // Without a picture there is nothing that could be out of date; the page says so itself.
  if (!loaded || state === "live" || state === "connecting") return null;
  return <Stale slow={state === "polling"} sure={state !== "reconnecting"} />;
}

function Stale({ slow, sure }: { slow: boolean; sure: boolean }) {
  const since = useSelected(knownAt, (at) => at);
  const now = useNow();
  const [trying, setTrying] = useState(false);
  useEffect(() => {
    if (!trying) return;
    const timer = setTimeout(() => setTrying(false), tryingMs);
    return () => clearTimeout(timer);
  }, [trying]);
  if (!sure && now - since < quietMs) return null;
  return (
    <div className={classNames(styles.stale, slow && styles.slow)} role="status" data-stale={slow ? "slow" : "offline"}>
      <span>
        {slow ? (
          <>
            Live updates do not come through, so this is read anew every 10 seconds. If a proxy is in front of the platform, it has to
            pass WebSockets on.
          </>
        ) : (
          <>
            The platform cannot be reached. This is what it looked like
            {/* What ticks is not told again and again. */}
            <span aria-hidden>
              {" "}
              <Age at={since} />
            </span>
            ; trying again by itself.
          </>
        )}
      </span>
      <Button
        disabled={trying}
        onClick={() => {
          setTrying(true);
          connection.reconnect();
        }}
      >
        <RotateCw size={14} aria-hidden /> {trying ? "Trying…" : "Reconnect now"}
      </Button>
    </div>
  );
}
