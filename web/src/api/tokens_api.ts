import { request } from "./request";
import type { Done, NewToken, Token, TokenMade, TokenPage } from "./wire";

const at = (id: string) => `/workspaces/${encodeURIComponent(id)}/tokens`;

export const listTokens = async (id: string): Promise<Token[]> => (await request<TokenPage>("GET", `${at(id)}?limit=200`)).tokens;
/** The only time the text of a token is known outside the agent that holds it. */
export const mintToken = async (id: string, wanted: Partial<NewToken>) => (await request<TokenMade>("POST", at(id), { body: wanted })).auth_token;
export const revokeToken = (id: string, tokenId: string) => request<Done>("DELETE", `${at(id)}/${encodeURIComponent(tokenId)}`);
