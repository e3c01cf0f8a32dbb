import { ApiError, messageOf } from "@/api/api_error";
import { dismissToast, toast } from "@/ui/toast";
import { carryOut } from "./deeds";
import { drop, newest, nextAgain, remember, turn, type Step } from "./history";

/** One after the other, as they were asked for: a step knows what was true when the one before it had been done. */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const next = last.then(work, work);
  last = next.catch(() => undefined);
  return next;
}

/** When all that was asked for is done. */
export const whenIdle = (): Promise<void> => inTurn(() => Promise.resolve());

/** Keys that still gather what they did hand it over before anything is taken back. */
export const beforeUndo = new Set<() => void>();

/** The offer to take the newest step back: void as soon as another stands. */
let offer: number | undefined;
function tell(text: string, label: "Undo" | "Redo", run: () => unknown): void {
  if (offer !== undefined) dismissToast(offer);
  offer = toast("info", text, { label, run: () => void run() });
}

/** Does something that can be taken back; false, with the reason told, when it is refused. */
export function act(step: Step, { quiet = false, refused }: { quiet?: boolean; refused?: string } = {}): Promise<boolean> {
  return inTurn(async () => {
    try {
      await carryOut(step.forward);
    } catch (error) {
      toast("error", `${refused ?? "That could not be done"}: ${messageOf(error)}`);
      return false;
    }
    remember(step);
    if (!quiet) tell(step.done, "Undo", () => undoStep(step));
    return true;
  });
}

/** It is done already; from now on it can be taken back. */
export function did(step: Step): void {
  remember(step);
  tell(step.done, "Undo", () => undoStep(step));
}

async function run(step: Step, way: "back" | "forward"): Promise<boolean> {
  try {
    await carryOut(step[way]);
  } catch (error) {
    // What is refused now will be refused again; what did not get through may be tried again.
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) drop(step);
    toast("error", `That could not be ${way === "back" ? "taken back" : "done again"}: ${messageOf(error)}`);
    return false;
  }
  turn(step, way === "back" ? "future" : "past");
  return true;
}

function undoStep(step: Step): Promise<boolean> {
  return inTurn(async () => {
    // It was taken back already, or other things were done since.
    if (newest() !== step) return false;
    const back = await run(step, "back");
    if (back) tell(step.undone, "Redo", redoLast);
    return back;
  });
}

/** Takes the newest step back and says what is true now. */
export function undoLast(): Promise<boolean> {
  for (const hand of beforeUndo) hand();
  return inTurn(async () => {
    const step = newest();
    if (!step) {
      toast("info", "There is nothing to undo");
      return false;
    }
    const back = await run(step, "back");
    if (back) tell(step.undone, "Redo", redoLast);
    return back;
  });
}

/** Does again what was taken back last. */
export function redoLast(): Promise<boolean> {
  return inTurn(async () => {
    const step = nextAgain();
    if (!step) {
      toast("info", "There is nothing to do again");
      return false;
    }
    const again = await run(step, "forward");
    if (again) tell(step.done, "Undo", () => undoStep(step));
    return again;
  });
}
