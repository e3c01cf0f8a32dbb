import type { FilePart } from "@/api/a2a_answer";
import type { UploadLimits } from "@/api/wire";
import { Store } from "@/ui/store";

/** How far a file is that goes along with the message that is being written. */
export type Progress =
  | { is: "waiting" }
  | { is: "going"; share: number }
  /** The platform keeps it since `at`. */
  | { is: "kept"; file: FilePart; at: number }
  /** `again`: it is still at hand, and can be sent once more. */
  | { is: "failed"; why: string; again: boolean };

export type Attached = { key: number; name: string; size: number } & Progress;

/** The platform's bounds; it is asked for its own before the first file is sent. */
export const limitsStore = new Store<UploadLimits>({
  per_file_bytes: 100 * 1024 * 1024,
  per_request_bytes: 100 * 1024 * 1024,
  max_attachments_per_message: 10,
});

/** The platform lets go of a file that no message names after a day; an hour is left for sending it. */
export const unsentMaxMs = 23 * 3_600_000;

let keys = 0;
export const nextKey = (): number => ++keys;

const megabyte = 1_000_000;
/** Rounded down: what is said to fit does. */
export const megabytes = (bytes: number): string => `${Math.floor(bytes / megabyte)} MB`;

export function limitWords({ max_attachments_per_message, per_file_bytes }: UploadLimits): string {
  return `up to ${max_attachments_per_message} files of ${megabytes(per_file_bytes)} each`;
}

const oldWords = "It was not sent within a day, so the platform let go of it. Attach it again.";

/** What the platform has not let go of yet stays; of the rest it is said. */
export function stillKept(files: readonly Attached[], now: number): readonly Attached[] {
  const isOld = (each: Attached) => each.is === "kept" && each.at + unsentMaxMs <= now;
  if (!files.some(isOld)) return files;
  return files.map((each): Attached => (isOld(each) ? { key: each.key, name: each.name, size: each.size, is: "failed", why: oldWords, again: false } : each));
}

/** Every file is there, so that a message can name it. */
export const allKept = (files: readonly Attached[]): boolean => files.every(({ is }) => is === "kept");

export const keptFiles = (files: readonly Attached[]): FilePart[] => files.flatMap((each) => (each.is === "kept" ? [each.file] : []));

/** A file that a message named already, to go along with another. */
export const attachedAgain = (file: FilePart, at: number): Attached => ({ key: nextKey(), name: file.name, size: file.size ?? 0, is: "kept", file, at });
