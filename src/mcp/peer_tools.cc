// Tools about peers: who there is, work for them, what came of it.
#include <algorithm>

#include "client/operator.h"
#include "mcp/tools.h"
#include "platform/crypto/encoding.h"
#include "platform/files/files.h"
#include "platform/json/answer.h"
#include "wire/mcp/clipping.h"
#include "wire/mcp/excerpt.h"
#include "wire/mcp/quoting.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;
using json::Node;
using json::Type;

constexpr std::size_t peers_max = 4096;
constexpr auto result_poll = 25s;
constexpr std::size_t statuses_max = 10;
constexpr std::int64_t listed_default = 100, listed_max = 500;
constexpr std::size_t looked_at_max = 6u << 20;  // Bytes of all pictures and sounds of a result.
constexpr auto looked_at_within = 20s;

WorkspaceId peer_in(Node arguments, std::string_view name) {
  const std::string text = text_of(arguments, name);
  const auto id = WorkspaceId::parse(text);
  if (!id)
    throw bad_request("invalid_workspace_id",
                      fmt::format("{}: {} is no workspace id; list_peers tells the ids", name,
                                  text.empty() ? "an empty text" : json::storable(text, 100)));
  return *id;
}

json::Document parsed(const client::Answer& answer) { return json::parse_answer(answer.body); }

std::string ids_of(const std::vector<client::Credential>& members) {
  std::string out;
  for (const client::Credential& each : members)
    out += (out.empty() ? "" : ", ") + each.workspace().text();
  return out;
}

constexpr std::string_view no_such_page =
    "cursor: that peer is not there any more; list them from the beginning";

// Why it failed may be the peer's own words, whoever passed them on.
Said not_done(std::string_view name, std::string_view why, std::uint64_t number) {
  return {fmt::format("DELEGATION FAILED to {}:\n{}\n\nYou can hand it to another peer "
                      "(list_peers), do it yourself, or tell the user with send_message_to_user.",
                      name, quoted(name, clipped(why, shown_of_error), number)),
          true};
}

// A message on its way to a peer, as JSON-RPC.
std::string sent(const std::string& text, std::string_view role,
                 const std::optional<ActivityId>& question, io::Random& random) {
  json::Object part, message, params, envelope;
  part.add("kind", "text").add("text", text);
  message.add("kind", "message").add("role", role);
  message.add("messageId", random.id<ActivityId>());
  message.add("parts", RawJson("[" + part.text() + "]"));
  if (question) message.add("metadata", json::Object{}.add("reply_to", *question).raw());
  params.add("message", message.raw());
  envelope.add("jsonrpc", "2.0").add("id", "1").add("method", "message/send");
  envelope.add("params", params.raw());
  return envelope.text();
}

// What the parts of a message say.
std::string text_in(Node parts) {
  std::string out;
  for (std::size_t i = 0; parts.is(Type::array) && i < parts.size(); ++i)
    out += text_of(parts.at(i), "text");
  return out;
}

// While it lives, a delegation's result is no message.
class Expected {
 public:
  Expected(Inbox* inbox, WorkspaceId workspace, std::string delegation)
      : inbox_(inbox), workspace_(workspace), delegation_(std::move(delegation)) {
    if (inbox_ != nullptr) inbox_->expect_result(workspace_, delegation_);
  }
  ~Expected() {
    if (inbox_ != nullptr) inbox_->end_expecting(workspace_, delegation_, had_it_);
  }
  Expected(const Expected&) = delete;
  void had_it() { had_it_ = true; }

 private:
  Inbox* const inbox_;
  const WorkspaceId workspace_;
  const std::string delegation_;
  bool had_it_ = false;
};

bool is_end(std::string_view status) {
  return status == "completed" || status == "failed" || status == "canceled";
}

}  // namespace

std::string Tools::name_of(const WorkspaceId& peer) const {
  const auto at = peers_.find(peer);
  std::string name = at == peers_.end() ? std::string() : harmless(at->second.name);
  return name.empty() ? peer.text() : name;
}

client::Credential& Tools::source(Node arguments, std::string_view argument,
                                  const std::optional<WorkspaceId>& peer) {
  std::optional<WorkspaceId> wanted;
  if (!text_of(arguments, argument).empty()) {
    wanted = peer_in(arguments, argument);
  } else if (settings_.channel && settings_.several()) {
    throw bad_request("which_workspace",
                      fmt::format("{}: several workspaces are watched; name one of {}", argument,
                                  ids_of(settings_.members)));
  } else if (peer) {
    if (const auto at = peers_.find(*peer); at != peers_.end()) wanted = at->second.through;
  }
  if (!wanted) return settings_.members.front();
  const auto at = std::ranges::find(settings_.members, *wanted, &client::Credential::workspace);
  if (at == settings_.members.end())
    throw bad_request(
        "foreign_workspace",
        fmt::format("{}: {} is none of the workspaces of this server", argument, wanted->text()));
  return *at;
}

