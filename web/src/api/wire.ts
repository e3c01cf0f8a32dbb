/**
 * What the API takes and gives, and what events bring along.
 * Printed by `molecule reference --typescript`; do not edit.
 */

export interface AccessAnswer {
  allowed: boolean;
}

export interface AccessQuestion {
  caller_id: string;
  target_id: string;
}

export interface Activity {
  id: string;
  seq: number;
  workspace_id: string;
  activity_type: string;
  /** the same as activity_type */
  type: string;
  /** null: a person or the platform */
  source_id: string | null;
  target_id: string | null;
  method: string | null;
  summary: string | null;
  duration_ms: number | null;
  status: string;
  error_detail: string | null;
  created_at: string;
  /** the sender's own id of the message */
  message_id?: string;
  /** the message whose work this one is part of */
  parent_id?: string;
  mail?: Mail;
  /** the message as JSON-RPC, or what a report brought */
  request_body?: unknown;
  /** the answer as the agent gave it */
  response_body?: unknown;
  /** the agent's account of its tools */
  tool_trace?: unknown;
  /** of received messages, as in data */
  source?: string;
  data?: Received;
  /** with include=peer_info, of messages from a workspace */
  peer_name?: string;
  peer_role?: string;
  agent_card_url?: string;
}

export interface ActivityLogged {
  activity_id: string;
  activity_type: string;
  status: string;
  source_id: string | null;
  target_id: string | null;
  /** of a new message: the message whose work it is part of */
  parent_id?: string;
  method?: string;
  summary?: string;
  duration_ms?: number;
  message_id?: string;
  error_detail?: string;
  /** bodies of at most 2 KiB; larger ones are in the feed */
  request_body?: unknown;
  response_body?: unknown;
  tool_trace?: unknown;
  /** the organisation key that reported it or called it off, if one did */
  by?: string;
}

export interface AgentConfig {
  /** what config.yaml says, as JSON; {} where it is no YAML or not there */
  data: Record<string, unknown>;
  text: string;
  /** what If-Match takes, in quotes; absent: there is no config.yaml yet */
  version?: string;
  /** applied: the agent goes by it; pending: it has not said so yet; refused: it stays with the earlier one; stopped: it does not run; unknown: its program does not tell */
  state: AgentConfigState;
  /** why it was refused, or why the agent does not run */
  reason?: string;
  /** what keeps an agent from going by it */
  problems: AgentConfigProblem[];
  /** what nobody reads */
  remarks: AgentConfigProblem[];
}

export interface AgentConfigProblem {
  key?: string;
  text: string;
  line?: number;
  column?: number;
}

export interface AgentConfigSaved {
  status: string;
  version: string;
  remarks: AgentConfigProblem[];
}

export const allAgentConfigState = ["applied", "pending", "refused", "stopped", "unknown"] as const;
export type AgentConfigState = (typeof allAgentConfigState)[number];

export interface AgentConfigText {
  text: string;
}

export interface AgentFile {
  /** below the directory that was listed */
  path: string;
  size: number;
  dir: boolean;
  /** links and devices are shown, and never opened */
  kind: AgentFileKind;
  /** of a file: another whenever it was written */
  version?: string;
  /** the path as it stands in a URL, where it is no UTF-8 */
  address?: string;
}

export interface AgentFileContent {
  content: string;
}

export interface AgentFileDeleted {
  status: string;
  path: string;
}

export const allAgentFileKind = ["file", "directory", "link", "other"] as const;
export type AgentFileKind = (typeof allAgentFileKind)[number];

export interface AgentFileSaved {
  status: string;
  path: string;
  version: string;
  created: boolean;
}

export interface AgentFileText {
  path: string;
  content: string;
  size: number;
  /** what If-Match takes, in quotes; it is the ETag, too */
  version: string;
}

export interface AgentFilesContent {
  /** texts by their paths, 200 at most */
  files: Record<string, string>;
}

export interface AgentFilesReplaced {
  status: string;
  workspace: string;
  files: number;
  /** what runs the agent that has them */
  source: string;
}

export interface AgentKey {
  workspace_id: string;
  public_key: string | null;
  fingerprint: string | null;
  created_at: string | null;
}

export interface AgentKeyForgotten {
  agent_key: string;
}

export const allAgentKind = ["workspace", "platform"] as const;
export type AgentKind = (typeof allAgentKind)[number];

export interface AgentLog {
  /** each with its time; credentials are left out */
  lines: string[];
  /** what `since` takes to go on from here */
  next: number;
  /** some of what `since` asked for is not kept any more */
  lost: boolean;
}

export interface AgentMessage {
  message: string;
  /** the rest is in the activity feed */
  truncated?: boolean;
  workspace_id: string;
  name: string;
  message_id: string;
  /** the activity of the message it answers */
  reply_to?: string;
  attachments?: Attachment[];
  by?: string;
}

