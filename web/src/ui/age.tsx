import { fullTime, shortAge, useNow } from "./time";

/** "12s ago", kept current; the exact time is its tooltip. */
export function Age({ at, suffix = " ago" }: { at: number; suffix?: string }) {
  const now = useNow();
  if (Number.isNaN(at)) return <span>at an unknown time</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {shortAge(now - at)}
      {suffix}
    </time>
  );
}
