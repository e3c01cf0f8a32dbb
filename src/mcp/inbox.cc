#include "mcp/inbox.h"

#include <algorithm>

#include "platform/json/answer.h"
#include "platform/log/log.h"
#include "wire/mcp/clipping.h"
#include "wire/mcp/quoting.h"
#include "wire/mcp/tool.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;
using json::Node;
using json::Type;

constexpr auto poll_for = 25s;
constexpr auto answer_within = 45s;
// Where no cursor is known: all that waits for an answer, and of what waits for none the newest.
constexpr std::chrono::seconds look_back = std::chrono::days(30);
constexpr auto away_for = 20s;   // After a refusal,
constexpr auto waited_for = 3s;  // and while somebody waits for a message.
constexpr auto least_wait = 1s;  // Between two questions that bring nothing.
constexpr auto look_every = 5s;  // Whether what another process had is free.
constexpr std::chrono::seconds pushed_for{60};
constexpr std::size_t unwanted_max = 1000;
constexpr std::size_t done_max = 5000;
constexpr std::size_t files_max = 100;  // Of a message, that are told.
constexpr std::size_t uri_max = 4096;
constexpr std::size_t peers_told_max = 50;  // Messages of peers that are pushed and not done.
constexpr int people_rows = 20;
constexpr auto full_every = 5s;             // Whether a person has written, while it is full.
const std::string result_mark = "result:";  // Before a delegation's id, among what is in hand.
constexpr std::string_view of_people = "canvas_user";
constexpr std::string_view no_text = "(empty A2A message)";

// What a row is to the agent; nothing when it is no message for it, or is none any more.
std::optional<Item> item_of(Node row, const WorkspaceId& workspace) {
  Item item;
  const auto id = ActivityId::parse(text_of(row, "id"));
  if (!id || !row.find("seq").is(Type::integer)) return std::nullopt;
  item.id = *id;
  item.seq = row.find("seq").integer();
  item.workspace = workspace;
  item.method = text_of(row, "method");
  item.created_at = text_of(row, "created_at");
  item.peer = WorkspaceId::parse(text_of(row, "source_id"));
  const bool result = item.method == "delegate_result";
  const std::string mail = text_of(row, "mail");
  if (mail == "settled" || mail == "dead") return std::nullopt;
  if (item.method == "notify" || (item.peer == workspace && !result)) return std::nullopt;
  const Node data = row.find("data");
  if (!result && (text_of(data, "source") == "self" || text_of(data, "source") == "system"))
    return std::nullopt;
  item.kind = result ? "delegation_result" : item.peer ? "peer_agent" : std::string(of_people);
  item.text = result ? text_of(row.find("response_body"), "text") : text_of(data, "text");
  if (item.text.empty()) item.text = text_of(row, "summary");
  item.text = contained(item.text);
  if (item.text.empty()) item.text = no_text;
  item.peer_name = harmless(text_of(data, "peer_name"));
  item.peer_role = harmless(text_of(data, "peer_role"));
  item.agent_card_url = text_of(data, "agent_card_url");
  if (result) item.delegation = text_of(row.find("response_body"), "delegation_id");
  item.files = files_in(row);
  return item;
}

}  // namespace

// Files among the parts of a message, in either generation, or of what a delegation came to.
std::string files_in(Node row) {
  Node parts = row.find("request_body").find("params").find("message").find("parts");
  if (!parts.is(Type::array)) parts = row.find("response_body").find("parts");
  std::string out;
  std::size_t count = 0;
  for (std::size_t i = 0; parts.is(Type::array) && i < parts.size(); ++i) {
    const Node part = parts.at(i), file = part.find("file");
    const std::string uri = file ? text_of(file, "uri") : text_of(part, "url");
    if (uri.empty() || uri.size() > uri_max) continue;
    if (++count > files_max) break;
    json::Object each;
    each.add("name", contained(file ? text_of(file, "name") : text_of(part, "filename")));
    each.add("media_type", harmless(file ? text_of(file, "mimeType") : text_of(part, "mediaType")));
    each.add("uri", contained(uri));
    out += (out.empty() ? "[" : ",") + each.text();
  }
  return out.empty() ? out : out + "]";
}

