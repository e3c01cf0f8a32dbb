// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { TabList } from "./tab_list";

afterEach(cleanup);
const tabs = [
  { id: "a", label: "A" },
  { id: "b", label: "B" },
  { id: "c", label: "C" },
];

it("is one stop for Tab and moves with arrows, Home and End", () => {
  const onChange = vi.fn();
  Element.prototype.scrollIntoView = () => undefined;
  render(<TabList label="Parts" tabs={tabs} active="a" onChange={onChange} />);
  expect(screen.getAllByRole("tab").map((tab) => tab.tabIndex)).toEqual([0, -1, -1]);
  const strip = screen.getByRole("tablist", { name: "Parts" });
  for (const key of ["ArrowRight", "ArrowLeft", "End", "Home", "x"]) fireEvent.keyDown(strip, { key });
  expect(onChange.mock.calls.map(([id]) => id)).toEqual(["b", "c", "c", "a"]);
  expect(screen.getByRole("tab", { name: "A" }).getAttribute("aria-controls")).toBe("panel-a");
});
