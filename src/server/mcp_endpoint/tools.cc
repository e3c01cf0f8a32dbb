#include "server/mcp_endpoint/tools.h"

#include <algorithm>
#include <array>

#include "wire/mcp/clipping.h"
#include "wire/mcp/excerpt.h"
#include "wire/mcp/quoting.h"

namespace molecule::mcp_endpoint {
namespace {

using namespace std::chrono_literals;
using json::Node;
using mcp::Argument;
using mcp::Progress;
using mcp::Said;
using Form = Argument::Form;

constexpr auto answer_within = 30s;
constexpr auto told_every = 10s;
constexpr std::size_t statuses_max = 10;
constexpr std::int64_t peers_default = 100;
constexpr std::int64_t peers_max = 500;
constexpr std::string_view no_such_page =
    "cursor: that peer is not there any more; list them from the beginning";

struct Tool {
  mcp::Words words;
  io::Task<Said> (Tools::*run)(Node arguments, const Progress& progress) = nullptr;
};

constexpr std::array seeking{
    Argument{"q", Form::text, false, "Only those whose name or role has this in it"},
    Argument{"limit", Form::whole, false, "At most so many, up to 500 (default 100)"},
    Argument{"cursor", Form::text, false, "As `next` of the page before says"}};
// Whoever stands between may tell by the peer where a call goes.
constexpr std::string_view peer_header = "Peer";
constexpr std::array delegating{Argument{.name = "workspace_id",
                                         .required = true,
                                         .about = "The peer's id, as list_peers tells it",
                                         .header = peer_header},
                                Argument{"task", Form::text, true, "What it is to do"}};
constexpr std::array checking{
    Argument{"workspace_id", Form::text, false, "The peer's id"},
    Argument{"task_id", Form::text, true, "The delegation_id; empty: the newest ones"},
    Argument{"from", Form::whole, false,
             "Of a long result: where it goes on, as result_next says"}};
constexpr std::array telling{
    Argument{"message", Form::text, true, "What the person is to read; Markdown"},
    Argument{"reply_to", Form::text, false, "The activity_id of the message that this answers"}};

constexpr std::array all{
    Tool{{.name = "list_peers",
          .title = "List peers",
          .about = "The agents that this workspace may reach.",
          .arguments = seeking,
          .reads = true,
          .again = true},
         &Tools::list_peers},
    Tool{{.name = "get_workspace_info",
          .title = "This workspace",
          .about = "What the platform knows of this workspace.",
          .reads = true,
          .again = true},
         &Tools::get_workspace_info},
    Tool{{.name = "delegate_task",
          .title = "Hand work to a peer and wait",
          .about =
              "Hands a task to a peer agent and waits up to 30 seconds for its result; the work "
              "goes on after that, and check_task_status tells how it stands.",
          .arguments = delegating,
          .outward = true},
         &Tools::delegate_task},
    Tool{{.name = "delegate_task_async",
          .title = "Hand work to a peer",
          .about = "Hands a task to a peer agent and comes back at once.",
          .arguments = delegating,
          .outward = true},
         &Tools::delegate_task_async},
    Tool{{.name = "check_task_status",
          .title = "How handed-over work stands",
          .about = "How a task stands that was handed over, with its result once it has one.",
          .arguments = checking,
          .reads = true,
          .again = true},
         &Tools::check_task_status}};

constexpr Tool speaking{{.name = "send_message_to_user",
                         .title = "Write to the person",
                         .about = "Shows a message to the person at the canvas.",
                         .arguments = telling,
                         .outward = true},
                        &Tools::send_message_to_user};

const Tool* tool_of(std::string_view name) {
  if (name == speaking.words.name) return &speaking;
  const auto at = std::ranges::find(all, name, [](const Tool& tool) { return tool.words.name; });
  return at == all.end() ? nullptr : &*at;
}

constexpr mcp::Server this_server{
    .name = "molecule-a2a",
    .title = "Molecule",
    .capabilities = R"({"tools":{"listChanged":false},"resources":{},"prompts":{}})",
    .completes = true};

WorkspaceId peer_in(Node arguments) {
  const std::string text = mcp::text_of(arguments, "workspace_id");
  const auto id = WorkspaceId::parse(text);
  if (!id)
    throw bad_request("invalid_workspace_id",
                      fmt::format("workspace_id: {} is no workspace id; list_peers tells the ids",
                                  text.empty() ? "an empty text" : json::storable(text, 100)));
  return *id;
}

bool is_end(api::DelegationStatus status) {
  using enum api::DelegationStatus;
  return status == completed || status == failed || status == canceled;
}

http::Query<delegations::Wait> patience(std::chrono::seconds wait) {
  http::Query<delegations::Wait> out{};
  out.value.wait.seconds = wait.count();
  return out;
}

}  // namespace

const mcp::Server& Tools::server() const { return this_server; }

std::string Tools::list(std::string_view revision) const {
  std::string out;
  for (const Tool& tool : all) out += (out.empty() ? "[" : ",") + mcp::listed(tool.words, revision);
  if (parts_.speaks_to_people) out += "," + mcp::listed(speaking.words, revision);
  return out + "]";
}

const mcp::Words* Tools::words(std::string_view name) {
  const Tool* tool = tool_of(name);
  return tool == nullptr ? nullptr : &tool->words;
}

const mcp::Words* Tools::find(std::string_view name) const {
  const Tool* tool = tool_of(name);
  if (tool == nullptr || (tool == &speaking && !parts_.speaks_to_people)) return nullptr;
  return &tool->words;
}

io::Task<Said> Tools::call(const mcp::Words& tool, Node arguments, const Progress& progress) {
  if (std::string wrong = mcp::complaints(tool, arguments); !wrong.empty())
    co_return Said{std::move(wrong), true};
  try {
    co_return co_await (this->*tool_of(tool.name)->run)(arguments, progress);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    co_return Said{fault.text(), true};
  }
}

io::Task<Said> Tools::list_peers(Node arguments, const Progress&) {
  http::Query<presence::Sought> sought{};
  if (std::string words = mcp::text_of(arguments, "q"); !words.empty())
    sought.value.q = std::move(words);
  const auto limit = std::clamp<std::int64_t>(
      mcp::whole_of(arguments, "limit").value_or(peers_default), 1, peers_max);
  // One more tells whether there is a further page.
  sought.value.limit = limit + 1;
  if (std::string cursor = mcp::text_of(arguments, "cursor"); !cursor.empty())
    sought.value.after = std::move(cursor);
  std::vector<api::PeerView> peers;
  try {
    peers = co_await parts_.presence.peers(asker_.caller, asker_.workspace, std::move(sought));
  } catch (const Fault& fault) {
    if (fault.code() != "cursor_gone") throw;
    co_return Said{std::string(no_such_page), true};
  }
  const bool more = std::ssize(peers) > limit;
  if (more) peers.pop_back();
  json::Object out;
  out.add("peers", peers);
  if (more) out.add("next", peers.back().id);
  co_return Said{out.text()};
}

io::Task<Said> Tools::get_workspace_info(Node, const Progress&) {
  const auto caller = auth::Peer::prove(asker_.caller.principal());
  auto shown =
      co_await parts_.workspaces.show(caller, asker_.workspace, http::Query<workspaces::Shown>());
  co_return Said{json::text(shown)};
}

std::string Tools::name_of(WorkspaceId peer) const {
  std::string name;
  parts_.directory.look_at(peer, [&](const workspaces::Entry& entry) { name = entry.name; });
  name = mcp::harmless(name);
  return name.empty() ? peer.text() : name;
}

io::Task<api::Delegated> Tools::hand_over(WorkspaceId peer, std::string task) {
  api::NewDelegation ask;
  ask.target_id = peer;
  ask.task = std::move(task);
  http::Request request;
  if (!asker_.parent.empty()) request.headers = {{"X-Molecule-Activity-Id", asker_.parent}};
  const auto caller = auth::Member::prove(asker_.caller.principal());
  auto reply =
      co_await parts_.delegations.delegate(caller, asker_.workspace, std::move(ask), request);
  co_return std::move(reply.body);
}

io::Task<Said> Tools::delegate_task(Node arguments, const Progress& progress) {
  const WorkspaceId peer = peer_in(arguments);
  const std::string name = name_of(peer);
  progress(fmt::format("{} is asked", name));
  const api::Delegated handed = co_await hand_over(peer, mcp::text_of(arguments, "task"));
  progress(fmt::format("{} has it", name));
  for (auto left = std::chrono::seconds(answer_within); left > 0s; left -= told_every) {
    const api::Delegation now = co_await parts_.delegations.get(
        asker_.caller, asker_.workspace, handed.delegation_id, patience(told_every));
    if (is_end(now.status)) progress(fmt::format("{} is done ({})", name, enum_text(now.status)));
    if (now.status == api::DelegationStatus::completed) {
      Said said{mcp::quoted(name,
                            mcp::clipped(now.result.value_or(""), mcp::shown_of_answer,
                                         fmt::format("check_task_status with task_id {} has it "
                                                     "whole",
                                                     handed.delegation_id.text())),
                            parts_.random.number())};
      if (now.files) said.files = co_await enclosed(*now.files);
      co_return said;
    }
    if (is_end(now.status))
      co_return Said{
          fmt::format("DELEGATION FAILED to {} ({}):\n{}\n\nYou can hand it to another peer "
                      "(list_peers), do it yourself, or tell the user.",
                      name, enum_text(now.status),
                      mcp::quoted(name, mcp::clipped(now.error.value_or(""), mcp::shown_of_error),
                                  parts_.random.number())),
          true};
    progress(fmt::format("{} is at it ({})", name, enum_text(now.status)));
  }
  co_return Said{fmt::format(
      "{} has not answered yet and goes on: do not hand it over again. check_task_status with "
      "task_id {} tells how it stands.",
      name, handed.delegation_id.text())};
}

io::Task<Said> Tools::delegate_task_async(Node arguments, const Progress&) {
  const WorkspaceId peer = peer_in(arguments);
  const api::Delegated handed = co_await hand_over(peer, mcp::text_of(arguments, "task"));
  json::Object out;
  out.add("delegation_id", handed.delegation_id).add("workspace_id", peer);
  out.add("status", "delegated")
      .add("note", "check_task_status with this as task_id tells how it stands");
  co_return Said{out.text()};
}

io::Task<Said> Tools::check_task_status(Node arguments, const Progress&) {
  const std::string task = mcp::text_of(arguments, "task_id");
  if (task.empty()) {
    auto found = co_await parts_.delegations.list(asker_.caller, asker_.workspace);
    if (found.size() > statuses_max) found.resize(statuses_max);
    json::Object out;
    out.add("delegations", found).add("count", static_cast<std::int64_t>(found.size()));
    co_return Said{out.text()};
  }
  const auto id = DelegationId::parse(task);
  try {
    if (id) {
      const api::Delegation found = co_await parts_.delegations.get(
          asker_.caller, asker_.workspace, *id, http::Query<delegations::Wait>());
      const json::Document row = json::Document::parse(json::text(found), mcp::message_limits);
      const std::size_t from = mcp::from_of(arguments);
      Said said{mcp::with_part(row.root(), "result", from, mcp::shown_of_answer)};
      if (found.files && from == 0) said.files = co_await enclosed(*found.files);
      co_return said;
    }
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::not_found) throw;
  }
  co_return Said{json::Object{}.add("status", "not_found").add("delegation_id", task).text()};
}

io::Task<Said> Tools::send_message_to_user(Node arguments, const Progress&) {
  // It is the agent's voice: nobody else's but who may do everything.
  if (!auth::Holder::fits(asker_.caller.who()))
    co_return Said{"speaking for an agent needs its token, or a key of scope admin", true};
  api::Notice notice;
  notice.message = mcp::text_of(arguments, "message");
  if (std::string reply = mcp::text_of(arguments, "reply_to"); !reply.empty())
    notice.reply_to = std::move(reply);
  const api::Noticed sent = co_await parts_.activity.notify(
      auth::Holder::prove(asker_.caller.principal()), asker_.workspace, std::move(notice));
  if (sent.status == "canceled")
    co_return Said{"the message that this answers was canceled, and the answer was shown to nobody",
                   true};
  co_return Said{"Message sent to user."};
}

}  // namespace molecule::mcp_endpoint