io::Task<client::Answer> Tools::ask(client::Credential& as, http::Method method, std::string path,
                                    std::string body, bool repeatable) {
  client::Ask ask;
  ask.method = method;
  ask.path = std::move(path);
  ask.body = std::move(body);
  ask.repeatable = repeatable || method == http::Method::get;
  const auto parent = inbox_ == nullptr ? std::nullopt : inbox_->in_hand(as.workspace());
  if (parent) ask.parent = parent->text();
  client::Answer answer = co_await platform_.ask(as, ask);
  if (parent && answer.status == 409 && answer.code() == "task_canceled") {
    // What it was at was called off; what it does now is not a part of that.
    inbox_->mark_called_off(*parent);
    ask.parent.reset();
    answer = co_await platform_.ask(as, ask);
  }
  // Whatever stands in a platform's place answers with 200, too.
  const auto type = answer.header("content-type");
  if (answer.ok() && !answer.body.empty() && (!type || !type->starts_with("application/json")))
    throw Fault(Kind::bad_gateway, "not_a_platform",
                "what answers in the platform's place is no Molecule platform; nothing was done");
  co_return answer;
}

std::optional<ActivityId> Tools::question_of(Node arguments, const WorkspaceId& workspace,
                                             const std::optional<WorkspaceId>& peer) {
  const std::string named = text_of(arguments, "reply_to");
  if (named.empty()) {
    const Item* item = inbox_ == nullptr ? nullptr : inbox_->unanswered(workspace, peer);
    return item == nullptr ? std::nullopt : std::optional(item->id);
  }
  const auto id = ActivityId::parse(named);
  if (!id) throw bad_request("invalid_reply_to", "reply_to: expected the activity_id of a message");
  const Item* item = inbox_ == nullptr ? nullptr : inbox_->find(*id);
  if (item != nullptr && (item->peer != peer || item->workspace != workspace))
    throw bad_request("invalid_reply_to", "reply_to: that message is from somebody else");
  return id;
}

io::Task<Tools::Handed> Tools::hand_over(client::Credential& as, const WorkspaceId& peer,
                                         const std::string& task) {
  Handed out;
  if (peer == as.workspace()) {
    out.refused = Said{"a workspace cannot hand work to itself: it would wait for itself", true};
    co_return out;
  }
  if (task.empty()) {
    out.refused = Said{"task: is empty", true};
    co_return out;
  }
  json::Object body;
  body.add("target_id", peer).add("task", task);
  // One call is one piece of work, however often it has to be asked for.
  body.add("idempotency_key", random_.id<ActivityId>());
  const client::Answer answer = co_await ask(
      as, http::Method::post, fmt::format("/workspaces/{}/delegate", as.workspace().text()),
      body.text(), true);
  if (answer.ok()) {
    out.id = text_of(parsed(answer).root(), "delegation_id");
  } else if (answer.status == 404 || answer.status == 403) {
    out.refused = Said{fmt::format("{} is not there, or this workspace may not reach it ({}); "
                                   "list_peers tells whom it may reach",
                                   name_of(peer), answer.error()),
                       true};
  } else {
    out.refused = not_done(name_of(peer), answer.error(), random_.number());
  }
  co_return out;
}

io::Task<Said> Tools::answer_peer(client::Credential& as, const WorkspaceId& peer,
                                  const std::string& text, const ActivityId& question) {
  const std::string envelope = sent(text, "agent", question, random_);
  // What is handed over meanwhile is no second answer.
  if (inbox_ != nullptr) inbox_->mark_replied(question, true);
  // Its id keeps a repeated one from arriving twice.
  const client::Answer answer = co_await ask(
      as, http::Method::post, fmt::format("/workspaces/{}/a2a", peer.text()), envelope, true);
  const bool refused = !answer.ok() || !answer.word("error").empty();
  if (refused) {
    if (inbox_ != nullptr) inbox_->mark_replied(question, false);
    co_return not_done(name_of(peer), answer.error(), random_.number());
  }
  if (answer.word("status") == "canceled") {
    if (settings_.channel) answered(question);
    co_return Said{"the question was canceled, and the answer went to nobody", true};
  }
  co_return Said{fmt::format("Answered {}.", name_of(peer)) + answered(question)};
}

