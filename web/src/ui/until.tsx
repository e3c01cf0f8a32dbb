import { fullTime, shortAge, useNow } from "./time";

/** "expires in 6d" or "expired 2m ago", kept current; the exact time is its tooltip. */
/** What was made for a week is not told to end in six days a second later. */
const graceMs = 60_000;

export function Until({ at }: { at: number }) {
  const now = useNow();
  if (Number.isNaN(at)) return <span>expires at an unknown time</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {at > now ? `expires in ${shortAge(at - now + graceMs)}` : `expired ${shortAge(now - at)} ago`}
    </time>
  );
}