export interface AgentProcess {
  workspace_id: string;
  /** waiting: started again later; ended: not started again by itself; elsewhere: it is another machine's */
  state: ProcessState;
  /** the machine that it belongs to */
  machine: string;
  driver: string;
  runtime: string;
  tier: number;
  pid?: number;
  started_at?: string;
  /** in a row */
  crashes: number;
  /** why it does not run, or did not last time */
  reason?: string;
  next_start_seconds?: number;
  /** where its files lie on that machine; empty when it is another's */
  directory: string;
  isolation: Isolation;
}

export interface Answered {
  /** JSON-RPC as the agent gave it, or why there is none */
  response_body: unknown;
  /** the rest is in the activity feed */
  truncated?: boolean;
  method: string;
  duration_ms?: number;
  message_id: string;
  activity_id: string;
  /** the organisation key that called it off, if one did */
  by?: string;
}

export interface Arrival {
  name?: string;
  /** its agent joins by itself */
  external?: boolean;
  /** with agent_card and delivery_mode: its agent registered */
  url?: string;
  agent_card?: unknown;
  delivery_mode?: DeliveryMode;
  /** why it could not be started */
  error?: string;
  /** "wedged", or the error_rate that made it degraded */
  runtime_state?: string;
  error_rate?: number;
  sample_error?: string;
  /** the status it was in when its agent was heard again */
  recovered_from?: WorkspaceStatus;
  /** workspaces below it that were removed with it */
  cascade_deleted?: number;
  /** the organisation key that asked for it, if one did */
  by?: string;
}

export interface Attachment {
  uri: string;
  name: string;
  mimeType?: string | null;
  /** bytes */
  size?: number | null;
}

export interface CanvasPosition {
  /** -10000000 to 10000000; goes together with y */
  x?: number | null;
  /** -10000000 to 10000000; goes together with x */
  y?: number | null;
}

export interface Capabilities {
  /** true: the agent's error rate does not judge it */
  status_mgmt?: boolean | null;
}

export interface CardPlace {
  id: string;
  /** -10000000 to 10000000; absolute, in pixels */
  x: number;
  /** -10000000 to 10000000 */
  y: number;
  /** null makes it a root; left out: it stays where it is in the tree */
  parent_id?: string | null;
}

export interface CardPlaces {
  /** each card once; all of them are taken, or none */
  places: CardPlace[];
}

export interface CardUpdate {
  id?: string | null;
  /** counts where id is absent */
  workspace_id?: string | null;
  /** an A2A card of at most 256 KiB; absent with the rest: it stays */
  agent_card?: Record<string, unknown> | null;
  /** at most 255 bytes; counts where agent_card is absent */
  name?: string | null;
  /** at most 262144 bytes; counts where agent_card is absent */
  description?: string | null;
  /** counts where agent_card is absent; A2A skills, or their names */
  skills?: (string | Record<string, unknown>)[] | null;
  /** at most 2048 bytes; empty: the agent gave up its address */
  url?: string | null;
}

export interface CardUpdated {
  agent_card: unknown;
}

export interface CardsPlaced {
  /** how many stand elsewhere now, with what moved along */
  changed: number;
}

export interface Changed {
  name?: string;
  role?: string;
  tier?: number;
  runtime?: string;
  url?: string;
  parent_id?: string | null;
  workspace_dir?: string | null;
  workspace_access?: WorkspaceAccess;
  collapsed?: boolean;
  x?: number;
  y?: number;
  by?: string;
}

export interface Claim {
  code: string;
}

export interface Connection {
  workspace_id: string;
  platform_url: string;
  /** only in the answer that made it; empty in every later one */
  auth_token: string;
  registry_endpoint: string;
  heartbeat_endpoint: string;
  curl_register_template: string;
  python_snippet: string;
  command_snippet: string;
  /** one line, the same in every shell */
  join_snippet: string;
  /** lines for a shell, in a checkout */
  claude_code_channel_snippet: string;
  /** JSON for clients that read it */
  universal_mcp_snippet: string;
  claude_code_snippet: string;
  codex_snippet: string;
  gemini_snippet: string;
  /** JSON for opencode.json */
  opencode_snippet: string;
  hermes_channel_snippet: string;
  openclaw_snippet: string;
}

export interface ConnectionAnswer {
  connection: Connection;
}

export interface CredentialsRotated {
  workspace_id: string;
  by?: string;
}

export interface DeadLetter {
  id: string;
  seq: number;
  workspace_id: string;
  /** null: a person */
  source_id: string | null;
  /** "dead_letter": given up after too many deliveries; or "expired" */
  standing: string;
  summary: string;
  error: string | null;
  created_at: string;
  ended_at: string;
  /** with decided_at, decided_by and reason, once somebody has decided */
  fate?: DeadLetterFate;
  decided_at?: string;
  decided_by?: string;
  reason?: string;
  /** the message that it became */
  sent_again_as?: string;
}

