// What a ticket may say, and what it leads to. The words are held to the rules of workspaces, when
// the ticket is made and once more when it is redeemed.
#pragma once

#include <chrono>

#include "base/secret.h"
#include "platform/io/clock.h"
#include "server/tickets/tickets_store.h"
#include "server/workspaces/workspaces_service.h"
#include "wire/api/tickets.h"

namespace molecule::tickets {

api::TicketState state_of(const store::Row& row, Instant now);
std::chrono::seconds lifetime_of(const api::NewTicket& wanted, std::chrono::seconds unless_said);

// Throws Fault bad_request as POST /workspaces does, and where nobody could join by the ticket.
workspaces::NewWorkspace workspace_of(const api::NewTicket& wanted);
// `called` is what the agent calls itself.
workspaces::NewWorkspace workspace_of(const store::Row& row, std::string_view called);
void require_parent(const workspaces::Directory& directory,
                    const std::optional<WorkspaceId>& parent);

Secret drawn_secret(io::Random& random);

}  // namespace molecule::tickets
