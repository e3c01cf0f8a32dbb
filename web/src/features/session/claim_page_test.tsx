// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ClaimPage } from "./claim_page";

beforeEach(() => localStorage.clear());
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
const spent = () => new Response('{"error":"This link was used.","code":"claim_invalid"}', { status: 410 });
const signedIn = () => new Response('{"status":"signed_in","role":"admin"}');
const press = async (name: string) => fireEvent.click(await screen.findByRole("button", { name }));

it("spends nothing by being opened", async () => {
  const asked = platform();
  render(<ClaimPage code="abc" onSignedIn={() => undefined} />);
  await screen.findByRole("button", { name: "Sign in this browser" });
  await act(async () => undefined);
  expect(asked).not.toHaveBeenCalled();
});

it("trades the code exactly once when the button is pressed, and goes on", async () => {
  const asked = platform(signedIn());
  const onSignedIn = vi.fn();
  render(
    <StrictMode>
      <ClaimPage code="abc" onSignedIn={onSignedIn} />
    </StrictMode>,
  );
  await press("Sign in this browser");
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledTimes(1));
  expect(asked).toHaveBeenCalledTimes(1);
  expect(asked.mock.calls[0]?.[0]).toBe("/auth/claim");
  expect(asked.mock.calls[0]?.[1].body).toBe('{"code":"abc"}');
});

it("says what to do when the code is spent", async () => {
  platform(spent());
  render(<ClaimPage code="abc" onSignedIn={() => undefined} />);
  await press("Sign in this browser");
  expect((await screen.findByRole("alert")).textContent).toBe("This link was used.");
  expect(screen.getByText("molecule admin claim")).toBeTruthy();
});

it("says that another tab has signed in, when told and when its own link is spent", async () => {
  platform(signedIn(), spent(), signedIn());
  const onSignedIn = vi.fn();
  render(<ClaimPage code="abc" onSignedIn={onSignedIn} />);
  await screen.findByRole("button", { name: "Sign in this browser" });
  localStorage.setItem("molecule.signed_in", "true");
  window.dispatchEvent(new Event("storage"));
  await press("Open the canvas");
  expect(onSignedIn).toHaveBeenCalledTimes(1);
  cleanup();

  localStorage.clear();
  render(<ClaimPage code="abc" onSignedIn={onSignedIn} />);
  const button = await screen.findByRole("button", { name: "Sign in this browser" });
  localStorage.setItem("molecule.signed_in", "true");
  fireEvent.click(button);
  await press("Open the canvas");
  expect(onSignedIn).toHaveBeenCalledTimes(2);
});

it("offers another try when the platform does not answer", async () => {
  platform(new TypeError("failed"), signedIn());
  const onSignedIn = vi.fn();
  render(<ClaimPage code="abc" onSignedIn={onSignedIn} />);
  await press("Sign in this browser");
  await press("Try again");
  await waitFor(() => expect(onSignedIn).toHaveBeenCalledTimes(1));
});
