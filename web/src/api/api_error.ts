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

/** What to tell a person about anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return "Something unexpected happened.";
}
