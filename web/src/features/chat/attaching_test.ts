// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "@/api/api_error";
import type { UploadedFile } from "@/api/wire";

const uploads: { name: string; signal: AbortSignal; progress: (share: number) => void; take: () => void; fail: (error: Error) => void }[] = [];
const limits = { per_file_bytes: 1000, per_request_bytes: 1000, max_attachments_per_message: 4 };

const told = vi.hoisted(() => [] as string[]);
vi.mock("@/ui/toast", () => ({ toast: (_: string, text: string) => told.push(text) }));
vi.mock("@/api/uploads_api", () => ({
  readUploadLimits: () => Promise.resolve(limits),
  uploadFile: (_: string, file: File, progress: (share: number) => void, signal: AbortSignal) =>
    new Promise<UploadedFile>((resolve, reject) => {
      const { name, size } = file;
      signal.addEventListener("abort", () => reject(new ApiError(0, "aborted", "Stopped.")));
      uploads.push({ name, signal, progress, take: () => resolve({ uri: `platform-pending:${name}`, name, mimeType: "text/plain", size }), fail: reject });
    }),
}));

const { attach, detach, sendAgain } = await import("./attaching");
const { draftOf, draftsStore, changeFiles } = await import("./drafts");
const files = () => draftOf(draftsStore.get(), "pm").files;
const standing = () => files().map(({ name, is }) => `${name} ${is}`);
const key = (name: string) => files().find((each) => each.name === name)?.key ?? 0;
const file = (name: string, size = 3) => new File(["x".repeat(size)], name);
const settled = (...expected: string[]) => vi.waitFor(() => expect(standing()).toEqual(expected));
const upload = (name: string) => uploads.findLast((each) => each.name === name);

beforeEach(() => {
  uploads.length = 0;
  localStorage.clear();
});
afterEach(() => {
  for (const { key: each } of files()) detach("pm", each);
  changeFiles("pm", () => []);
});

it("sends two at once, and tells how far each is", async () => {
  await attach("pm", [file("a"), file("b"), file("c")]);
  await settled("a going", "b going", "c waiting");
  upload("b")?.progress(0.5);
  upload("a")?.take();
  await settled("a kept", "b going", "c going");
  upload("b")?.take();
  upload("c")?.take();
  await settled("a kept", "b kept", "c kept");
  expect(files()[0]).toMatchObject({ file: { kind: "file", uri: "platform-pending:a", name: "a", type: "text/plain", size: 3 } });
});

it("says of what is too large or too many that it is not sent", async () => {
  await attach("pm", [file("huge", 1001), file("a"), file("b"), file("c"), file("d")]);
  await settled("huge failed", "a going", "b going", "c waiting");
  expect(files()[0]).toMatchObject({ why: expect.stringContaining("too large") as string, again: false });
  expect(told).toContain("A message takes 4 files; d was not attached.");
  expect(uploads.map(({ name }) => name)).not.toContain("huge");
});

it("says what went wrong at the file, and tries again when asked", async () => {
  await attach("pm", [file("a")]);
  await settled("a going");
  upload("a")?.fail(new ApiError(413, "attachments_full", "this workspace has no room"));
  await settled("a failed");
  expect(files()[0]).toMatchObject({ why: "This workspace has no room.", again: true });
  sendAgain("pm", key("a"));
  await settled("a going");
  upload("a")?.take();
  await settled("a kept");
});

it("stops what is taken back, and sends the next", async () => {
  await attach("pm", [file("a"), file("b"), file("c")]);
  await settled("a going", "b going", "c waiting");
  detach("pm", key("a"));
  await settled("b going", "c going");
  expect(upload("a")?.signal.aborted).toBe(true);
});

it("says of a folder, or a file that is gone, that it cannot be read", async () => {
  const folder = file("folder");
  vi.spyOn(folder, "slice").mockReturnValue({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) } as unknown as Blob);
  await attach("pm", [folder]);
  await settled("folder failed");
  expect(files()[0]).toMatchObject({ why: expect.stringContaining("cannot be read") as string, again: false });
  expect(uploads).toEqual([]);
});

it("asks before the page is left while files are on their way", async () => {
  const asks = () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
  expect(asks()).toBe(false);
  await attach("pm", [file("a")]);
  await settled("a going");
  expect(asks()).toBe(true);
  upload("a")?.take();
  await settled("a kept");
  await vi.waitFor(() => expect(asks()).toBe(false));
});
