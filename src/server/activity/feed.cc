// Reading the feed: filters, cursors, long polls, and how a row looks outside.
#include <algorithm>
#include <limits>
#include <utility>

#include "server/activity/activity_service.h"
#include "wire/a2a/a2a.h"

namespace molecule::activity {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t prune_max = 10'000;  // Rows of one transaction.
// Of the bodies of one page; it ends with the row that passes it and goes on behind that one.
constexpr std::size_t page_bytes_max = 8u << 20;
// Rows read at once while it is not known how large they are.
constexpr std::int64_t step_max = 8;
constexpr std::int64_t wait_max = 30;  // Seconds.
constexpr std::int64_t newest_position = std::numeric_limits<std::int64_t>::max();

// A validated query.
struct Filter {
  WorkspaceId workspace;
  std::optional<std::string> type;
  std::optional<std::int64_t> people;  // 1: people's rows, 0: agents' rows
  std::optional<WorkspaceId> peer;
  std::optional<Instant> after;
  std::optional<ActivityId> since;
  std::optional<Instant> before;
  std::int64_t limit = 100;
  bool ascending = false;
  bool turned = false;  // The newest rows, told from the oldest of them on.
  bool inbox_view = false;
  std::chrono::seconds wait{0};
};

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

std::size_t size_of(const store::Row& row) {
  std::size_t size = 0;
  for (const auto* body : {&row.request_body, &row.response_body, &row.tool_trace})
    size += *body ? (*body)->size() : 0;
  return size;
}

// A page that ends by rows or by bytes. `next` reads up to a number of rows behind the last one, or
// the first ones. One row is read first, then more, so that little is read that is not shown.
template <class Next>
std::vector<store::Row> page_of(std::int64_t limit, Next next) {
  std::vector<store::Row> rows;
  std::size_t bytes = 0;
  for (std::int64_t step = 1; limit > 0; step = std::min(step * 2, step_max)) {
    std::vector<store::Row> more =
        next(rows.empty() ? nullptr : &rows.back(), std::min(step, limit));
    const bool end = static_cast<std::int64_t>(more.size()) < std::min(step, limit);
    for (store::Row& row : more) {
      const std::size_t size = size_of(row);
      if (!rows.empty() && bytes + size > page_bytes_max) return rows;
      bytes += size;
      --limit;
      rows.push_back(std::move(row));
    }
    if (end) break;
  }
  return rows;
}

std::vector<store::Row> read_rows(sql::Read& read, const Filter& filter) {
  std::int64_t inbox = filter.inbox_view ? 1 : 0;
  std::int64_t from = 0;
  if (filter.since) {
    from = seq_of(*filter.since);
    auto cursor = read.optional(store::message, from);
    bool known = cursor && cursor->workspace_id == filter.workspace &&
                 make_id(cursor->created_at, cursor->seq) == *filter.since;
    if (!known) {
      throw Fault(
          Kind::gone, "cursor_gone",
          "since_id cursor not found: it was pruned or belongs to another workspace; start again with "
          "since_secs or without a cursor");
    }
  }
  std::int64_t until = newest_position;
  if (filter.before) until = read.one(store::seq_before, filter.workspace, *filter.before);
  if (filter.ascending) {
    auto next = [&](const store::Row* last, std::int64_t count) {
      return read.all(store::after, filter.workspace, last ? last->seq : from, filter.type,
                      filter.people, filter.peer, filter.after, count, inbox);
    };
    auto rows = page_of(filter.limit, next);
    std::erase_if(rows, [&](const store::Row& row) { return row.seq >= until; });
    return rows;
  }
  auto next = [&](const store::Row* last, std::int64_t count) {
    return read.all(store::before, filter.workspace, last ? last->seq : until, filter.type,
                    filter.people, filter.peer, filter.after, count, inbox);
  };
  auto rows = page_of(filter.limit, next);
  std::erase_if(rows, [&](const store::Row& row) { return row.seq <= from; });
  if (filter.turned) std::ranges::reverse(rows);
  return rows;
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

std::string Service::row_json(const store::Row& row, bool with_peer,
                              std::string_view base_url) const {
  json::Object out;
  out.add("id", make_id(row.created_at, row.seq))
      .add("seq", row.seq)
      .add("workspace_id", row.workspace_id)
      .add("activity_type", row.activity_type)
      .add("type", row.activity_type)
      .add("source_id", row.source_id)
      .add("target_id", row.target_id)
      .add("method", row.method)
      .add("summary", row.summary)
      .add("duration_ms", row.duration_ms)
      .add("status", row.status)
      .add("error_detail", row.error_detail)
      .add("created_at", row.created_at);
  out.add_some("message_id", row.message_id);
  if (row.mail != Mail::none) out.add("mail", row.mail);
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
  std::vector<store::Row> rows;
  for (;;) {
    std::uint64_t pulse = ledger_.pulse(id);
    auto look = [filter](sql::Read& read) { return read_rows(read, filter); };
    rows = co_await db_.read(std::move(look));
    if (!rows.empty()) break;
    while (!patience.over() && ledger_.pulse(id) == pulse) co_await patience.wait();
    if (patience.over()) break;
  }
  std::string base = fmt::format("{}://{}", request.secure ? "https" : "http", request.host);
  std::string out = "[";
  for (const auto& row : rows) {
    if (out.size() > 1) out += ',';
    out += row_json(row, with_peer, base);
  }
  out += ']';
  co_return RawJson(std::move(out));
}

io::Task<std::int64_t> Service::prune(std::chrono::hours retention) {
  Instant before = clock_.now() - retention;
  auto change = [this, before](sql::Tx& tx) {
    ledger_.prune_keys(tx, prune_max);
    return tx.run(store::prune, before, prune_max);
  };
  std::int64_t pruned = co_await db_.write(std::move(change));
  co_return pruned;
}

}  // namespace molecule::activity
