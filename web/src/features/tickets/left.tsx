import { fullTime, shortAge, useNow } from "@/ui/time";

/** "for 59m", kept current; the exact time is its tooltip. */
export function Left({ until }: { until: number }) {
  const now = useNow();
  if (Number.isNaN(until)) return <span>for an unknown time</span>;
  return (
    <time dateTime={new Date(until).toISOString()} title={fullTime(until)}>
      {until <= now ? "and its time is over" : `for ${shortAge(until - now)}`}
    </time>
  );
}