export interface DeadLetterDecided {
  id: string;
  fate: DeadLetterFate;
  sent_again_as?: string;
}

export interface DeadLetterDecision {
  /** required; at most 1000 bytes */
  reason?: string | null;
}

export const allDeadLetterFate = ["resent", "dropped"] as const;
export type DeadLetterFate = (typeof allDeadLetterFate)[number];

export interface DeadLetterPage {
  items: DeadLetter[];
  /** where the list goes on; null: it does not */
  next_before_seq: number | null;
}

export interface Delegated {
  delegation_id: string;
  /** "delegated", "recorded", "canceled", or where an earlier one stands */
  status: string;
  target_id?: string;
  /** true: it was asked for before under this key */
  idempotent_hit?: boolean;
}

export interface DelegatedGroup {
  group_id: string;
  /** "delegated" */
  status: string;
  /** in the order of the targets */
  delegations: Delegated[];
  /** true: they were asked for before under this key */
  idempotent_hit?: boolean;
}

export interface Delegation {
  delegation_id: string;
  id: string;
  type: string;
  source_id: string;
  target_id: string;
  /** "sent" or "received", as the asking workspace sees it */
  direction: string;
  /** the beginning of the task */
  summary: string;
  status: DelegationStatus;
  created_at: string;
  updated_at: string;
  response_preview?: string;
  /** whole; only where one delegation or one group is asked for */
  result?: string;
  error?: string;
  /** that its answer names, where one delegation is asked for; fetched at /workspaces/{own id}/attachments/{file} */
  files?: Attachment[];
  /** the message that carries it, as long as that is kept */
  task_id?: string;
  /** of those that were handed over together */
  group_id?: string;
}

export interface DelegationEnded {
  delegation_id: string;
  target_id: string;
  /** of DELEGATION_FAILED: "failed" or "canceled" */
  status: DelegationStatus;
  response_preview?: string;
  error?: string;
  /** the organisation key that noted its end or called it off, if one did */
  by?: string;
}

export interface DelegationGroup {
  group_id: string;
  /** how many were handed over */
  total: number;
  /** how many of them have their result, failed or were canceled */
  ended: number;
  /** in the order of the targets, as long as they are kept */
  delegations: Delegation[];
}

export interface DelegationMoved {
  delegation_id: string;
  target_id: string;
  status: DelegationStatus;
}

export interface DelegationNote {
  target_id?: string | null;
  task?: string | null;
  delegation_id?: string | null;
  idempotency_key?: string | null;
}

export interface DelegationSent {
  delegation_id: string;
  target_id: string;
  task_preview: string;
  /** the message that carries it; noted work has none */
  task_id?: string;
  /** the message whose work it is part of */
  parent_id?: string;
  /** of those that were handed over together */
  group_id?: string;
  by?: string;
}

export const allDelegationStatus = ["pending", "dispatched", "queued", "completed", "failed", "canceled"] as const;
export type DelegationStatus = (typeof allDelegationStatus)[number];

export interface DelegationTarget {
  target_id?: string | null;
  /** what this one is to do, when that is not what all are to do */
  task?: string | null;
}

export interface DelegationUpdate {
  /** "completed" or "failed" */
  status?: string | null;
  error?: string | null;
  response_preview?: string | null;
}

export const allDeliveryMode = ["push", "poll"] as const;
export type DeliveryMode = (typeof allDeliveryMode)[number];

export interface Discovered {
  id: string;
  url: string;
  name: string;
  delivery_mode: DeliveryMode;
  /** where the workspace that asks may send to this one at its url: a JSON Web Token by the platform key, to be shown there as `Authorization: Bearer` */
  direct_token?: string;
  /** seconds; ask again afterwards */
  direct_token_expires_in?: number;
}

export interface Done {
  status: string;
}

export interface GlobalSecretSaved {
  status: string;
  key: string;
  scope: SecretScope;
}

export interface Health {
  status: string;
  version: string;
  uptime: string;
  database: string;
}

export interface Heard {
  status: string;
  /** of agents that the platform calls */
  platform_inbound_secret?: string;
}

export interface Heartbeat {
  workspace_id?: string | null;
  /** counts where workspace_id is absent */
  id?: string | null;
  /** 0 to 1; from 0.5 on the workspace is degraded, below 0.1 again well */
  error_rate?: number | null;
  /** at most 8192 bytes */
  sample_error?: string | null;
  /** at most 4096 bytes */
  current_task?: string | null;
  /** at most 4096 bytes; counts where current_task is absent */
  task?: string | null;
  /** at least 0 */
  active_tasks?: number | null;
  /** at least 0 */
  uptime_seconds?: number | null;
  /** US cents; 0 or less is no news */
  monthly_spend?: number | null;
  /** at most 100 bytes; "wedged": degraded whatever the rate */
  runtime_state?: string | null;
  runtime_metadata?: RuntimeMetadata | null;
}

