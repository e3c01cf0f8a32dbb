#include "server/activity/feed_page.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "server/activity/activity_service.h"
#include "wire/a2a/a2a.h"

namespace molecule::activity {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t wait_max = 30;  // Seconds.
constexpr std::int64_t newest_position = std::numeric_limits<std::int64_t>::max();

Filter checked(WorkspaceId workspace, const FeedQuery& query, const auth::Caller& caller,
               Instant now) {
  Filter filter;
  filter.workspace = workspace;
  filter.type = query.type;
  if (query.source) {
    if (*query.source != "canvas" && *query.source != "agent") {
      throw bad_request("invalid_source", "source must be 'canvas' or 'agent'");
    }
    filter.people = *query.source == "canvas" ? 1 : 0;
  }
  std::int64_t limit = query.limit.value_or(100);
  filter.limit = limit < 1 ? 100 : std::min<std::int64_t>(limit, 500);
  if (query.since_secs) {
    if (*query.since_secs <= 0) {
      throw bad_request("invalid_since_secs", "since_secs must be a positive integer");
    }
    std::chrono::seconds window(std::min<std::int64_t>(*query.since_secs, 30LL * 86400));
    filter.after = now - window;
  }
  if (query.since_id) {
    auto id = ActivityId::parse(*query.since_id);
    if (!id) throw bad_request("invalid_since_id", "since_id must be a UUID");
    filter.since = id;
  }
  if (query.peer_id) {
    auto peer = WorkspaceId::parse(*query.peer_id);
    if (!peer) throw bad_request("invalid_peer_id", "peer_id must be a UUID");
    filter.peer = peer;
  }
  if (query.before_ts) {
    filter.before = Instant::parse(*query.before_ts);
    if (!filter.before)
      throw bad_request("invalid_before_ts", "before_ts must be an RFC 3339 time");
  }
  filter.ascending = filter.since.has_value() || filter.after.has_value();
  if (query.order) {
    if (*query.order != "asc" && *query.order != "desc") {
      throw bad_request("invalid_order", "order must be 'asc' or 'desc'");
    }
    filter.ascending = *query.order == "asc";
  }
  filter.wait = query.wait.patience(wait_max);
  bool own_inbox = caller.workspace() == workspace && query.type == "a2a_receive";
  // An agent that fetches its messages for the first time has no cursor yet. It answers them in the
  // order told and keeps the last one as its cursor; what asks by sender or time only looks back.
  filter.turned = own_inbox && !filter.ascending && !query.order && !query.source &&
                  !query.peer_id && !query.before_ts;
  filter.inbox_view = own_inbox && (filter.ascending || filter.turned);
  return filter;
}

struct Range {
  std::int64_t after = 0;   // Excluded.
  std::int64_t before = 0;  // Excluded.
};

// Where the page may begin and end by its cursor. Refuses a cursor that is not this feed's.
Range range_of(sql::Read& read, const Filter& filter) {
  Range range{0, newest_position};
  if (!filter.since) return range;
  const std::int64_t seq = messages::seq_of(*filter.since);
  auto cursor = read.optional(store::cursor, seq);
  bool known = cursor && cursor->workspace_id == filter.workspace &&
               messages::make_id(cursor->created_at, cursor->seq) == *filter.since;
  if (!known) {
    throw Fault(
        Kind::gone, "cursor_gone",
        "since_id cursor not found: it was pruned or belongs to another workspace; start again with "
        "since_secs or without a cursor");
  }
  range.after = seq;
  return range;
}

// Rows of a page in the order asked for: what the index holds and what it does not hold yet, which
// is newer.
template <class R>
std::vector<R> page(sql::Read& read, const store::Pages<R>& pages, const Filter& filter,
                    const Range& range, std::int64_t limit) {
  auto fetch = [&](const store::Page<R>& one, std::int64_t count) {
    return read.all(one, filter.workspace, range.after, range.before, filter.type, filter.people,
                    filter.peer, filter.after, count, std::int64_t{filter.inbox_view ? 1 : 0},
                    filter.before);
  };
  auto found = fetch(filter.ascending ? pages.filled_up : pages.tail_down, limit);
  const auto rest = limit - static_cast<std::int64_t>(found.size());
  if (rest > 0) {
    auto more = fetch(filter.ascending ? pages.tail_up : pages.filled_down, rest);
    std::move(more.begin(), more.end(), std::back_inserter(found));
  }
  return found;
}

Mail mail_of(const store::Row& row, const workspaces::Directory& directory) {
  if (row.end) {
    switch (*row.end) {
      case messages::End::answered:
      case messages::End::failed: return Mail::settled;
      case messages::End::expired:
      case messages::End::removed:
      case messages::End::dead: return Mail::dead;
    }
  }
  if (!row.state) return Mail::none;
  if (row.state == messages::State::leased) return Mail::leased;
  return directory.delivery(row.workspace_id) == workspaces::Delivery::poll ? Mail::polled
                                                                            : Mail::queued;
}

std::string_view status_of(const store::Row& row, Mail mail) {
  if (row.status) return *row.status;
  switch (mail) {
    case Mail::leased: return "pending";
    case Mail::queued: return "queued";
    case Mail::settled: return row.end == messages::End::answered ? "ok" : "error";
    case Mail::dead: return "error";
    case Mail::none:
    case Mail::polled: break;
  }
  return "ok";
}

std::string_view source_of(const store::Row& row) {
  if (row.method == "notify" ||
      (row.source_id == row.workspace_id && row.method != "delegate_result"))
    return "self";
  if (row.method == "delegate_result") return "system";
  return row.source_id ? "peer_agent" : "canvas_user";
}

std::string said(const store::Row& row) {
  for (const auto* body : {&row.request_body, &row.response_body}) {
    if (!*body || (*body)->empty()) continue;
    bool delegate_result = row.method == "delegate_result";
    if (delegate_result && body == &row.request_body) continue;
    json::Document document =
        json::Document::parse(**body, {.bytes = 64u << 20, .nul = json::Nul::kept});
    json::Node root = document.root();
    for (json::Node node : {root.find("params").find("message"), root.find("params"), root}) {
      std::string text = a2a::text_of(node);
      if (!text.empty()) return text;
    }
    if (json::Node result = root.find("result"); result.is(json::Type::string))
      return std::string(result.string());
  }
  return row.summary.value_or("");
}

}  // namespace