Inbox::Inbox(Platforms& platform, Settings& settings, const io::Clock& clock,
             std::function<void()> came)
    : platform_(platform),
      clock_(clock),
      pushes_show_(settings.channel),
      window_(settings.window),
      came_(std::move(came)) {
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
    bool well = false;
    try {
      if (!box.begun) begin(box);
      if (!is_full()) {
        box.people_fetched.reset();
        well = co_await fetch(box);
      } else {
        well = true;
        co_await fetch_people(box);
        co_await shrunk_.wait(full_every);
      }
      look_again(box);
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
    const bool sooner = co_await platform_.pause(pause);
    const std::chrono::seconds longest = grown_.has_waiters() ? waited_for : away_for;
    pause = sooner ? 1s : std::min(pause * 2, longest);
  }
}

void Inbox::begin(Box& box) {
  const Instant now = clock_.now();
  box.claims.change([&](Claims::Agreed& agreed) {
    box.fetched.reset();
    if (agreed.cursor) box.fetched = {*agreed.cursor, agreed.cursor_seq};
    // What those had in hand that have ended.
    std::erase_if(agreed.in_hand,
                  [&](const auto& each) { return !box.claims.is_others(each.second, now); });
  });
  box.begun = true;
}

io::Task<bool> Inbox::fetch(Box& box) {
  const WorkspaceId workspace = box.credential.workspace();
  client::Ask ask;
  ask.path = fmt::format("/workspaces/{}/activity?type=a2a_receive&order=asc&limit={}&wait={}&",
                         workspace.text(), box.rows, poll_for.count());
  ask.path += box.fetched ? fmt::format("since_id={}", box.fetched->id.text())
                          : fmt::format("since_secs={}", look_back.count());
  ask.repeatable = true;
  ask.answer_within = answer_within;
  ask.patience = 0s;
  const auto asked_at = clock_.monotonic();
  const client::Answer answer = co_await platform_.ask(box.credential, ask);
  if (answer.status == 410 && answer.code() == "cursor_gone") {
    // Numbers may have begun anew, too, so nothing is known by them.
    box.claims.change([](Claims::Agreed& agreed) {
      agreed.cursor.reset();
      agreed.cursor_seq = 0;
    });
    box.fetched.reset();
    for (Item& item : items_) {
      if (item.workspace == workspace) item.before.reset();
    }
    co_return false;
  }
  if (!answer.ok()) {
    box.trouble = answer.error();
    co_return false;
  }
  std::optional<json::Document> document;
  json::Limits limits = json::answer_limits;
  // One row is never too much, whatever is in it: behind it others wait.
  if (box.rows == 1) limits.members = answer.body.size();
  try {
    document = json::Document::parse(answer.body, limits);
  } catch (const Fault&) {
    if (box.rows == 1) throw;
    box.rows = std::max(1, box.rows / 8);
    co_return true;
  }
  box.rows = std::min(page_rows, box.rows * 2);
  const Node rows = document->root();
  const std::size_t count = rows.is(Type::array) ? rows.size() : 0;
  // Long ago is what was said to somebody who is not here any more, unless it waits for its answer.
  const std::string since = box.fetched ? std::string() : (clock_.now() - window_).text();
  std::vector<Item> came;
  std::optional<Place> newest = box.fetched;
  for (std::size_t i = 0; i < count; ++i) {
    const Node row = rows.at(i);
    const auto id = ActivityId::parse(text_of(row, "id"));
    if (!id || !row.find("seq").is(Type::integer)) continue;
    auto item = item_of(row, workspace);
    const bool old = item && text_of(row, "mail").empty() && item->created_at < since;
    const bool told = item && item->delegation && is_unwanted(*item->delegation);
    if (item && !old && !told) {
      item->before = newest;
      came.push_back(std::move(*item));
    }
    newest = Place{*id, row.find("seq").integer()};
  }
  const bool any = newest && (!box.fetched || newest->id != box.fetched->id);
  // Nothing though nobody waited: whoever answers so is not asked at once again.
  if (!any) co_return clock_.monotonic() - asked_at > least_wait;
  take(box, std::move(came), *newest);
  co_return true;
}