export interface Isolation {
  applied: string[];
  missing: string[];
}

export interface KeptViewport {
  x: number;
  y: number;
  zoom: number;
  /** null as long as none was kept: then a canvas fits everything */
  saved_at: string | null;
}

export interface Key {
  id: string;
  prefix: string;
  name?: string;
  scope: KeyScope;
  /** "admin-token", "session", "developer" or "org-token:" and a prefix */
  created_by: string;
  created_at: string;
  /** to within seconds; absent: never */
  last_used_at?: string;
  expires_at?: string;
  expired: boolean;
}

export interface KeyChanged {
  key_id: string;
  prefix: string;
  name: string;
  scope: KeyScope;
  expires_at: string | null;
  /** "admin-token", "session", "developer" or "org-token:" and a prefix */
  by: string;
}

export interface KeyMade {
  id: string;
  prefix: string;
  name?: string;
  scope: KeyScope;
  expires_at?: string;
  /** shown this once */
  auth_token: string;
  warning: string;
}

export interface KeyPage {
  /** newest first; those that expired too */
  tokens: Key[];
  count: number;
}

export interface KeyRevoked {
  revoked: string;
}

export const allKeyScope = ["read", "operate", "admin"] as const;
export type KeyScope = (typeof allKeyScope)[number];

export interface KeysRotated {
  status: string;
  resealed: number;
  /** left as they were; the old keys are then kept */
  unreadable: number;
}

export interface Load {
  active_tasks: number;
  uptime_seconds: number;
}

export const allMail = ["none", "leased", "queued", "polled", "settled", "dead"] as const;
export type Mail = (typeof allMail)[number];

export interface Me {
  signed_in: boolean;
  /** the same as scope */
  role: string;
  /** the platform runs in its dev profile */
  dev: boolean;
  /** prints a new sign-in link, on the platform's machine; for scope admin */
  claim_command?: string;
  /** "admin" for all but organisation keys */
  scope: KeyScope;
  /** as the log names who asks */
  actor: string;
  /** the organisation key that asks */
  key?: OwnKey;
}

export interface Model {
  /** empty: the agent's own default */
  model: string;
  /** "default" or "workspace_secrets" */
  source: string;
}

export interface ModelSaved {
  status: string;
  model?: string;
}

export interface NewDelegation {
  target_id?: string | null;
  /** required; at most 256 KiB */
  task?: string | null;
  /** 1 to 256 bytes */
  idempotency_key?: string | null;
}

export interface NewDelegations {
  /** 1 to 32, whose tasks have 256 KiB in all */
  targets?: DelegationTarget[] | null;
  /** of those targets that have none of their own */
  task?: string | null;
  /** 1 to 256 bytes; it stands for all of them together */
  idempotency_key?: string | null;
}

export interface NewKey {
  /** what it is for, at most 100 characters */
  name?: string | null;
  /** "operate" when left out */
  scope?: KeyScope | null;
  /** left out: never, or with the key that makes it */
  expires_at?: string | null;
}

export interface NewModel {
  /** empty clears the choice */
  model: string;
}

export interface NewSecret {
  /** a variable's name, at most 128 bytes */
  key: string;
  /** 1 to 65536 bytes, kept byte for byte */
  value: string;
}

export interface NewTicket {
  /** at most 255 bytes; of the workspace; left out: as the agent calls itself, else the role */
  name?: string | null;
  /** at most 1000 bytes; what colleagues read to choose whom to ask; it or a name is needed */
  role?: string | null;
  /** null or left out: a root */
  parent_id?: string | null;
  /** of an agent that joins by itself; "external" when left out */
  runtime?: string | null;
  /** 0 to 4; 3 when 0 or left out */
  tier?: number | null;
  /** 60 to 604800; seconds; an hour when left out */
  expires_in?: number | null;
  /** where the other machine reaches the platform; left out: the setting platform-url, else as the request did */
  platform_url?: string | null;
  /** where it will stand: absolute position in pixels */
  canvas?: CanvasPosition | null;
}

export interface NewToken {
  label?: string | null;
  expires_at?: string | null;
}

