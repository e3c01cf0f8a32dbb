import { learnTime, stopwatch } from "@/ui/clock";
import { errorText } from "./a2a_text";
import { ApiError } from "./api_error";
import { addressOf } from "./root";
import { serverEvents, type ServerEvent } from "./server_events";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface RequestOptions {
  body?: unknown;
  /** Milliseconds until the caller is told that no answer came; 0 waits as long as the connection lives. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** What is changed or removed has to have this version still; refused otherwise (`file_changed`). */
  ifVersion?: string | undefined;
  /** What is written must not be there yet (`file_exists`). */
  ifAbsent?: boolean;
}

const timeoutDefaultMs = 15_000;
const retryAfterMaxS = 20;
const retryAfterDefaultS = 2;
const dateResolutionMs = 1000;

interface Answer<T> {
  value: T;
  headers: Headers;
}

/** What an answer refused, in the platform's words where there are any. */
export function refusal(status: number, body: unknown): ApiError {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const said = errorText(body);
  const code = typeof fields.code === "string" ? fields.code : `http_${status}`;
  return new ApiError(status, code, said ?? `The platform answered ${status} without saying why.`, fields);
}

/** Sends a request and waits for the head of its answer. */
async function answered(method: Method, path: string, options: RequestOptions, headers: Record<string, string>): Promise<Response> {
  const limit = options.timeoutMs ?? timeoutDefaultMs;
  const signals = [options.signal, limit > 0 ? AbortSignal.timeout(limit) : undefined].filter((each) => each !== undefined);
  const elapsed = stopwatch();
  let response: Response;
  try {
    response = await fetch(addressOf(path), {
      method,
      credentials: "same-origin",
      headers: options.body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: signals.length > 0 ? AbortSignal.any(signals) : null,
    });
  } catch (error) {
    if (options.signal?.aborted) throw new ApiError(0, "aborted", "Stopped.");
    if (error instanceof DOMException && error.name === "TimeoutError")
      throw new ApiError(0, "timed_out", `No answer within ${limit / 1000} seconds.`);
    throw new ApiError(0, "unreachable", "The platform cannot be reached. Is it running?");
  }
  // The platform stamped its answer, to the second, some time between our asking and now.
  const stamped = Date.parse(response.headers.get("Date") ?? "");
  learnTime(stamped, stamped + dateResolutionMs + elapsed());
  return response;
}

/** The JSON of an answer. Throws what was refused. */
async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    if (response.ok) throw new ApiError(response.status, "bad_answer", "The platform sent an answer that is not JSON.");
  }
  if (!response.ok) {
    const error = refusal(response.status, body);
    error.body.retry_after_header = response.headers.get("Retry-After");
    throw error;
  }
  return body;
}

async function once<T>(method: Method, path: string, options: RequestOptions): Promise<Answer<T>> {
  const headers: Record<string, string> = {};
  if (options.ifVersion !== undefined) headers["If-Match"] = `"${options.ifVersion}"`;
  if (options.ifAbsent) headers["If-None-Match"] = "*";
  const response = await answered(method, path, options, headers);
  return { value: (await jsonOf(response)) as T, headers: response.headers };
}

/** An answer in pieces, or one that came whole all the same. */
export type Streamed = { whole: unknown } | { events: AsyncIterable<ServerEvent> };

/** Asks for an answer in pieces; `after` is the number of the last one that was read before. Reading on waits without a limit. */
export async function requestEvents(path: string, body: unknown, signal: AbortSignal, after = 0): Promise<Streamed> {
  const response = await answered("POST", path, { body, signal, timeoutMs: 0 }, after > 0 ? { "Last-Event-ID": String(after) } : {});
  const streams = response.ok && response.body && (response.headers.get("Content-Type") ?? "").startsWith("text/event-stream");
  return streams && response.body ? { events: serverEvents(response.body) } : { whole: await jsonOf(response) };
}

/** The first bytes of what is no JSON, and the head that tells of the whole. */
export async function requestBeginning(path: string, most: number, signal?: AbortSignal): Promise<{ headers: Headers; bytes: Uint8Array }> {
  const response = await answered("GET", path, signal ? { signal } : {}, { Range: `bytes=0-${most - 1}` });
  if (!response.ok) await jsonOf(response);
  const bytes = new Uint8Array(most);
  let length = 0;
  // What stands between may answer with the whole all the same.
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece?.value && length < most; piece = await reader?.read()) {
    bytes.set(piece.value.subarray(0, most - length), length);
    length = Math.min(most, length + piece.value.length);
  }
  await reader?.cancel();
  return { headers: response.headers, bytes: bytes.subarray(0, length) };
}

/** One request to the platform, with its headers. A GET refused for its rate is tried once more, when the platform says so. */
export async function requestWithHeaders<T>(method: Method, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  try {
    return await once<T>(method, path, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 429 || method !== "GET") throw error;
    const asked = Number(error.body.retry_after_header ?? retryAfterDefaultS);
    const seconds = Number.isFinite(asked) && asked >= 0 ? asked : retryAfterDefaultS;
    if (seconds > retryAfterMaxS) throw error;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return once<T>(method, path, options);
  }
}

export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  return (await requestWithHeaders<T>(method, path, options)).value;
}
