// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { ClaimPage } from "./claim_page";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function platform(...answers: (Response | Error)[]) {
  const asked = vi.fn<(path: string, init: { body: string }) => Promise<Response>>(async () => {
    const next = answers.shift();
    if (!next || next instanceof Error) throw next ?? new Error("asked too often");
    return next;
  });
  vi.stubGlobal("fetch", asked);
  return asked;
}

it("trades the code exactly once and goes on", async () => {
  const asked = platform(new Response('{"status":"signed_in","role":"admin"}'));
  const onSignedIn = vi.fn();
  render(
    <StrictMode>
      <ClaimPage code="abc" onSignedIn={onSignedIn} />
    </StrictMode>,
  );
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledTimes(1));
  expect(asked).toHaveBeenCalledTimes(1);
  expect(asked.mock.calls[0]?.[0]).toBe("/auth/claim");
  expect(asked.mock.calls[0]?.[1].body).toBe('{"code":"abc"}');
});

it("says what to do when the code is spent", async () => {
  platform(new Response('{"error":"This link was used.","code":"claim_invalid"}', { status: 410 }));
  render(<ClaimPage code="abc" onSignedIn={() => undefined} />);
  expect((await screen.findByRole("alert")).textContent).toBe("This link was used.");
  expect(screen.getByText("molecule admin claim")).toBeTruthy();
});

it("offers another try when the platform does not answer", async () => {
  platform(new TypeError("failed"), new Response("{}"));
  const onSignedIn = vi.fn();
  render(<ClaimPage code="abc" onSignedIn={onSignedIn} />);
  fireEvent.click(await screen.findByRole("button", { name: "Try again" }));
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledTimes(1));
});
