import { request } from "./request";
import type { AgentKey, Done, NewTicket, Ticket, TicketMade, TicketPage } from "./wire";

export const listTickets = async (): Promise<Ticket[]> => (await request<TicketPage>("GET", "/tickets")).tickets;
/** The only time the text of a ticket is known outside the machine it is for. */
export const makeTicket = (wanted: Partial<NewTicket>) => request<TicketMade>("POST", "/tickets", { body: wanted });
export const revokeTicket = (id: string) => request<Done>("DELETE", `/tickets/${encodeURIComponent(id)}`);

const keyAt = (id: string) => `/workspaces/${encodeURIComponent(id)}/agent-key`;

/** The key by which the platform knows a workspace's agent; its members are null where none is pinned. */
export const readAgentKey = (id: string) => request<AgentKey>("GET", keyAt(id));
export const removeAgentKey = (id: string) => request<Done>("DELETE", keyAt(id));
