/**
 * Answers that are being read, each over a connection of its own. Browsers open six to a host over HTTP/1.1, for all
 * tabs together: one that is let go is told by its event instead.
 */
export const readingsMax = 2;

interface Reading {
  stop: AbortController;
  /** The platform has the message, so that nothing is lost when its answer is not read here. */
  confirmed: boolean;
}

/** By the message, oldest first. They outlive the panel that began them. */
const readings = new Map<string, Reading>();

export type Why = "released" | "stopped";

export const isUnderWay = (id: string): boolean => readings.has(id);

export function begin(id: string): AbortController {
  const stop = new AbortController();
  readings.set(id, { stop, confirmed: false });
  return stop;
}

export function confirm(id: string): void {
  const reading = readings.get(id);
  if (reading) reading.confirmed = true;
  const confirmed = [...readings.values()].filter((each) => each.confirmed && !each.stop.signal.aborted);
  if (confirmed.length > readingsMax) confirmed[0]?.stop.abort("released" satisfies Why);
}

/** True when there was something to leave. */
export function leave(id: string, why: Why): boolean {
  const reading = readings.get(id);
  reading?.stop.abort(why);
  return reading !== undefined;
}

export function end(id: string, stop: AbortController): void {
  if (readings.get(id)?.stop === stop) readings.delete(id);
}
