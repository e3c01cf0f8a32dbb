#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "server/auth/attempts.h"
#include "server/presence/registration.h"
#include "server/tickets/ticket_rules.h"
#include "server/tickets/tickets_service.h"

namespace molecule::tickets {
namespace {

Fault no_ticket() {
  return {Kind::gone, "ticket_invalid",
          "this is no ticket of this platform, or it was mistyped; have a new one made"};
}

Fault why_not(api::TicketState state, bool replayed) {
  if (replayed) {
    return conflict("ticket_replayed",
                    "this redemption was heard before; ask again with a higher attempt and a proof "
                    "for it");
  }
  switch (state) {
    case api::TicketState::expired:
      return {Kind::gone, "ticket_expired",
              "the ticket's time is over; have a new one made with `molecule ticket create`"};
    case api::TicketState::revoked:
      return {Kind::gone, "ticket_revoked", "an operator took the ticket back; ask for a new one"};
    default:
      return conflict(
          "ticket_used",
          "an agent joined with this ticket and uses the token that it got, or token or "
          "key were taken away since; have a new one made");
  }
}

}  // namespace

Fault Service::failed(std::string_view address, Fault why) const {
  return auth::failed_attempt(parts_.limits, parts_.clock, address, std::move(why));
}

Service::Attempt Service::read_attempt(const http::Request& request) const {
  auto body = json::read<api::Redemption>(request.body);
  auto ticket = TicketText::parse(body.ticket);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(body.ticket.data()), body.ticket.size()});
  if (!ticket) throw failed(request.peer, no_ticket());
  if (!ticket->names(parts_.platform_key.public_key())) {
    throw failed(request.peer,
                 conflict("ticket_of_another_key",
                          "the ticket names another platform key than this platform has; it was "
                          "made elsewhere, or before the key was changed"));
  }
  auto agent = crypto::public_key_from(std::string_view(body.agent_key));
  if (!agent) {
    throw bad_request("agent_key_invalid",
                      "agent_key is base64url of the 32 bytes of an Ed25519 public key");
  }
  const std::int64_t number = body.attempt.value_or(0);
  if (number < 0) throw bad_request("invalid_request_body", "attempt is 0 or more");
  const auto proof = crypto::base64url_decode(body.proof).value_or(std::vector<std::uint8_t>{});
  if (!crypto::verify(*agent, proof_statement(ticket->id, number), proof)) {
    throw failed(request.peer, {Kind::forbidden, "agent_key_unproven",
                                "proof is not that key's signature for this ticket"});
  }
  RawJson card;
  if (body.agent_card) {
    if (!body.agent_card->text.starts_with('{'))
      throw bad_request("invalid_request_body", "agent_card is an object");
    card = presence::checked_card(std::move(*body.agent_card));
  }
  return {std::move(*ticket),     *agent,          number,
          body.name.value_or(""), std::move(card), std::string(request.peer)};
}

io::Task<http::Reply<api::TicketRedeemed>> Service::redeem(auth::Open::Caller,
                                                           const http::Request& request) {
  Attempt attempt = read_attempt(request);
  auto work = [this, &attempt](sql::Tx& tx) { return try_to_redeem(tx, attempt); };
  Outcome outcome = co_await parts_.db.write(work);
  if (!outcome.admitted) {
    Fault refusal = co_await refuse(std::move(attempt), std::move(outcome));
    throw refusal;
  }
  const Admitted& admitted = *outcome.admitted;
  log::info("ticket redeemed", log::field("ticket", attempt.ticket.id),
            log::field("workspace", admitted.workspace));
  http::Reply<api::TicketRedeemed> reply{201, {}};
  reply.body.workspace_id = admitted.workspace;
  reply.body.name = admitted.name;
  reply.body.auth_token = admitted.token.reveal();
  reply.body.platform_key = crypto::text_of(parts_.platform_key.public_key());
  reply.body.signature = crypto::base64url_encode(parts_.platform_key.sign(
      answer_statement(attempt.ticket.id, attempt.agent, admitted.workspace)));
  co_return std::move(reply).unkept();
}

