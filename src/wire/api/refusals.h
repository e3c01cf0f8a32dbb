// Every code that a refusal may carry, its status (a code may have two) and what it means. Machines
// act on the code, so a code never changes its meaning; the sentence beside it in an answer may.
#pragma once

#include <array>
#include <string_view>

namespace molecule::api {

struct Refusal {
  std::string_view code;
  int status;
  std::string_view meaning;
};

inline constexpr std::array refusals{
    // The request itself.
    Refusal{
        "bad_request", 400,
        "The request is no HTTP or no JSON of the form that is asked for; the text names the place."},
    Refusal{"bad_id", 400, "An id in the path is not a UUID."},
    Refusal{"bad_query", 400, "A member of the query is not of its form or out of its range."},
    Refusal{"invalid_wait", 400, "`wait` is out of its range."},
    Refusal{"invalid_host", 400, "The Host header is not a host name."},
    Refusal{"request_timeout", 408, "The head or the body did not arrive in time."},
    Refusal{"method_not_allowed", 405, "The path is there, for the methods in Allow."},
    Refusal{"route_not_found", 404, "There is nothing at this path."},
    Refusal{"not_found", 404, "There is nothing here, or not in this profile."},
    Refusal{"moved", 307,
            "The path has a slash too many; Location names the right one (301 for reads)."},
    Refusal{"body_too_large", 413, "The body is larger than the route takes."},
    Refusal{"uri_too_long", 414, "The request target is longer than 8192 bytes."},
    Refusal{"unsupported_coding", 415, "The body is compressed in a way that is not read here."},
    Refusal{"expectation_failed", 417, "Only 100-continue may be expected."},
    Refusal{"upgrade_required", 426, "This path speaks WebSocket, version 13."},
    Refusal{"head_too_large", 431, "The head is larger than 16384 bytes."},
    Refusal{"too_many_headers", 431, "The request has more than 64 headers."},
    Refusal{"transfer_encoding_not_implemented", 501, "Only chunked is read."},
    Refusal{"http_version_not_supported", 505, "HTTP/1.1 and 1.0 are spoken."},

    // Who asks.
    Refusal{"missing_token", 401,
            "No credential was shown. Send the workspace's token as Authorization: Bearer."},
    Refusal{"invalid_token", 401, "The token is unknown or was revoked."},
    Refusal{"token_expired", 401, "The token's time is over."},
    Refusal{"admin_required", 401, "An operator's credential is needed, and none was shown."},
    Refusal{"admin_required", 403, "An operator's credential is needed; a workspace's was shown."},
    Refusal{"invalid_admin_token", 401, "The operator's credential is not good."},
    Refusal{"invalid_socket_credential", 401,
            "The credential in the WebSocket's subprotocol is not good."},
    Refusal{"workspace_token_required", 401,
            "This workspace is claimed already: its own token is needed."},
    Refusal{"caller_mismatch", 403, "X-Workspace-ID names another workspace than the token."},
    Refusal{"invalid_caller", 403, "X-Workspace-ID names no workspace."},
    Refusal{"identity_header_refused", 403, "X-Workspace-ID is only for workspaces."},
    Refusal{"own_only", 403, "Only the workspace itself may ask for this."},
    Refusal{"token_workspace_mismatch", 403, "The token belongs to another workspace."},
    Refusal{"not_reachable", 403, "The tree does not let this workspace reach that one."},
    Refusal{"forbidden", 403, "This is not the caller's to see or to do."},
    Refusal{"foreign_source", 403, "The source named is not the workspace that asks."},
    Refusal{"csrf", 403, "A browser's session asks for a change from a page of another origin."},
    Refusal{"origin_refused", 403, "A page of another origin asked with a browser's session."},
    Refusal{"origin_not_allowed", 403, "A page of another origin asked; `cors-origins` allows it."},
    Refusal{"host_refused", 403,
            "The Host header names no host of this platform; `hosts` allows it."},
    Refusal{"host_not_allowed", 403,
            "The Host header names no host of this platform; `hosts` allows it."},
    Refusal{"rate_limited", 429, "Asked too often; Retry-After says when again."},
    Refusal{"claim_invalid", 410, "The claim link is unknown, used or too old."},

    // Workspaces.
    Refusal{"workspace_not_found", 404,
            "There is no such workspace, or it is not in the status that the verb needs."},
    Refusal{"workspace_removed", 410, "The workspace was removed; it never comes back."},
    Refusal{"invalid_workspace_payload", 400, "The body is no object, or has no name."},
    Refusal{"invalid_workspace_fields", 400,
            "A member is of the wrong type, too long, or out of range; the text names it."},
    Refusal{"invalid_workspace_directory", 400,
            "The path is not absolute, leaves itself or belongs to the system."},
    Refusal{"invalid_workspace_access", 400, "Access other than none needs workspace_dir."},
    Refusal{"invalid_template", 400, "A template is the name of a folder below the templates."},
    Refusal{"invalid_delivery_mode", 400, "delivery_mode is push or poll."},
    Refusal{"invalid_request_body", 400,
            "A member is missing or of the wrong type; the text names it."},
    Refusal{"workspace_name_conflict", 409, "A sibling has this name, or one that looks like it."},
    Refusal{"workspace_reparent_invalid_parent_id", 400,
            "parent_id is the id of a workspace, or null."},
    Refusal{"workspace_reparent_parent_not_found", 400, "There is no such parent."},
    Refusal{"workspace_reparent_self", 400, "A workspace cannot be its own parent."},
    Refusal{"workspace_reparent_cycle", 409, "The new parent is below this workspace."},
    Refusal{"workspace_too_deep", 409, "Workspaces may be nested 32 deep."},
    Refusal{"workspace_infrastructure_auth_required", 403,
            "Only an operator may change where a workspace sits and what it runs on."},
    Refusal{"confirmation_required", 409,
            "What is below would be removed too; repeat with confirm=true."},
    Refusal{"destructive_action_requires_confirmation", 400,
            "X-Confirm-Name is not the workspace's name."},
    Refusal{"ancestor_paused", 409, "A workspace above is paused; resume it first."},
    Refusal{"not_external", 400, "Only agents that join by themselves are connected by hand."},
    Refusal{"provisioner_unavailable", 503, "This platform starts no containers."},

    // The registry.
    Refusal{"url_required", 400, "An agent that is called needs an address."},
    Refusal{"url_invalid", 400, "The address is no http or https URL."},
    Refusal{"url_not_allowed", 400,
            "The address points where the platform does not call; `dial-allow` opens it."},
    Refusal{"url_unresolvable", 400, "The host of the address has no address."},
    Refusal{"url_unresolved", 503, "The host of the address could not be looked up now."},
    Refusal{"resolver_busy", 503, "Too many names are being looked up; try again shortly."},
    Refusal{"agent_card_too_large", 413, "An agent card has at most 256 KiB."},
    Refusal{"invalid_kind", 400, "kind is workspace."},
    Refusal{"kind_not_allowed", 403, "An agent may not choose this kind."},
    Refusal{"invalid_workspace_id", 400, "X-Workspace-ID is not the id of a workspace."},
    Refusal{"workspace_id_required", 400, "Say who asks in X-Workspace-ID."},
    Refusal{"workspace_not_available", 503, "The workspace's agent is not there now."},

    // Credentials.
    Refusal{"token_not_found", 404, "There is no such token, or it was revoked."},
    Refusal{"too_many_tokens", 429, "The workspace has as many live tokens as it may."},
    Refusal{"invalid_label", 400, "A label is one line that shows what it is."},
    Refusal{"label_too_long", 400, "The label is too long."},
    Refusal{"expiry_past", 400, "expires_at is not in the future."},
    Refusal{"session_not_found", 404, "There is no such session."},

    // Secrets.
    Refusal{"secret_not_found", 404, "There is no such secret."},
    Refusal{"secret_key_invalid", 400, "A name is a variable's name of at most 128 bytes."},
    Refusal{"secret_key_reserved", 400, "This name is the process's own, or the platform's."},
    Refusal{"secret_value_invalid", 400, "A value has 1 to 65536 bytes."},
    Refusal{"too_many_secrets", 409, "As many as may be are kept; delete one first."},
    Refusal{"secrets_unreadable", 500,
            "The key they were sealed with is missing; `failed_keys` names them."},
    Refusal{"rotation_running", 409, "The sealing key is being changed already."},
    Refusal{"key_missing", 500, "The sealing key is missing."},

    // Activity and messages to people.
    Refusal{"missing_field", 400, "A member that is needed is missing; the text names it."},
    Refusal{"field_too_long", 400, "A member is too long; the text names it."},
    Refusal{"invalid_field", 400, "A member is not of its form; the text names it."},
    Refusal{"invalid_activity_type", 400, "The type is none that may be reported."},
    Refusal{"invalid_source", 400, "source is canvas or agent."},
    Refusal{"invalid_since_secs", 400, "since_secs is a positive whole number."},
    Refusal{"invalid_since_id", 400, "since_id is the id of a row."},
    Refusal{"invalid_peer_id", 400, "peer_id is the id of a workspace."},
    Refusal{"invalid_before_ts", 400, "before_ts is an RFC 3339 time."},
    Refusal{"invalid_before_seq", 400, "before_seq is a number of a row, 1 or more."},
    Refusal{"invalid_order", 400, "order is asc or desc."},
    Refusal{"cursor_gone", 410, "The cursor is no row of this feed any more; begin without one."},
    Refusal{"message_too_large", 413, "The message is longer than it may be."},
    Refusal{"invalid_attachment", 400, "An attachment needs uri and name."},
    Refusal{"invalid_reply_to", 400, "reply_to is the id of an activity."},
    Refusal{"reply_to_not_found", 404, "reply_to names no message to this workspace."},
    Refusal{"reply_to_peer", 400,
            "That message came from a workspace: answer with a message to it."},

    // Messages between workspaces.
    Refusal{"invalid_json", 400, "The body is no JSON."},
    Refusal{"invalid_request", 400, "The body is no JSON-RPC request."},
    Refusal{"invalid_message", 400, "The message of the request is not of its form."},
    Refusal{"unknown_method", 400, "There is no such method of A2A."},
    Refusal{"method_not_supported", 400, "This method of A2A is not spoken here."},
    Refusal{"message_id_reused", 409, "This messageId was used for a different message."},
    Refusal{"loop_stopped", 409, "The chain of messages is longer than `hops-max`."},
    Refusal{"edge_rate", 429,
            "More messages than `edge-rate` a minute from one workspace to another."},
    Refusal{"mailbox_full", 429, "As many messages wait for this agent as may."},
    Refusal{"budget_exceeded", 402, "The workspace's spending has reached its limit."},
    Refusal{"workspace_has_no_url", 503, "The agent is called but has no address."},
    Refusal{"message_expired", 504, "The message's time was over before its agent answered."},
    Refusal{"undeliverable", 502, "The agent could not be reached often enough."},
    Refusal{"agent_failed", 502, "The agent failed; the text says how."},
    Refusal{"agent_error", 502, "The agent answered with an error; the text says which."},
    Refusal{"agent_unreachable", 502, "The agent could not be reached."},
    Refusal{"agent_reset", 502, "The agent ended the connection before it answered."},
    Refusal{"agent_timeout", 504, "The agent did not answer in time."},
    Refusal{"agent_busy", 503, "The agent asked to be left alone for a while."},
    Refusal{"bad_response", 502, "What the agent answered is no answer; the text says what came."},
    Refusal{"response_too_large", 502, "The agent's answer is larger than may be passed on."},
    Refusal{"queue_item_not_found", 404, "There is no such message to this workspace."},
    Refusal{"connections_exhausted", 503, "Too many calls to agents are open; try again shortly."},

    // Delegations.
    Refusal{"invalid_delegation", 400, "A member of the delegation is missing or not of its form."},
    Refusal{"task_too_large", 413, "A task has at most 256 KiB."},
    Refusal{"self_delegation", 400, "A workspace cannot delegate to itself."},
    Refusal{"invalid_idempotency_key", 400, "A key has 1 to 256 bytes."},
    Refusal{"idempotency_key_reused", 409, "The key was used for another task or target."},
    Refusal{"delegation_exists", 409, "The delegation_id is in use for something else."},
    Refusal{"delegation_ended", 409, "The delegation has ended with other words already."},
    Refusal{"delegation_not_found", 404, "There is no such delegation of this workspace."},
    Refusal{"invalid_status", 400, "status is completed or failed."},

    // Events and the canvas.
    Refusal{"invalid_position", 400, "A position in the log is a whole number."},
    Refusal{"position_gone", 410,
            "The log is not kept so far back; take a snapshot and follow from there."},
    Refusal{"invalid_viewport", 400, "The viewport is out of its bounds."},

    // The platform.
    Refusal{"internal", 500, "A defect of the platform; its log has more under the request's id."},
    Refusal{"platform_unavailable", 503,
            "The store is away; nothing was changed. It comes back by itself."},
    Refusal{"commit_unknown", 503,
            "The store was lost as it committed; the same request may be sent again."},
    Refusal{"overloaded", 503, "Too much is asked at once; try again shortly."},
    Refusal{"too_many_relays", 503, "More agents have dialled in than are taken."},
    Refusal{"draining", 503, "The platform is going down."}};

}  // namespace molecule::api
