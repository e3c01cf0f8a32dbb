#include "mcp/inbox.h"

#include <algorithm>
#include <map>

#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;
using json::Node;
using json::Type;

constexpr auto poll_for = 25s;
constexpr auto answer_within = 45s;
// Where no cursor is known: all that waits for an answer, and of what waits for none the newest.
constexpr std::chrono::seconds look_back = std::chrono::days(30);
constexpr auto results_for = 600s;
constexpr auto away_for = 20s;  // After a refusal.
constexpr int page_rows = 200;
constexpr std::size_t unwanted_max = 1000;
constexpr std::string_view no_text = "(empty A2A message)";

std::string text_at(Node node, std::string_view name) {
  const Node found = node.find(name);
  return found.is(Type::string) ? std::string(found.string()) : std::string();
}

// Files among the parts of a message, in either generation.
std::string files_in(Node row) {
  const Node parts = row.find("request_body").find("params").find("message").find("parts");
  std::string out;
  for (std::size_t i = 0; parts.is(Type::array) && i < parts.size(); ++i) {
    const Node part = parts.at(i), file = part.find("file");
    const std::string uri = file ? text_at(file, "uri") : text_at(part, "url");
    if (uri.empty()) continue;
    json::Object each;
    each.add("name", file ? text_at(file, "name") : text_at(part, "filename"));
    each.add("media_type", file ? text_at(file, "mimeType") : text_at(part, "mediaType"));
    each.add("uri", uri);
    out += (out.empty() ? "[" : ",") + each.text();
  }
  return out.empty() ? out : out + "]";
}

// What a row is to the agent; nothing when it is no message for it, or is none any more.
std::optional<Item> item_of(Node row, const WorkspaceId& workspace) {
  Item item;
  const auto id = ActivityId::parse(text_at(row, "id"));
  if (!id || !row.find("seq").is(Type::integer)) return std::nullopt;
  item.id = *id;
  item.seq = row.find("seq").integer();
  item.workspace = workspace;
  item.method = text_at(row, "method");
  item.created_at = text_at(row, "created_at");
  item.peer = WorkspaceId::parse(text_at(row, "source_id"));
  const bool result = item.method == "delegate_result";
  const std::string mail = text_at(row, "mail");
  if (mail == "settled" || mail == "dead") return std::nullopt;
  if (item.method == "notify" || (item.peer == workspace && !result)) return std::nullopt;
  const Node data = row.find("data");
  if (!result && (text_at(data, "source") == "self" || text_at(data, "source") == "system"))
    return std::nullopt;
  item.kind = result ? "delegation_result" : item.peer ? "peer_agent" : "canvas_user";
  item.text = result ? text_at(row.find("response_body"), "text") : text_at(data, "text");
  if (item.text.empty()) item.text = text_at(row, "summary");
  if (item.text.empty()) item.text = no_text;
  item.peer_name = text_at(data, "peer_name");
  item.peer_role = text_at(data, "peer_role");
  item.agent_card_url = text_at(data, "agent_card_url");
  if (result) item.delegation = text_at(row.find("response_body"), "delegation_id");
  item.files = files_in(row);
  return item;
}

}  // namespace

Inbox::Inbox(client::Platform& platform, Settings& settings, const io::Clock& clock,
             std::function<void()> came)
    : platform_(platform), clock_(clock), came_(std::move(came)) {
  for (client::Credential& each : settings.members) boxes_.emplace_back(each, settings.state);
}

io::Task<void> Inbox::run() {
  io::Context here = co_await io::context();
  io::Scope all(
      *here.loop,
      [](std::string_view, std::exception_ptr) { log::error("an inbox is followed no more"); },
      here.cancellation);
  for (Box& box : boxes_) all.spawn("inbox", follow(box));
  co_await all.join();
}

io::Task<void> Inbox::follow(Box& box) {
  std::chrono::seconds pause = 1s;
  for (;;) {
    while (items_.size() >= items_max) co_await shrunk_.wait(poll_for);
    bool well = false;
    try {
      if (!box.begun) begin(box);
      well = co_await fetch(box);
      look_elsewhere(box);
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      well = false;
      box.trouble = fault.text();
    } catch (const std::exception& problem) {
      well = false;
      box.trouble = problem.what();
    }
    if (well) {
      box.trouble.clear();
      pause = 1s;
      continue;
    }
    co_await io::sleep(pause);
    pause = std::min<std::chrono::seconds>(pause * 2, away_for);
  }
}

