import { afterEach, describe, expect, it, vi } from "vitest";
import { placeOf, readBeginning } from "./kept_files_api";

const workspace = "11111111-2222-4333-8444-555555555555";
const file = "99999999-2222-4333-8444-555555555555";
const here = `/workspaces/${workspace}/attachments/${file}`;

describe("where a file is fetched", () => {
  it("is the platform, for what is the platform's", () => {
    expect(placeOf(`platform-pending:${workspace}/${file}`)).toBe(here);
    expect(placeOf(`https://platform.example${here}`, "https://platform.example")).toBe(here);
    expect(placeOf(`https://platform.example/below${here}`, "https://platform.example")).toBe(here);
  });
  it("is nowhere for anything else", () => {
    for (const other of [`https://elsewhere.example${here}`, `platform-pending:${workspace}/../secrets`, `platform-pending:${workspace}/${file}/x`, `https://platform.example${here}?x`, "workspace:/workspace/x", ""])
      expect(placeOf(other, "https://platform.example")).toBeUndefined();
  });
});

describe("the beginning of a file", () => {
  afterEach(() => vi.unstubAllGlobals());
  const platform = (answer: Response) => {
    const asked = vi.fn(() => Promise.resolve(answer));
    vi.stubGlobal("fetch", asked);
    return asked;
  };

  it("tells what the platform found it to be and how long it is", async () => {
    const asked = platform(new Response("word", { status: 206, headers: { "Content-Type": "text/plain", "Content-Range": "bytes 0-3/900" } }));
    expect(await readBeginning(here, 4)).toEqual({ type: "text/plain", size: 900, bytes: new TextEncoder().encode("word") });
    expect(asked).toHaveBeenCalledWith(here, expect.objectContaining({ headers: { Range: "bytes=0-3" } }));
  });
  it("reads no more where the whole is sent all the same", async () => {
    platform(new Response("words without end", { headers: { "Content-Type": "text/plain", "Content-Length": "17" } }));
    expect(await readBeginning(here, 5)).toMatchObject({ size: 17, bytes: new TextEncoder().encode("words") });
  });
  it("is empty of a file without bytes, and why there is none otherwise", async () => {
    platform(new Response('{"error":"the file has 0 bytes","code":"range_not_satisfiable"}', { status: 416 }));
    expect(await readBeginning(here, 5)).toMatchObject({ size: 0 });
    platform(new Response('{"error":"attachment not found","code":"attachment_not_found"}', { status: 404 }));
    await expect(readBeginning(here, 5)).rejects.toMatchObject({ status: 404, message: "attachment not found" });
  });
});
