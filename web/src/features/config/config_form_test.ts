import { describe, expect, it } from "vitest";
import { changesOf, fits, settings, shownIn } from "./config_form";

const of = (key: string) => settings.find((each) => each.key === key) ?? expect.fail(key);
const data = { name: "x", runtime_config: { command: "cat", args: ["-u"] }, skills: ["a", "b"], tier: 2 };

describe("the form of a configuration", () => {
  it("shows what is there", () => {
    expect(shownIn(of("name"), data)).toBe("x");
    expect(shownIn(of("runtime_config.command"), data)).toBe("cat");
    expect(shownIn(of("skills"), data)).toBe("a\nb");
    expect(shownIn(of("model"), data)).toBe("");
  });
  it("changes what was changed, and keeps what stands beside it", () => {
    expect(changesOf(data, new Map([["name", "x"], ["model", ""]]))).toEqual({});
    expect(
      changesOf(data, new Map([["name", "y"], ["runtime_config.timeout", "60"], ["runtime_config.command", "wc"], ["skills", " a \n\n"]])),
    ).toEqual({ name: "y", runtime_config: { command: "wc", args: ["-u"], timeout: 60 }, skills: ["a"] });
    expect(changesOf(data, new Map([["skills", ""], ["runtime_config.command", ""], ["name", " "]]))).toEqual({
      skills: null,
      name: null,
      runtime_config: { args: ["-u"] },
    });
    expect(changesOf({}, new Map([["runtime_config.timeout", "soon"]]))).toEqual({ runtime_config: { timeout: "soon" } });
  });
  it("leaves what it cannot show to the text", () => {
    expect(fits(of("name"), { name: { a: 1 } })).toBe(false);
    expect(fits(of("skills"), { skills: [{ a: 1 }] })).toBe(false);
    expect(fits(of("skills"), { skills: "one" })).toBe(true);
  });
});
