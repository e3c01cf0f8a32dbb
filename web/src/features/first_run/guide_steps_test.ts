import { expect, it } from "vitest";
import { readWorkspace } from "@/api/workspace";
import type { Frame } from "@/live/frame";
import { emptyOrg, withPicture } from "@/model/org";
import { afterFrames, whatToAsk, whomToAsk } from "./guide_steps";

const nothing = { answered: false, delegated: false, connected: false, over: false };
const frame = (event: string, workspace_id = "a") => ({ event, workspace_id, at: 0, payload: {}, seq: 1, transient: false }) as unknown as Frame;
const orgOf = (...raw: Record<string, unknown>[]) => withPicture(emptyOrg, raw.map(readWorkspace));

it("ticks a step by what the platform told, and never takes it back", () => {
  const answered = afterFrames(nothing, [frame("AGENT_MESSAGE")], new Set());
  expect(answered).toEqual({ ...nothing, answered: true });
  expect(afterFrames(answered, [frame("DELEGATION_SENT")], new Set())).toEqual({ ...nothing, answered: true, delegated: true });
});

it("counts only an agent that was not there before as one's own", () => {
  expect(afterFrames(nothing, [frame("WORKSPACE_ONLINE", "a")], new Set(["a"])).connected).toBe(false);
  expect(afterFrames(nothing, [frame("WORKSPACE_ONLINE", "b")], new Set(["a"])).connected).toBe(true);
});

it("asks a lead that can hand work over, before others, and nobody who does not hear", () => {
  const alone = { id: "x", name: "x", status: "online" };
  const lead = { id: "pm", name: "pm", status: "online" };
  const child = { id: "r", name: "r", status: "online", parent_id: "pm", agent_card: { skills: [{ id: "summarise" }] } };
  const full = orgOf(alone, lead, child);
  const asked = whomToAsk(full);
  expect(asked?.id).toBe("pm");
  expect(asked && whatToAsk(full, asked)).toBe("Summarise README.md in 3 bullet points");
  const broken = orgOf(alone, lead, { ...child, status: "offline" });
  expect(whomToAsk(broken)?.id).toBe("x");
  expect(whatToAsk(broken, readWorkspace(alone))).toMatch(/^Hello/);
  expect(whomToAsk(orgOf({ ...alone, status: "paused" }))).toBeUndefined();
});
