import { useEffect } from "react";
import { lookedAtStore, lookedMinutes, minutesShown, trafficByMinute } from "@/model/hop_view";
import { hopsStore, minuteMs } from "@/model/hops";
import { Button } from "@/ui/button";
import { useSelected } from "@/ui/store";
import { clockTime, useNow } from "@/ui/time";
import styles from "./traffic_scrubber.module.css";

const barsHigh = 22;
const newest = minutesShown - 1;

/** The traffic of the last hour by minutes, and a hand on it: the edges show that time. */
export function TrafficScrubber() {
  const hops = useSelected(hopsStore, (value) => value);
  const lookedAt = useSelected(lookedAtStore, (value) => value);
  const minute = Math.floor(useNow() / minuteMs);
  useEffect(() => () => lookedAtStore.set(undefined), []);
  // What is looked at leaves the hour by the clock.
  const gone = lookedAt !== undefined && lookedAt <= minute - minutesShown;
  useEffect(() => {
    if (gone) lookedAtStore.set(undefined);
  }, [gone]);
  if (hops.size === 0) return null;

  const minutes = trafficByMinute(hops, minute);
  const most = Math.max(1, ...minutes.map(({ sent }) => sent));
  const place = lookedAt === undefined ? newest : Math.max(0, newest - (minute - lookedAt));
  const shown = lookedAt === undefined ? minutes : minutes.slice(Math.max(0, place - lookedMinutes + 1), place + 1);
  const [sent, failed] = [shown.reduce((sum, each) => sum + each.sent, 0), shown.reduce((sum, each) => sum + each.failed, 0)];
  const when = lookedAt === undefined ? "The last hour" : `${clockTime((lookedAt - lookedMinutes + 1) * minuteMs)} to ${clockTime((lookedAt + 1) * minuteMs)}`;
  const words = `${when}: ${sent === 1 ? "1 call" : `${sent} calls`}${failed > 0 ? `, ${failed} failed` : ""}`;
  return (
    <div className={styles.scrubber} data-looked-at={lookedAt}>
      <div className={styles.line}>
        <svg aria-hidden viewBox={`0 0 ${minutesShown * 4} ${barsHigh + 2}`} preserveAspectRatio="none">
          {minutes.map((each, index) => {
            const high = each.sent + each.failed === 0 ? 1 : 4 + (barsHigh - 4) * (Math.max(each.sent, each.failed) / most);
            const within = lookedAt === undefined || (index <= place && index > place - lookedMinutes);
            // Bars have no ids and never change places.
            return <rect key={index} x={index * 4} y={barsHigh + 2 - high} width={3} height={high} className={each.failed > 0 ? styles.failed : styles.bar} opacity={within ? 1 : 0.35} />;
          })}
        </svg>
        <input
          type="range"
          aria-label="Traffic of the last hour"
          aria-valuetext={words}
          min={0}
          max={newest}
          step={1}
          value={place}
          onChange={({ target }) => lookedAtStore.set(Number(target.value) === newest ? undefined : minute - newest + Number(target.value))}
        />
      </div>
      <span className={styles.words}>{words}</span>
      {lookedAt !== undefined && (
        <Button tone="ghost" onClick={() => lookedAtStore.set(undefined)}>
          Back to now
        </Button>
      )}
    </div>
  );
}
