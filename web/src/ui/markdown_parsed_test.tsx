// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { copyText } from "./clipboard";
import MarkdownParsed from "./markdown_parsed";

vi.mock("./clipboard", () => ({ copyText: vi.fn(() => Promise.resolve(true)) }));
afterEach(cleanup);

it("draws lists, tables and code as elements", () => {
  const { container } = render(<MarkdownParsed text={"- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`x < y`"} />);
  expect(container.querySelectorAll("li")).toHaveLength(2);
  expect(container.querySelectorAll("td")).toHaveLength(2);
  expect(container.querySelector("code")?.textContent).toBe("x < y");
});

it("never lets text become markup, an address run a script, or a picture load", () => {
  const text = '<img src=x onerror="alert(1)"><script>alert(2)</script> [go](javascript:alert(3)) ![spy](https://example.org/pixel.png)';
  const { container } = render(<MarkdownParsed text={text} />);
  expect(container.querySelector("img, script")).toBeNull();
  const [go, spy] = [...container.querySelectorAll("a")];
  expect(go?.getAttribute("href") ?? "").not.toContain("javascript");
  expect(spy?.textContent).toBe("spy");
  expect(spy?.getAttribute("rel")).toContain("noreferrer");
});

it("gives code away as it was written, fenced or indented, each block for itself", () => {
  render(<MarkdownParsed text={"```sh\ncurl -s 'x' \\\n  --fail\n```\n\n- in a list\n\n  ~~~\n  a\n\n  b\n  ~~~\n\n      indented <b>\n"} />);
  for (const button of screen.getAllByRole("button", { name: "Copy code" })) fireEvent.click(button);
  expect(vi.mocked(copyText).mock.calls).toEqual([["curl -s 'x' \\\n  --fail"], ["a\n\nb"], ["indented <b>"]]);
});

it("gives no code away of which the end was cut off", () => {
  const copies = (text: string, cut = true) => {
    const { unmount } = render(<MarkdownParsed text={text} cut={cut} />);
    const count = screen.queryAllByRole("button", { name: "Copy code" }).length;
    unmount();
    return count;
  };
  expect(copies("```\none\n```\n\n```js\ntwo\n")).toBe(1);
  expect(copies("```\none\n```\n\n```js\ntwo\n", false)).toBe(2);
  expect(copies("```\none\n```\n\n")).toBe(1);
  expect(copies("```\none\n```")).toBe(1);
  expect(copies("words\n\n    indented\n\n")).toBe(0);
  expect(copies("> ~~~~\n> one\n> ~~~~\n")).toBe(1);
});
