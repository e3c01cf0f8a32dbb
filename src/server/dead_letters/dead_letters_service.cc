#include "server/dead_letters/dead_letters_service.h"

#include <algorithm>
#include <limits>

#include "platform/json/json.h"
#include "wire/a2a/again.h"

namespace molecule::dead_letters {
namespace {

constexpr std::int64_t list_max = 200;
constexpr std::size_t reason_max = 1000;  // Bytes.

constexpr auto table = http::table(
    http::get<auth::Operator, &Service::list>("/dead-letters")
        .says("Messages that ended without anybody's word, newest first.")
        .refuses("bad_query"),
    http::post<auth::Operator, &Service::resend>("/dead-letters/{id}/resend")
        .says("Sends a dead letter again, as a new message of the same sender.")
        .refuses("dead_letter_not_found", "dead_letter_decided", "reason_required",
                 "workspace_not_found", "workspace_removed", "not_reachable", "mailbox_full"),
    http::post<auth::Operator, &Service::drop>("/dead-letters/{id}/drop")
        .says("Drops a dead letter: nobody needs to see it any more.")
        .refuses("dead_letter_not_found", "dead_letter_decided", "reason_required"));

std::string_view standing_of(messages::End end) {
  return end == messages::End::expired ? "expired" : "dead_letter";
}

api::DeadLetter shown(Row row) {
  api::DeadLetter out;
  out.id = messages::make_id(row.created_at, row.message);
  out.seq = row.message;
  out.workspace_id = row.target_id;
  out.source_id = row.source_id;
  out.standing = standing_of(row.end);
  out.summary = std::move(row.summary);
  out.error = std::move(row.error);
  out.created_at = row.created_at;
  out.ended_at = row.ended_at;
  if (row.handled) out.fate = *row.handled;
  if (row.handled_at) out.decided_at = *row.handled_at;
  if (row.handled_by) out.decided_by = std::move(*row.handled_by);
  if (row.reason) out.reason = std::move(*row.reason);
  if (row.again && row.again_at) out.sent_again_as = messages::make_id(*row.again_at, *row.again);
  return out;
}

std::string name_of(const auth::Caller& caller) {
  switch (caller.who()) {
    case auth::Who::session: return "a signed-in browser";
    case auth::Who::developer: return "the dev profile";
    case auth::Who::read_key:
    case auth::Who::operate_key:
    case auth::Who::admin_key: return caller.actor();
    case auth::Who::admin_token:
    case auth::Who::nobody:
    case auth::Who::workspace:
    case auth::Who::departed: break;
  }
  return "the admin token";
}

std::string reason_in(api::DeadLetterDecision decision) {
  if (!decision.reason || decision.reason->find_first_not_of(" \t\r\n") == std::string::npos)
    throw bad_request("reason_required", "say why: reason is required");
  if (decision.reason->size() > reason_max)
    throw bad_request("reason_required", fmt::format("reason has at most {} bytes", reason_max));
  return std::move(*decision.reason);
}

}  // namespace

const std::span<const http::Route> routes = table;

void Letters::ended(sql::Tx& tx, const messages::Message& message,
                    const messages::Outcome& outcome) {
  if (outcome.end != messages::End::dead && outcome.end != messages::End::expired) return;
  tx.post(store::insert, message.seq, message.target, message.source, outcome.end, clock_.now());
}

io::Task<api::DeadLetterPage> Service::list(auth::Operator::Caller, http::Query<ListQuery> query) {
  const ListQuery& asked = query.value;
  std::optional<WorkspaceId> of;
  if (asked.workspace_id) {
    of = WorkspaceId::parse(*asked.workspace_id);
    if (!of) throw bad_request("bad_query", "workspace_id must be a UUID");
  }
  if (asked.state && *asked.state != "open" && *asked.state != "decided")
    throw bad_request("bad_query", "state must be 'open' or 'decided'");
  const std::int64_t decided = asked.state == "decided" ? 1 : 0;
  const std::int64_t limit = std::clamp<std::int64_t>(asked.limit.value_or(50), 1, list_max);
  const std::int64_t before = asked.before_seq.value_or(std::numeric_limits<std::int64_t>::max());
  auto rows = co_await db_.read(
      [&](sql::Read& read) { return read.all(store::page, of, decided, before, limit + 1); });
  api::DeadLetterPage page;
  const bool more = rows.size() > static_cast<std::size_t>(limit);
  if (more) rows.resize(static_cast<std::size_t>(limit));
  if (more) page.next_before_seq = rows.back().message;
  for (Row& row : rows) page.items.push_back(shown(std::move(row)));
  co_return page;
}

Row Service::find(sql::Statements& statements, ActivityId id) const {
  auto row = statements.optional(store::find, messages::seq_of(id));
  if (!row || messages::make_id(row->created_at, row->message) != id)
    throw not_found("dead_letter");
  if (row->handled) {
    throw conflict("dead_letter_decided",
                   fmt::format("it was {} already", enum_text(*row->handled)));
  }
  return std::move(*row);
}

void Service::decide(sql::Tx& tx, const Row& letter, const Decision& decision,
                     std::optional<std::int64_t> again) {
  if (tx.run(store::decide, letter.message, decision.fate, clock_.now(),
             std::string_view(decision.by), std::string_view(decision.reason), again) == 0)
    throw conflict("dead_letter_decided", "somebody else has decided about it");
  activity::NewReport row;
  row.workspace = letter.target_id;
  row.activity_type = "dead_letter";
  row.target = letter.target_id;
  row.method = enum_text(decision.fate);
  row.summary =
      fmt::format("{} by {}: {}", decision.fate == Fate::resent ? "Sent again" : "Dropped",
                  decision.by, activity::preview(decision.reason, 200));
  json::Object body;
  body.add("dead_letter", messages::make_id(letter.created_at, letter.message));
  body.add("by", decision.by).add("reason", decision.reason);
  row.request_body = body.raw();
  feed_.record(tx, row);
}

io::Task<api::DeadLetterDecided> Service::drop(auth::Operator::Caller caller, ActivityId id,
                                               api::DeadLetterDecision decision) {
  const Decision made{Fate::dropped, name_of(caller), reason_in(std::move(decision))};
  co_await db_.write([&, this](sql::Tx& tx) { decide(tx, find(tx, id), made, std::nullopt); });
  co_return api::DeadLetterDecided{id, Fate::dropped, {}};
}

io::Task<api::DeadLetterDecided> Service::resend(auth::Operator::Caller caller, ActivityId id,
                                                 api::DeadLetterDecision decision) {
  const Decision made{Fate::resent, name_of(caller), reason_in(std::move(decision))};
  // With what it belongs to: who delegated it hears of it, and who calls that off reaches it.
  std::optional<std::string> parent;
  auto record = co_await db_.read([&, this](sql::Read& read) {
    find(read, id);
    auto found = ledger_.find(read, id);
    if (found && found->message.parent) {
      auto above = ledger_.head(read, *found->message.parent);
      if (above) parent = above->message.id().text();
    }
    return found;
  });
  if (!record) throw not_found("dead_letter");
  // Another message, or it would be the one that has ended.
  const std::string again_id = random_.id<RequestId>().text();
  auto anew = [&] { return a2a::sent_again(record->body.text, again_id); };
  std::string body;
  if (record->body.text.size() > io::short_text_max) {
    body = co_await aside_.run(anew);
  } else {
    body = anew();
  }
  proxy::Admission admission = co_await proxy_.admit(record->message.source, record->message.target,
                                                     std::move(body), std::move(parent));
  // The life it was given is over; who sends it again wants it to arrive.
  admission.message.expires_in_seconds.reset();
  auto accepted = co_await db_.write([&, this](sql::Tx& tx) {
    auto out = proxy_.accept(tx, admission, record->message.delegation);
    decide(tx, find(tx, id), made, out.message.seq);
    return out;
  });
  const ActivityId as = accepted.place.id;
  io::Context here = co_await io::context();
  for (io::Scope* scope : scopes_) {
    if (&scope->loop() != here.loop) continue;
    scope->spawn("dead letter", proxy_.dispatch(std::move(admission), std::move(accepted)));
    break;
  }
  api::DeadLetterDecided out{id, Fate::resent, {}};
  out.sent_again_as = as;
  co_return out;
}

}  // namespace molecule::dead_letters
