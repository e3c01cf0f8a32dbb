import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "./api_error";
import { request } from "./request";

const answer = (status: number, body: string, headers = {}) => new Response(body, { status, headers });
function platform(...answers: (Response | Error)[]) {
  const asked = vi.fn(async () => {
    const next = answers.shift();
    if (!next || next instanceof Error) throw next ?? new Error("asked too often");
    return next;
  });
  vi.stubGlobal("fetch", asked);
  return asked;
}
async function failure(work: Promise<unknown>): Promise<ApiError> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error as ApiError,
  );
}

describe("a request", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("tells a refusal in the platform's words, with its code", async () => {
    platform(answer(409, '{"error":"It is paused","code":"paused"}'));
    expect(await failure(request("POST", "/x"))).toMatchObject({ status: 409, code: "paused", message: "It is paused" });
    platform(answer(400, '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no parts"},"code":"invalid_message"}'));
    expect(await failure(request("POST", "/x"))).toMatchObject({ status: 400, code: "invalid_message", message: "no parts" });
  });
  it("explains an answer that is not JSON and a platform that is not there", async () => {
    platform(answer(200, "<html>"), new TypeError("failed"));
    expect((await failure(request("GET", "/x"))).code).toBe("bad_answer");
    expect((await failure(request("GET", "/x"))).code).toBe("unreachable");
  });
  it("asks once more after 429 when it only reads", async () => {
    vi.useFakeTimers();
    const asked = platform(answer(429, "{}", { "Retry-After": "3" }), answer(200, '{"ok":1}'));
    const reading = request("GET", "/x");
    await vi.advanceTimersByTimeAsync(3000);
    expect(await reading).toEqual({ ok: 1 });
    expect(asked).toHaveBeenCalledTimes(2);
  });
  it("never repeats a change by itself", async () => {
    const asked = platform(answer(429, "{}", { "Retry-After": "0" }));
    expect((await failure(request("POST", "/x"))).status).toBe(429);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
