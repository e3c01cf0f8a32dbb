/**
 * The platform's time. Everything that is shown with a time was stamped there, so ages and orders are told by its clock
 * and never by the browser's, which may be hours off or be set while the page is open. Between two words of the platform
 * the monotonic clock of the page counts.
 */

/** The monotonic clock of the page, for how long something takes. */
export const ticks = (): number => performance.now();

let told = false;
let offset = Date.now() - ticks();

/** The platform's time now, in milliseconds since the epoch; the browser's until the platform was heard. */
export const now = (): number => ticks() + offset;

/** Starts to count; the answer tells the milliseconds since, by the monotonic clock of the page. */
export const stopwatch = (): (() => number) => {
  const from = ticks();
  return () => ticks() - from;
};

/** Takes in that the platform's time is now between these two, as an answer tells; `latest` may be unknown. */
export function learnTime(earliest: number, latest = Number.POSITIVE_INFINITY): void {
  if (Number.isNaN(earliest)) return;
  const believed = now();
  const first = !told && Number.isFinite(latest);
  if (first) {
    told = true;
    offset = (earliest + latest) / 2 - ticks();
  } else if (believed < earliest) offset += earliest - believed;
  else if (believed > latest) offset -= believed - latest;
}
