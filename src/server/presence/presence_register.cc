#include "server/presence/presence_service.h"

namespace molecule::presence {

namespace {

// Whoever says how an agent is and where, speaks for it.
void require_to_speak(const auth::Caller& caller) {
  if (caller.scope() == api::KeyScope::admin) return;
  throw Fault(Kind::forbidden, "insufficient_scope",
              "speaking for an agent needs its token, or a key of scope admin");
}

using workspaces::Delivery;
using workspaces::Row;

// Why nobody may register for it without a token.
std::string_view why_closed(const Row& row) {
  if (row.registered_at) return "this workspace was claimed already";
  if (row.claim_until) return "the time in which this workspace could be claimed is over";
  if (workspaces::joins_by_itself(row.runtime))
    return "this workspace cannot be claimed without its token: that was given out anew, or there are "
           "organisation keys, whose holders see its id";
  return "this workspace was not made for an agent that joins by itself (runtime external), so it cannot be "
         "claimed";
}

Fault token_required(const Row& row, std::string_view why) {
  std::string_view way = workspaces::joins_by_itself(row.runtime)
                             ? "POST /workspaces/{id}/external/rotate"
                             : "POST /admin/workspaces/{id}/tokens";
  return Fault(Kind::unauthenticated, "workspace_token_required",
               fmt::format("{}: send its token as Authorization: Bearer", why))
      .with(
          json::members(api::Hint{fmt::format("An operator gives out a new token with {}.", way)}));
}

Fault token_of_another() {
  return {Kind::forbidden, "token_workspace_mismatch", "the token belongs to another workspace"};
}

Delivery resolved_delivery(const Registration& wanted, const Row* row) {
  if (wanted.delivery) return *wanted.delivery;
  if (row && row->delivery) return *row->delivery;
  if (!wanted.url.empty()) return Delivery::push;
  if (!row || workspaces::joins_by_itself(row->runtime)) return Delivery::poll;
  return Delivery::push;
}

// The address to keep: none when polling, and none of an agent that is reached over its own
// connection and names none.
std::string resolved_url(const Registration& wanted, Delivery delivery, bool relayed) {
  if (delivery == Delivery::poll || (relayed && wanted.url.empty())) return {};
  const std::string& url = wanted.url.empty() ? wanted.card_url : wanted.url;
  if (url.empty()) throw bad_request("url_required", "url is required for push-mode workspaces");
  return url;
}

}  // namespace

Service::Right Service::right_to_register(const auth::Caller& caller, const Row& row) const {
  if (caller.is_operator()) return Right::operator_;
  if (auto self = caller.workspace()) {
    if (*self != row.id) throw token_of_another();
    return Right::owner;
  }
  bool heard = roster_.of(row.id).last_heartbeat_at.has_value();
  if (heard) throw token_required(row, "this workspace was claimed already");
  if (!table_.claimable(row)) throw token_required(row, why_closed(row));
  return Right::claim;
}

// While an agent that proved its key is connected, its token alone leads no message elsewhere.
void Service::require_way(WorkspaceId id, bool elsewhere) const {
  if (!elsewhere || !relayed_.is_relayed(id) || !relayed_.is_pinned(id)) return;
  throw Fault(Kind::conflict, "agent_key_pinned",
              "the agent of this workspace is known by its key, and is connected: messages go "
              "there and nowhere else. Stop it first, or take its key away");
}

Row Service::row_to_register(sql::Tx& tx, const Registration& wanted, const auth::Caller& caller) {
  auto row = table_.find(tx, wanted.id);
  if (row && row->status == workspaces::Status::removed)
    throw workspaces::removed_workspace(row->id, row->removed_at);
  if (row) return std::move(*row);
  if (!may_create(caller)) throw workspaces::unknown_workspace();
  return create(tx, wanted);
}

bool Service::may_create(const auth::Caller& caller) const {
  return settings_.register_creates && !caller.workspace();
}

Row Service::create(sql::Tx& tx, const Registration& wanted) {
  Row made;
  made.id = wanted.id;
  made.name = wanted.id.text();
  made.tier = 1;
  made.runtime = "external";
  made.created_at = made.updated_at = table_.clock().now();
  // This very registration claims it, as one of a workspace that was made on the canvas would.
  made.claim_until = made.created_at + std::chrono::minutes(1);
  workspaces_.stand(made);
  table_.insert(tx, made);
  workspaces_.note_name(made);
  workspaces_.announce_provisioning(tx, made);
  return made;
}

void Service::tell_refused(WorkspaceId id, const Fault& fault) {
  auto brief = table_.directory().brief(id);
  if (!brief || brief->status == workspaces::Status::removed) return;
  log_.announce(events::event<events::Type::AGENT_REFUSED>(id, {fault.code(), fault.text()}));
}

io::Task<http::Reply<api::Registered>> Service::enrol(auth::Enrol::Caller caller,
                                                      api::Registration body) {
  const WorkspaceId id = body.id ? *body.id : body.workspace_id.value_or(WorkspaceId{});
  try {
    co_return co_await let_in(caller, registration_of(std::move(body)));
  } catch (const Fault& fault) {
    // What keeps the platform from letting anybody in is no refusal.
    if (fault.kind() != Kind::cancelled && http_status(fault.kind()) < 500) tell_refused(id, fault);
    throw;
  }
}

io::Task<http::Reply<api::Registered>> Service::let_in(auth::Enrol::Caller caller,
                                                       Registration wanted) {
  // Who may is settled before the address is looked at, so that trying addresses tells a stranger
  // nothing.
  auto look = [this, caller, id = wanted.id](sql::Read& read) {
    auto row = table_.find(read, id);
    if (row && row->status != workspaces::Status::removed) right_to_register(caller, *row);
    return row;
  };
  std::optional<Row> before = co_await db_.read(std::move(look));
  if (before && before->status == workspaces::Status::removed) {
    throw workspaces::removed_workspace(before->id, before->removed_at);
  }
  // Whose token it is, is known: it is not the token of an id that nobody has, in either profile.
  if (!before && caller.workspace()) {
    const api::Hint hint{settings_.register_creates
                             ? "Send no Authorization to make a workspace of this id."
                             : "An agent registers with the token of its own workspace."};
    throw token_of_another().with(json::members(hint));
  }
  if (!before && !may_create(caller)) throw workspaces::unknown_workspace();
  Delivery delivery = resolved_delivery(wanted, before ? &*before : nullptr);
  std::string url = resolved_url(wanted, delivery, relayed_.is_relayed(wanted.id));
  require_way(wanted.id, delivery == Delivery::poll || !url.empty());
  if (!url.empty()) co_await urls_.check(url);
  if (!url.empty() && !wanted.card_url.empty() && wanted.card_url != url)
    co_await urls_.check(wanted.card_url);

  struct Outcome {
    Secret token;
    Secret inbound;
    int max_tasks = 1;
  };
  auto work = [this, caller, wanted, delivery, url](sql::Tx& tx) {
    Outcome outcome;
    Row row = row_to_register(tx, wanted, caller);
    outcome.max_tasks = row.max_concurrent_tasks;
    Right right = right_to_register(caller, row);
    if (right == Right::claim) {
      if (tokens_.was_used(tx, row.id))
        throw token_required(row, "the token of this workspace is in use already");
      if (!table_.claim(tx, row.id))
        throw token_required(row, "this workspace was claimed this very moment");
      // A token that was handed out and never used ends here: one agent holds the workspace.
      tokens_.revoke_all(tx, row.id);
    }
    RawJson card = reconciled(wanted.card, row);
    table_.enrol(tx, row.id, url, card, delivery);
    events::Arrival arrival;
    arrival.url = url;
    arrival.agent_card = card;
    arrival.delivery_mode = delivery;
    auto moved = table_.move(tx, row.id, workspaces::Trigger::registered, arrival);
    if (!moved && row.status == workspaces::Status::online) {
      table_.announce(tx, events::event<events::Type::WORKSPACE_ONLINE>(row.id, arrival));
    } else if (!moved) {
      table_.announce(tx, events::event<events::Type::AGENT_CARD_UPDATED>(row.id, {card}));
    }
    if (right == Right::claim || !tokens_.has_live(tx, row.id))
      outcome.token = tokens_.mint(tx, row.id, auth::TokenOptions::by("registration")).text;
    outcome.inbound = inbound_.ensure(tx, row.id);
    tx.after_commit([this, id = row.id, at = table_.clock().now()] { roster_.greet(id, at); });
    return outcome;
  };
  Outcome outcome = co_await db_.write(std::move(work));
  probe_.registrations.add();
  capacity_.agent_anew(wanted.id);
  offer(wanted.id, roster_.of(wanted.id).active_tasks, outcome.max_tasks);
  http::Reply<api::Registered> reply;
  reply.body.delivery_mode = delivery;
  if (!outcome.token.empty()) reply.body.auth_token = std::string(outcome.token.reveal());
  reply.body.platform_inbound_secret = outcome.inbound.reveal();
  co_return std::move(reply).unkept();
}

io::Task<http::Response> Service::heartbeat(auth::Member::Caller caller, api::Heartbeat&& body) {
  const Beat beat = beat_of(std::move(body));
  auto self = caller.workspace();
  if (self && *self != beat.workspace) throw token_of_another();
  if (!self) require_to_speak(caller);
  auto brief = table_.directory().brief(beat.workspace);
  if (!brief) throw workspaces::unknown_workspace();
  if (brief->status == workspaces::Status::removed) {
    auto entry = table_.directory().find(beat.workspace);
    throw workspaces::removed_workspace(beat.workspace, entry ? entry->removed_at : std::nullopt);
  }
  Roster::Heard heard = roster_.hear(beat, table_.clock().now());
  probe_.heartbeats.add();
  if (verdict(brief->status, heard.condition)) {
    // The answer says that it was heard, so what it changed can be read from then on. A store that
    // is away is tried again behind the beat.
    std::vector<Roster::Slot> slots{heard.slot};
    bool written = co_await write_snapshots(std::move(slots), true);
    if (!written) wake();
  } else if (heard.task_changed) {
    roster_.urge(heard.slot);
    wake();
  }
  offer(beat.workspace, beat.active_tasks, brief->max_concurrent_tasks);
  if (brief->is_called) {
    Secret inbound = inbound_.of(beat.workspace);
    if (!inbound.empty()) {
      api::Heard heard_and_secret;
      heard_and_secret.platform_inbound_secret = std::string(inbound.reveal());
      co_return http::Response::json(200, json::text(heard_and_secret));
    }
  }
  http::Response response;
  response.fixed = R"({"status":"ok"})";
  co_return response;
}

io::Task<api::Done> Service::update_card(auth::Member::Caller caller, api::CardUpdate body) {
  CardUpdate update = card_update_of(std::move(body));
  auto self = caller.workspace();
  if (self && *self != update.id) throw token_of_another();
  if (!self) require_to_speak(caller);
  require_way(update.id, update.url && !update.url->empty());
  if (update.url && !update.url->empty()) co_await urls_.check(*update.url);
  auto brief = table_.directory().brief(update.id);
  bool called = (brief && brief->is_called) || (update.url && !update.url->empty());
  if (called && !update.card_url.empty() && update.card_url != update.url)
    co_await urls_.check(update.card_url);
  auto work = [this, update = std::move(update)](sql::Tx& tx) {
    Row row = table_.live(tx, update.id);
    if (!update.card.empty()) {
      table_.set_card(tx, row.id, reconciled(update.card, row));
    }
    if (update.url && *update.url != row.url) table_.set_url(tx, row.id, *update.url);
  };
  co_await db_.write(std::move(work));
  co_return api::Done{"updated"};
}

}  // namespace molecule::presence
