#include "server/tickets/ticket_rules.h"

#include "base/fault.h"
#include "platform/crypto/digest.h"

namespace molecule::tickets {
namespace {

// Through the one set of rules there is, so that no second one grows here.
workspaces::NewWorkspace checked(std::string_view name, std::string_view role,
                                 const std::optional<WorkspaceId>& parent, std::string_view runtime,
                                 std::optional<std::int64_t> tier,
                                 const std::optional<api::CanvasPosition>& canvas) {
  api::NewWorkspace said;
  said.name = name;
  said.role = std::string(role);
  said.runtime = std::string(runtime);
  said.tier = tier;
  said.parent_id = parent;
  said.canvas = canvas;
  return workspaces::checked(std::move(said));
}

}  // namespace

api::TicketState state_of(const store::Row& row, Instant now) {
  if (row.redeemed_at) return api::TicketState::redeemed;
  if (row.revoked_at) return api::TicketState::revoked;
  return row.expires_at <= now ? api::TicketState::expired : api::TicketState::open;
}

std::chrono::seconds lifetime_of(const api::NewTicket& wanted, std::chrono::seconds unless_said) {
  return wanted.expires_in ? std::chrono::seconds(*wanted.expires_in) : unless_said;
}

workspaces::NewWorkspace workspace_of(const api::NewTicket& wanted) {
  const std::string role = wanted.role.value_or("");
  const std::string name = wanted.name.value_or("");
  if (name.empty() && role.empty())
    throw bad_request("invalid_ticket", "a ticket needs a name or a role");
  const std::string runtime = wanted.runtime.value_or("external");
  if (!workspaces::joins_by_itself(runtime)) {
    throw bad_request("invalid_ticket",
                      "runtime is one whose agent joins by itself, such as external");
  }
  // A role that can be no name needs one beside it.
  return checked(name.empty() ? role : name, role, wanted.parent_id, runtime, wanted.tier,
                 wanted.canvas);
}

workspaces::NewWorkspace workspace_of(const store::Row& row, std::string_view called) {
  std::string_view name = row.name;
  if (name.empty()) name = called.empty() ? std::string_view(row.role) : called;
  auto wanted =
      checked(name, row.role, row.parent, row.runtime, row.tier, api::CanvasPosition{row.x, row.y});
  wanted.maker = "ticket";
  return wanted;
}

void require_parent(const workspaces::Directory& directory,
                    const std::optional<WorkspaceId>& parent) {
  if (!parent || directory.standing(*parent) == auth::Standing::present) return;
  throw bad_request("workspace_reparent_parent_not_found",
                    "parent_id names no workspace that exists");
}

Secret drawn_secret(io::Random& random) {
  std::array<std::uint8_t, 32> bytes{};
  random.fill(bytes);
  Secret secret{std::string(crypto::text_of(bytes))};
  crypto::wipe(bytes);
  return secret;
}

}  // namespace molecule::tickets
