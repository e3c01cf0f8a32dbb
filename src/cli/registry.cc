// `molecule registry`: who finds and reaches whom.
#include "cli/registry.h"

#include <array>

#include <fmt/format.h>

#include "cli/find.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/workspaces.h"
#include "platform/json/answer.h"
#include "wire/api/registry.h"

namespace molecule::cli {
namespace {

using json::Node;

// As the operator sees it: nobody asks in a workspace's name but itself.
json::Document of_workspace(Node workspace) {
  const WorkspaceRecord it(workspace);
  json::Object found;
  found.add("id", it.text("id")).add("url", it.text("url")).add("name", it.text("name"));
  const std::string text = found.add("delivery_mode", it.text("delivery_mode")).text();
  return json::parse_answer(text);
}

io::Task<json::Document> discovered(Session& session, WorkspaceId id, std::string caller) {
  if (caller.empty()) {
    const json::Document found =
        co_await session.platform().get(fmt::format("/workspaces/{}", id.text()));
    co_return of_workspace(found.root());
  }
  const WorkspaceId asking = co_await find_workspace(session, std::move(caller));
  client::Ask what;
  what.path = fmt::format("/registry/discover/{}", id.text());
  what.repeatable = true;
  what.headers.emplace_back("X-Workspace-ID", asking.text());
  co_return co_await session.platform().ask(std::move(what));
}

io::Task<int> discover(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await discovered(session, id, given.text("caller"));
  session.show(found.root(), [&session](Node one) {
    const client::Record<api::Discovered> it(one);
    const std::string url = it.text("url");
    return session.screen().line(fmt::format("{}  {}  {}", it.text("id"), it.text("name"),
                                             url.empty() ? it.text("delivery_mode") : url)) +
           "\n";
  });
  co_return 0;
}

}  // namespace

io::Task<int> list_peers(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const auto look = [&session, id] {
    return session.platform().get(fmt::format("/registry/{}/peers", id.text()));
  };
  const auto text = [&session](Node list) {
    Table table({id_column,
                 {"NAME", 8},
                 {"STATUS", 0, 8},
                 {"TASKS", 0, 5, text::Cut::end, true},
                 {"ROLE", 8, 3}});
    for (const auto& each : client::records<api::PeerView>(list)) {
      const std::string status = each.text("status");
      table.add({each.text("id"), each.text("name"), Cell(status, tone_of_status(status)),
                 each.text("active_tasks"), each.text("role")});
    }
    if (table.empty()) session.note("It reaches nobody.");
    return table.empty() ? std::string() : table.text(session.screen());
  };
  co_return co_await session.watched(given, look, text);
}

namespace {

io::Task<int> check_access(Session& session, const Given& given) {
  const WorkspaceId caller = co_await find_workspace(session, given.text("caller"));
  const WorkspaceId target = co_await find_workspace(session, given.text("target"));
  json::Object body;
  body.add("caller_id", caller).add("target_id", target);
  const json::Document answer =
      co_await session.platform().post("/registry/check-access", body.text());
  const bool allowed = client::Record<api::AccessAnswer>(answer.root()).flag("allowed");
  session.show(answer.root(),
               [allowed](Node) { return std::string(allowed ? "allowed\n" : "denied\n"); });
  co_return allowed ? 0 : 1;
}

constexpr std::array one{workspace_argument};
constexpr std::array discover_takes{workspace_argument,
                                    Option{.name = "--caller",
                                           .shape = "WORKSPACE",
                                           .help = "Who asks: the workspace whose token is given",

                                           .names = Option::Names::workspaces}};
constexpr std::array access_takes{Option{.name = "--caller",
                                         .shape = "WORKSPACE",
                                         .help = "Who would send",
                                         .required = true,
                                         .names = Option::Names::workspaces},
                                  Option{.name = "--target",
                                         .shape = "WORKSPACE",
                                         .help = "To whom",
                                         .required = true,
                                         .names = Option::Names::workspaces}};

constexpr std::array verbs{
    Verb{.name = "discover",
         .does = "Where an agent is called",
         .takes = discover_takes,
         .run = discover,
         .footer = "Examples:\n  molecule registry discover researcher\n"
                   "  MOLECULE_API_KEY=TOKEN molecule registry discover ID --caller ID --url URL"},
    Verb{.name = "peers",
         .does = "Whom a workspace may write to",
         .takes = one,
         .run = list_peers,
         .footer = "Example:\n  molecule registry peers researcher --watch",
         .watches = true},
    Verb{.name = "check-access",
         .does = "Whether one workspace may write to another",
         .takes = access_takes,
         .run = check_access,
         .footer = "Exit status: 1 when it may not.\n\nExample:\n"
                   "  molecule registry check-access --caller pm --target researcher"}};

}  // namespace

constinit const Verb registry_noun{
    .name = "registry", .does = "Who finds and reaches whom", .verbs = verbs, .aliases = "reg"};

}  // namespace molecule::cli