export interface NewWorkspace {
  /** 1 to 255 bytes; a number is added where a sibling has it */
  name: string;
  /** at most 1000 bytes; what colleagues read to choose whom to ask */
  role?: string | null;
  /** 0 to 4; 3 when 0 or left out */
  tier?: number | null;
  /** at most 100 bytes; "external" joins by itself; left out: "langgraph" */
  runtime?: string | null;
  /** true: as runtime "external" */
  external?: boolean | null;
  /** at most 100 bytes */
  model?: string | null;
  /** at most 255 bytes; the name of a folder below the templates */
  template?: string | null;
  /** at most 2048 bytes; of an agent that runs already; only where the agent joins by itself */
  url?: string | null;
  delivery_mode?: DeliveryMode | "" | null;
  /** at most 4096 bytes; absolute path that its container would mount */
  workspace_dir?: string | null;
  /** other than none needs workspace_dir */
  workspace_access?: WorkspaceAccess | "" | null;
  /** null or left out: a root */
  parent_id?: string | null;
  /** 0 to 1125899906842624; US cents a month */
  budget_limit?: number | null;
  /** at most 10000; 1 when less or left out */
  max_concurrent_tasks?: number | null;
  /** absolute position in pixels */
  canvas?: CanvasPosition | null;
  /** at most 200 members; each 1 to 65536 bytes; values by their names */
  secrets?: Record<string, string> | null;
  /** kept nowhere; the answer warns of it */
  initial_memories?: unknown[] | null;
}

export type Nothing = Record<string, never>;

export interface Notice {
  /** required; at most 1 MiB */
  message?: string | null;
  attachments?: Attachment[] | null;
  /** the activity this answers: its result is recorded too */
  reply_to?: string | null;
  /** true: `message` is why what `reply_to` names has no result */
  failed?: boolean | null;
}

export interface Noticed {
  /** "sent"; "canceled": the message it answers was, and nobody is told */
  status: string;
  /** the message it answers had its result already */
  duplicate?: boolean;
}

export interface OwnKey {
  id: string;
  prefix: string;
  name?: string;
  expires_at?: string;
}

export interface PastEvent {
  id: string;
  event_type: string;
  workspace_id: string | null;
  /** as the event's type has it */
  payload: unknown;
  created_at: string;
  seq: number;
}

export interface Paused {
  status: WorkspaceStatus;
  paused_count: number;
}

export interface PeerView {
  id: string;
  name: string;
  role: string | null;
  tier: number;
  status: WorkspaceStatus;
  url: string;
  parent_id: string | null;
  active_tasks: number;
  agent_card: unknown;
  runtime: string;
  delivery_mode: DeliveryMode;
}

export interface PlatformKey {
  /** 32 bytes in base64url */
  public_key: string;
  /** "SHA256:" and base64url of the digest of those bytes */
  fingerprint: string;
  algorithm: string;
}

export interface PollBegun {
  poll: string;
  wait_seconds: number;
}

export const allProcessState = ["starting", "running", "waiting", "stopping", "stopped", "ended", "elsewhere"] as const;
export type ProcessState = (typeof allProcessState)[number];

export interface Provisioning {
  name: string;
  tier: number;
  runtime: string;
  role: string;
  parent_id: string | null;
  x: number;
  y: number;
  by?: string;
}

export interface Question {
  /** of the message; its activity's response_body has the question */
  id: string;
  seq: number;
  /** whose agent asks */
  workspace_id: string;
  /** "input-required" or "auth-required" */
  state: string;
  /** when it came into this state */
  since: string;
  /** the beginning of the message */
  summary: string;
  /** of the agent's task; the answer is a message with it */
  task_id: string;
  context_id: string;
}

export interface QuestionPage {
  items: Question[];
  /** where the list goes on; null: it does not */
  next_before_seq: number | null;
}

export interface QueueItem {
  queue_id: string;
  workspace_id: string;
  /** "queued", "dispatched", "completed", "failed" or "dropped" */
  status: string;
  priority: number;
  /** how often the agent may have seen it */
  attempts: number;
  last_error: string | null;
  enqueued_at: string;
  expires_at: string | null;
  /** "waiting", "leased", "seen", "answered", "refused", "expired", "removed", "dead_letter" or "canceled" */
  standing: string;
  response_body?: unknown;
}

export interface Receipt {
  queued?: boolean;
  /** "queued"; of an answer: "recorded", or "canceled" when nobody waits for it */
  status: string;
  /** "poll" or "push-async" */
  delivery_mode?: string;
  /** for GET /workspaces/{id}/a2a/queue/{queue_id} */
  queue_id?: string;
  /** messages that wait for this agent */
  queue_depth?: number;
  message?: string;
  method?: string;
  message_id?: string;
  activity_id?: string;
  duplicate?: boolean;
  jsonrpc: string;
  /** the JSON-RPC id of the request */
  id: unknown;
  /** an A2A task in the generation of the request */
  result: unknown;
}

export interface Received {
  /** "canvas_user", "peer_agent", "self" or "system" */
  source: string;
  text: string;
  /** null: a person */
  source_id: string | null;
  peer_name: string;
  peer_role: string;
  agent_card_url: string;
}

