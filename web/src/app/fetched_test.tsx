// @vitest-environment happy-dom
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { fetched } from "./fetched";

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