// What is no answer to anything: a message of this agent's own.
io::Task<Said> Tools::write_to_peer(client::Credential& as, const WorkspaceId& peer,
                                    const std::string& text) {
  if (peer == as.workspace()) co_return Said{"a workspace cannot write to itself", true};
  const std::string envelope = sent(text, "user", std::nullopt, random_);
  const client::Answer answer = co_await ask(
      as, http::Method::post, fmt::format("/workspaces/{}/a2a", peer.text()), envelope, true);
  const bool refused = !answer.ok() || !answer.word("error").empty();
  if (refused) co_return not_done(name_of(peer), answer.error(), random_.number());
  const json::Document document = parsed(answer);
  const Node result = document.root().find("result");
  std::string said = text_in(result.find("parts"));
  if (said.empty()) said = text_in(result.find("status").find("message").find("parts"));
  if (said.empty()) co_return Said{fmt::format("Sent to {}.", name_of(peer))};
  co_return Said{quoted(name_of(peer), clipped(said, shown_of_answer), random_.number())};
}

io::Task<Said> Tools::reply_to_workspace(Node arguments, const Progress&) {
  const std::string text = text_of(arguments, "text");
  if (text.empty()) co_return Said{"text: is empty", true};
  // The message that is answered knows who wrote it, and to which workspace.
  const auto question = ActivityId::parse(text_of(arguments, "reply_to"));
  const Item* item = question && inbox_ != nullptr ? inbox_->find(*question) : nullptr;
  std::optional<WorkspaceId> peer;
  if (!text_of(arguments, "peer_id").empty()) {
    peer = peer_in(arguments, "peer_id");
  } else if (item != nullptr) {
    peer = item->peer;
  }
  client::Credential* as = nullptr;
  if (item != nullptr && text_of(arguments, "workspace_id").empty()) {
    as = &*std::ranges::find(settings_.members, item->workspace, &client::Credential::workspace);
  } else {
    as = &source(arguments, "workspace_id", peer);
  }
  if (!peer) co_return co_await tell_person(*as, arguments, text, {});
  const auto answers = question_of(arguments, as->workspace(), peer);
  if (answers) co_return co_await answer_peer(*as, *peer, text, *answers);
  co_return co_await write_to_peer(*as, *peer, text);
}

io::Task<Said> Tools::delegate_task(Node arguments, const Progress& progress) {
  const WorkspaceId peer = peer_in(arguments, "workspace_id");
  const std::string task = text_of(arguments, "task");
  client::Credential& as = source(arguments, source_name("source_workspace_id"), peer);
  // In a channel, answers go out with reply_to_workspace.
  const auto question =
      settings_.channel ? std::nullopt : question_of(arguments, as.workspace(), peer);
  if (question && !task.empty()) co_return co_await answer_peer(as, peer, task, *question);
  Handed handed = co_await hand_over(as, peer, task);
  if (handed.refused) co_return std::move(*handed.refused);
  Expected expected(inbox_, as.workspace(), handed.id);
  const std::string path =
      fmt::format("/workspaces/{}/delegations/{}", as.workspace().text(), handed.id);
  // A client that is not told that a call goes on gives it up.
  auto left = progress.wanted() ? settings_.delegation_wait
                                : std::min<std::chrono::seconds>(settings_.delegation_wait, 50s);
  std::string trouble;
  while (left > 0s) {
    const auto part = std::min<std::chrono::seconds>(left, result_poll);
    left -= part;
    std::optional<client::Answer> answer;
    try {
      answer = co_await ask(as, http::Method::get, fmt::format("{}?wait={}", path, part.count()));
      trouble = answer->ok() ? std::string() : answer->error();
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      trouble = fault.text();
    }
    if (!trouble.empty()) {
      // The work goes on, whatever keeps its result from us.
      progress(trouble);
      co_await io::sleep(std::min<std::chrono::seconds>(part, 5s));
      continue;
    }
    const json::Document document = parsed(*answer);
    const std::string status = text_of(document.root(), "status");
    if (is_end(status)) {
      expected.had_it();
      if (status == "completed") {
        Said said{quoted(
            name_of(peer),
            clipped(text_of(document.root(), "result"), shown_of_answer,
                    fmt::format("check_task_status with task_id {} has it whole", handed.id)),
            random_.number())};
        said.files = co_await to_look_at(as, document.root().find("files"));
        co_return said;
      }
      const std::string why = text_of(document.root(), "error");
      co_return not_done(name_of(peer), why.empty() ? status : why, random_.number());
    }
    progress(fmt::format("{} is at it ({})", name_of(peer), status));
  }
  co_return Said{fmt::format(
      "{} has not answered yet{} and goes on: do not hand it over again. The result comes to the "
      "inbox as a delegation_result; check_task_status with task_id {} tells how it stands.",
      name_of(peer), trouble.empty() ? std::string() : fmt::format(" ({})", trouble), handed.id)};
}

