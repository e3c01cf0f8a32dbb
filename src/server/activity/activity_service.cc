#include "server/activity/activity_service.h"

#include <algorithm>
#include <array>
#include <utility>

#include "server/workspaces/reach.h"
#include "wire/a2a/task.h"

namespace molecule::activity {
namespace {

std::string_view checked_type(const std::optional<std::string>& type) {
  if (!type || type->empty()) {
    throw bad_request("missing_field", "activity_type (ActivityType) is required");
  }
  auto known = std::find(reportable.begin(), reportable.end(), *type);
  if (known == reportable.end()) {
    std::string allowed;
    for (std::string_view name : reportable)
      allowed.append(allowed.empty() ? "" : ", ").append(name);
    throw bad_request("invalid_activity_type", "invalid activity_type, must be one of: " + allowed);
  }
  return *known;
}

void check_length(std::string_view name, const std::optional<std::string>& text, std::size_t max) {
  if (text && text->size() > max) {
    throw bad_request("field_too_long", fmt::format("{} is longer than {} bytes", name, max));
  }
}

constexpr std::size_t error_max = 4096;   // Bytes of a failure's cause, in lists.
constexpr std::size_t slice_max = 2'000;  // Rows that retention looks at in one transaction.

constexpr auto table = http::table(
    http::get<auth::Self, &Service::list>("/workspaces/{id}/activity")
        .says("A page of the activity feed; `wait` waits for a row, `since_id` goes on.")
        .refuses("invalid_source", "invalid_since_secs", "invalid_since_id", "invalid_peer_id",
                 "invalid_before_ts", "invalid_before_seq", "invalid_order", "invalid_wait",
                 "cursor_gone"),
    http::post<auth::Holder, &Service::report>("/workspaces/{id}/activity")
        .says("An agent reports what it did.")
        .refuses("missing_field", "invalid_activity_type", "field_too_long", "invalid_field",
                 "workspace_not_found"),
    http::post<auth::Holder, &Service::notify>("/workspaces/{id}/notify")
        .says("An agent speaks to people.")
        .refuses("missing_field", "message_too_large", "invalid_attachment", "invalid_reply_to",
                 "reply_to_not_found", "reply_to_peer", "workspace_not_found"));

bool is_answer(messages::End end) {
  return end == messages::End::answered || end == messages::End::failed;
}

messages::Outcome answer(const messages::Message& asked, ActivityId id, const std::string& text,
                         const std::string& parts) {
  messages::Outcome out;
  out.body = RawJson(
      a2a::answer_saying(text, parts, id.text(), a2a::generation_of(asked.method), asked.rpc_id));
  out.text = text;
  return out;
}

// As the task of an agent that failed.
messages::Outcome failure(const messages::Message& asked, ActivityId id, const std::string& text,
                          const std::string& parts, Instant now) {
  a2a::TaskFacts facts;
  facts.id = id.text();
  facts.context_id = asked.context_id.value_or(facts.id);
  facts.state = "failed";
  facts.at = now;
  facts.answer = a2a::answer_saying(text, parts, facts.id, a2a::Generation::v03, asked.rpc_id);
  messages::Outcome out;
  out.end = messages::End::failed;
  out.error = preview(text, error_max);
  out.task = messages::AgentTask{facts.id, facts.context_id, facts.state};
  out.body = RawJson(a2a::failed_answer(a2a::generation_of(asked.method), asked.rpc_id, facts));
  out.text = text;
  return out;
}

}  // namespace

const std::span<const http::Route> routes = table;

io::Task<api::Done> Service::report(auth::Holder::Caller caller, WorkspaceId id, Report report) {
  NewReport row;
  row.activity_type = checked_type(report.activity_type);
  if (report.source_id && *report.source_id != id)
    throw forbidden("source_id must match authenticated workspace");
  check_length("method", report.method, 200);
  check_length("summary", report.summary, 4096);
  check_length("error_detail", report.error_detail, 16384);
  check_length("status", report.status, 32);
  auth::require_present(directory_, id);
  if (report.target_id) workspaces::require_reachable(directory_, id, *report.target_id);
  row.workspace = id;
  row.source = id;
  row.target = report.target_id;
  row.method = report.method.value_or("");
  row.summary = report.summary.value_or("");
  row.request_body = report.request_body.empty() ? report.metadata : report.request_body;
  row.response_body = report.response_body;
  row.duration_ms = report.duration_ms;
  std::string status = report.status.value_or("ok");
  row.error_detail = report.error_detail;
  row.by = caller.by().value_or("");
  auto change = [this, row, status](sql::Tx& tx) mutable {
    row.status = status;
    feed_.record(tx, row);
  };
  co_await db_.write(std::move(change));
  co_return api::Done{"logged"};
}

io::Task<api::Noticed> Service::notify(auth::Holder::Caller caller, WorkspaceId id, Notice notice) {
  if (!notice.message || notice.message->empty())
    throw bad_request("missing_field", "message is required");
  if (notice.message->size() > message_max) {
    throw Fault(Kind::too_large, "message_too_large",
                fmt::format("message is longer than {} bytes", message_max));
  }
  auto entry = directory_.find(id);
  if (!entry || entry->status == workspaces::Status::removed) throw not_found("workspace");
  std::optional<ActivityId> reply_to;
  if (notice.reply_to && !notice.reply_to->empty()) {
    reply_to = ActivityId::parse(*notice.reply_to);
    if (!reply_to) throw bad_request("invalid_reply_to", "reply_to must be the id of an activity");
  }
  std::string parts;
  if (notice.attachments && !notice.attachments->empty()) {
    for (std::size_t i = 0; i < notice.attachments->size(); ++i) {
      const Attachment& attachment = (*notice.attachments)[i];
      if (attachment.uri.empty() || attachment.name.empty()) {
        throw bad_request("invalid_attachment",
                          fmt::format("attachment[{}]: uri and name are required", i));
      }
      if (!parts.empty()) parts += ',';
      parts +=
          json::Object{}.add("kind", "file").add("file", RawJson(json::text(attachment))).text();
    }
    parts = "[" + parts + "]";
  }
  NewReport row;
  row.workspace = id;
  row.activity_type = "a2a_receive";
  row.method = "notify";
  row.summary = "Agent message: " + preview(*notice.message, 80);
  json::Object body;
  body.add("result", *notice.message);
  if (!parts.empty()) body.add("parts", RawJson(parts));
  row.response_body = body.raw();
  row.by = caller.by().value_or("");
  // Which message it answers, for whoever reads the conversation later: words do not tell.
  if (reply_to) row.request_body = json::Object{}.add("reply_to", *reply_to).raw();

  struct Sent {
    bool known = true;       // The message it answers exists and is addressed to this workspace.
    bool of_peer = false;    // It came from another workspace.
    bool duplicate = false;  // That message has its result already.
    bool canceled = false;   // It was called off: nobody waits for this.
  };
  auto change = [=, this](sql::Tx& tx) {
    Sent outcome;
    if (reply_to) {
      auto asked = ledger_.find(tx, *reply_to);
      outcome.known = asked && asked->message.target == id;
      if (!outcome.known) return outcome;
      outcome.canceled = asked->outcome && asked->outcome->end == messages::End::canceled;
      if (outcome.canceled) return outcome;
      const bool waits = asked->delivery && asked->delivery->state == messages::State::open;
      // Recorded here, the peer that waits for it would never hear of it.
      outcome.of_peer = waits && asked->message.source;
      if (outcome.of_peer) return outcome;
      // The asker gets it in the form of any other answer, also when they ask again.
      messages::Outcome result =
          notice.failed.value_or(false)
              ? failure(asked->message, *reply_to, *notice.message, parts, clock_.now())
              : answer(asked->message, *reply_to, *notice.message, parts);
      result.duration_ms = (clock_.now() - asked->message.created_at).count() / 1000;
      // A message that a push link already settled may still be followed by further remarks.
      outcome.duplicate = waits ? !ledger_.end_open(tx, asked->message, result)
                                : asked->outcome && is_answer(asked->outcome->end);
      if (outcome.duplicate && asked->outcome && asked->outcome->body.text == result.body.text)
        return outcome;
    }
    messages::Place place = feed_.record(tx, row);
    events::AgentMessage said;
    said.message = preview(*notice.message, event_answer_max);
    if (notice.message->size() > event_answer_max) said.truncated = true;
    said.workspace_id = id;
    said.name = entry->name;
    if (!row.by.empty()) said.by = row.by;
    said.message_id = place.id;
    if (reply_to) said.reply_to = *reply_to;
    if (notice.attachments && !notice.attachments->empty()) said.attachments = *notice.attachments;
    log_.append(tx, events::event<events::Type::AGENT_MESSAGE>(id, said));
    return outcome;
  };
  auto sent = co_await db_.write(std::move(change));
  if (!sent.known) {
    throw Fault(Kind::not_found, "reply_to_not_found",
                "reply_to names no message that was sent to this workspace");
  }
  if (sent.of_peer) {
    throw bad_request(
        "reply_to_peer",
        "that message came from a workspace: answer with POST /workspaces/{its id}/a2a and "
        "metadata.reply_to");
  }
  api::Noticed answer;
  if (sent.canceled) answer.status = "canceled";
  if (sent.duplicate) answer.duplicate = true;
  co_return answer;
}

io::Task<void> Service::prune(std::chrono::hours retention, std::chrono::nanoseconds budget) {
  const Instant before = clock_.now() - retention;
  const auto until = clock_.monotonic() + budget;
  for (bool more = true; more && clock_.monotonic() < until;)
    more = co_await db_.write([this](sql::Tx& tx) { return ledger_.prune_keys(tx, slice_max); });
  std::optional<std::int64_t> messages_from = 0, reports_from = 0;
  while ((messages_from || reports_from) && clock_.monotonic() < until) {
    auto change = [this, before, messages_from, reports_from](sql::Tx& tx) {
      std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>> next;
      if (messages_from) next.first = prune_messages(tx, *messages_from, before);
      if (reports_from) next.second = prune_reports(tx, *reports_from, before);
      return next;
    };
    auto next = co_await db_.write(std::move(change));
    messages_from = next.first;
    reports_from = next.second;
  }
}

std::optional<std::int64_t> Service::prune_messages(sql::Tx& tx, std::int64_t from,
                                                    Instant before) {
  auto until = ledger_.aged_until(tx, from, before, slice_max);
  if (!until) return until;
  tx.run(store::prune_message_entries, from, *until, before);
  ledger_.prune(tx, from, *until, before);
  return until;
}

std::optional<std::int64_t> Service::prune_reports(sql::Tx& tx, std::int64_t from, Instant before) {
  auto aged = tx.all(store::slice, from, static_cast<std::int64_t>(slice_max));
  auto until = aged_until(aged, before, clock_.now());
  if (!until) return until;
  tx.run(store::prune_report_entries, from, *until, before);
  tx.run(store::prune, from, *until, before);
  return until;
}

io::Task<void> Service::purge() {
  for (;;) {
    auto left = co_await db_.read([](sql::Read& read) { return read.optional(store::purging); });
    if (!left) co_return;
    for (bool more = true; more;) {
      more = co_await db_.write(
          [&, this](sql::Tx& tx) { return feed_.purge_slice(tx, ledger_, *left); });
    }
  }
}

io::Task<void> Service::fill() {
  while (feed_.behind()) {
    bool more = co_await db_.write([this](sql::Tx& tx) { return feed_.fill(tx); });
    if (!more) break;
  }
}

}  // namespace molecule::activity
