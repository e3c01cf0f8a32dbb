import type { Step, StepStanding } from "@/model/way";

export interface StepWord {
  word: string;
  tone: "ok" | "open" | "bad" | "quiet";
}

const words: Record<StepStanding, StepWord> = {
  waiting: { word: "Waiting", tone: "open" },
  leased: { word: "On its way", tone: "open" },
  seen: { word: "Seen", tone: "open" },
  asks: { word: "Asks for more", tone: "open" },
  answered: { word: "Answered", tone: "ok" },
  failed: { word: "Failed", tone: "bad" },
  refused: { word: "Refused", tone: "bad" },
  expired: { word: "Expired", tone: "bad" },
  removed: { word: "Removed", tone: "bad" },
  dead_letter: { word: "Dead letter", tone: "bad" },
  canceled: { word: "Canceled", tone: "quiet" },
};

export const wordOf = ({ standing }: Step): StepWord => words[standing];
