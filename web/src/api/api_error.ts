/** An answer the platform refused, or one that never came (status 0). The message is fit to show to a person. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly body: Record<string, unknown>;

  constructor(status: number, code: string, message: string, body: Record<string, unknown> = {}) {
    // Whoever asks too often may not be who does: a proxy that is not trusted makes all its clients one.
    super(code === "rate_limited" && typeof body.hint === "string" ? `${message}: ${body.hint}` : message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** What a person can do about it, where the platform's own words do not say. */
function fixOf({ status, code, body }: ApiError): string | undefined {
  if (code === "timed_out") return "It may have been done all the same: look before you try again.";
  if (code === "bad_answer") return "Is something else at that address, or a proxy in between?";
  if (status === 401) return "Sign in again; `molecule admin claim` prints a link.";
  if (status === 429 && typeof body.hint !== "string") return "Wait a moment and try again.";
  if (status === 503) return "It recovers by itself; try again in a moment.";
  return status === 500 ? "The log of the platform says more." : undefined;
}

/** What to tell a person about anything that was thrown: the cause, and what to do about it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return "Something unexpected happened. Try again; reload the page if it happens again.";
  const fix = error instanceof ApiError ? fixOf(error) : undefined;
  if (fix === undefined) return error.message;
  return `${error.message}${/[.!?…]$/.test(error.message) ? "" : "."} ${fix}`;
}
