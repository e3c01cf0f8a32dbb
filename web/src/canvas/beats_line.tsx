import { beatBars, beatsMs, beatsStore, type Beat } from "@/live/beats";
import { useSelected } from "@/ui/store";
import { useNow } from "@/ui/time";
import styles from "./beats_line.module.css";

const bars = 40;
const heightMax = 22;
const none: readonly Beat[] = [];

/** The heartbeats of the last minutes: a bar where one came, higher where its agent had more to do. */
export function BeatsLine({ workspace, name }: { workspace: string; name: string }) {
  const beats = useSelected(beatsStore, (all) => all.get(workspace)) ?? none;
  const now = useNow();
  const heights = beatBars(beats, now, bars);
  const most = Math.max(1, ...heights.map((each) => each ?? 0));
  const recent = beats.filter(({ at }) => now - at < beatsMs).length;
  const words = `${recent === 1 ? "1 heartbeat" : `${recent} heartbeats`} of ${name} in the last ${beatsMs / 60_000} minutes, as far as this page was open`;
  return (
    <div className={styles.beats}>
      <span>Heartbeats</span>
      <svg role="img" aria-label={words} viewBox={`0 0 ${bars * 6} 24`} preserveAspectRatio="none">
        <title>{words}</title>
        {heights.map((tasks, index) => {
          const height = tasks === undefined ? 2 : 7 + (heightMax - 7) * (tasks / most);
          // Bars have no ids and never change places.
          return <rect key={index} x={index * 6} y={24 - height} width={4} height={height} rx={1} data-beat={tasks === undefined ? undefined : tasks} className={tasks === undefined ? styles.no_beat : styles.beat} />;
        })}
      </svg>
      <span>{recent}</span>
    </div>
  );
}
