import { request } from "./request";
import type { Done, Token, TokenMade, TokenPage } from "./wire";

const at = (id: string) => `/workspaces/${encodeURIComponent(id)}/tokens`;

export const listTokens = async (id: string): Promise<Token[]> => (await request<TokenPage>("GET", `${at(id)}?limit=200`)).tokens;
/** The only time the text of a token is known outside the agent that holds it. */
export const mintToken = async (id: string) => (await request<TokenMade>("POST", at(id))).auth_token;
export const revokeToken = (id: string, tokenId: string) => request<Done>("DELETE", `${at(id)}/${encodeURIComponent(tokenId)}`);
