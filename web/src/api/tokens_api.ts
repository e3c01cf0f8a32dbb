import { request } from "./request";

export interface Token {
  id: string;
  prefix: string;
  created_at: string;
  last_used_at?: string | null;
}

const at = (id: string) => `/workspaces/${encodeURIComponent(id)}/tokens`;

export const listTokens = async (id: string) => (await request<{ tokens: Token[] }>("GET", `${at(id)}?limit=200`)).tokens;
/** The only time the text of a token is known outside the agent that holds it. */
export const mintToken = async (id: string) => (await request<{ auth_token: string }>("POST", at(id))).auth_token;
export const revokeToken = (id: string, tokenId: string) => request("DELETE", `${at(id)}/${encodeURIComponent(tokenId)}`);
