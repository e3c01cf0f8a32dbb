#include "server/activity/feed.h"

#include <algorithm>

#include "platform/json/json.h"

namespace molecule::activity {
namespace {

std::optional<std::string> some(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

std::string preview(std::string_view text, std::size_t max) {
  if (text.size() <= max) return std::string(text);
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

// What ACTIVITY_LOGGED tells of a row. Views live until announce() has returned.
struct Feed::Line {
  WorkspaceId workspace;
  ActivityId id;
  std::string_view activity_type = "a2a_receive";
  std::string_view status = "ok";
  std::optional<WorkspaceId> source;
  std::optional<WorkspaceId> target;
  std::optional<ActivityId> parent;
  std::string_view method;
  std::string_view summary;
  std::optional<std::int64_t> duration_ms;
  std::string_view message_id;
  std::string_view error_detail;
  std::string_view request_body;
  std::string_view response_body;
  std::string_view tool_trace;
  std::string_view by;
};

void Feed::announce(sql::Tx& tx, const Line& line) {
  events::ActivityLogged payload;
  payload.activity_id = line.id;
  payload.activity_type = line.activity_type;
  payload.status = line.status;
  payload.source_id = line.source;
  payload.target_id = line.target;
  if (line.parent) payload.parent_id = *line.parent;
  auto text = [](json::Omit<std::string>& member, std::string_view text) {
    if (!text.empty()) member.emplace(text);
  };
  text(payload.method, line.method);
  text(payload.summary, line.summary);
  text(payload.message_id, line.message_id);
  text(payload.error_detail, line.error_detail);
  text(payload.by, line.by);
  if (line.duration_ms) payload.duration_ms = *line.duration_ms;
  auto body = [](json::Omit<RawJson>& member, std::string_view text) {
    if (!text.empty() && text.size() <= event_body_max) member.emplace(std::string(text));
  };
  body(payload.request_body, line.request_body);
  body(payload.response_body, line.response_body);
  body(payload.tool_trace, line.tool_trace);
  log_.append(tx, events::event<events::Type::ACTIVITY_LOGGED>(line.workspace, payload));
}

void Feed::beat(sql::Tx& tx, WorkspaceId workspace) {
  tx.after_commit([this, at = slot(workspace)] {
    pulses_[at].fetch_add(1, std::memory_order_release);
    behind_.store(true, std::memory_order_relaxed);
  });
}

messages::Place Feed::record(sql::Tx& tx, const NewReport& report) {
  const Instant now = clock_.now();
  messages::Place place{tx.next(messages::sequence), {}, now};
  place.id = messages::make_id(now, place.seq);
  tx.post(
      store::insert, place.seq, report.workspace, report.activity_type, report.source,
      report.target, now,
      static_cast<std::int64_t>(report.request_body.text.size() + report.response_body.text.size()),
      report.duration_ms, report.status, some(report.method), some(report.summary),
      report.error_detail, some(report.request_body.text), some(report.response_body.text));
  for (ReportFollower* follower : report_followers_) follower->reported(tx, report, place);
  Line line;
  line.workspace = report.workspace;
  line.id = place.id;
  line.activity_type = report.activity_type;
  line.status = report.status;
  line.source = report.source;
  line.target = report.target;
  line.method = report.method;
  line.summary = report.summary;
  line.duration_ms = report.duration_ms;
  if (report.error_detail) line.error_detail = *report.error_detail;
  line.request_body = report.request_body.text;
  line.response_body = report.response_body.text;
  line.by = report.by;
  announce(tx, line);
  beat(tx, report.workspace);
  return place;
}

void Feed::accepted(sql::Tx& tx, const messages::NewMessage& message, const messages::Place& place,
                    messages::State state) {
  Line line;
  line.workspace = message.target;
  line.id = place.id;
  line.status = state == messages::State::leased                                    ? "pending"
                : directory_.delivery(message.target) == workspaces::Delivery::poll ? "ok"
                                                                                    : "queued";
  line.source = message.source;
  line.target = message.target;
  line.parent = message.parent_id;
  line.method = message.method;
  line.summary = message.summary;
  line.message_id = message.message_id;
  line.request_body = message.body;
  announce(tx, line);
  beat(tx, message.target);
}

void Feed::ended(sql::Tx& tx, const messages::Message& message, const messages::Outcome& outcome) {
  Line line;
  line.workspace = message.target;
  line.id = message.id();
  line.status = outcome.end == messages::End::answered   ? "ok"
                : outcome.end == messages::End::canceled ? "canceled"
                                                         : "error";
  line.source = message.source;
  line.target = message.target;
  line.method = message.method;
  line.duration_ms = outcome.duration_ms;
  line.message_id = message.message_id;
  if (outcome.error) line.error_detail = *outcome.error;
  if (!messages::is_beginning(outcome.body.text)) line.response_body = outcome.body.text;
  line.tool_trace = outcome.trace.text;
  line.by = outcome.by;
  announce(tx, line);
  beat(tx, message.target);
}

bool Feed::fill(sql::Tx& tx) {
  behind_.store(false, std::memory_order_relaxed);
  const std::int64_t from = tx.one(store::position, store::position_name);
  const std::int64_t newest = tx.one(store::newest);
  if (newest <= from) return false;
  const std::int64_t until = std::min(newest, from + fill_max);
  tx.post(store::fill_messages, from, until);
  tx.post(store::fill_reports, from, until);
  tx.post(store::move_position, store::position_name, until);
  return until < newest;
}

void Feed::purge(sql::Tx& tx, messages::Ledger& ledger, WorkspaceId workspace) {
  while (fill(tx)) {}
  tx.run(store::begin_purge, workspace);
  purge_slice(tx, ledger, workspace);
}

bool Feed::purge_slice(sql::Tx& tx, messages::Ledger& ledger, WorkspaceId workspace) {
  auto entries = tx.all(store::entries, workspace, 0, purge_max);
  for (std::int64_t seq : entries) {
    ledger.erase(tx, workspace, seq);
    tx.post(store::erase_report, seq);
  }
  if (!entries.empty()) tx.post(store::purge_feed, workspace, entries.back());
  if (std::ssize(entries) == purge_max) return true;
  tx.post(store::end_purge, workspace);
  return false;
}

}  // namespace molecule::activity
