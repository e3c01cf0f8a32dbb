/** Sends files up for messages that are being written. Fetched with the first file that somebody attaches. */
import { messageOf } from "@/api/api_error";
import { readUploadLimits, uploadFile } from "@/api/uploads_api";
import { now } from "@/ui/clock";
import { toast } from "@/ui/toast";
import { limitsStore, megabytes, nextKey, type Attached, type Progress } from "./attached";
import { changeFiles, draftOf, draftsStore } from "./drafts";

/** Files on their way at once. Browsers open six connections to a host, and answers are read over some. */
const atOnceMax = 2;
/** Progress is drawn at most so often. */
const drawMs = 100;

interface Job {
  workspaceId: string;
  key: number;
  file: File;
  stop: AbortController;
}

/** Waiting or on their way, oldest first. */
let jobs: readonly Job[] = [];
const going = new Set<Job>();
/** What failed and may be sent again. */
const atHand = new Map<number, File>();

let limitsRead: Promise<void> | undefined;

/** Learns the platform's own bounds; until it says them, the usual ones stand. */
function readLimits(): Promise<void> {
  limitsRead ??= readUploadLimits().then(
    (limits) => limitsStore.set(limits),
    () => {
      limitsRead = undefined;
    },
  );
  return limitsRead;
}

function say(workspaceId: string, key: number, progress: Progress): void {
  const settles = progress.is !== "going";
  changeFiles(workspaceId, (before) => before.map((each) => (each.key === key ? { key, name: each.name, size: each.size, ...progress } : each)), settles);
}

/** The platform's words stand alone here. */
const sentence = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function next(): void {
  if (jobs.length > 0) window.addEventListener("beforeunload", askBeforeLeaving);
  else window.removeEventListener("beforeunload", askBeforeLeaving);
  for (const job of jobs) {
    if (going.size >= atOnceMax) return;
    if (!going.has(job)) void work(job);
  }
}

/** A folder, or a file that was changed or removed after it was chosen, cannot be read; a browser tells so only now. */
async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function work(job: Job): Promise<void> {
  const { workspaceId, key, file, stop } = job;
  going.add(job);
  let drawn = 0;
  const fails = (why: string, again: boolean) => {
    if (stop.signal.aborted) return;
    if (again) atHand.set(key, file);
    say(workspaceId, key, { is: "failed", why, again });
  };
  try {
    if (!(await isReadable(file))) return fails("It cannot be read: it is a folder, or was changed since it was chosen.", false);
    say(workspaceId, key, { is: "going", share: 0 });
    const { uri, name, mimeType: type, size } = await uploadFile(
      workspaceId,
      file,
      (share) => {
        if (share < 1 && now() - drawn < drawMs) return;
        drawn = now();
        say(workspaceId, key, { is: "going", share });
      },
      stop.signal,
    );
    say(workspaceId, key, { is: "kept", file: { kind: "file", uri, name, type, size }, at: now() });
  } catch (error) {
    if (stop.signal.aborted) return;
    if (await isReadable(file)) fails(sentence(messageOf(error)), true);
    else fails("It was changed or removed while it was sent. Attach it again.", false);
  } finally {
    going.delete(job);
    jobs = jobs.filter((each) => each !== job);
    next();
  }
}

function enqueue(workspaceId: string, key: number, file: File): void {
  jobs = [...jobs, { workspaceId, key, file, stop: new AbortController() }];
}

/** Attaches files to the message that is being written, and begins to send them up at once. */
export async function attach(workspaceId: string, files: readonly File[]): Promise<void> {
  await readLimits();
  const { per_file_bytes: bytesMax, max_attachments_per_message: filesMax } = limitsStore.get();
  const room = Math.max(0, filesMax - draftOf(draftsStore.get(), workspaceId).files.length);
  const taken = files.slice(0, room).map((file): Attached => {
    const { name, size } = file;
    const key = nextKey();
    if (size > bytesMax) return { key, name, size, is: "failed", why: `It is too large: a file may have ${megabytes(bytesMax)}.`, again: false };
    enqueue(workspaceId, key, file);
    return { key, name, size, is: "waiting" };
  });
  if (taken.length > 0) changeFiles(workspaceId, (before) => [...before, ...taken]);
  const left = files.length - taken.length;
  if (left > 0) toast("info", `A message takes ${filesMax} files; ${left === 1 ? `${files.at(-1)?.name ?? "one"} was` : `${left} were`} not attached.`);
  next();
}

export function sendAgain(workspaceId: string, key: number): void {
  const file = atHand.get(key);
  if (!file) return;
  atHand.delete(key);
  say(workspaceId, key, { is: "waiting" });
  enqueue(workspaceId, key, file);
  next();
}

/** Takes a file back; what is on its way stops. What is there already the platform lets go of, since no message names it. */
export function detach(workspaceId: string, key: number): void {
  changeFiles(workspaceId, (before) => before.filter((each) => each.key !== key));
  atHand.delete(key);
  const job = jobs.find((each) => each.key === key);
  if (!job) return;
  job.stop.abort();
  jobs = jobs.filter((each) => each !== job);
  next();
}
