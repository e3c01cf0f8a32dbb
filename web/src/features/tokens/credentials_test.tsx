// @vitest-environment happy-dom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import type { Frame } from "@/live/frame";
import { publishFrames } from "@/live/live_bus";
import { Credentials } from "./credentials";

afterEach(cleanup);

const frame = (event: string) => ({ event, workspace_id: "pm", payload: {}, at: 0, seq: 1, transient: false }) as unknown as Frame;
const isChange = ({ event }: Frame) => event === "TOKEN_REVOKED";

test("what somebody else makes or revokes shows by itself, and nothing is read again for other events", async () => {
  const token = (id: string, label: string) => ({ id, prefix: `mol_${id}`, label, created_at: "2026-01-01T00:00:00Z" });
  const load = vi.fn().mockResolvedValueOnce([token("a", "laptop"), token("b", "elsewhere")]).mockResolvedValue([token("a", "laptop")]);
  render(
    <Credentials title="Tokens" what="token" empty={{ title: "No tokens", text: "" }} load={load} make={() => Promise.resolve("")} revoke={() => Promise.resolve()} changedBy={isChange}>
      Words.
    </Credentials>,
  );
  await screen.findByText("elsewhere");
  act(() => publishFrames([frame("TASK_UPDATED")]));
  expect(load).toHaveBeenCalledOnce();
  act(() => publishFrames([frame("TOKEN_REVOKED")]));
  await vi.waitFor(() => expect(screen.queryByText("elsewhere")).toBeNull());
  screen.getByText("laptop");
});
