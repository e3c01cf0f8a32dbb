#include "server/presence/registration.h"
#include "server/tickets/tickets_service.h"

namespace molecule::tickets {
namespace {

using auth::Admin;
using auth::Open;
using auth::Operator;
using auth::Self;

constexpr std::size_t ticket_body_max = 16u << 10;

constexpr auto table = http::table(
    http::post<Operator, &Service::make>("/tickets")
        .body_limit(ticket_body_max)
        .says("Makes a ticket by which one agent may join, once.")
        .gives<api::TicketMade>(201)
        .refuses("invalid_ticket", "too_many_tickets", "invalid_host", "url_invalid",
                 "invalid_workspace_payload", "workspace_reparent_parent_not_found"),
    http::get<Operator, &Service::list>("/tickets")
        .says("The tickets of late, newest first, without what opens them."),
    http::del<Operator, &Service::revoke>("/tickets/{id}")
        .says("Takes a ticket back that nobody has redeemed.")
        .refuses("ticket_not_found", "ticket_used"),
    http::post<Open, &Service::redeem>("/tickets/redeem")
        .body_limit(presence::register_body_max)
        .says("Joins by a ticket: makes the workspace, pins the agent's key to it, gives out its "
              "token. The same agent may repeat it while the ticket lasts.")
        .takes<api::Redemption>()
        .gives<api::TicketRedeemed>(201)
        .refuses("ticket_invalid", "ticket_expired", "ticket_revoked", "ticket_used",
                 "ticket_replayed", "ticket_of_another_key", "agent_key_invalid",
                 "agent_key_unproven", "agent_card_too_large", "invalid_request_body",
                 "invalid_workspace_fields", "workspace_name_conflict",
                 "workspace_reparent_parent_not_found", "workspace_removed"),
    http::get<Self, &Service::agent_key>("/workspaces/{id}/agent-key")
        .says("The key by which the platform knows the agent of a workspace, if any.")
        .refuses("workspace_not_found", "workspace_removed"),
    http::del<Admin, &Service::remove_agent_key>("/workspaces/{id}/agent-key")
        .says("Takes that key away; the agent joins again with a new ticket.")
        .refuses("agent_key_not_found"));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::tickets