export interface Redemption {
  ticket: string;
  /** the public half of the agent's Ed25519 key, in base64url */
  agent_key: string;
  /** by that key, in base64url: its signature of "23:molecule ticket proof 1" and, each as its length, a colon and its text, the ticket's id and attempt */
  proof: string;
  /** 0 when left out; to ask again it must be higher than before, as the time in milliseconds is */
  attempt?: number | null;
  /** used where the ticket names none */
  name?: string | null;
  /** its A2A card */
  agent_card?: unknown;
}

export interface Refused {
  /** as the answer had it */
  code: string;
  error: string;
}

export interface Registered {
  status: string;
  delivery_mode: DeliveryMode;
  /** the workspace's token, when it had none that is good */
  auth_token?: string;
  /** what the platform shows when it calls the agent */
  platform_inbound_secret: string;
}

export interface Registration {
  id?: string | null;
  /** counts where id is absent */
  workspace_id?: string | null;
  delivery_mode?: DeliveryMode | "" | null;
  /** "workspace"; an agent may choose nothing else */
  kind?: AgentKind | "" | null;
  /** at most 2048 bytes; where the agent is called; "remote://no-inbound" or nothing: it polls */
  url?: string | null;
  /** an A2A card of at most 256 KiB */
  agent_card?: Record<string, unknown> | null;
  /** at most 255 bytes; counts where agent_card is absent */
  name?: string | null;
  /** at most 262144 bytes; counts where agent_card is absent */
  description?: string | null;
  /** counts where agent_card is absent; A2A skills, or their names */
  skills?: (string | Record<string, unknown>)[] | null;
}

export interface Report {
  activity_type?: string | null;
  method?: string | null;
  summary?: string | null;
  target_id?: string | null;
  source_id?: string | null;
  status?: string | null;
  error_detail?: string | null;
  duration_ms?: number | null;
  request_body?: unknown;
  response_body?: unknown;
  metadata?: unknown;
}

export interface Restarted {
  /** "noop" for an agent that runs where its owner started it */
  status: string;
  runtime: string;
  message: string;
}

export interface Resumed {
  status: WorkspaceStatus;
  resumed_count: number;
}

export interface RuntimeMetadata {
  capabilities?: Capabilities | null;
}

export interface RuntimeOffer {
  id: string;
  title: string;
  does: string;
  /** secrets of which its agent needs one */
  keys: string[];
  /** what has to be on the machine; empty: nothing */
  program: string;
  /** where it is there */
  program_path?: string;
  /** the line that installs the program */
  install: string;
  /** a command line says what runs */
  takes_command: boolean;
  /** an agent of it can be started here and now */
  startable: boolean;
  /** the reason when none can */
  why_not?: string;
}

export interface RuntimeOffers {
  /** agents are started on this machine */
  agents: boolean;
  why_not?: string;
  machine: string;
  driver: string;
  tier_max: number;
  /** what this machine's kernel offers */
  isolation: Isolation;
  runtimes: RuntimeOffer[];
}

export interface Secret {
  key: string;
  has_value: boolean;
  scope: SecretScope;
  created_at: string;
  updated_at: string;
}

export interface SecretChanged {
  key: string;
  scope: SecretScope;
  by?: string;
}

export interface SecretSaved {
  status: string;
  key: string;
}

export const allSecretScope = ["workspace", "global"] as const;
export type SecretScope = (typeof allSecretScope)[number];

export interface Session {
  id: string;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  /** the one that asks */
  current: boolean;
}

export interface SessionPage {
  sessions: Session[];
  count: number;
}

export interface SignedIn {
  status: string;
  role: string;
}

export const allTaskKind = ["delegation", "message", "answer"] as const;
export type TaskKind = (typeof allTaskKind)[number];

export interface TaskNode {
  id: string;
  /** the task whose work this one is part of, as long as that is kept */
  parent_id?: string;
  /** steps from the task that was asked for */
  depth: number;
  /** "answer": it answers its parent, and is no work for it */
  kind: TaskKind;
  /** as A2A 0.3 names it */
  state: string;
  /** where its message stands, in one word */
  standing: string;
  created_at: string;
  /** when it came into this state */
  since: string;
  ended_at?: string;
  /** true: neither from nor to who asks, who sees nothing else of it */
  hidden?: boolean;
  /** whose agent has it, and what that is called */
  workspace_id?: string;
  name?: string;
  /** null: a person */
  source_id?: string | null;
  delegation_id?: string;
  /** what its agent calls it */
  agent_task_id?: string;
  /** the beginning of what it says */
  summary?: string;
  /** why it came to nothing */
  error?: string;
}

export interface TaskTree {
  /** each behind its parent, with all that is below it before the next */
  nodes: TaskNode[];
  /** there are more: ask for them with `after` */
  next?: string;
}

export interface TaskUpdated {
  current_task: string;
  active_tasks: number;
}

