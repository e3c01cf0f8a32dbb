"""What the API takes and gives, and what events bring along.

Printed by `molecule reference --python`; do not edit.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class AccessAnswer(TypedDict):
    allowed: bool


class AccessQuestion(TypedDict):
    caller_id: str
    target_id: str


Mail = Literal["none", "leased", "queued", "polled", "settled", "dead"]


class Received(TypedDict):
    # "canvas_user", "peer_agent", "self" or "system"
    source: str
    text: str
    # null: a person
    source_id: str | None
    peer_name: str
    peer_role: str
    agent_card_url: str


class Activity(TypedDict):
    id: str
    seq: int
    workspace_id: str
    activity_type: str
    # the same as activity_type
    type: str
    # null: a person or the platform
    source_id: str | None
    target_id: str | None
    method: str | None
    summary: str | None
    duration_ms: int | None
    status: str
    error_detail: str | None
    created_at: str
    # the sender's own id of the message
    message_id: NotRequired[str]
    # the message whose work this one is part of
    parent_id: NotRequired[str]
    mail: NotRequired[Mail]
    # the message as JSON-RPC, or what a report brought
    request_body: NotRequired[Any]
    # the answer as the agent gave it
    response_body: NotRequired[Any]
    # the agent's account of its tools
    tool_trace: NotRequired[Any]
    # of received messages, as in data
    source: NotRequired[str]
    data: NotRequired[Received]
    # with include=peer_info, of messages from a workspace
    peer_name: NotRequired[str]
    peer_role: NotRequired[str]
    agent_card_url: NotRequired[str]


class ActivityLogged(TypedDict):
    activity_id: str
    activity_type: str
    status: str
    source_id: str | None
    target_id: str | None
    # of a new message: the message whose work it is part of
    parent_id: NotRequired[str]
    method: NotRequired[str]
    summary: NotRequired[str]
    duration_ms: NotRequired[int]
    message_id: NotRequired[str]
    error_detail: NotRequired[str]
    # bodies of at most 2 KiB; larger ones are in the feed
    request_body: NotRequired[Any]
    response_body: NotRequired[Any]
    tool_trace: NotRequired[Any]
    # the organisation key that reported it or called it off, if one did
    by: NotRequired[str]


AgentConfigState = Literal["applied", "pending", "refused", "stopped", "unknown"]


class AgentConfigProblem(TypedDict):
    key: NotRequired[str]
    text: str
    line: NotRequired[int]
    column: NotRequired[int]


class AgentConfig(TypedDict):
    # what config.yaml says, as JSON; {} where it is no YAML or not there
    data: dict[str, Any]
    text: str
    # what If-Match takes, in quotes; absent: there is no config.yaml yet
    version: NotRequired[str]
    # applied: the agent goes by it; pending: it has not said so yet; refused: it stays with the earlier one; stopped: it does not run; unknown: its program does not tell
    state: AgentConfigState
    # why it was refused, or why the agent does not run
    reason: NotRequired[str]
    # what keeps an agent from going by it
    problems: list[AgentConfigProblem]
    # what nobody reads
    remarks: list[AgentConfigProblem]


class AgentConfigSaved(TypedDict):
    status: str
    version: str
    remarks: list[AgentConfigProblem]


class AgentConfigText(TypedDict):
    text: str


AgentFileKind = Literal["file", "directory", "link", "other"]


class AgentFile(TypedDict):
    # below the directory that was listed
    path: str
    size: int
    dir: bool
    # links and devices are shown, and never opened
    kind: AgentFileKind
    # of a file: another whenever it was written
    version: NotRequired[str]
    # the path as it stands in a URL, where it is no UTF-8
    address: NotRequired[str]


class AgentFileContent(TypedDict):
    content: str


class AgentFileDeleted(TypedDict):
    status: str
    path: str


class AgentFileSaved(TypedDict):
    status: str
    path: str
    version: str
    created: bool


class AgentFileText(TypedDict):
    path: str
    content: str
    size: int
    # what If-Match takes, in quotes; it is the ETag, too
    version: str


class AgentFilesContent(TypedDict):
    # texts by their paths, 200 at most
    files: dict[str, str]


class AgentFilesReplaced(TypedDict):
    status: str
    workspace: str
    files: int
    # what runs the agent that has them
    source: str


class AgentKey(TypedDict):
    workspace_id: str
    public_key: str | None
    fingerprint: str | None
    created_at: str | None


class AgentKeyForgotten(TypedDict):
    agent_key: str


AgentKind = Literal["workspace", "platform"]


class AgentLog(TypedDict):
    # each with its time; credentials are left out
    lines: list[str]
    # what `since` takes to go on from here
    next: int
    # some of what `since` asked for is not kept any more
    lost: bool


class Attachment(TypedDict):
    uri: str
    name: str
    mimeType: NotRequired[str | None]
    # bytes
    size: NotRequired[int | None]


class AgentMessage(TypedDict):
    message: str
    # the rest is in the activity feed
    truncated: NotRequired[bool]
    workspace_id: str
    name: str
    message_id: str
    # the activity of the message it answers
    reply_to: NotRequired[str]
    attachments: NotRequired[list[Attachment]]
    by: NotRequired[str]


ProcessState = Literal["starting", "running", "waiting", "stopping", "stopped", "ended", "elsewhere"]


class Isolation(TypedDict):
    applied: list[str]
    missing: list[str]


class AgentProcess(TypedDict):
    workspace_id: str
    # waiting: started again later; ended: not started again by itself; elsewhere: it is another machine's
    state: ProcessState
    # the machine that it belongs to
    machine: str
    driver: str
    runtime: str
    tier: int
    pid: NotRequired[int]
    started_at: NotRequired[str]
    # in a row
    crashes: int
    # why it does not run, or did not last time
    reason: NotRequired[str]
    next_start_seconds: NotRequired[int]
    # where its files lie on that machine; empty when it is another's
    directory: str
    isolation: Isolation


class Answered(TypedDict):
    # JSON-RPC as the agent gave it, or why there is none
    response_body: Any
    # the rest is in the activity feed
    truncated: NotRequired[bool]
    method: str
    duration_ms: NotRequired[int]
    message_id: str
    activity_id: str
    # the organisation key that called it off, if one did
    by: NotRequired[str]


DeliveryMode = Literal["push", "poll"]


WorkspaceStatus = Literal["provisioning", "awaiting_agent", "online", "degraded", "offline", "paused", "hibernating", "hibernated", "failed", "removed"]


class Arrival(TypedDict):
    name: NotRequired[str]
    # its agent joins by itself
    external: NotRequired[bool]
    # with agent_card and delivery_mode: its agent registered
    url: NotRequired[str]
    agent_card: NotRequired[Any]
    delivery_mode: NotRequired[DeliveryMode]
    # why it could not be started
    error: NotRequired[str]
    # "wedged", or the error_rate that made it degraded
    runtime_state: NotRequired[str]
    error_rate: NotRequired[float]
    sample_error: NotRequired[str]
    # the status it was in when its agent was heard again
    recovered_from: NotRequired[WorkspaceStatus]
    # workspaces below it that were removed with it
    cascade_deleted: NotRequired[int]
    # the organisation key that asked for it, if one did
    by: NotRequired[str]


class CanvasPosition(TypedDict):
    # -10000000 to 10000000; goes together with y
    x: NotRequired[float | None]
    # -10000000 to 10000000; goes together with x
    y: NotRequired[float | None]


class Capabilities(TypedDict):
    # true: the agent's error rate does not judge it
    status_mgmt: NotRequired[bool | None]


class CardPlace(TypedDict):
    id: str
    # -10000000 to 10000000; absolute, in pixels
    x: float
    # -10000000 to 10000000
    y: float
    # null makes it a root; left out: it stays where it is in the tree
    parent_id: NotRequired[str | None]


class CardPlaces(TypedDict):
    # each card once; all of them are taken, or none
    places: list[CardPlace]


class CardUpdate(TypedDict):
    id: NotRequired[str | None]
    # counts where id is absent
    workspace_id: NotRequired[str | None]
    # an A2A card of at most 256 KiB; absent with the rest: it stays
    agent_card: NotRequired[dict[str, Any] | None]
    # at most 255 bytes; counts where agent_card is absent
    name: NotRequired[str | None]
    # at most 262144 bytes; counts where agent_card is absent
    description: NotRequired[str | None]
    # counts where agent_card is absent; A2A skills, or their names
    skills: NotRequired[list[str | dict[str, Any]] | None]
    # at most 2048 bytes; empty: the agent gave up its address
    url: NotRequired[str | None]


class CardUpdated(TypedDict):
    agent_card: Any


class CardsPlaced(TypedDict):
    # how many stand elsewhere now, with what moved along
    changed: int


WorkspaceAccess = Literal["none", "read_only", "read_write"]


class Changed(TypedDict):
    name: NotRequired[str]
    role: NotRequired[str]
    tier: NotRequired[int]
    runtime: NotRequired[str]
    url: NotRequired[str]
    parent_id: NotRequired[str | None]
    workspace_dir: NotRequired[str | None]
    workspace_access: NotRequired[WorkspaceAccess]
    collapsed: NotRequired[bool]
    x: NotRequired[float]
    y: NotRequired[float]
    by: NotRequired[str]


class Claim(TypedDict):
    code: str


class Connection(TypedDict):
    workspace_id: str
    platform_url: str
    # only in the answer that made it; empty in every later one
    auth_token: str
    registry_endpoint: str
    heartbeat_endpoint: str
    curl_register_template: str
    python_snippet: str
    command_snippet: str
    # one line, the same in every shell
    join_snippet: str
    # lines for a shell, in a checkout
    claude_code_channel_snippet: str
    # JSON for clients that read it
    universal_mcp_snippet: str
    claude_code_snippet: str
    codex_snippet: str
    gemini_snippet: str
    # JSON for opencode.json
    opencode_snippet: str
    hermes_channel_snippet: str
    openclaw_snippet: str


class ConnectionAnswer(TypedDict):
    connection: Connection


class CredentialsRotated(TypedDict):
    workspace_id: str
    by: NotRequired[str]


DeadLetterFate = Literal["resent", "dropped"]


class DeadLetter(TypedDict):
    id: str
    seq: int
    workspace_id: str
    # null: a person
    source_id: str | None
    # "dead_letter": given up after too many deliveries; or "expired"
    standing: str
    summary: str
    error: str | None
    created_at: str
    ended_at: str
    # with decided_at, decided_by and reason, once somebody has decided
    fate: NotRequired[DeadLetterFate]
    decided_at: NotRequired[str]
    decided_by: NotRequired[str]
    reason: NotRequired[str]
    # the message that it became
    sent_again_as: NotRequired[str]


class DeadLetterDecided(TypedDict):
    id: str
    fate: DeadLetterFate
    sent_again_as: NotRequired[str]


class DeadLetterDecision(TypedDict):
    # required; at most 1000 bytes
    reason: NotRequired[str | None]


class DeadLetterPage(TypedDict):
    items: list[DeadLetter]
    # where the list goes on; null: it does not
    next_before_seq: int | None


class Delegated(TypedDict):
    delegation_id: str
    # "delegated", "recorded", "canceled", or where an earlier one stands
    status: str
    target_id: NotRequired[str]
    # true: it was asked for before under this key
    idempotent_hit: NotRequired[bool]


class DelegatedGroup(TypedDict):
    group_id: str
    # "delegated"
    status: str
    # in the order of the targets
    delegations: list[Delegated]
    # true: they were asked for before under this key
    idempotent_hit: NotRequired[bool]


DelegationStatus = Literal["pending", "dispatched", "queued", "completed", "failed", "canceled"]


class Delegation(TypedDict):
    delegation_id: str
    id: str
    type: str
    source_id: str
    target_id: str
    # "sent" or "received", as the asking workspace sees it
    direction: str
    # the beginning of the task
    summary: str
    status: DelegationStatus
    created_at: str
    updated_at: str
    response_preview: NotRequired[str]
    # whole; only where one delegation or one group is asked for
    result: NotRequired[str]
    error: NotRequired[str]
    # that its answer names, where one delegation is asked for; fetched at /workspaces/{own id}/attachments/{file}
    files: NotRequired[list[Attachment]]
    # the message that carries it, as long as that is kept
    task_id: NotRequired[str]
    # of those that were handed over together
    group_id: NotRequired[str]


class DelegationEnded(TypedDict):
    delegation_id: str
    target_id: str
    # of DELEGATION_FAILED: "failed" or "canceled"
    status: DelegationStatus
    response_preview: NotRequired[str]
    error: NotRequired[str]
    # the organisation key that noted its end or called it off, if one did
    by: NotRequired[str]


class DelegationGroup(TypedDict):
    group_id: str
    # how many were handed over
    total: int
    # how many of them have their result, failed or were canceled
    ended: int
    # in the order of the targets, as long as they are kept
    delegations: list[Delegation]


class DelegationMoved(TypedDict):
    delegation_id: str
    target_id: str
    status: DelegationStatus


class DelegationNote(TypedDict):
    target_id: NotRequired[str | None]
    task: NotRequired[str | None]
    delegation_id: NotRequired[str | None]
    idempotency_key: NotRequired[str | None]


class DelegationSent(TypedDict):
    delegation_id: str
    target_id: str
    task_preview: str
    # the message that carries it; noted work has none
    task_id: NotRequired[str]
    # the message whose work it is part of
    parent_id: NotRequired[str]
    # of those that were handed over together
    group_id: NotRequired[str]
    by: NotRequired[str]


class DelegationTarget(TypedDict):
    target_id: NotRequired[str | None]
    # what this one is to do, when that is not what all are to do
    task: NotRequired[str | None]


class DelegationUpdate(TypedDict):
    # "completed" or "failed"
    status: NotRequired[str | None]
    error: NotRequired[str | None]
    response_preview: NotRequired[str | None]


class Discovered(TypedDict):
    id: str
    url: str
    name: str
    delivery_mode: DeliveryMode
    # where the workspace that asks may send to this one at its url: a JSON Web Token by the platform key, to be shown there as `Authorization: Bearer`
    direct_token: NotRequired[str]
    # seconds; ask again afterwards
    direct_token_expires_in: NotRequired[int]


class Done(TypedDict):
    status: str


SecretScope = Literal["workspace", "global"]


class GlobalSecretSaved(TypedDict):
    status: str
    key: str
    scope: SecretScope


class Health(TypedDict):
    status: str
    version: str
    uptime: str
    database: str


class Heard(TypedDict):
    status: str
    # of agents that the platform calls
    platform_inbound_secret: NotRequired[str]


class RuntimeMetadata(TypedDict):
    capabilities: NotRequired[Capabilities | None]


class Heartbeat(TypedDict):
    workspace_id: NotRequired[str | None]
    # counts where workspace_id is absent
    id: NotRequired[str | None]
    # 0 to 1; from 0.5 on the workspace is degraded, below 0.1 again well
    error_rate: NotRequired[float | None]
    # at most 8192 bytes
    sample_error: NotRequired[str | None]
    # at most 4096 bytes
    current_task: NotRequired[str | None]
    # at most 4096 bytes; counts where current_task is absent
    task: NotRequired[str | None]
    # at least 0
    active_tasks: NotRequired[int | None]
    # at least 0
    uptime_seconds: NotRequired[int | None]
    # US cents; 0 or less is no news
    monthly_spend: NotRequired[int | None]
    # at most 100 bytes; "wedged": degraded whatever the rate
    runtime_state: NotRequired[str | None]
    runtime_metadata: NotRequired[RuntimeMetadata | None]


class KeptViewport(TypedDict):
    x: float
    y: float
    zoom: float
    # null as long as none was kept: then a canvas fits everything
    saved_at: str | None


KeyScope = Literal["read", "operate", "admin"]


class Key(TypedDict):
    id: str
    prefix: str
    name: NotRequired[str]
    scope: KeyScope
    # "admin-token", "session", "developer" or "org-token:" and a prefix
    created_by: str
    created_at: str
    # to within seconds; absent: never
    last_used_at: NotRequired[str]
    expires_at: NotRequired[str]
    expired: bool


class KeyChanged(TypedDict):
    key_id: str
    prefix: str
    name: str
    scope: KeyScope
    expires_at: str | None
    # "admin-token", "session", "developer" or "org-token:" and a prefix
    by: str


class KeyMade(TypedDict):
    id: str
    prefix: str
    name: NotRequired[str]
    scope: KeyScope
    expires_at: NotRequired[str]
    # shown this once
    auth_token: str
    warning: str


class KeyPage(TypedDict):
    # newest first; those that expired too
    tokens: list[Key]
    count: int


class KeyRevoked(TypedDict):
    revoked: str


class KeysRotated(TypedDict):
    status: str
    resealed: int
    # left as they were; the old keys are then kept
    unreadable: int


class Load(TypedDict):
    active_tasks: int
    uptime_seconds: int


class OwnKey(TypedDict):
    id: str
    prefix: str
    name: NotRequired[str]
    expires_at: NotRequired[str]


class Me(TypedDict):
    signed_in: bool
    # the same as scope
    role: str
    # the platform runs in its dev profile
    dev: bool
    # prints a new sign-in link, on the platform's machine; for scope admin
    claim_command: NotRequired[str]
    # "admin" for all but organisation keys
    scope: KeyScope
    # as the log names who asks
    actor: str
    # the organisation key that asks
    key: NotRequired[OwnKey]


class Model(TypedDict):
    # empty: the agent's own default
    model: str
    # "default" or "workspace_secrets"
    source: str


class ModelSaved(TypedDict):
    status: str
    model: NotRequired[str]


class NewDelegation(TypedDict):
    target_id: NotRequired[str | None]
    # required; at most 256 KiB
    task: NotRequired[str | None]
    # 1 to 256 bytes
    idempotency_key: NotRequired[str | None]


class NewDelegations(TypedDict):
    # 1 to 32, whose tasks have 256 KiB in all
    targets: NotRequired[list[DelegationTarget] | None]
    # of those targets that have none of their own
    task: NotRequired[str | None]
    # 1 to 256 bytes; it stands for all of them together
    idempotency_key: NotRequired[str | None]


class NewKey(TypedDict):
    # what it is for, at most 100 characters
    name: NotRequired[str | None]
    # "operate" when left out
    scope: NotRequired[KeyScope | None]
    # left out: never, or with the key that makes it
    expires_at: NotRequired[str | None]


class NewModel(TypedDict):
    # empty clears the choice
    model: str


class NewSecret(TypedDict):
    # a variable's name, at most 128 bytes
    key: str
    # 1 to 65536 bytes, kept byte for byte
    value: str


class NewTicket(TypedDict):
    # at most 255 bytes; of the workspace; left out: as the agent calls itself, else the role
    name: NotRequired[str | None]
    # at most 1000 bytes; what colleagues read to choose whom to ask; it or a name is needed
    role: NotRequired[str | None]
    # null or left out: a root
    parent_id: NotRequired[str | None]
    # of an agent that joins by itself; "external" when left out
    runtime: NotRequired[str | None]
    # 0 to 4; 3 when 0 or left out
    tier: NotRequired[int | None]
    # 60 to 604800; seconds; an hour when left out
    expires_in: NotRequired[int | None]
    # where the other machine reaches the platform; left out: the setting platform-url, else as the request did
    platform_url: NotRequired[str | None]
    # where it will stand: absolute position in pixels
    canvas: NotRequired[CanvasPosition | None]


class NewToken(TypedDict):
    label: NotRequired[str | None]
    expires_at: NotRequired[str | None]


class NewWorkspace(TypedDict):
    # 1 to 255 bytes; a number is added where a sibling has it
    name: str
    # at most 1000 bytes; what colleagues read to choose whom to ask
    role: NotRequired[str | None]
    # 0 to 4; 3 when 0 or left out
    tier: NotRequired[int | None]
    # at most 100 bytes; "external" joins by itself; left out: "langgraph"
    runtime: NotRequired[str | None]
    # true: as runtime "external"
    external: NotRequired[bool | None]
    # at most 100 bytes
    model: NotRequired[str | None]
    # at most 255 bytes; the name of a folder below the templates
    template: NotRequired[str | None]
    # at most 2048 bytes; of an agent that runs already; only where the agent joins by itself
    url: NotRequired[str | None]
    delivery_mode: NotRequired[DeliveryMode | Literal[""] | None]
    # at most 4096 bytes; absolute path that its container would mount
    workspace_dir: NotRequired[str | None]
    # other than none needs workspace_dir
    workspace_access: NotRequired[WorkspaceAccess | Literal[""] | None]
    # null or left out: a root
    parent_id: NotRequired[str | None]
    # 0 to 1125899906842624; US cents a month
    budget_limit: NotRequired[int | None]
    # at most 10000; 1 when less or left out
    max_concurrent_tasks: NotRequired[int | None]
    # absolute position in pixels
    canvas: NotRequired[CanvasPosition | None]
    # at most 200 members; each 1 to 65536 bytes; values by their names
    secrets: NotRequired[dict[str, str] | None]
    # kept nowhere; the answer warns of it
    initial_memories: NotRequired[list[Any] | None]


class Nothing(TypedDict):
    pass


class Notice(TypedDict):
    # required; at most 1 MiB
    message: NotRequired[str | None]
    attachments: NotRequired[list[Attachment] | None]
    # the activity this answers: its result is recorded too
    reply_to: NotRequired[str | None]
    # true: `message` is why what `reply_to` names has no result
    failed: NotRequired[bool | None]


class Noticed(TypedDict):
    # "sent"; "canceled": the message it answers was, and nobody is told
    status: str
    # the message it answers had its result already
    duplicate: NotRequired[bool]


class PastEvent(TypedDict):
    id: str
    event_type: str
    workspace_id: str | None
    # as the event's type has it
    payload: Any
    created_at: str
    seq: int


class Paused(TypedDict):
    status: WorkspaceStatus
    paused_count: int


class PeerView(TypedDict):
    id: str
    name: str
    role: str | None
    tier: int
    status: WorkspaceStatus
    url: str
    parent_id: str | None
    active_tasks: int
    agent_card: Any
    runtime: str
    delivery_mode: DeliveryMode


class PlatformKey(TypedDict):
    # 32 bytes in base64url
    public_key: str
    # "SHA256:" and base64url of the digest of those bytes
    fingerprint: str
    algorithm: str


class PollBegun(TypedDict):
    poll: str
    wait_seconds: int


class Provisioning(TypedDict):
    name: str
    tier: int
    runtime: str
    role: str
    parent_id: str | None
    x: float
    y: float
    by: NotRequired[str]


class Question(TypedDict):
    # of the message; its activity's response_body has the question
    id: str
    seq: int
    # whose agent asks
    workspace_id: str
    # "input-required" or "auth-required"
    state: str
    # when it came into this state
    since: str
    # the beginning of the message
    summary: str
    # of the agent's task; the answer is a message with it
    task_id: str
    context_id: str


class QuestionPage(TypedDict):
    items: list[Question]
    # where the list goes on; null: it does not
    next_before_seq: int | None


class QueueItem(TypedDict):
    queue_id: str
    workspace_id: str
    # "queued", "dispatched", "completed", "failed" or "dropped"
    status: str
    priority: int
    # how often the agent may have seen it
    attempts: int
    last_error: str | None
    enqueued_at: str
    expires_at: str | None
    # "waiting", "leased", "seen", "answered", "refused", "expired", "removed", "dead_letter" or "canceled"
    standing: str
    response_body: NotRequired[Any]


class Receipt(TypedDict):
    queued: NotRequired[bool]
    # "queued"; of an answer: "recorded", or "canceled" when nobody waits for it
    status: str
    # "poll" or "push-async"
    delivery_mode: NotRequired[str]
    # for GET /workspaces/{id}/a2a/queue/{queue_id}
    queue_id: NotRequired[str]
    # messages that wait for this agent
    queue_depth: NotRequired[int]
    message: NotRequired[str]
    method: NotRequired[str]
    message_id: NotRequired[str]
    activity_id: NotRequired[str]
    duplicate: NotRequired[bool]
    jsonrpc: str
    # the JSON-RPC id of the request
    id: Any
    # an A2A task in the generation of the request
    result: Any


class Redemption(TypedDict):
    ticket: str
    # the public half of the agent's Ed25519 key, in base64url
    agent_key: str
    # by that key, in base64url: its signature of "23:molecule ticket proof 1" and, each as its length, a colon and its text, the ticket's id and attempt
    proof: str
    # 0 when left out; to ask again it must be higher than before, as the time in milliseconds is
    attempt: NotRequired[int | None]
    # used where the ticket names none
    name: NotRequired[str | None]
    # its A2A card
    agent_card: NotRequired[Any]


class Refused(TypedDict):
    # as the answer had it
    code: str
    error: str


class Registered(TypedDict):
    status: str
    delivery_mode: DeliveryMode
    # the workspace's token, when it had none that is good
    auth_token: NotRequired[str]
    # what the platform shows when it calls the agent
    platform_inbound_secret: str


class Registration(TypedDict):
    id: NotRequired[str | None]
    # counts where id is absent
    workspace_id: NotRequired[str | None]
    delivery_mode: NotRequired[DeliveryMode | Literal[""] | None]
    # "workspace"; an agent may choose nothing else
    kind: NotRequired[AgentKind | Literal[""] | None]
    # at most 2048 bytes; where the agent is called; "remote://no-inbound" or nothing: it polls
    url: NotRequired[str | None]
    # an A2A card of at most 256 KiB
    agent_card: NotRequired[dict[str, Any] | None]
    # at most 255 bytes; counts where agent_card is absent
    name: NotRequired[str | None]
    # at most 262144 bytes; counts where agent_card is absent
    description: NotRequired[str | None]
    # counts where agent_card is absent; A2A skills, or their names
    skills: NotRequired[list[str | dict[str, Any]] | None]


class Report(TypedDict):
    activity_type: NotRequired[str | None]
    method: NotRequired[str | None]
    summary: NotRequired[str | None]
    target_id: NotRequired[str | None]
    source_id: NotRequired[str | None]
    status: NotRequired[str | None]
    error_detail: NotRequired[str | None]
    duration_ms: NotRequired[int | None]
    request_body: NotRequired[Any]
    response_body: NotRequired[Any]
    metadata: NotRequired[Any]


class Restarted(TypedDict):
    # "noop" for an agent that runs where its owner started it
    status: str
    runtime: str
    message: str


class Resumed(TypedDict):
    status: WorkspaceStatus
    resumed_count: int


class RuntimeOffer(TypedDict):
    id: str
    title: str
    does: str
    # secrets of which its agent needs one
    keys: list[str]
    # what has to be on the machine; empty: nothing
    program: str
    # where it is there
    program_path: NotRequired[str]
    # the line that installs the program
    install: str
    # a command line says what runs
    takes_command: bool
    # an agent of it can be started here and now
    startable: bool
    # the reason when none can
    why_not: NotRequired[str]


class RuntimeOffers(TypedDict):
    # agents are started on this machine
    agents: bool
    why_not: NotRequired[str]
    machine: str
    driver: str
    tier_max: int
    # what this machine's kernel offers
    isolation: Isolation
    runtimes: list[RuntimeOffer]


class Secret(TypedDict):
    key: str
    has_value: bool
    scope: SecretScope
    created_at: str
    updated_at: str


class SecretChanged(TypedDict):
    key: str
    scope: SecretScope
    by: NotRequired[str]


class SecretSaved(TypedDict):
    status: str
    key: str


class Session(TypedDict):
    id: str
    created_at: str
    last_seen_at: str
    expires_at: str
    # the one that asks
    current: bool


class SessionPage(TypedDict):
    sessions: list[Session]
    count: int


class SignedIn(TypedDict):
    status: str
    role: str


TaskKind = Literal["delegation", "message", "answer"]


class TaskNode(TypedDict):
    id: str
    # the task whose work this one is part of, as long as that is kept
    parent_id: NotRequired[str]
    # steps from the task that was asked for
    depth: int
    # "answer": it answers its parent, and is no work for it
    kind: TaskKind
    # as A2A 0.3 names it
    state: str
    # where its message stands, in one word
    standing: str
    created_at: str
    # when it came into this state
    since: str
    ended_at: NotRequired[str]
    # true: neither from nor to who asks, who sees nothing else of it
    hidden: NotRequired[bool]
    # whose agent has it, and what that is called
    workspace_id: NotRequired[str]
    name: NotRequired[str]
    # null: a person
    source_id: NotRequired[str | None]
    delegation_id: NotRequired[str]
    # what its agent calls it
    agent_task_id: NotRequired[str]
    # the beginning of what it says
    summary: NotRequired[str]
    # why it came to nothing
    error: NotRequired[str]


class TaskTree(TypedDict):
    # each behind its parent, with all that is below it before the next
    nodes: list[TaskNode]
    # there are more: ask for them with `after`
    next: NotRequired[str]


class TaskUpdated(TypedDict):
    current_task: str
    active_tasks: int


class TerminalClosed(TypedDict):
    terminal_id: str
    who: str
    seconds: int
    # of a shell that ended by itself
    status: NotRequired[int]
    # why it was ended, or could not begin
    reason: NotRequired[str]


class TerminalOpened(TypedDict):
    terminal_id: str
    # admin-token, session, or org-token: with the beginning of the key
    who: str
    # where it was asked from
    address: str


TicketState = Literal["open", "redeemed", "expired", "revoked"]


class Ticket(TypedDict):
    id: str
    name: str
    role: str
    parent_id: str | None
    runtime: str
    tier: int
    state: TicketState
    created_at: str
    expires_at: str
    redeemed_at: NotRequired[str]
    # that it made, once it is redeemed
    workspace_id: NotRequired[str]
    # of the key of the agent that redeemed it
    agent_fingerprint: NotRequired[str]
    # the address that agent asked from
    redeemed_from: NotRequired[str]


class TicketEnded(TypedDict):
    ticket_id: str
    by: NotRequired[str]


class TicketGivenOut(TypedDict):
    ticket_id: str
    name: str
    role: str
    parent_id: str | None
    expires_at: str
    by: NotRequired[str]


class TicketMade(TypedDict):
    id: str
    # shown this once
    ticket: str
    expires_at: str
    # to run on the other machine
    command: str
    platform_url: str
    # of the platform's key, as GET /platform/key shows it
    fingerprint: str


class TicketPage(TypedDict):
    tickets: list[Ticket]
    count: int


class TicketRedeemed(TypedDict):
    workspace_id: str
    # as it is kept: a number may have been added
    name: str
    # shown this once
    auth_token: str
    # whose fingerprint the ticket carries, in base64url
    platform_key: str
    # by that key, in base64url: of "24:molecule ticket answer 1" and, each as its length, a colon and its text, the ticket's id, agent_key and workspace_id
    signature: str


class TicketRejected(TypedDict):
    ticket_id: str
    state: TicketState
    agent_key: str
    address: str


class TicketSpent(TypedDict):
    ticket_id: str
    # the public key that is pinned to the workspace, in base64url
    agent_key: str
    # where the agent asked from
    address: str
    # the same agent repeated itself: it was given a fresh token
    again: bool


class Token(TypedDict):
    id: str
    prefix: str
    label: NotRequired[str]
    created_at: str
    # "admin-token", "session", "developer", "org-token:" and a prefix, "workspace": its own agent, "ticket" or "registration": an agent that joined, "platform": for an agent that it starts; absent where nobody noted it
    created_by: NotRequired[str]
    last_used_at: NotRequired[str]
    expires_at: NotRequired[str]


class TokenChanged(TypedDict):
    token_id: str
    prefix: str
    label: NotRequired[str]
    # of one that is made
    expires_at: NotRequired[str]
    # "admin-token", "session", "developer", "org-token:" and a prefix, or "workspace": its own agent
    by: str


class TokenMade(TypedDict):
    # shown this once
    auth_token: str
    workspace_id: str
    id: NotRequired[str]
    prefix: NotRequired[str]
    expires_at: NotRequired[str]
    message: NotRequired[str]


class TokenPage(TypedDict):
    tokens: list[Token]
    # of this page
    count: int


class TokensRevoked(TypedDict):
    status: str
    revoked: int


class UploadAcked(TypedDict):
    acked: bool


class UploadLimits(TypedDict):
    per_file_bytes: int
    per_request_bytes: int
    max_attachments_per_message: int


class UploadedFile(TypedDict):
    # platform-pending:{workspace}/{file}: what a message's file part names
    uri: str
    # as it is kept: letters, digits, dot, dash and underscore
    name: str
    # told by the bytes, where they tell it
    mimeType: str
    # bytes
    size: int


class Uploaded(TypedDict):
    files: list[UploadedFile]


class UserMessage(TypedDict):
    message_id: str
    # the beginning of what it says
    content: str
    workspace_id: str
    activity_id: str
    by: NotRequired[str]


class Viewport(TypedDict):
    # pixels from the origin, at most 10000000 either way
    x: float
    y: float
    # 0.01 to 100
    zoom: float


class WebKey(TypedDict):
    kty: str
    crv: str
    # 32 bytes in base64url
    x: str
    # its fingerprint
    kid: str
    use: str
    alg: str


class WebKeys(TypedDict):
    keys: list[WebKey]


class Workspace(TypedDict):
    id: str
    name: str
    role: str | None
    tier: int
    status: WorkspaceStatus
    # where its agent is called; empty when it has no address
    url: str
    parent_id: str | None
    # its A2A card as it registered it; null before
    agent_card: Any
    active_tasks: int
    max_concurrent_tasks: int
    # of the agent's process, as it says
    uptime_seconds: int
    # 0 to 1, as it says
    last_error_rate: float
    runtime: str
    # absolute position on the canvas in pixels
    x: float
    y: float
    collapsed: bool
    # what went wrong last; not for peers
    last_sample_error: NotRequired[str]
    # not for peers
    current_task: NotRequired[str]
    # not for peers
    workspace_dir: NotRequired[str | None]
    # US cents a month; not for peers
    budget_limit: NotRequired[int | None]
    # US cents; not for peers
    monthly_spend: NotRequired[int]
    # when it last sent a message to another workspace
    last_outbound_at: str | None
    last_heartbeat_at: str | None
    created_at: str
    delivery_mode: DeliveryMode
    # two beats were missed; not yet offline
    late: bool


class WorkspaceChange(TypedDict):
    # at most 255 bytes; not blank
    name: NotRequired[str | None]
    # at most 1000 bytes
    role: NotRequired[str | None]
    # 1 to 4; operators only
    tier: NotRequired[int | None]
    # 1 to 100 bytes; operators only
    runtime: NotRequired[str | None]
    # null makes it a root; operators only
    parent_id: NotRequired[str | None]
    # at most 4096 bytes; null or empty clears it; operators only
    workspace_dir: NotRequired[str | None]
    # operators only
    workspace_access: NotRequired[WorkspaceAccess | Literal[""] | None]
    collapsed: NotRequired[bool | None]
    # -10000000 to 10000000; goes together with y
    x: NotRequired[float | None]
    # -10000000 to 10000000; goes together with x
    y: NotRequired[float | None]


class WorkspaceMade(TypedDict):
    id: str
    # as it is kept: a number may have been added
    name: str
    external: NotRequired[bool]
    status: WorkspaceStatus
    # of a workspace whose agent has yet to join
    connection: NotRequired[Connection]
    awareness_namespace: NotRequired[str]
    workspace_access: WorkspaceAccess
    platform_url: str
    # what of the request was not kept
    warning: NotRequired[str]


class WorkspaceRemoved(TypedDict):
    # "removed" or "purged"
    status: str
    # workspaces below it
    cascade_deleted: int


class WorkspaceState(TypedDict):
    workspace_id: str
    status: NotRequired[WorkspaceStatus]
    paused: NotRequired[bool]
    deleted: bool


class WorkspaceUpdated(TypedDict):
    status: str
    needs_restart: NotRequired[bool]


EventType = Literal[
    "WORKSPACE_PROVISIONING",
    "WORKSPACE_AWAITING_AGENT",
    "WORKSPACE_ONLINE",
    "WORKSPACE_DEGRADED",
    "WORKSPACE_LATE",
    "WORKSPACE_OFFLINE",
    "WORKSPACE_PAUSED",
    "WORKSPACE_HIBERNATED",
    "WORKSPACE_PROVISION_FAILED",
    "WORKSPACE_UPDATED",
    "WORKSPACE_REMOVED",
    "WORKSPACE_HEARTBEAT",
    "AGENT_REFUSED",
    "TASK_UPDATED",
    "AGENT_CARD_UPDATED",
    "EXTERNAL_CREDENTIALS_ROTATED",
    "SECRET_CHANGED",
    "TICKET_MADE",
    "TICKET_REDEEMED",
    "TICKET_REFUSED",
    "TICKET_REVOKED",
    "AGENT_KEY_REMOVED",
    "TERMINAL_OPENED",
    "TERMINAL_CLOSED",
    "TOKEN_MADE",
    "TOKEN_REVOKED",
    "ORG_KEY_MADE",
    "ORG_KEY_REVOKED",
    "ACTIVITY_LOGGED",
    "USER_MESSAGE",
    "AGENT_MESSAGE",
    "A2A_RESPONSE",
    "DELEGATION_SENT",
    "DELEGATION_STATUS",
    "DELEGATION_COMPLETE",
    "DELEGATION_FAILED",
]