std::vector<store::Row> read_page(sql::Read& read, const Filter& filter) {
  const Range range = range_of(read, filter);
  std::int64_t bytes = 0, count = 0;
  for (const store::Size& size : page(read, store::sizes, filter, range, filter.limit)) {
    bytes += size.bytes;
    if (count > 0 && bytes > page_bytes_max) break;
    ++count;
  }
  if (count == 0) return {};
  auto found = page(read, store::rows, filter, range, count);
  if (filter.turned) std::ranges::reverse(found);
  return found;
}

std::string Service::row_json(const store::Row& row, bool with_peer,
                              std::string_view base_url) const {
  const Mail mail = mail_of(row, directory_);
  json::Object out;
  out.add("id", messages::make_id(row.created_at, row.seq))
      .add("seq", row.seq)
      .add("workspace_id", row.workspace_id)
      .add("activity_type", row.activity_type)
      .add("type", row.activity_type)
      .add("source_id", row.source_id)
      .add("target_id", row.target_id)
      .add("method", row.method)
      .add("summary", row.summary)
      .add("duration_ms", row.duration_ms)
      .add("status", status_of(row, mail))
      .add("error_detail", row.error_detail)
      .add("created_at", row.created_at);
  out.add_some("message_id", row.message_id);
  if (mail != Mail::none) out.add("mail", mail);
  if (row.request_body && !row.request_body->empty())
    out.add("request_body", RawJson(*row.request_body));
  if (row.response_body && !row.response_body->empty())
    out.add("response_body", RawJson(*row.response_body));
  if (row.tool_trace && !row.tool_trace->empty()) out.add("tool_trace", RawJson(*row.tool_trace));
  if (row.activity_type != "a2a_receive") return out.text();

  std::string_view source = source_of(row);
  out.add("source", source);
  std::string peer_name, peer_role, card_url;
  if (row.source_id && source == "peer_agent") {
    if (auto peer = directory_.find(*row.source_id)) {
      peer_name = peer->name;
      peer_role = peer->role;
    }
    card_url = fmt::format("{}/registry/discover/{}", base_url, row.source_id->text());
  }
  json::Object data;
  data.add("source", source)
      .add("text", said(row))
      .add("source_id", row.source_id)
      .add("peer_name", peer_name)
      .add("peer_role", peer_role)
      .add("agent_card_url", card_url);
  out.add("data", data.raw());
  if (with_peer && source == "peer_agent") {
    out.add("peer_name", peer_name).add("peer_role", peer_role).add("agent_card_url", card_url);
  }
  return out.text();
}

io::Task<RawJson> Service::list(auth::Self::Caller caller, WorkspaceId id,
                                http::Query<FeedQuery> query, const http::Request& request) {
  Filter filter = checked(id, query.value, caller, clock_.now());
  bool with_peer =
      query.value.include && query.value.include->find("peer_info") != std::string::npos;
  io::Context here = co_await io::context();
  events::Patience patience(hubs_.of(*here.loop), clock_, filter.wait);
  const std::string base = fmt::format("{}://{}", request.secure ? "https" : "http", request.host);
  std::string page;
  for (;;) {
    std::uint64_t pulse = feed_.pulse(id);
    // Written where it is read: a page of large bodies holds no loop.
    auto look = [&, this](sql::Read& read) {
      std::string out;
      for (const store::Row& row : read_page(read, filter)) {
        out += out.empty() ? '[' : ',';
        out += row_json(row, with_peer, base);
      }
      return out;
    };
    page = co_await db_.read(std::move(look));
    if (!page.empty()) break;
    while (!patience.over() && feed_.pulse(id) == pulse) co_await patience.wait();
    if (patience.over()) break;
  }
  page += page.empty() ? "[]" : "]";
  co_return RawJson(std::move(page));
}

}  // namespace molecule::activity
