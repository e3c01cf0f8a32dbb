/**
 * What an A2A body says besides its words: files, data and the state of a task, in whichever generation or wrapper it
 * came. An answer that has no words is an answer all the same.
 */
import { cutText } from "@/ui/cut_text";
import { answerText, fields, type Fields } from "./a2a_text";

export interface FilePart {
  kind: "file";
  name: string;
  /** Its media type; empty when it was not told. */
  type: string;
  /** In bytes, when known. */
  size?: number;
  /** Where it can be fetched. */
  uri?: string;
  /** The file itself, as base64. */
  bytes?: string;
}

export interface DataPart {
  kind: "data";
  /** Indented JSON. */
  json: string;
}

export type Part = FilePart | DataPart;

export const taskStates = ["submitted", "working", "input-required", "auth-required", "completed", "failed", "rejected", "canceled", "unknown"] as const;
export type TaskState = (typeof taskStates)[number];

/** The names of an agent's task, by which a message goes on with it. */
export interface TaskName {
  id: string;
  contextId?: string;
}

export interface Answer {
  text: string;
  parts: Part[];
  /** Of the task the answer is, when it is one. */
  state?: TaskState;
  task?: TaskName;
}

/** Parts shown of one message; an answer with more says so itself. */
export const partsMax = 50;
const depthMax = 6;

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** How many bytes a base64 text stands for. */
function sizeOf(bytes: string): number {
  const padding = bytes.endsWith("==") ? 2 : bytes.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor((bytes.length * 3) / 4) - padding);
}

const nameMax = 120;
const nameEnd = 32;
/** Controls, and what turns the direction of reading: a name with these looks like another. */
const disguises = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A file's name as it may be shown and saved; of a long one both ends, because the last part says what it is. */
export function plainName(name: string): string {
  const plain = name.replaceAll(disguises, "_");
  return plain.length <= nameMax ? plain : `${cutText(plain, nameMax - nameEnd)}…${plain.slice(-nameEnd).replace(/^[\udc00-\udfff]/, "")}`;
}

/** A file as 0.3 nests it, as 1.0 lays it flat, and as notifications attach it. */
function readFile(raw: Fields, type: unknown, about?: unknown): FilePart | undefined {
  const bytes = text(raw.bytes) ?? text(raw.fileWithBytes) ?? text(raw.raw);
  const uri = text(raw.uri) ?? text(raw.fileWithUri) ?? text(raw.url);
  const name = text(raw.name) ?? text(raw.filename);
  if (bytes === undefined && uri === undefined && name === undefined) return undefined;
  const said = raw.size ?? fields(about)?.size;
  const size = typeof said === "number" ? said : bytes === undefined ? undefined : sizeOf(bytes);
  return {
    kind: "file",
    name: plainName(name ?? (uri === undefined ? "unnamed file" : (uri.split(/[?#]/)[0]?.split("/").findLast((step) => step !== "") ?? uri))),
    type: text(raw.mimeType) ?? text(raw.mime_type) ?? text(raw.mediaType) ?? text(type) ?? "",
    ...(size === undefined ? {} : { size }),
    ...(uri === undefined ? {} : { uri }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

const dataOf = (value: unknown): DataPart => ({ kind: "data", json: JSON.stringify(value, null, 2) });

function readPart(raw: unknown): Part | undefined {
  const part = fields(raw);
  if (!part) return undefined;
  const nested = fields(part.file);
  if (nested) return readFile(nested, part.mediaType, part.metadata);
  if (part.data !== undefined) return dataOf(part.data);
  if (typeof part.text === "string") return undefined;
  return readFile(part, undefined, part.metadata);
}

const readParts = (parts: unknown): Part[] => (Array.isArray(parts) ? parts.flatMap((raw) => readPart(raw) ?? []) : []);

function gather(value: unknown, depth: number): Part[] {
  const body = fields(value);
  if (!body || depth > depthMax) return [];
  const found = readParts(body.parts);
  if (Array.isArray(body.artifacts)) for (const artifact of body.artifacts) found.push(...readParts(fields(artifact)?.parts));
  for (const attachment of Array.isArray(body.attachments) ? body.attachments : []) {
    const file = fields(attachment) && readFile(attachment as Fields, undefined);
    if (file) found.push(file);
  }
  if (found.length > 0) return found;
  for (const key of ["result", "message", "msg", "task", "status"]) {
    const inner = gather(body[key], depth + 1);
    if (inner.length > 0) return inner;
  }
  return [];
}

function readState(value: unknown, depth: number): TaskState | undefined {
  const body = fields(value);
  if (!body || depth > depthMax) return undefined;
  const said = text(fields(body.status)?.state);
  // 1.0 spells them TASK_STATE_INPUT_REQUIRED.
  const plain = said?.replace(/^TASK_STATE_/, "").toLowerCase().replaceAll("_", "-");
  if (plain !== undefined) return taskStates.find((state) => state === (plain === "cancelled" ? "canceled" : plain)) ?? "unknown";
  for (const key of ["result", "task"]) {
    const inner = readState(body[key], depth + 1);
    if (inner) return inner;
  }
  return undefined;
}

const nameIn = (id: unknown, contextId: unknown): TaskName | undefined =>
  typeof id === "string" && id !== "" ? { id, ...(typeof contextId === "string" && contextId !== "" ? { contextId } : {}) } : undefined;

function readTaskName(body: unknown): TaskName | undefined {
  const result = fields(resultOf(body));
  const task = fields(result?.task) ?? result;
  return fields(task?.status) ? nameIn(task?.id, task?.contextId) : undefined;
}

/** The task that the message inside a request goes on with. */
export function requestTask(body: unknown): TaskName | undefined {
  const outer = fields(body);
  const message = fields((fields(outer?.params) ?? outer)?.message);
  return nameIn(message?.taskId, message?.contextId);
}

/** The result inside a JSON-RPC answer, or the body itself. */
const resultOf = (body: unknown): unknown => fields(body)?.result ?? body;

/** All that an answer says. A body of which nothing is understood is the data it is, or nothing where it may be bookkeeping. */
export function readAnswer(body: unknown, strangeIs: "data" | "nothing" = "data"): Answer {
  const words = answerText(body);
  const parts = gather(body, 0).slice(0, partsMax);
  const state = readState(body, 0);
  const task = readTaskName(body);
  const result = fields(resultOf(body));
  const strange = strangeIs === "data" && words === "" && parts.length === 0 && state === undefined && result !== undefined && !isMessage(result) && Object.keys(result).length > 0;
  return { text: words, parts: strange ? [dataOf(result)] : parts, ...(state ? { state } : {}), ...(task ? { task } : {}) };
}

/** What a task has made: its artifacts, without what it says of itself. */
export function readArtifacts(body: unknown): Answer {
  const result = fields(resultOf(body));
  const { artifacts } = fields(result?.task) ?? result ?? {};
  return readAnswer({ artifacts }, "nothing");
}

/** A message whose parts are there, though they say nothing. */
const isMessage = (result: Fields): boolean => Array.isArray(result.parts) || Array.isArray(fields(result.message)?.parts);

/** The files and data of the message inside a request body. */
export function requestParts(body: unknown): Part[] {
  const outer = fields(body);
  const params = fields(outer?.params) ?? outer;
  return readParts(fields(params?.message)?.parts).slice(0, partsMax);
}

/** Files named beside a message. */
export function attachedFiles(attachments: unknown): Part[] {
  return gather({ attachments }, 0).slice(0, partsMax);
}
