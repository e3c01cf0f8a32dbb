import { expect, it } from "vitest";
import { ApiError, messageOf } from "./api_error";

it("says the cause, and what to do about it where the platform did not", () => {
  expect(messageOf(new ApiError(401, "unauthenticated", "no valid credential"))).toBe("no valid credential. Sign in again; `molecule admin claim` prints a link.");
  expect(messageOf(new ApiError(503, "storage_unavailable", "the store is away."))).toBe("the store is away. It recovers by itself; try again in a moment.");
  expect(messageOf(new ApiError(0, "timed_out", "No answer within 15 seconds."))).toMatch(/look before you try again\.$/);
  expect(messageOf(new ApiError(429, "rate_limited", "too many requests", { hint: "set trusted-proxies" }))).toBe("too many requests: set trusted-proxies");
});

it("adds nothing to a refusal that explains itself", () => {
  expect(messageOf(new ApiError(409, "ancestor_paused", "parent is paused — resume it first"))).toBe("parent is paused — resume it first");
  expect(messageOf(new TypeError("x is undefined"))).toBe("x is undefined");
  expect(messageOf("odd")).toMatch(/^Something unexpected happened/);
});