io::Task<void> Inbox::fetch_people(Box& box) {
  if (!box.fetched || items_.size() >= items_max + people_max) co_return;
  const WorkspaceId workspace = box.credential.workspace();
  client::Ask ask;
  ask.path = fmt::format(
      "/workspaces/{}/activity?type=a2a_receive&source=canvas&order=asc&limit={}&since_id={}",
      workspace.text(), people_rows, box.people_fetched.value_or(box.fetched->id).text());
  ask.repeatable = true;
  ask.patience = 0s;
  const client::Answer answer = co_await platform_.ask(box.credential, ask);
  if (answer.status == 410) box.people_fetched.reset();
  if (!answer.ok()) co_return;
  const json::Document document = json::parse_answer(answer.body);
  const Node rows = document.root();
  for (std::size_t i = 0; rows.is(Type::array) && i < rows.size(); ++i) {
    auto item = item_of(rows.at(i), workspace);
    if (const auto id = ActivityId::parse(text_of(rows.at(i), "id"))) box.people_fetched = *id;
    if (!item) continue;
    bool done = false;
    box.claims.change([&](Claims::Agreed& agreed) {
      done = agreed.done.contains(item->id.text()) || item->seq <= agreed.cursor_seq;
    });
    // Its row comes once more when those before it have been read: it is there then.
    if (!done && find(item->id) == nullptr) put(std::move(*item));
  }
}

// Nothing has changed here when what is agreed on cannot be written; so everywhere below.
void Inbox::take(Box& box, std::vector<Item> items, const Place& newest) {
  const WorkspaceId workspace = box.credential.workspace();
  std::vector<Item*> left;
  box.claims.change([&](Claims::Agreed& agreed) {
    left.clear();
    for (Item& item : items) {
      const bool done = agreed.done.contains(item.id.text()) || item.seq <= agreed.cursor_seq;
      if (!done && find(item.id) == nullptr) left.push_back(&item);
    }
    const auto here = std::ranges::find(items_, workspace, &Item::workspace);
    const Item* oldest = here != items_.end() ? &*here : left.empty() ? nullptr : left.front();
    advance(agreed, oldest, newest);
  });
  box.fetched = newest;
  for (Item* item : left) put(std::move(*item));
  // Of those that were there before their turn, it is known now what stands before them.
  for (const Item& item : items) {
    Item* known = find(item.id);
    if (known != nullptr && !known->before) known->before = item.before;
  }
}

bool Inbox::is_full() const {
  std::size_t bytes = 0;
  for (const Item& item : items_) bytes += item.text.size() + item.files.size();
  return items_.size() >= items_max || bytes >= texts_max;
}

void Inbox::look_again(Box& box) {
  const WorkspaceId workspace = box.credential.workspace();
  if (std::ranges::find(items_, workspace, &Item::workspace) == items_.end()) return;
  std::set<ActivityId> over;
  box.claims.change([&](Claims::Agreed& agreed) {
    over.clear();
    const Item* oldest = nullptr;
    for (const Item& item : items_) {
      if (item.workspace != workspace) continue;
      if (agreed.done.contains(item.id.text()) || item.seq <= agreed.cursor_seq) {
        over.insert(item.id);
      } else if (oldest == nullptr) {
        oldest = &item;
      }
    }
    advance(agreed, oldest, box.fetched);
  });
  if (over.empty()) return;
  std::erase_if(items_, [&](const Item& item) { return over.contains(item.id); });
  shrunk_.notify();
}

bool Inbox::is_unwanted(const std::string& delegation) const {
  return std::ranges::find(unwanted_, delegation) != unwanted_.end();
}

bool Inbox::is_offered(const Item& item) const {
  return !item.delegation || !expected_.contains(*item.delegation);
}

std::vector<Item*> Inbox::in_order() {
  std::vector<Item*> out;
  out.reserve(items_.size());
  for (const bool people : {true, false}) {
    for (Item& item : items_) {
      if ((item.kind == of_people) == people) out.push_back(&item);
    }
  }
  return out;
}

