#include "server/presence/presence_service.h"

namespace molecule::presence {

namespace {

using auth::Enrol;
using auth::Member;
using auth::Peer;
using auth::Self;

constexpr auto table = http::table(
    http::post<Enrol, &Service::enrol>("/registry/register")
        .body_limit(register_body_max)
        .says("An agent registers: its address, its card, how it is reached.")
        .refuses("workspace_token_required", "token_workspace_mismatch", "workspace_not_found",
                 "workspace_removed", "kind_not_allowed", "url_required", "url_invalid",
                 "url_not_allowed", "url_unresolvable", "url_unresolved", "agent_card_too_large",
                 "agent_key_pinned"),
    http::post<Member, &Service::heartbeat>("/registry/heartbeat")
        .body_limit(beat_body_max)
        .says("An agent is alive, and what it does. At least every 30 seconds.")
        .gives<api::Heard>()
        .refuses("token_workspace_mismatch", "workspace_not_found"),
    http::post<Member, &Service::update_card>("/registry/update-card")
        .body_limit(register_body_max)
        .says("An agent shows another card, or moved to another address.")
        .refuses("token_workspace_mismatch", "workspace_not_found", "agent_card_too_large",
                 "url_invalid", "url_not_allowed", "url_unresolvable", "url_unresolved",
                 "agent_key_pinned"),
    http::get<Peer, &Service::discover>("/registry/discover/{id}")
        .says("Where a colleague is reached.")
        .refuses("workspace_not_found", "invalid_workspace_id", "workspace_id_required",
                 "token_workspace_mismatch", "workspace_not_available"),
    http::get<Self, &Service::peers>("/registry/{id}/peers")
        .says("Whom a workspace may reach: siblings, children, its parent. `q` searches names and "
              "roles; `limit` at once, and those behind `after`, the id of the last one told.")
        .refuses("workspace_not_found", "bad_query", "cursor_gone"),
    http::post<Member, &Service::check_access>("/registry/check-access")
        .body_limit(beat_body_max)
        .says("Whether one workspace may reach another."));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::presence
