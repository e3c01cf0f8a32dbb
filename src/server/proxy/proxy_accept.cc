// Accepting a message durably, and recording one that is an answer.
#include "platform/json/json.h"
#include "server/proxy/proxy_service.h"

namespace molecule::proxy {
namespace {

using activity::Mail;
using activity::store::Message;

Mail mail_for(Link link) {
  switch (link) {
    case Link::push: return Mail::leased;
    case Link::poll: return Mail::polled;
    case Link::mailbox: return Mail::queued;
  }
  return Mail::queued;
}

activity::NewRow row_for(const Admission& admission, Instant now) {
  activity::NewRow row;
  row.workspace = admission.target.id;
  row.activity_type = "a2a_receive";
  row.source = admission.source;
  row.target = admission.target.id;
  row.method = admission.message.method;
  row.summary = fmt::format("{} → {}: {}", admission.message.method, admission.target.name,
                            activity::preview(admission.message.text, 160));
  row.request_body = RawJson(admission.message.body);
  row.message_id = admission.message.message_id;
  row.message_key = admission.key;
  row.mail = mail_for(admission.target.link);
  row.status = row.mail == Mail::polled ? "ok" : row.mail == Mail::queued ? "queued" : "pending";
  row.hops = admission.hops;
  row.rpc_id = admission.message.rpc_id;
  if (admission.message.expires_in_seconds) {
    row.expires_at = now + std::chrono::seconds(std::min<std::int64_t>(
                               *admission.message.expires_in_seconds, 30LL * 86400));
  }
  return row;
}

Message message_of(const activity::NewRow& row, const activity::Place& place,
                   std::optional<DelegationId> delegation) {
  Message message;
  message.seq = place.seq;
  message.workspace_id = row.workspace;
  message.source_id = row.source;
  message.method = row.method;
  message.request_body = row.request_body;
  message.status = std::string(row.status);
  message.created_at = place.created_at;
  message.message_id = row.message_id;
  message.mail = row.mail;
  message.lease_epoch = row.mail == Mail::leased ? 1 : 0;
  message.expires_at = row.expires_at;
  message.hops = row.hops;
  message.rpc_id = row.rpc_id;
  message.delegation_id = delegation;
  return message;
}

// Each but the first follows a message of the same id that came and went in between.
constexpr int accept_tries = 3;

}  // namespace

Service::Accepted Service::accept(sql::Tx& tx, const Admission& admission,
                                  std::optional<DelegationId> delegation) {
  activity::NewRow row = row_for(admission, clock_.now());
  row.delegation = delegation;
  auto written = ledger_.accept(tx, row);
  Accepted accepted;
  accepted.place = written.place;
  if (written.earlier) {
    accepted.message = std::move(*written.earlier);
    accepted.repeated = true;
    return accepted;
  }
  accepted.message = message_of(row, written.place, delegation);
  if (!admission.source) {
    json::Object payload;
    payload.add("message_id", admission.message.message_id)
        .add("content", activity::preview(admission.message.text, activity::event_body_max))
        .add("workspace_id", admission.target.id)
        .add("activity_id", written.place.id);
    log_.append(tx, {events::Type::USER_MESSAGE, admission.target.id, payload.raw()});
  }
  if (row.mail == Mail::queued) {
    tx.after_commit([this, agent = row.workspace] { count_waiting(agent, 1); });
  }
  return accepted;
}

// Accepts it, or finds the message that another process accepted with the same id.
io::Task<Service::Accepted> Service::accept_once(const Admission& admission) {
  for (int tries = 0; tries < accept_tries; ++tries) {
    try {
      co_return co_await db_.write(
          [&, this](sql::Tx& tx) { return accept(tx, admission, std::nullopt); });
    } catch (const sql::ConstraintViolation& violation) {
      // Looked up below: a handler cannot wait.
      if (!violation.about("message_keys")) throw;
    }
    auto earlier =
        co_await db_.write([&, this](sql::Tx& tx) { return ledger_.taken(tx, admission.key); });
    if (earlier) {
      Accepted accepted;
      accepted.place = {earlier->seq, activity::make_id(earlier->created_at, earlier->seq),
                        earlier->created_at};
      accepted.message = std::move(*earlier);
      accepted.repeated = true;
      co_return accepted;
    }
  }
  throw unavailable("this message id is being used and given up at the same time; try again");
}

io::Task<std::optional<http::Response>> Service::record_reply(Admission& admission,
                                                              ActivityId reply_to, bool certain) {
  WorkspaceId self = *admission.source;
  WorkspaceId asker = admission.target.id;
  struct Found {
    bool known = false;
    bool recorded = false;
    bool delegated = false;
  };
  a2a::Answer answer;
  answer.text = admission.message.text;
  if (admission.message.failed) answer.outcome = a2a::Outcome::failed;
  answer.error = answer.text;
  auto found = co_await db_.write([&, this](sql::Tx& tx) {
    Found outcome;
    auto asked = ledger_.find(tx, reply_to);
    outcome.known = asked && asked->workspace_id == self && asked->source_id == asker;
    if (!outcome.known) return outcome;
    outcome.delegated = asked->delegation_id.has_value();
    answer.body =
        a2a::answer_from(admission.message.body, a2a::generation_of(asked->method.value_or("")),
                         asked->rpc_id.value_or("null"));
    if (asked->mail == Mail::polled) outcome.recorded = settler_.record_answer(tx, *asked, answer);
    return outcome;
  });
  if (!found.known) {
    if (!certain) co_return std::nullopt;
    throw Fault(Kind::not_found, "reply_to_not_found",
                "reply_to names no message that this workspace received from that peer");
  }
  // An answer to a delegation is delivered by the delegation; any other goes on to the asker as a
  // message. Also when it was recorded before: a crash may have come between, and the message's own
  // id keeps a repeated one from arriving twice.
  if (!found.delegated) co_return std::nullopt;
  if (found.recorded) probe_.answered.add();
  json::Object body;
  body.add("status", "recorded").add("activity_id", reply_to).add("duplicate", !found.recorded);
  co_return receipt(200, std::move(body), admission.message, "completed", reply_to);
}

}  // namespace molecule::proxy
