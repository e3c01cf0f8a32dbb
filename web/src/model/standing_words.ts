import type { Standing } from "@/api/tasks_api";
import { clockTime, shortAge } from "@/ui/time";

/** Where a message stands, for a person: the word, and what else is known. */
export interface StandingLine {
  text: string;
  detail: string;
  tone: "quiet" | "open" | "bad";
}

/** From here on it is worth saying when a message's time will be over. */
const expirySoonMs = 24 * 60 * 60_000;
/** What the platform says where an agent has no words: the line says it already. */
const plain = new Set(["its agent is at it", "it is being brought to its agent"]);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function textOf({ word, state, since, attempts = 0 }: Standing, name: string): Pick<StandingLine, "text" | "tone"> {
  const at = Number.isNaN(since) ? "" : ` since ${clockTime(since)}`;
  switch (word) {
    case "waiting":
      return { text: `Waiting${at}`, tone: "open" };
    case "leased":
      return { text: `On its way to ${name}`, tone: "quiet" };
    case "seen":
      if (state === "input-required") return { text: `Seen by ${name}, which asks for more`, tone: "open" };
      if (state === "auth-required") return { text: `Seen by ${name}, which asks for access`, tone: "open" };
      if (state === "submitted" && attempts > 0)
        return { text: `To be brought again: ${attempts} ${attempts === 1 ? "delivery" : "deliveries"} came to no end`, tone: "open" };
      return { text: `Seen by ${name}${state === "working" ? ", which is working on it" : ""}`, tone: "quiet" };
    case "answered":
      return { text: `Answered${at.replace("since", "at")}`, tone: "quiet" };
    case "refused":
      return { text: `Refused${at.replace("since", "at")}`, tone: "bad" };
    case "expired":
      return { text: `Expired${at.replace("since", "at")}: its time was over before it was answered`, tone: "bad" };
    case "removed":
      return { text: `Ended${at.replace("since", "at")}: its workspace was removed`, tone: "bad" };
    case "dead_letter":
      return { text: `Given up${at.replace("since", "at")} after too many deliveries`, tone: "bad" };
    case "canceled":
      return { text: `Canceled${at.replace("since", "at")}`, tone: "quiet" };
  }
}

/** What to tell a person who looks at a message of the workspace `name`. */
export function standingLine(standing: Standing, name: string, now: number): StandingLine {
  const { says, note, expiresAt } = standing;
  const left = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - now;
  const details = [plain.has(says) ? "" : capital(says), left < expirySoonMs && left > 0 ? `Its time is over in ${shortAge(left)}.` : "", note ? capital(note) : ""];
  return { ...textOf(standing, name), detail: details.filter((each) => each !== "").join(" ") };
}
