// @vitest-environment happy-dom
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import MarkdownParsed from "./markdown_parsed";

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