std::vector<Item*> Inbox::claim(const std::function<bool(const Item&)>& wanted, std::size_t max,
                                Hold hold) {
  const Instant now = clock_.now();
  const std::vector<Item*> all = in_order();
  std::set<const Item*> ours;
  for (Box& box : boxes_) {
    const WorkspaceId workspace = box.credential.workspace();
    std::set<const Item*> of_box;
    box.claims.change([&](Claims::Agreed& agreed) {
      of_box.clear();
      for (const Item* each : all) {
        if (of_box.size() == max) break;
        const Item& item = *each;
        if (item.workspace != workspace || !is_offered(item) || !wanted(item)) continue;
        const std::string id = item.id.text();
        if (agreed.done.contains(id) || item.seq <= agreed.cursor_seq) continue;
        const auto others = [&](const std::string& what) {
          const auto at = agreed.in_hand.find(what);
          return at != agreed.in_hand.end() && box.claims.is_others(at->second, now);
        };
        if (others(id) || (item.delegation && others(result_mark + *item.delegation))) continue;
        of_box.insert(&item);
        std::string& holder = agreed.in_hand[id];
        const bool firm = hold == Hold::firm || holder == box.claims.hold();
        holder = firm ? box.claims.hold() : box.claims.hold_until(now + pushed_for);
      }
    });
    ours.merge(of_box);
  }
  std::vector<Item*> out;
  for (Item* item : all) {
    if (out.size() < max && ours.contains(item)) out.push_back(item);
  }
  return out;
}

void Inbox::advance(Claims::Agreed& agreed, const Item* oldest,
                    const std::optional<Place>& newest) {
  const std::optional<Place>& until = oldest != nullptr ? oldest->before : newest;
  if (until && (until->seq > agreed.cursor_seq || !agreed.cursor)) {
    agreed.cursor = until->id;
    agreed.cursor_seq = std::max(until->seq, agreed.cursor_seq);
  }
  std::erase_if(agreed.done, [&](const auto& each) { return each.second <= agreed.cursor_seq; });
  // What one that nobody takes up keeps from being forgotten has a bound; beyond it, the oldest may
  // come again after a restart, where it was not answered.
  while (agreed.done.size() > done_max) {
    const auto number = [](const auto& each) { return each.second; };
    agreed.done.erase(std::ranges::min_element(agreed.done, {}, number));
  }
}

// By their numbers: the first of a workspace is the one behind which all may wait.
void Inbox::put(Item item) {
  const auto at = std::ranges::find_if(items_, [&](const Item& each) {
    return each.workspace == item.workspace && each.seq > item.seq;
  });
  items_.insert(at, std::move(item));
  grown_.notify();
  came_();
}

void Inbox::push_new(const std::function<void(const Item&)>& tell) {
  std::size_t of_peers = 0;
  for (const Item& item : items_)
    of_peers += item.kind != of_people && item.told && !item.replied ? 1 : 0;
  std::set<const Item*> fresh;
  for (const Item* item : in_order()) {
    const bool person = item->kind == of_people;
    if (item->told || (!person && of_peers >= peers_told_max)) continue;
    fresh.insert(item);
    of_peers += person ? 0 : 1;
  }
  if (fresh.empty()) return;
  const auto is_fresh = [&](const Item& item) { return fresh.contains(&item); };
  std::vector<Item*> ours;
  try {
    ours = claim(is_fresh, fresh.size(), pushes_show_ ? Hold::firm : Hold::passing);
  } catch (const Fault& fault) {
    log::warn("messages are not pushed", log::field("error", fault.text()));
    return;
  }
  // What another process has, that has pushed.
  for (Item& item : items_) item.told = item.told || (is_fresh(item) && is_offered(item));
  for (Item* item : ours) {
    item->shown = item->shown || pushes_show_;
    tell(*item);
  }
}

io::Task<const Item*> Inbox::wait_for(std::chrono::milliseconds limit) {
  const auto until = clock_.monotonic() + limit;
  platform_.want_to_know();
  for (;;) {
    const auto found = oldest(1);
    if (!found.empty()) co_return found.front();
    const auto left = until - clock_.monotonic();
    if (left <= 0s) co_return nullptr;
    // What another process has may become free.
    co_await grown_.wait(std::min<std::chrono::nanoseconds>(left, look_every));
  }
}

