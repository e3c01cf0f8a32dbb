// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { fetched, fetchedPanel } from "./fetched";

afterEach(cleanup);

it("shows what was fetched, and closes where that fails, to be asked for again", async () => {
  let fails = true;
  const Part = fetched<{ onClose: () => void; words: string }>(() =>
    fails ? Promise.reject(new Error("gone")) : Promise.resolve(({ words }: { words: string }) => <p>{words}</p>),
  );
  const onClose = vi.fn();
  const { unmount } = render(<Part onClose={onClose} words="here" />);
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  unmount();
  fails = false;
  render(<Part onClose={onClose} words="here" />);
  expect(await screen.findByText("here")).toBeTruthy();
  expect(onClose).toHaveBeenCalledOnce();
});

it("says in a panel's place that it could not be fetched, and fetches it when asked again", async () => {
  let fails = true;
  const load = vi.fn(() => (fails ? Promise.reject(new Error("gone")) : Promise.resolve(({ words }: { words: string }) => <p>{words}</p>)));
  const Panel = fetchedPanel<{ words: string }>(load);
  Panel.prepare();
  await waitFor(() => expect(load).toHaveBeenCalledOnce());
  const { unmount } = render(<Panel words="here" />);
  const retry = await screen.findByRole("button", { name: "Retry" });
  expect(screen.getByRole("alert").textContent).toContain("could not be fetched");
  fails = false;
  fireEvent.click(retry);
  expect(await screen.findByText("here")).toBeTruthy();
  unmount();
  render(<Panel words="at once" />);
  expect(screen.getByText("at once")).toBeTruthy();
  expect(load).toHaveBeenCalledTimes(3);
});
