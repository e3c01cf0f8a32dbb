import { request } from "./request";
import type { Key, KeyMade, KeyPage, KeyRevoked, NewKey } from "./wire";

export const listKeys = async (): Promise<Key[]> => (await request<KeyPage>("GET", "/org/tokens")).tokens;
/** The only time the text of a key is known outside the program that holds it. */
export const makeKey = async (wanted: Partial<NewKey>) => (await request<KeyMade>("POST", "/org/tokens", { body: wanted })).auth_token;
export const revokeKey = (id: string) => request<KeyRevoked>("DELETE", `/org/tokens/${encodeURIComponent(id)}`);
