// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { PanelBoundary } from "./panel_boundary";

afterEach(cleanup);

it("keeps a failure inside its panel and tries again when asked", () => {
  // The library reports what a boundary catches; here that is the point of the test.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  let broken = true;
  function Panel() {
    if (broken) throw new Error("an odd row");
    return <p>all is well</p>;
  }
  render(
    <>
      <p>the canvas</p>
      <PanelBoundary name="Activity">
        <Panel />
      </PanelBoundary>
    </>,
  );
  expect(screen.getByRole("alert").textContent).toContain("Activity could not be drawn: an odd row");
  expect(screen.getByText("the canvas")).toBeTruthy();
  broken = false;
  fireEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(screen.getByText("all is well")).toBeTruthy();
});