void Inbox::begin(Box& box) {
  box.claims.change([&](Claims::Agreed& agreed) { box.fetched = agreed.cursor; });
  box.begun = true;
}

io::Task<bool> Inbox::fetch(Box& box) {
  const WorkspaceId workspace = box.credential.workspace();
  client::Ask ask;
  ask.path = fmt::format("/workspaces/{}/activity?type=a2a_receive&order=asc&limit={}&wait={}&",
                         workspace.text(), page_rows, poll_for.count());
  ask.path += box.fetched ? fmt::format("since_id={}", box.fetched->text())
                          : fmt::format("since_secs={}", look_back.count());
  ask.repeatable = true;
  ask.answer_within = answer_within;
  ask.patience = 0s;
  const client::Answer answer = co_await platform_.ask(box.credential, ask);
  if (answer.status == 410 && answer.code() == "cursor_gone") {
    box.claims.change([](Claims::Agreed& agreed) { agreed.cursor.reset(); });
    box.fetched.reset();
    box.rows.clear();
    box.elsewhere.clear();
    co_return false;
  }
  if (!answer.ok()) {
    box.trouble = answer.error();
    co_return false;
  }
  const json::Document document =
      json::Document::parse(answer.body, {.bytes = 64u << 20, .nul = json::Nul::kept});
  const Node rows = document.root();
  const std::size_t count = rows.is(Type::array) ? rows.size() : 0;
  // Long ago is what was said to somebody who is not here any more, unless it waits for its answer.
  const std::string since = box.fetched ? std::string() : (clock_.now() - results_for).text();
  Page came;
  for (std::size_t i = 0; i < count; ++i) {
    const Node row = rows.at(i);
    const auto id = ActivityId::parse(text_at(row, "id"));
    if (!id || !row.find("seq").is(Type::integer)) continue;
    auto item = item_of(row, workspace);
    const bool old = item && text_at(row, "mail").empty() && item->created_at < since;
    const bool waited_for = item && item->delegation && unwanted_.contains(*item->delegation);
    const bool wanted = item && !old && !waited_for;
    came.rows.push_back({*id, row.find("seq").integer(), !wanted});
    if (wanted) came.items.push_back(std::move(*item));
  }
  if (came.rows.empty()) co_return true;
  const ActivityId newest = came.rows.back().id;
  take(box, std::move(came));
  box.fetched = newest;
  co_return true;
}

// Nothing has changed here when what is agreed on cannot be written.
void Inbox::take(Box& box, Page page) {
  enum class Fate { mine, done, elsewhere, here };
  std::deque<Row> rows;
  std::vector<Fate> fates;
  box.claims.change([&](Claims::Agreed& agreed) {
    rows = box.rows;
    rows.insert(rows.end(), page.rows.begin(), page.rows.end());
    fates.clear();
    for (Item& item : page.items) {
      const std::string id = item.id.text();
      const auto hand = agreed.in_hand.find(id);
      Fate fate = Fate::mine;
      if (agreed.done.contains(id) || item.seq <= agreed.cursor_seq) {
        fate = Fate::done;
        std::ranges::find(rows, item.id, &Row::id)->handled = true;
      } else if (hand != agreed.in_hand.end() && hand->second != self_ &&
                 Claims::runs(hand->second)) {
        fate = Fate::elsewhere;
      } else {
        if (find(item.id) != nullptr) fate = Fate::here;
        agreed.in_hand[id] = self_;
        item.shown = agreed.shown.contains(id);
      }
      fates.push_back(fate);
    }
    advance(rows, agreed);
  });
  box.rows = std::move(rows);
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (fates[i] == Fate::elsewhere) box.elsewhere.push_back(std::move(page.items[i]));
    if (fates[i] == Fate::mine) put(std::move(page.items[i]));
  }
}

// What another process handled is over; what one had that has ended is ours.
void Inbox::look_elsewhere(Box& box) {
  if (box.elsewhere.empty()) return;
  Page again;
  again.items.assign(box.elsewhere.begin(), box.elsewhere.end());
  std::deque<Item> before = std::exchange(box.elsewhere, {});
  try {
    take(box, std::move(again));
  } catch (...) {
    box.elsewhere = std::move(before);
    throw;
  }
}