export interface TerminalClosed {
  terminal_id: string;
  who: string;
  seconds: number;
  /** of a shell that ended by itself */
  status?: number;
  /** why it was ended, or could not begin */
  reason?: string;
}

export interface TerminalOpened {
  terminal_id: string;
  /** admin-token, session, or org-token: with the beginning of the key */
  who: string;
  /** where it was asked from */
  address: string;
}

export interface Ticket {
  id: string;
  name: string;
  role: string;
  parent_id: string | null;
  runtime: string;
  tier: number;
  state: TicketState;
  created_at: string;
  expires_at: string;
  redeemed_at?: string;
  /** that it made, once it is redeemed */
  workspace_id?: string;
  /** of the key of the agent that redeemed it */
  agent_fingerprint?: string;
  /** the address that agent asked from */
  redeemed_from?: string;
}

export interface TicketEnded {
  ticket_id: string;
  by?: string;
}

export interface TicketGivenOut {
  ticket_id: string;
  name: string;
  role: string;
  parent_id: string | null;
  expires_at: string;
  by?: string;
}

export interface TicketMade {
  id: string;
  /** shown this once */
  ticket: string;
  expires_at: string;
  /** to run on the other machine */
  command: string;
  platform_url: string;
  /** of the platform's key, as GET /platform/key shows it */
  fingerprint: string;
}

export interface TicketPage {
  tickets: Ticket[];
  count: number;
}

export interface TicketRedeemed {
  workspace_id: string;
  /** as it is kept: a number may have been added */
  name: string;
  /** shown this once */
  auth_token: string;
  /** whose fingerprint the ticket carries, in base64url */
  platform_key: string;
  /** by that key, in base64url: of "24:molecule ticket answer 1" and, each as its length, a colon and its text, the ticket's id, agent_key and workspace_id */
  signature: string;
}

export interface TicketRejected {
  ticket_id: string;
  state: TicketState;
  agent_key: string;
  address: string;
}

export interface TicketSpent {
  ticket_id: string;
  /** the public key that is pinned to the workspace, in base64url */
  agent_key: string;
  /** where the agent asked from */
  address: string;
  /** the same agent repeated itself: it was given a fresh token */
  again: boolean;
}

export const allTicketState = ["open", "redeemed", "expired", "revoked"] as const;
export type TicketState = (typeof allTicketState)[number];

export interface Token {
  id: string;
  prefix: string;
  label?: string;
  created_at: string;
  /** "admin-token", "session", "developer", "org-token:" and a prefix, "workspace": its own agent, "ticket" or "registration": an agent that joined, "platform": for an agent that it starts; absent where nobody noted it */
  created_by?: string;
  last_used_at?: string;
  expires_at?: string;
}

export interface TokenChanged {
  token_id: string;
  prefix: string;
  label?: string;
  /** of one that is made */
  expires_at?: string;
  /** "admin-token", "session", "developer", "org-token:" and a prefix, or "workspace": its own agent */
  by: string;
}

export interface TokenMade {
  /** shown this once */
  auth_token: string;
  workspace_id: string;
  id?: string;
  prefix?: string;
  expires_at?: string;
  message?: string;
}

export interface TokenPage {
  tokens: Token[];
  /** of this page */
  count: number;
}

export interface TokensRevoked {
  status: string;
  revoked: number;
}

export interface UploadAcked {
  acked: boolean;
}

export interface UploadLimits {
  per_file_bytes: number;
  per_request_bytes: number;
  max_attachments_per_message: number;
}

export interface Uploaded {
  files: UploadedFile[];
}

export interface UploadedFile {
  /** platform-pending:{workspace}/{file}: what a message's file part names */
  uri: string;
  /** as it is kept: letters, digits, dot, dash and underscore */
  name: string;
  /** told by the bytes, where they tell it */
  mimeType: string;
  /** bytes */
  size: number;
}

export interface UserMessage {
  message_id: string;
  /** the beginning of what it says */
  content: string;
  workspace_id: string;
  activity_id: string;
  by?: string;
}

export interface Viewport {
  /** pixels from the origin, at most 10000000 either way */
  x: number;
  y: number;
  /** 0.01 to 100 */
  zoom: number;
}

export interface WebKey {
  kty: string;
  crv: string;
  /** 32 bytes in base64url */
  x: string;
  /** its fingerprint */
  kid: string;
  use: string;
  alg: string;
}

export interface WebKeys {
  keys: WebKey[];
}