std::vector<const Item*> Inbox::oldest(std::size_t max) {
  std::vector<const Item*> out;
  if (items_.empty()) return out;
  std::size_t bytes = 0, fitting = 0;
  for (const Item* item : in_order()) {
    bytes += std::min(item->text.size(), shown_of_message) + item->files.size();
    if (fitting > 0 && bytes > peeked_max) break;
    ++fitting;
  }
  max = std::min(max, fitting);
  for (Item* item : claim([](const Item&) { return true; }, max, Hold::firm)) {
    item->shown = item->told = true;
    out.push_back(item);
  }
  return out;
}

const Item* Inbox::shown(const ActivityId& id) {
  for (Item* item : claim([&](const Item& each) { return each.id == id; }, 1, Hold::firm)) {
    item->shown = item->told = true;
    return item;
  }
  return nullptr;
}

Inbox::Box& Inbox::box_of(const WorkspaceId& workspace) {
  return *std::ranges::find(boxes_, workspace,
                            [](const Box& box) { return box.credential.workspace(); });
}

bool Inbox::pop(const ActivityId& id) {
  const auto at = std::ranges::find(items_, id, &Item::id);
  if (at == items_.end()) return false;
  Box& box = box_of(at->workspace);
  box.claims.change([&](Claims::Agreed& agreed) {
    agreed.done[id.text()] = at->seq;
    agreed.in_hand.erase(id.text());
    const auto oldest = std::ranges::find_if(
        items_, [&](const Item& item) { return item.workspace == at->workspace && item.id != id; });
    advance(agreed, oldest == items_.end() ? nullptr : &*oldest, box.fetched);
  });
  items_.erase(at);
  shrunk_.notify();
  came_();
  return true;
}

void Inbox::expect_result(const WorkspaceId& workspace, const std::string& delegation) {
  expected_.insert(delegation);
  Box& box = box_of(workspace);
  try {
    box.claims.change([&](Claims::Agreed& agreed) {
      agreed.in_hand[result_mark + delegation] = box.claims.hold();
    });
  } catch (const Fault& fault) {
    log::warn("another process may show a result that is waited for here",
              log::field("error", fault.text()));
  }
}

void Inbox::end_expecting(const WorkspaceId& workspace, const std::string& delegation,
                          bool had_it) {
  expected_.erase(delegation);
  const auto at =
      std::ranges::find_if(items_, [&](const Item& item) { return item.delegation == delegation; });
  try {
    box_of(workspace).claims.change(
        [&](Claims::Agreed& agreed) { agreed.in_hand.erase(result_mark + delegation); });
    if (had_it && at != items_.end()) pop(at->id);
  } catch (const Fault& fault) {
    log::warn("what was waited for may come once more", log::field("error", fault.text()));
  }
  if (had_it && at == items_.end()) {
    if (unwanted_.size() >= unwanted_max) unwanted_.pop_front();
    unwanted_.push_back(delegation);
  }
  if (!had_it) {
    grown_.notify();
    came_();
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

void Inbox::mark_replied(const ActivityId& id, bool replied) {
  if (Item* item = find(id)) item->replied = replied;
}

void Inbox::mark_called_off(const ActivityId& id) {
  if (Item* item = find(id)) item->called_off = true;
}

std::optional<ActivityId> Inbox::in_hand(const WorkspaceId& workspace) const {
  const auto at = std::ranges::find_if(items_, [&](const Item& item) {
    return item.shown && !item.delegation && !item.called_off && item.workspace == workspace;
  });
  return at == items_.end() ? std::nullopt : std::optional(at->id);
}

std::map<WorkspaceId, ActivityId> Inbox::cursors() {
  std::map<WorkspaceId, ActivityId> out;
  for (Box& box : boxes_) {
    box.claims.change([&](Claims::Agreed& agreed) {
      if (agreed.cursor) out[box.credential.workspace()] = *agreed.cursor;
    });
  }
  return out;
}

std::string Inbox::trouble() const {
  for (const Box& box : boxes_) {
    if (!box.trouble.empty()) return box.trouble;
  }
  if (is_full())
    return fmt::format("{} messages wait here; no more of peers are brought until some are popped",
                       items_.size());
  return {};
}

}  // namespace molecule::mcp
