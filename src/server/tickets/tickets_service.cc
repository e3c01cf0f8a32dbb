#include "server/tickets/tickets_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/log/log.h"
#include "platform/net/url.h"
#include "platform/sql/store_facts.h"
#include "server/tickets/promise.h"
#include "server/tickets/ticket_rules.h"

namespace molecule::tickets {
namespace {

Fault ticket_not_found() {
  return {Kind::not_found, "ticket_not_found", "there is no such ticket"};
}

Fault key_not_found() {
  return {Kind::not_found, "agent_key_not_found", "no agent's key is pinned to this workspace"};
}

// Where the other machine will look for the platform.
std::string url_for(const api::NewTicket& wanted, const workspaces::Settings& settings,
                    const http::Request& request) {
  std::string url = wanted.platform_url && !wanted.platform_url->empty()
                        ? net::Url::parse(*wanted.platform_url).text()
                        : workspaces::platform_url(settings, request);
  while (url.ends_with('/')) url.pop_back();
  if (url.size() > ticket_url_max) {
    throw bad_request("invalid_ticket",
                      fmt::format("platform_url is longer than {} bytes", ticket_url_max));
  }
  return url;
}

api::Ticket shown(store::Row row, Instant now) {
  api::Ticket ticket;
  ticket.id = row.id;
  ticket.name = std::move(row.name);
  ticket.role = std::move(row.role);
  ticket.parent_id = row.parent;
  ticket.runtime = std::move(row.runtime);
  ticket.tier = row.tier;
  ticket.state = state_of(row, now);
  ticket.created_at = row.created_at;
  ticket.expires_at = row.expires_at;
  if (row.redeemed_at) ticket.redeemed_at = *row.redeemed_at;
  if (row.workspace_id) ticket.workspace_id = *row.workspace_id;
  if (row.redeemed_from) ticket.redeemed_from = std::move(*row.redeemed_from);
  if (row.redeemed_key) {
    if (auto key = crypto::public_key_from(crypto::Bytes(*row.redeemed_key)))
      ticket.agent_fingerprint = crypto::fingerprint(*key);
  }
  return ticket;
}

}  // namespace

io::Task<http::Reply<api::TicketMade>> Service::make(auth::Operator::Caller caller,
                                                     api::NewTicket wanted,
                                                     const http::Request& request) {
  const std::chrono::seconds lifetime = lifetime_of(wanted, lifetime_default);
  const workspaces::NewWorkspace led_to = workspace_of(wanted);
  require_parent(parts_.workspaces.table().directory(), led_to.parent);

  const Instant now = parts_.clock.now();
  TicketText ticket;
  ticket.id = parts_.random.ordered_id<TicketId>(now);
  ticket.secret = drawn_secret(parts_.random);
  ticket.key_digest = crypto::sha256(crypto::Bytes(parts_.platform_key.public_key().bytes));
  ticket.platform_url = url_for(wanted, settings_, request);
  const std::string name = wanted.name && !wanted.name->empty() ? led_to.name : std::string();
  auto work = [this, now, lifetime, led_to, name, id = ticket.id, digest = ticket.digest(),
               print = ticket.fingerprint(), caller](sql::Tx& tx) {
    // A ticket is worth a token, so it is good no longer than the key that makes it.
    const auto end = parts_.org_keys.end_of(tx, caller);
    const Instant until = end ? std::min(now + lifetime, *end) : now + lifetime;
    if (tx.one(store::count_open, now) >= open_max) {
      throw Fault(Kind::rate_limited, "too_many_tickets",
                  fmt::format("{} tickets are open; revoke some first", open_max));
    }
    // From now on somebody knows this platform by its key.
    tx.run(sql::write_fact, std::string(promised_fact), print);
    tx.run(store::add, id, sql::BytesView(digest), name, led_to.role, led_to.parent, led_to.runtime,
           led_to.tier, led_to.x, led_to.y, now, until, caller.key());
    events::TicketGivenOut made{id, name, led_to.role, led_to.parent, until, caller.by()};
    parts_.log.append(tx, events::event<events::Type::TICKET_MADE>({}, made));
    return until;
  };
  const Instant until = co_await parts_.db.write(std::move(work));
  log::info("ticket made", log::field("ticket", ticket.id));

  http::Reply<api::TicketMade> reply{201, {}};
  reply.body.id = ticket.id;
  reply.body.ticket = ticket.text().reveal();
  reply.body.expires_at = until;
  reply.body.command = "molecule join " + reply.body.ticket;
  reply.body.platform_url = ticket.platform_url;
  reply.body.fingerprint = ticket.fingerprint();
  co_return std::move(reply).unkept();
}

io::Task<api::TicketPage> Service::list(auth::Operator::Caller) {
  auto rows =
      co_await parts_.db.read([](sql::Read& read) { return read.all(store::list, listed_max); });
  api::TicketPage page;
  const Instant now = parts_.clock.now();
  for (store::Row& row : rows) page.tickets.push_back(shown(std::move(row), now));
  page.count = static_cast<std::int64_t>(page.tickets.size());
  co_return page;
}

io::Task<api::Done> Service::revoke(auth::Operator::Caller caller, TicketId id) {
  auto work = [this, id, by = caller.by()](sql::Tx& tx) {
    if (tx.run(store::revoke, id, parts_.clock.now()) == 0) {
      if (tx.one(store::is_redeemed, id) == 0) throw ticket_not_found();
      throw conflict("ticket_used",
                     "an agent has joined with this ticket; remove its workspace instead");
    }
    parts_.log.append(tx, events::event<events::Type::TICKET_REVOKED>({}, {id, by}));
  };
  co_await parts_.db.write(std::move(work));
  log::info("ticket revoked", log::field("ticket", id));
  co_return api::Done{"revoked"};
}

io::Task<api::AgentKey> Service::agent_key(auth::Self::Caller, WorkspaceId workspace) {
  auto look = [this, workspace](sql::Read& read) {
    parts_.workspaces.table().live(read, workspace);
    return read.optional(store::find_key, workspace);
  };
  auto row = co_await parts_.db.read(look);
  auto key = row ? crypto::public_key_from(crypto::Bytes(row->public_key)) : std::nullopt;
  api::AgentKey shown{workspace, {}, {}, {}};
  if (key) shown = {workspace, crypto::text_of(*key), crypto::fingerprint(*key), row->created_at};
  co_return shown;
}

io::Task<api::Done> Service::remove_agent_key(auth::Admin::Caller, WorkspaceId workspace) {
  auto work = [this, workspace](sql::Tx& tx) { return parts_.keys.remove(tx, workspace); };
  const bool removed = co_await parts_.db.write(std::move(work));
  if (!removed) throw key_not_found();
  log::info("agent key removed", log::field("workspace", workspace));
  co_return api::Done{"removed"};
}

void Service::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  for (WorkspaceId id : ids) {
    for (TicketId ticket : tx.all(store::revoke_below, id, parts_.clock.now()))
      parts_.log.append(tx, events::event<events::Type::TICKET_REVOKED>({}, {ticket}));
  }
}

void Service::ended(sql::Tx& tx, const auth::store::KeyRow& key, const auth::Caller& by) {
  for (TicketId ticket : tx.all(store::revoke_made_by, key.id, parts_.clock.now()))
    parts_.log.append(tx, events::event<events::Type::TICKET_REVOKED>({}, {ticket, by.by()}));
}

io::Task<void> Service::prune() {
  const Instant before = parts_.clock.now() - kept_after;
  auto work = [before](sql::Tx& tx) { tx.run(store::prune, before); };
  co_await parts_.db.write(work);
}

}  // namespace molecule::tickets
