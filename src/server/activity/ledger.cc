#include "server/activity/ledger.h"

#include "platform/json/json.h"

namespace molecule::activity {
namespace {

std::optional<std::string> some(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}
std::optional<std::string> some(const RawJson& json) { return some(json.text); }

}  // namespace

std::string preview(std::string_view text, std::size_t max) {
  if (text.size() <= max) return std::string(text);
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

void Ledger::beat(sql::Tx& tx, WorkspaceId workspace) {
  tx.after_commit(
      [this, at = slot(workspace)] { pulses_[at].fetch_add(1, std::memory_order_release); });
}

void Ledger::write(sql::Tx& tx, const NewRow& row, std::int64_t seq, Instant now) {
  tx.post(store::insert, seq, row.workspace, row.activity_type, row.source, row.target,
          some(row.method), some(row.summary), some(row.request_body), some(row.response_body),
          some(row.tool_trace), row.duration_ms, row.status, row.error_detail, now, row.message_id,
          row.mail, row.mail == Mail::leased ? 1 : 0, row.expires_at, row.hops, row.rpc_id,
          row.delegation, row.reply_to);
}

void Ledger::announce(sql::Tx& tx, const NewRow& row, ActivityId id) {
  json::Object payload;
  payload.add("activity_id", id).add("activity_type", row.activity_type).add("status", row.status);
  payload.add("source_id", row.source).add("target_id", row.target);
  if (!row.method.empty()) payload.add("method", row.method);
  if (!row.summary.empty()) payload.add("summary", row.summary);
  payload.add_some("duration_ms", row.duration_ms).add_some("message_id", row.message_id);
  payload.add_some("error_detail", row.error_detail);
  if (!row.request_body.empty() && row.request_body.text.size() <= event_body_max) {
    payload.add("request_body", row.request_body);
  }
  if (!row.response_body.empty() && row.response_body.text.size() <= event_body_max) {
    payload.add("response_body", row.response_body);
  }
  if (!row.tool_trace.empty() && row.tool_trace.text.size() <= event_body_max) {
    payload.add("tool_trace", row.tool_trace);
  }
  log_.append(tx, {events::Type::ACTIVITY_LOGGED, row.workspace, payload.raw()});
}

Place Ledger::record(sql::Tx& tx, const NewRow& row) {
  Instant now = clock_.now();
  Place place{tx.next("activity"), {}, now};
  place.id = make_id(now, place.seq);
  write(tx, row, place.seq, now);
  announce(tx, row, place.id);
  beat(tx, row.workspace);
  return place;
}

Ledger::Accepted Ledger::accept(sql::Tx& tx, const NewRow& row) {
  Accepted accepted;
  if (row.message_key) {
    if (auto hint = keys_.find(*row.message_key)) {
      auto earlier = find(tx, *hint);
      if (earlier && earlier->workspace_id == row.workspace && earlier->source_id == row.source &&
          earlier->message_id == row.message_id) {
        accepted.place = {earlier->seq, make_id(earlier->created_at, earlier->seq),
                          earlier->created_at};
        accepted.earlier = std::move(earlier);
        return accepted;
      }
    }
  }
  accepted.place = record(tx, row);
  if (row.message_key) {
    tx.post(store::insert_key, accepted.place.seq, sql::BytesView(*row.message_key));
    keys_.remember(*row.message_key, accepted.place.seq);
  }
  return accepted;
}

std::optional<store::Message> Ledger::taken(sql::Tx& tx, const IdBytes& key) {
  auto seq = tx.optional(store::seq_by_key, sql::BytesView(key));
  if (!seq) return std::nullopt;
  auto message = find(tx, *seq);
  if (message) {
    keys_.remember(key, *seq);
  } else {
    tx.run(store::release_key, sql::BytesView(key));
  }
  return message;
}

void Ledger::load_keys(sql::Tx& tx) {
  auto newest = tx.all(store::newest_keys, static_cast<std::int64_t>(MessageKeys::known_max));
  for (auto each = newest.rbegin(); each != newest.rend(); ++each) {
    keys_.remember(each->message_key.bytes(), each->seq);
  }
}

void Ledger::prune_keys(sql::Tx& tx, std::int64_t max) {
  tx.run(store::prune_keys, keys_.oldest(), max);
}

std::optional<store::Message> Ledger::find(sql::Statements& statements, std::int64_t seq) {
  return statements.optional(store::message, seq);
}

std::optional<store::Message> Ledger::find(sql::Statements& statements, ActivityId id) {
  auto found = find(statements, seq_of(id));
  if (found && make_id(found->created_at, found->seq) != id) return std::nullopt;
  return found;
}

bool Ledger::settle(sql::Tx& tx, const store::Message& message, const Result& result) {
  std::int64_t changed = tx.run(store::settle, message.seq, message.lease_epoch, result.status,
                                some(result.response_body), result.error_detail, result.duration_ms,
                                some(result.tool_trace));
  if (changed == 0) return false;
  NewRow outcome;
  outcome.workspace = message.workspace_id;
  outcome.activity_type = "a2a_receive";
  outcome.source = message.source_id;
  outcome.target = message.workspace_id;
  outcome.method = message.method.value_or("");
  outcome.response_body = result.response_body;
  outcome.duration_ms = result.duration_ms;
  outcome.status = result.status;
  outcome.error_detail = result.error_detail;
  outcome.tool_trace = result.tool_trace;
  outcome.message_id = message.message_id;
  announce(tx, outcome, make_id(message.created_at, message.seq));
  beat(tx, message.workspace_id);
  return true;
}

std::optional<store::Message> Ledger::lease(sql::Tx& tx, WorkspaceId workspace) {
  return tx.optional(store::lease, workspace, clock_.steady());
}

bool Ledger::requeue(sql::Tx& tx, const store::Message& message, std::optional<Instant> not_before,
                     std::string why) {
  return tx.run(store::requeue, message.seq, message.lease_epoch, not_before, std::move(why)) > 0;
}

bool Ledger::bury(sql::Tx& tx, const store::Message& message, std::string_view why,
                  const RawJson& told) {
  if (tx.run(store::bury, message.seq, message.lease_epoch, why, some(told)) == 0) return false;
  NewRow outcome;
  outcome.workspace = message.workspace_id;
  outcome.activity_type = "a2a_receive";
  outcome.source = message.source_id;
  outcome.target = message.workspace_id;
  outcome.method = message.method.value_or("");
  outcome.status = "error";
  outcome.error_detail = std::string(why);
  outcome.message_id = message.message_id;
  announce(tx, outcome, make_id(message.created_at, message.seq));
  beat(tx, message.workspace_id);
  return true;
}

}  // namespace molecule::activity