Service::Outcome Service::try_to_redeem(sql::Tx& tx, const Attempt& attempt) {
  const crypto::Digest digest = attempt.ticket.digest();
  auto row = tx.optional(store::find, attempt.ticket.id, sql::BytesView(digest));
  Outcome outcome;
  outcome.known = row.has_value();
  if (!row) return outcome;
  const Instant now = parts_.clock.now();
  outcome.state = state_of(*row, now);
  if (outcome.state == api::TicketState::open) {
    outcome.admitted = admit(tx, attempt, *row);
    return outcome;
  }
  if (outcome.state != api::TicketState::redeemed) return outcome;
  if (row->expires_at <= now) {
    outcome.state = api::TicketState::expired;
    return outcome;
  }
  return admit_again(tx, attempt, *row);
}

Service::Admitted Service::admit(sql::Tx& tx, const Attempt& attempt, const store::Row& row) {
  auto made = parts_.workspaces.make(tx, workspace_of(row, attempt.name));
  workspaces::Table& table = parts_.workspaces.table();
  // Its agent is known by now: nobody may come without a credential.
  table.close_claim(tx, made.row.id);
  if (!attempt.card.empty())
    table.set_card(tx, made.row.id, presence::reconciled(attempt.card, made.row));
  const Instant now = parts_.clock.now();
  parts_.keys.pin(tx, made.row.id, attempt.agent, now);
  if (tx.run(store::redeem, row.id, now, sql::BytesView(attempt.agent.bytes), attempt.address,
             made.row.id, made.token_id, attempt.attempt) != 1)
    throw internal("a ticket that was open could not be redeemed");
  tell_spent(tx, attempt, made.row.id, false);
  return {made.row.id, made.row.name, std::move(made.token)};
}

// The answer was lost: whoever holds the same key is the same agent, and shows it by an attempt
// that was not heard yet. The token of before was seen by nobody, or by somebody who should not
// have it.
Service::Outcome Service::admit_again(sql::Tx& tx, const Attempt& attempt, const store::Row& row) {
  Outcome outcome;
  outcome.state = api::TicketState::redeemed;
  const crypto::Bytes key(attempt.agent.bytes);
  if (!row.redeemed_key || !std::ranges::equal(*row.redeemed_key, key) || !row.workspace_id)
    return outcome;
  auto workspace = parts_.workspaces.table().live(tx, *row.workspace_id);
  if (!parts_.keys.is_pinned(tx, workspace.id, attempt.agent)) return outcome;
  outcome.replayed = attempt.attempt <= row.attempt.value_or(0);
  if (outcome.replayed) return outcome;
  // Once it was used, its holder has it; once it was taken away, it is to stay so.
  if (!row.token_id || !parts_.tokens.revoke_unused(tx, workspace.id, *row.token_id))
    return outcome;
  auto minted = parts_.tokens.mint(tx, workspace.id, auth::TokenOptions::by("ticket"));
  tx.run(store::redeem_again, row.id, minted.id, attempt.attempt);
  tell_spent(tx, attempt, workspace.id, true);
  outcome.admitted = Admitted{workspace.id, workspace.name, std::move(minted.text)};
  return outcome;
}

void Service::tell_spent(sql::Tx& tx, const Attempt& attempt, WorkspaceId workspace, bool again) {
  events::TicketSpent spent{attempt.ticket.id, crypto::text_of(attempt.agent), attempt.address,
                            again};
  parts_.log.append(tx, events::event<events::Type::TICKET_REDEEMED>(workspace, spent));
}

// That somebody came too late with a ticket that was good is on the log; whoever only guesses
// writes nothing, nor does who tries too often.
io::Task<Fault> Service::refuse(Attempt attempt, Outcome outcome) {
  if (!outcome.known) co_return failed(attempt.address, no_ticket());
  Fault why = failed(attempt.address, why_not(outcome.state, outcome.replayed));
  if (why.kind() == Kind::rate_limited) co_return why;
  events::TicketRejected rejected{attempt.ticket.id, outcome.state, crypto::text_of(attempt.agent),
                                  attempt.address};
  auto work = [this, &rejected](sql::Tx& tx) {
    parts_.log.append(tx, events::event<events::Type::TICKET_REFUSED>({}, rejected));
  };
  co_await parts_.db.write(work);
  log::warn("ticket refused", log::field("ticket", attempt.ticket.id),
            log::field("code", why.code()));
  co_return why;
}

}  // namespace molecule::tickets
