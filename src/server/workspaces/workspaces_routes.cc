#include "server/workspaces/workspaces_service.h"

namespace molecule::workspaces {

namespace {

using auth::Holder;
using auth::Operator;
using auth::Peer;
using auth::Self;

constexpr std::size_t create_body_max = 1u << 20;  // Room for secrets.
constexpr std::size_t places_body_max = 2u << 20;  // Ten thousand cards.
constexpr std::size_t small_body_max = 64u << 10;

constexpr auto table = http::table(
    http::post<Operator, &Service::create>("/workspaces")
        .body_limit(create_body_max)
        .says(
            "Makes a workspace. `command` beside the other members: the line that a shell runs for "
            "each message, of the runtime \"command\".")
        .gives<api::WorkspaceMade>(201)
        .refuses("workspace_name_conflict", "workspace_reparent_parent_not_found",
                 "workspace_too_deep", "secret_key_invalid", "secret_key_reserved",
                 "url_not_allowed", "url_invalid", "url_unresolvable", "url_unresolved",
                 "runtime_unknown", "command_required", "tier_not_allowed"),
    http::get<Operator, &Service::list>("/workspaces")
        .says(
            "Every live workspace, whole, oldest first; `limit` at once, and those behind `after`, "
            "the id of the last one told; of one `runtime` alone. X-Molecule-Seq is the position to follow the log from.")
        .refuses("bad_query", "cursor_gone"),
    http::get<Peer, &Service::show>("/workspaces/{id}")
        .says("One workspace; peers are shown less of it.")
        .refuses("workspace_not_found", "workspace_removed"),
    http::patch<Self, &Service::change>("/workspaces/{id}")
        .body_limit(small_body_max)
        .says("Changes what is named; the rest stays.")
        .refuses("invalid_workspace_payload", "workspace_name_conflict",
                 "workspace_reparent_parent_not_found", "workspace_reparent_self",
                 "workspace_reparent_cycle", "workspace_too_deep",
                 "workspace_infrastructure_auth_required", "workspace_not_found",
                 "tier_not_allowed", "runtime_unknown", "agent_runs_here"),
    http::patch<Operator, &Service::place>("/canvas/places")
        .body_limit(places_body_max)
        .says("Moves many cards in one step, between teams too; what is in them moves along.")
        .gives<api::CardsPlaced>(200)
        .refuses("workspace_name_conflict", "workspace_reparent_parent_not_found",
                 "workspace_reparent_self", "workspace_reparent_cycle", "workspace_too_deep",
                 "workspace_not_found", "workspace_removed"),
    http::del<Operator, &Service::remove>("/workspaces/{id}")
        .body_limit(small_body_max)
        .says("Removes a workspace and what is below it; `purge` leaves no trace.")
        .refuses("workspace_not_found", "workspace_removed", "confirmation_required",
                 "destructive_action_requires_confirmation"),
    http::get<Self, &Service::state>("/workspaces/{id}/state")
        .says("Whether an agent is to go on, to wait or to end.")
        .refuses("workspace_not_found"),
    http::post<Self, &Service::pause>("/workspaces/{id}/pause")
        .body_limit(small_body_max)
        .says("Pauses a workspace and what is below it: messages wait.")
        .refuses("workspace_not_found"),
    http::post<Self, &Service::resume>("/workspaces/{id}/resume")
        .body_limit(small_body_max)
        .says("Ends a pause.")
        .refuses("workspace_not_found", "ancestor_paused", "provisioner_unavailable",
                 "agent_elsewhere"),
    http::post<Self, &Service::restart>("/workspaces/{id}/restart")
        .body_limit(small_body_max)
        .says("Starts an agent anew; nothing happens to agents that join by themselves.")
        .refuses("workspace_not_found", "ancestor_paused", "provisioner_unavailable",
                 "agent_elsewhere"),
    http::get<Self, &Service::connection>("/workspaces/{id}/external/connection")
        .says("How an agent joins as this workspace, without a token.")
        .refuses("workspace_not_found", "not_external", "invalid_host"),
    http::post<Holder, &Service::rotate>("/workspaces/{id}/external/rotate")
        .body_limit(small_body_max)
        .says("Ends every token of a workspace and makes a new one.")
        .refuses("workspace_not_found", "not_external", "invalid_host", "too_many_tokens"));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::workspaces
