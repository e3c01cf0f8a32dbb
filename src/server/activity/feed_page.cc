#include "server/activity/feed_page.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "platform/json/answer.h"
#include "server/activity/activity_service.h"
#include "wire/a2a/a2a.h"

namespace molecule::activity {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t wait_max = 30;  // Seconds.

bool is_kind(std::string_view type) {
  return std::ranges::find(reportable, type) != reportable.end() ||
         std::ranges::find(platforms_own, type) != platforms_own.end();
}

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
  if (query.before_seq && *query.before_seq < 1)
    throw bad_request("invalid_before_seq", "before_seq must be a row's seq, a positive integer");
  filter.before_seq = query.before_seq;
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
                  !query.peer_id && !query.before_ts && !query.before_seq;
  filter.inbox_view = own_inbox && (filter.ascending || filter.turned);
  return filter;
}

Mail mail_of(const store::Row& row, const workspaces::Directory& directory) {
  if (row.end) {
    switch (*row.end) {
      case messages::End::answered:
      case messages::End::failed: return Mail::settled;
      case messages::End::expired:
      case messages::End::removed:
      case messages::End::dead:
      case messages::End::canceled: return Mail::dead;
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
    case Mail::dead: return row.end == messages::End::canceled ? "canceled" : "error";
    case Mail::none:
    case Mail::polled: break;
  }
  return "ok";
}

std::string_view source_of(const store::Row& row) {
  if (row.method == "notify" ||
      (row.source_id == row.workspace_id && row.method != "delegate_result"))
    return "self";
  // It tells of a file and is no message: there is nobody to answer.
  if (row.method == "chat_upload_receive") return "self";
  if (row.method == "delegate_result") return "system";
  return row.source_id ? "peer_agent" : "canvas_user";
}

std::string said(const store::Row& row) {
  for (const auto* body : {&row.request_body, &row.response_body}) {
    if (!*body || (*body)->empty()) continue;
    bool delegate_result = row.method == "delegate_result";
    if (delegate_result && body == &row.request_body) continue;
    json::Document document = json::parse_answer(**body);
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

Page::Slice Page::read_on(sql::Read& read) const {
  Page then = *this;
  auto rows = then.step(read);
  return {std::move(rows), std::move(then)};
}

std::vector<store::Row> Page::step(sql::Read& read) {
  switch (stage_) {
    case Stage::fresh: begin(read); return {};
    case Stage::naming: name(read); return {};
    case Stage::skipping: skip(read); return {};
    case Stage::seeking: seek(read); return {};
    case Stage::reading: return read_slice(read);
    case Stage::over: break;
  }
  return {};
}

void Page::look_again() {
  if (filter_.type && !is_kind(*filter_.type)) return;
  left_ = all_;
  left_.after = std::max(left_.after, newest_);
  stage_ = Stage::reading;
}

void Page::begin(sql::Read& read) {
  if (filter_.before_seq) all_.before = *filter_.before_seq;
  if (filter_.since) {
    const std::int64_t seq = messages::seq_of(*filter_.since);
    auto cursor = read.optional(store::cursor, seq);
    bool known = cursor && cursor->workspace_id == filter_.workspace &&
                 messages::make_id(cursor->created_at, cursor->seq) == *filter_.since;
    if (!known) {
      throw Fault(
          Kind::gone, "cursor_gone",
          "since_id cursor not found: it was pruned or belongs to another workspace; start again with "
          "since_secs or without a cursor");
    }
    all_.after = seq;
  }
  left_ = all_;
  if (filter_.type && !is_kind(*filter_.type)) {
    stage_ = Stage::over;
    return;
  }
  newest_ = read.optional(store::newest).value_or(0);
  stage_ = Stage::reading;
  if (filter_.after && filter_.ascending && !filter_.since) {
    stage_ = Stage::seeking;
  } else if (filter_.before && !filter_.ascending && !filter_.before_seq) {
    stage_ = Stage::naming;
  }
}

// Whoever pages by time gives the time of the last row it has. The row is what it means: after a
// step of the clock, what was written before it may have a later time.
void Page::name(sql::Read& read) {
  const auto below = edge(read, false, left_);
  const Range part{below.value_or(left_.after), left_.before};
  auto found =
      read.optional(store::first_then, filter_.workspace, part.after, part.before, *filter_.before);
  if (!found)
    found = read.optional(store::tail_first_then, filter_.workspace, part.after, part.before,
                          *filter_.before);
  ++named_;
  left_.before = below.value_or(0) + 1;
  if (!found && below && named_ < named_max) return;
  if (found) {
    all_.before = *found;
    filter_.before.reset();
  }
  left_ = all_;
  stage_ = found ? Stage::reading : Stage::skipping;
}

// A slice is passed over when none of its oldest entries is old enough.
void Page::skip(sql::Read& read) {
  const auto below = edge(read, false, left_);
  const bool any = !below || read.optional(store::old_enough, filter_.workspace, *below,
                                           left_.before, *filter_.before);
  if (any) {
    stage_ = Stage::reading;
  } else {
    left_.before = *below + 1;
  }
}

// Numbers ascend with time, but for steps of the clock: where a whole slice is too old, what is
// before it is so, too.
void Page::seek(sql::Read& read) {
  const auto below = edge(read, false, left_);
  const Range part{below.value_or(left_.after), left_.before};
  auto found = read.optional(store::tail_last_since, filter_.workspace, part.after, part.before,
                             *filter_.after);
  if (!found)
    found = read.optional(store::last_since, filter_.workspace, part.after, part.before,
                          *filter_.after);
  if (found && below) {
    left_.before = *below + 1;
    return;
  }
  left_ = all_;
  if (!found) left_.after = std::max(left_.after, part.before - 1);
  stage_ = Stage::reading;
}

std::vector<store::Row> Page::read_slice(sql::Read& read) {
  std::optional<std::int64_t> end;
  if (selective()) end = edge(read, filter_.ascending, left_);
  Range part = left_;
  if (end) {
    (filter_.ascending ? part.before : part.after) = *end;
    // The entry at the edge is the first of the next slice.
    if (filter_.ascending) {
      left_.after = *end - 1;
    } else {
      left_.before = *end + 1;
    }
  } else {
    stage_ = Stage::over;
  }
  std::int64_t taken = 0;
  Range span{part.before, part.after};
  for (const store::Size& size : rows(read, store::sizes, part, filter_.limit - count_)) {
    bytes_ += size.bytes;
    if (count_ > 0 && bytes_ > page_bytes_max) {
      stage_ = Stage::over;
      break;
    }
    ++count_;
    ++taken;
    span.after = std::min(span.after, size.seq - 1);
    span.before = std::max(span.before, size.seq + 1);
  }
  if (count_ >= filter_.limit) stage_ = Stage::over;
  // A first fetch is never cut short, since nobody would look behind it.
  const bool may_stop = !filter_.ascending && !filter_.turned;
  if (++searched_ == slices_max && may_stop && stage_ != Stage::over) {
    stage_ = Stage::over;
    goes_on_ = left_.before;
  }
  if (taken == 0) return {};
  return rows(read, store::rows, span, taken);
}

std::optional<std::int64_t> Page::edge(sql::Read& read, bool up, const Range& range) const {
  return read.optional(up ? store::edge_up : store::edge_down, filter_.workspace, range.after,
                       range.before, slice_);
}

// Whether there may be rows that are passed over.
bool Page::selective() const {
  return filter_.type || filter_.people || filter_.peer || filter_.after || filter_.before ||
         filter_.inbox_view;
}

// Rows of a range in the order asked for: what the index holds and what it does not hold yet, which
// is newer.
template <class R>
std::vector<R> Page::rows(sql::Read& read, const store::Pages<R>& pages, const Range& range,
                          std::int64_t limit) const {
  auto fetch = [&](const store::Page<R>& one, std::int64_t count) {
    return read.all(one, filter_.workspace, range.after, range.before, filter_.type, filter_.people,
                    filter_.peer, filter_.after, count, std::int64_t{filter_.inbox_view ? 1 : 0},
                    filter_.before);
  };
  auto found = fetch(filter_.ascending ? pages.filled_up : pages.tail_down, limit);
  const auto rest = limit - static_cast<std::int64_t>(found.size());
  if (rest > 0) {
    auto more = fetch(filter_.ascending ? pages.tail_up : pages.filled_down, rest);
    std::move(more.begin(), more.end(), std::back_inserter(found));
  }
  return found;
}

api::Activity Service::shown(store::Row row, bool with_peer, std::string_view base_url) const {
  const Mail mail = mail_of(row, directory_);
  api::Activity out;
  out.id = messages::make_id(row.created_at, row.seq);
  out.seq = row.seq;
  out.workspace_id = row.workspace_id;
  out.activity_type = out.type = row.activity_type;
  out.source_id = row.source_id;
  out.target_id = row.target_id;
  out.method = row.method;
  out.summary = row.summary;
  out.duration_ms = row.duration_ms;
  out.status = status_of(row, mail);
  out.error_detail = row.error_detail;
  out.created_at = row.created_at;
  if (row.message_id) out.message_id = *row.message_id;
  if (row.parent_seq && row.parent_at)
    out.parent_id = messages::make_id(*row.parent_at, *row.parent_seq);
  if (mail != Mail::none) out.mail = mail;
  if (row.activity_type == "a2a_receive") {
    out.source = std::string(source_of(row));
    api::Received& data = out.data.emplace();
    data.source = *out.source;
    data.text = said(row);
    data.source_id = row.source_id;
    if (row.source_id && data.source == "peer_agent") {
      directory_.look_at(*row.source_id, [&](const workspaces::Entry& peer) {
        data.peer_name = peer.name;
        data.peer_role = peer.role;
      });
      data.agent_card_url = fmt::format("{}/registry/discover/{}", base_url, row.source_id->text());
      if (with_peer) {
        out.peer_name = data.peer_name;
        out.peer_role = data.peer_role;
        out.agent_card_url = data.agent_card_url;
      }
    }
  }
  // Bodies are large: they are handed on, not copied.
  auto hand_on = [](std::optional<std::string>& text, json::Omit<RawJson>& member) {
    if (text && !text->empty()) member = RawJson(std::move(*text));
  };
  hand_on(row.request_body, out.request_body);
  hand_on(row.response_body, out.response_body);
  hand_on(row.tool_trace, out.tool_trace);
  return out;
}

// Once for each message, however often it is looked at.
io::Task<void> Service::note_fetched(WorkspaceId id, std::vector<std::int64_t> messages) {
  const std::vector<std::int64_t> fresh = mailboxes_.unfetched(id, messages);
  if (fresh.empty()) co_return;
  try {
    co_await db_.write([&, this](sql::Tx& tx) { ledger_.fetched(tx, id, fresh); });
  } catch (const Fault& fault) {
    // What can be read is read, and its sender hears of the answer all the same.
    if (fault.kind() == Kind::cancelled) throw;
  }
}

io::Task<http::Reply<Service::Rows>> Service::list(auth::Self::Caller caller, WorkspaceId id,
                                                   http::Query<FeedQuery> query,
                                                   const http::Request& request) {
  Page page(checked(id, query.value, caller, clock_.now()));
  const Filter filter = page.filter();
  bool with_peer =
      query.value.include && query.value.include->find("peer_info") != std::string::npos;
  io::Context here = co_await io::context();
  events::Patience patience(hubs_.of(*here.loop), clock_, filter.wait);
  const std::string base = fmt::format("{}://{}", request.secure ? "https" : "http", request.host);
  // Written where it is read: a page of large bodies holds no loop, which copies none of it. Each
  // row is written behind a comma, of which the first becomes the list's bracket.
  struct Part {
    std::string text;
    Page then;
    std::vector<std::int64_t> fetched;
  };
  // A polling agent that is given its message has it.
  const bool fetches =
      caller.workspace() == id && directory_.delivery(id) == workspaces::Delivery::poll;
  auto look = [&, this](sql::Read& read) {
    Page::Slice slice = page.read_on(read);
    if (filter.turned) std::ranges::reverse(slice.rows);
    std::string out;
    std::vector<std::int64_t> fetched;
    for (store::Row& row : slice.rows) {
      out += ',';
      if (row.response_body && messages::is_beginning(*row.response_body)) {
        auto record = ledger_.find_whole(read, row.seq);
        if (record && record->outcome) row.response_body = std::move(record->outcome->body.text);
      }
      if (fetches && row.state == messages::State::open) fetched.push_back(row.seq);
      json::write(out, shown(std::move(row), with_peer, base));
    }
    return Part{std::move(out), std::move(slice.then), std::move(fetched)};
  };
  std::string text;
  for (;;) {
    std::uint64_t pulse = feed_.pulse(id);
    while (!page.over()) {
      Part read = co_await db_.read(look);
      page = std::move(read.then);
      if (!read.fetched.empty()) co_await note_fetched(id, std::move(read.fetched));
      if (read.text.empty()) continue;
      if (text.empty() || filter.turned) text.swap(read.text);
      text += read.text;
    }
    if (!text.empty() || page.goes_on()) break;
    while (!patience.over() && feed_.pulse(id) == pulse) co_await patience.wait();
    if (patience.over()) break;
    page.look_again();
  }
  if (text.empty()) text = ",";
  text.front() = '[';
  text += ']';
  http::Reply<Rows> reply{200, {std::move(text)}};
  if (page.goes_on())
    reply.headers.emplace_back("X-Molecule-Before-Seq", std::to_string(*page.goes_on()));
  co_return reply;
}

}  // namespace molecule::activity