io::Task<Said> Tools::delegate_task_async(Node arguments, const Progress&) {
  const WorkspaceId peer = peer_in(arguments, "workspace_id");
  client::Credential& as = source(arguments, source_name("source_workspace_id"), peer);
  Handed handed = co_await hand_over(as, peer, text_of(arguments, "task"));
  if (handed.refused) co_return std::move(*handed.refused);
  json::Object out;
  out.add("delegation_id", handed.id).add("workspace_id", peer).add("status", "delegated");
  out.add("note", "the result comes to the inbox as a delegation_result");
  co_return Said{out.text()};
}

io::Task<Said> Tools::check_task_status(Node arguments, const Progress&) {
  const std::string task = text_of(arguments, "task_id");
  std::optional<WorkspaceId> peer;
  if (!text_of(arguments, "workspace_id").empty()) peer = peer_in(arguments, "workspace_id");
  client::Credential& as = source(arguments, source_name("source_workspace_id"), peer);
  const std::string path = fmt::format("/workspaces/{}/delegations", as.workspace().text());
  if (task.empty()) {
    const client::Answer answer = co_await ask(as, http::Method::get, path);
    if (!answer.ok()) co_return Said{answer.error(), true};
    const json::Document document = parsed(answer);
    const Node rows = document.root();
    const std::size_t count = rows.is(Type::array) ? std::min(rows.size(), statuses_max) : 0;
    std::string list;
    for (std::size_t i = 0; i < count; ++i) list += (i > 0 ? "," : "") + rows.at(i).text();
    json::Object out;
    out.add("delegations", RawJson("[" + list + "]"))
        .add("count", static_cast<std::int64_t>(count));
    co_return Said{out.text()};
  }
  const client::Answer answer =
      co_await ask(as, http::Method::get, fmt::format("{}/{}", path, client::escaped(task)));
  const bool knows_none = answer.status == 404 && answer.code() != "route_not_found";
  if (knows_none || answer.status == 400) {
    json::Object out;
    out.add("status", "not_found").add("delegation_id", task);
    co_return Said{out.text()};
  }
  if (!answer.ok()) co_return Said{answer.error(), true};
  const json::Document document = parsed(answer);
  const std::size_t from = from_of(arguments);
  Said said{shown_unseen(with_part(document.root(), "result", from, shown_of_answer))};
  if (from == 0) said.files = co_await to_look_at(as, document.root().find("files"));
  co_return said;
}

