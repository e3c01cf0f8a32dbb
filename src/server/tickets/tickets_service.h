// How an agent joins that nobody has told anything yet: an operator makes a ticket, the agent
// redeems it once, and each of them knows the other from then on by its key.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "platform/crypto/sign.h"
#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "platform/sql/database.h"
#include "server/auth/access.h"
#include "server/auth/keys.h"
#include "server/auth/limits.h"
#include "server/auth/tokens.h"
#include "server/events/log.h"
#include "server/tickets/agent_keys.h"
#include "server/tickets/tickets_store.h"
#include "server/workspaces/workspaces_service.h"
#include "wire/api/status.h"
#include "wire/api/tickets.h"
#include "wire/tickets/ticket_text.h"

namespace molecule::tickets {

class Service final : public workspaces::Departure, public auth::KeyEnd {
 public:
  static constexpr std::chrono::seconds lifetime_default{std::chrono::hours(1)};
  static constexpr std::int64_t open_max = 1000;           // One more is refused (429).
  static constexpr std::int64_t listed_max = 200;          // Newest first.
  static constexpr std::chrono::hours kept_after{7 * 24};  // In lists, from its expiry on.

  struct Parts {
    sql::Database& db;
    events::Log& log;
    workspaces::Service& workspaces;
    auth::Tokens& tokens;
    auth::Keys& org_keys;
    auth::Limits& limits;
    AgentKeys& keys;
    const crypto::SigningKey& platform_key;
    const io::Clock& clock;
    io::Random& random;
  };
  // Of `settings` it is where agents reach the platform.
  Service(const Parts& parts, workspaces::Settings settings)
      : parts_(parts), settings_(std::move(settings)) {}

  // Routes.
  io::Task<http::Reply<api::TicketMade>> make(auth::Operator::Caller caller, api::NewTicket wanted,
                                              const http::Request& request);
  io::Task<api::TicketPage> list(auth::Operator::Caller caller);
  io::Task<api::Done> revoke(auth::Operator::Caller caller, TicketId id);
  io::Task<http::Reply<api::TicketRedeemed>> redeem(auth::Open::Caller caller,
                                                    const http::Request& request);
  io::Task<api::AgentKey> agent_key(auth::Self::Caller caller, WorkspaceId workspace);
  io::Task<api::Done> remove_agent_key(auth::Admin::Caller caller, WorkspaceId workspace);

  // Tickets that lead below a workspace end with it.
  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;
  // So do those that an organisation key made, when it is revoked.
  void ended(sql::Tx& tx, const auth::store::KeyRow& key, const auth::Caller& by) override;

  // Forgets tickets that are long over; one round.
  io::Task<void> prune();

 private:
  // A redemption whose parts have been read and whose proof holds.
  struct Attempt {
    TicketText ticket;
    crypto::PublicKey agent;
    std::int64_t attempt = 0;
    std::string name;
    RawJson card;  // Empty: none was sent.
    std::string address;
  };
  struct Admitted {
    WorkspaceId workspace;
    std::string name;
    Secret token;
  };
  // What became of it: somebody admitted, or why not.
  struct Outcome {
    std::optional<Admitted> admitted;
    api::TicketState state = api::TicketState::open;  // The ticket's, where nobody was.
    bool known = true;                                // Whether there is such a ticket.
    bool replayed = false;                            // Its own agent asked this before.
  };
  Attempt read_attempt(const http::Request& request) const;
  Outcome try_to_redeem(sql::Tx& tx, const Attempt& attempt);
  Outcome admit_again(sql::Tx& tx, const Attempt& attempt, const store::Row& row);
  Admitted admit(sql::Tx& tx, const Attempt& attempt, const store::Row& row);
  io::Task<Fault> refuse(Attempt attempt, Outcome outcome);
  Fault failed(std::string_view address, Fault why) const;
  void tell_spent(sql::Tx& tx, const Attempt& attempt, WorkspaceId workspace, bool again);

  Parts parts_;
  workspaces::Settings settings_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::tickets
