import { ApiError } from "./api_error";
import { request } from "./request";

export interface Session {
  role: string;
  /** The platform runs in its development profile, where administration needs no credential. */
  dev: boolean;
}

/** Who this browser is signed in as; null when it is not. */
export async function readSession(): Promise<Session | null> {
  try {
    const body = await request<{ signed_in?: boolean; role?: string; dev?: boolean }>("GET", "/auth/me");
    return body.signed_in === false ? null : { role: body.role ?? "admin", dev: body.dev === true };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Trades the single-use code of a claim link for a session cookie. */
export const claim = (code: string) => request("POST", "/auth/claim", { body: { code } });
export const signOut = () => request("POST", "/auth/logout");
