import { forget, recall, remember } from "@/ui/remembered";
import { ApiError } from "./api_error";
import { request } from "./request";

export interface Session {
  role: string;
  /** The platform runs in its development profile, where administration needs no credential. */
  dev: boolean;
}

/** What prints a new sign-in link on the platform's machine, where this browser was told it. It lets nobody in by itself. */
const commandKey = "claim_command";
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

export const claimCommand = (): string => recall(commandKey, isText) ?? "molecule admin claim";
/** Whether that is the platform's own word. */
export const knowsClaimCommand = (): boolean => recall(commandKey, isText) !== undefined;

/** A note for the tabs of this browser that it has a session: scripts cannot see the cookie. It grants nothing. */
const noteKey = "signed_in";
const isTrue = (value: unknown): value is true => value === true;

export const seemsSignedIn = (): boolean => recall(noteKey, isTrue) === true;

/** Who this browser is signed in as; null when it is not. */
export async function readSession(): Promise<Session | null> {
  try {
    const body = await request<{ signed_in?: boolean; role?: string; dev?: boolean; claim_command?: string }>("GET", "/auth/me");
    if (body.signed_in === false) {
      forget(noteKey);
      return null;
    }
    remember(noteKey, true);
    if (isText(body.claim_command)) remember(commandKey, body.claim_command);
    return { role: body.role ?? "admin", dev: body.dev === true };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
    forget(noteKey);
    return null;
  }
}

/** Trades the single-use code of a claim link for a session cookie. */
export async function claim(code: string): Promise<void> {
  await request("POST", "/auth/claim", { body: { code } });
  remember(noteKey, true);
}

export async function signOut(): Promise<void> {
  await request("POST", "/auth/logout");
  forget(noteKey);
}