io::Task<std::vector<Enclosed>> Tools::to_look_at(client::Credential& as, Node files) {
  std::vector<NamedFile> wanted;
  for (std::size_t i = 0; files.is(Type::array) && i < files.size(); ++i) {
    const Node each = files.at(i);
    NamedFile file{text_of(each, "uri"), text_of(each, "name"), text_of(each, "mimeType")};
    const std::string_view kind = kind_of(file.media_type);
    if (kind == "image" || kind == "audio") wanted.push_back(std::move(file));
  }
  std::vector<Enclosed> out;
  if (wanted.empty()) co_return out;
  std::size_t left = looked_at_max;
  const auto here = co_await files_.bring(as, std::move(wanted), looked_at_within);
  for (const LocalFile& each : here) {
    // What is not here, or too large, is named in the result all the same.
    if (each.path.empty()) continue;
    const auto bytes = files::read(each.path, left);
    if (!bytes || bytes->empty()) continue;
    left -= bytes->size();
    Enclosed file{.uri = each.file.uri, .name = each.file.name, .media_type = each.file.media_type};
    file.base64 = crypto::base64_encode(
        {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
    out.push_back(std::move(file));
  }
  co_return out;
}

io::Task<Said> Tools::list_peers(Node arguments, const Progress&) {
  std::vector<client::Credential*> whose;
  const std::string_view named = settings_.channel ? "workspace_id" : "source_workspace_id";
  if (text_of(arguments, named).empty()) {
    for (client::Credential& each : settings_.members) whose.push_back(&each);
  } else {
    whose.push_back(&source(arguments, named));
  }
  const std::string wanted = text_of(arguments, "q");
  const auto limit = std::clamp<std::int64_t>(whole_of(arguments, "limit").value_or(listed_default),
                                              1, listed_max);
  // A cursor is the last peer that was told; where several workspaces list theirs, also whose.
  std::string behind = text_of(arguments, "cursor");
  if (const std::size_t slash = behind.find('/');
      settings_.several() && slash != std::string::npos) {
    const std::string workspace = behind.substr(0, slash);
    whose.erase(whose.begin(), std::ranges::find(whose, workspace, [](const auto* each) {
                  return each->workspace().text();
                }));
    behind.erase(0, slash + 1);
  }
  if (!behind.empty() && (whose.empty() || !WorkspaceId::parse(behind)))
    co_return Said{std::string(no_such_page), true};
  std::int64_t told = 0;
  bool more = false;
  std::string last, out, trouble;
  for (client::Credential* as : whose) {
    if (more) break;
    const std::string workspace = as->workspace().text();
    // One more than is told says whether there is a further page.
    std::string path = fmt::format("/registry/{}/peers?limit={}", workspace, limit - told + 1);
    if (!wanted.empty()) path += "&q=" + client::escaped(wanted);
    if (!behind.empty()) path += "&after=" + behind;
    const client::Answer answer = co_await ask(*as, http::Method::get, path);
    if (answer.code() == "cursor_gone") co_return Said{std::string(no_such_page), true};
    const std::string from = std::exchange(behind, {});
    if (!answer.ok()) {
      trouble += fmt::format("{}{}: {}", trouble.empty() ? "" : "\n", workspace, answer.error());
      continue;
    }
    const json::Document document = parsed(answer);
    const Node rows = document.root();
    const std::size_t size = rows.is(Type::array) ? rows.size() : 0;
    std::size_t i = 0;
    // A platform that knows no pages tells everything.
    for (std::size_t at = 0; at < size && !from.empty(); ++at)
      if (text_of(rows.at(at), "id") == from) i = at + 1;
    for (; i < size; ++i) {
      const Node row = rows.at(i);
      const auto id = WorkspaceId::parse(text_of(row, "id"));
      if (!id) continue;
      if (told == limit) {
        more = true;
        break;
      }
      if (peers_.size() < peers_max || peers_.contains(*id))
        peers_[*id] = {text_of(row, "name"), as->workspace()};
      ++told;
      // One that several reach stands once for each.
      last = settings_.several() ? fmt::format("{}/{}", workspace, id->text()) : id->text();
      out += fmt::format("{}- {} (ID: {}, status: {}, role: {}", out.empty() ? "" : "\n",
                         harmless(text_of(row, "name")), id->text(), text_of(row, "status"),
                         harmless(text_of(row, "role")));
      if (settings_.several()) out += fmt::format(", via: {}", workspace.substr(0, 8));
      out += ")";
    }
  }
  if (more) out += fmt::format("\n(there are more: cursor {} goes on)", last);
  if (out.empty() && trouble.empty())
    co_return Said{wanted.empty()
                       ? "There are no peers: this workspace has no parent, children or siblings "
                         "yet."
                       : "No peer is called so."};
  if (!trouble.empty()) out += fmt::format("{}{}", out.empty() ? "" : "\n", trouble);
  co_return Said{out, !trouble.empty()};
}

io::Task<Said> Tools::chat_history(Node arguments, const Progress&) {
  const WorkspaceId peer = peer_in(arguments, "peer_id");
  client::Credential& as = source(arguments, source_name("source_workspace_id"), peer);
  const auto limit = std::clamp<std::int64_t>(whole_of(arguments, "limit").value_or(20), 1, 500);
  std::string path = fmt::format("/workspaces/{}/activity?peer_id={}&limit={}&order=desc",
                                 as.workspace().text(), peer.text(), limit);
  if (const std::string before = text_of(arguments, "before_ts"); !before.empty())
    path += "&before_ts=" + client::escaped(before);
  const client::Answer answer = co_await ask(as, http::Method::get, path);
  if (!answer.ok()) co_return Said{answer.error(), true};
  const json::Document document = parsed(answer);
  const Node rows = document.root();
  std::string list;
  for (std::size_t i = rows.is(Type::array) ? rows.size() : 0; i-- > 0;)
    list += (list.empty() ? "" : ",") + rows.at(i).text();
  list = "[" + list + "]";
  constexpr std::string_view bodies[] = {"request_body", "response_body"};
  co_return Said{
      shown_unseen(excerpt(json::parse_answer(list).root(), bodies, shown_of_answer,
                           shown_of_message, "ask with a smaller limit, or with before_ts"))};
}

}  // namespace molecule::mcp