export interface Workspace {
  id: string;
  name: string;
  role: string | null;
  tier: number;
  status: WorkspaceStatus;
  /** where its agent is called; empty when it has no address */
  url: string;
  parent_id: string | null;
  /** its A2A card as it registered it; null before */
  agent_card: unknown;
  active_tasks: number;
  max_concurrent_tasks: number;
  /** of the agent's process, as it says */
  uptime_seconds: number;
  /** 0 to 1, as it says */
  last_error_rate: number;
  runtime: string;
  /** absolute position on the canvas in pixels */
  x: number;
  y: number;
  collapsed: boolean;
  /** what went wrong last; not for peers */
  last_sample_error?: string;
  /** not for peers */
  current_task?: string;
  /** not for peers */
  workspace_dir?: string | null;
  /** US cents a month; not for peers */
  budget_limit?: number | null;
  /** US cents; not for peers */
  monthly_spend?: number;
  /** when it last sent a message to another workspace */
  last_outbound_at: string | null;
  last_heartbeat_at: string | null;
  created_at: string;
  delivery_mode: DeliveryMode;
  /** two beats were missed; not yet offline */
  late: boolean;
}

export const allWorkspaceAccess = ["none", "read_only", "read_write"] as const;
export type WorkspaceAccess = (typeof allWorkspaceAccess)[number];

export interface WorkspaceChange {
  /** at most 255 bytes; not blank */
  name?: string | null;
  /** at most 1000 bytes */
  role?: string | null;
  /** 1 to 4; operators only */
  tier?: number | null;
  /** 1 to 100 bytes; operators only */
  runtime?: string | null;
  /** null makes it a root; operators only */
  parent_id?: string | null;
  /** at most 4096 bytes; null or empty clears it; operators only */
  workspace_dir?: string | null;
  /** operators only */
  workspace_access?: WorkspaceAccess | "" | null;
  collapsed?: boolean | null;
  /** -10000000 to 10000000; goes together with y */
  x?: number | null;
  /** -10000000 to 10000000; goes together with x */
  y?: number | null;
}

export interface WorkspaceMade {
  id: string;
  /** as it is kept: a number may have been added */
  name: string;
  external?: boolean;
  status: WorkspaceStatus;
  /** of a workspace whose agent has yet to join */
  connection?: Connection;
  awareness_namespace?: string;
  workspace_access: WorkspaceAccess;
  platform_url: string;
  /** what of the request was not kept */
  warning?: string;
}

export interface WorkspaceRemoved {
  /** "removed" or "purged" */
  status: string;
  /** workspaces below it */
  cascade_deleted: number;
}

export interface WorkspaceState {
  workspace_id: string;
  status?: WorkspaceStatus;
  paused?: boolean;
  deleted: boolean;
}

export const allWorkspaceStatus = ["provisioning", "awaiting_agent", "online", "degraded", "offline", "paused", "hibernating", "hibernated", "failed", "removed"] as const;
export type WorkspaceStatus = (typeof allWorkspaceStatus)[number];

export interface WorkspaceUpdated {
  status: string;
  needs_restart?: boolean;
}

/** The payload of each kind of event, by its name. */
export interface EventPayloads {
  WORKSPACE_PROVISIONING: Provisioning;
  WORKSPACE_AWAITING_AGENT: Arrival;
  WORKSPACE_ONLINE: Arrival;
  WORKSPACE_DEGRADED: Arrival;
  WORKSPACE_LATE: Nothing;
  WORKSPACE_OFFLINE: Arrival;
  WORKSPACE_PAUSED: Arrival;
  WORKSPACE_HIBERNATED: Arrival;
  WORKSPACE_PROVISION_FAILED: Arrival;
  WORKSPACE_UPDATED: Changed;
  WORKSPACE_REMOVED: Arrival;
  WORKSPACE_HEARTBEAT: Load;
  AGENT_REFUSED: Refused;
  TASK_UPDATED: TaskUpdated;
  AGENT_CARD_UPDATED: CardUpdated;
  EXTERNAL_CREDENTIALS_ROTATED: CredentialsRotated;
  SECRET_CHANGED: SecretChanged;
  TICKET_MADE: TicketGivenOut;
  TICKET_REDEEMED: TicketSpent;
  TICKET_REFUSED: TicketRejected;
  TICKET_REVOKED: TicketEnded;
  AGENT_KEY_REMOVED: AgentKeyForgotten;
  TERMINAL_OPENED: TerminalOpened;
  TERMINAL_CLOSED: TerminalClosed;
  TOKEN_MADE: TokenChanged;
  TOKEN_REVOKED: TokenChanged;
  ORG_KEY_MADE: KeyChanged;
  ORG_KEY_REVOKED: KeyChanged;
  ACTIVITY_LOGGED: ActivityLogged;
  USER_MESSAGE: UserMessage;
  AGENT_MESSAGE: AgentMessage;
  A2A_RESPONSE: Answered;
  DELEGATION_SENT: DelegationSent;
  DELEGATION_STATUS: DelegationMoved;
  DELEGATION_COMPLETE: DelegationEnded;
  DELEGATION_FAILED: DelegationEnded;
}
