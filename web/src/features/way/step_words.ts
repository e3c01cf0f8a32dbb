import type { StandingWord } from "@/api/tasks_api";
import type { Step } from "@/model/way";

export interface StepWord {
  word: string;
  tone: "ok" | "open" | "bad" | "quiet";
}

const words: Record<StandingWord, StepWord> = {
  waiting: { word: "Waiting", tone: "open" },
  leased: { word: "On its way", tone: "open" },
  seen: { word: "Seen", tone: "open" },
  answered: { word: "Answered", tone: "ok" },
  refused: { word: "Refused", tone: "bad" },
  expired: { word: "Expired", tone: "bad" },
  removed: { word: "Removed", tone: "bad" },
  dead_letter: { word: "Dead letter", tone: "bad" },
  canceled: { word: "Canceled", tone: "quiet" },
};

export const wordOf = ({ standing }: Step): StepWord => words[standing];
