import { expect, it } from "vitest";
import { readStanding, type Standing } from "@/api/tasks_api";
import { standingLine } from "./standing_words";

const since = Date.parse("2030-01-01T10:00:00Z");
const stands = (word: Standing["word"], more: Partial<Standing> = {}): Standing => ({ word, state: "submitted", since, says: "", ...more });
const text = (standing: Standing) => standingLine(standing, "pm", since).text;

it("has different words for every place where a message may stand", () => {
  const words: Standing["word"][] = ["waiting", "leased", "seen", "answered", "refused", "expired", "removed", "dead_letter", "canceled"];
  expect(new Set(words.map((word) => text(stands(word)))).size).toBe(words.length);
  expect(text(stands("seen", { state: "working" }))).toContain("working on it");
  expect(text(stands("seen", { says: "its agent has fetched it and has not answered yet" }))).toBe("Seen by pm");
  expect(text(stands("seen", { state: "input-required" }))).toContain("asks for more");
  expect(text(stands("seen", { attempts: 2 }))).toContain("2 deliveries came to no end");
  expect(text(stands("seen", { attempts: 1 }))).toContain("1 delivery came");
});

it("adds the agent's words, and not the platform's where the line says the same", () => {
  expect(standingLine(stands("seen", { says: "its agent is at it" }), "pm", since).detail).toBe("");
  expect(standingLine(stands("seen", { says: "reading the file" }), "pm", since).detail).toBe("Reading the file");
  expect(standingLine(stands("waiting", { expiresAt: since + 120_000 }), "pm", since).detail).toBe("Its time is over in 2m.");
});

it("reads where a message stands from a task, and nothing where that is not told", () => {
  const task = {
    kind: "task",
    status: { state: "working", message: { parts: [{ kind: "text", text: "its agent is at it" }] } },
    metadata: { molecule: { standing: "seen", since: "2030-01-01T10:00:00Z", attempts: 1, expires_at: "2030-01-02T10:00:00Z" } },
  };
  expect(readStanding(task)).toEqual({ word: "seen", state: "working", since, says: "its agent is at it", attempts: 1, expiresAt: since + 86_400_000 });
  expect(readStanding({ kind: "task", status: { state: "working" } })).toBeUndefined();
  expect(readStanding({ metadata: { molecule: { standing: "elsewhere" } } })).toBeUndefined();
});