void Inbox::advance(std::deque<Row>& rows, Claims::Agreed& agreed) {
  while (!rows.empty() && rows.front().handled) {
    const Row& row = rows.front();
    if (row.seq > agreed.cursor_seq || !agreed.cursor) {
      agreed.cursor = row.id;
      agreed.cursor_seq = std::max(row.seq, agreed.cursor_seq);
    }
    agreed.in_hand.erase(row.id.text());
    rows.pop_front();
  }
  const auto is_behind = [&](const auto& each) { return each.second <= agreed.cursor_seq; };
  std::erase_if(agreed.done, is_behind);
  std::erase_if(agreed.shown, is_behind);
}

void Inbox::put(Item item) {
  items_.push_back(std::move(item));
  grown_.notify();
  came_();
}

void Inbox::tell_untold(const std::function<void(const Item&)>& tell) {
  for (Item& item : items_) {
    if (!std::exchange(item.told, true)) tell(item);
  }
}

io::Task<Item*> Inbox::wait_for(std::chrono::milliseconds limit) {
  const auto until = clock_.monotonic() + limit;
  while (items_.empty()) {
    const auto left = until - clock_.monotonic();
    if (left <= 0s) co_return nullptr;
    co_await grown_.wait(left);
  }
  mark_shown({items_.front().id});
  co_return &items_.front();
}

std::vector<Item*> Inbox::oldest(std::size_t max) {
  std::vector<Item*> out;
  std::vector<ActivityId> ids;
  for (Item& item : items_) {
    if (out.size() == max) break;
    out.push_back(&item);
    ids.push_back(item.id);
  }
  mark_shown(ids);
  return out;
}

Inbox::Box& Inbox::box_of(const WorkspaceId& workspace) {
  return *std::ranges::find(boxes_, workspace,
                            [](const Box& box) { return box.credential.workspace(); });
}

bool Inbox::pop(const ActivityId& id) {
  const auto at = std::ranges::find(items_, id, &Item::id);
  if (at == items_.end()) return false;
  Box& box = box_of(at->workspace);
  std::deque<Row> rows;
  box.claims.change([&](Claims::Agreed& agreed) {
    rows = box.rows;
    agreed.done[id.text()] = at->seq;
    agreed.in_hand.erase(id.text());
    const auto row = std::ranges::find(rows, id, &Row::id);
    if (row != rows.end()) row->handled = true;
    advance(rows, agreed);
  });
  box.rows = std::move(rows);
  items_.erase(at);
  shrunk_.notify();
  return true;
}

void Inbox::drop_result(const std::string& delegation) {
  const auto at =
      std::ranges::find_if(items_, [&](const Item& item) { return item.delegation == delegation; });
  if (at != items_.end()) {
    pop(at->id);
    return;
  }
  if (unwanted_.size() >= unwanted_max) unwanted_.erase(unwanted_.begin());
  unwanted_.insert(delegation);
}

void Inbox::mark_shown(const std::vector<ActivityId>& ids) {
  std::map<Box*, std::vector<const Item*>> fresh;
  for (const ActivityId& id : ids) {
    Item* item = find(id);
    if (item == nullptr || std::exchange(item->shown, true)) continue;
    fresh[&box_of(item->workspace)].push_back(item);
  }
  for (const auto& [box, items] : fresh) {
    try {
      box->claims.change([&](Claims::Agreed& agreed) {
        for (const Item* item : items) agreed.shown[item->id.text()] = item->seq;
      });
    } catch (const Fault& fault) {
      log::warn("what was shown cannot be kept", log::field("error", fault.text()));
    }
  }
}

Item* Inbox::find(const ActivityId& id) {
  const auto at = std::ranges::find(items_, id, &Item::id);
  return at == items_.end() ? nullptr : &*at;
}

Item* Inbox::unanswered(const WorkspaceId& workspace, const std::optional<WorkspaceId>& peer) {
  const auto at = std::ranges::find_if(items_, [&](const Item& item) {
    return item.shown && !item.replied && !item.delegation && item.workspace == workspace &&
           item.peer == peer;
  });
  return at == items_.end() ? nullptr : &*at;
}

void Inbox::mark_replied(const ActivityId& id) {
  const auto at = std::ranges::find(items_, id, &Item::id);
  if (at != items_.end()) at->replied = true;
}

std::optional<std::string> Inbox::in_hand(const WorkspaceId& workspace) const {
  const auto at = std::ranges::find_if(items_, [&](const Item& item) {
    return item.shown && !item.delegation && item.workspace == workspace;
  });
  return at == items_.end() ? std::nullopt : std::optional(at->id.text());
}

std::string Inbox::trouble() const {
  for (const Box& box : boxes_) {
    if (!box.trouble.empty()) return box.trouble;
  }
  return {};
}

}  // namespace molecule::mcp
