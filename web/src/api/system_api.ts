import { request } from "./request";
import type { Done, Health, PlatformKey, Session, SessionPage } from "./wire";

/** What the platform says about itself, to anybody. */
export const readHealth = () => request<Health>("GET", "/health");
export const readPlatformKey = () => request<PlatformKey>("GET", "/platform/key");

/** The browsers that are signed in. */
export const listSessions = async (): Promise<Session[]> => (await request<SessionPage>("GET", "/auth/sessions")).sessions;
export const endSession = (id: string) => request<Done>("DELETE", `/auth/sessions/${encodeURIComponent(id)}`);
