// `molecule ws`: workspaces.
#include "cli/ws.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/agent_files.h"
#include "cli/delegation.h"
#include "cli/find.h"
#include "cli/logs.h"
#include "cli/nouns.h"
#include "cli/shell.h"
#include "cli/table.h"
#include "cli/times.h"
#include "cli/workspaces.h"
#include "platform/json/answer.h"

namespace molecule::cli {
namespace {

using json::Node;

std::string path_of(const WorkspaceId& id, std::string_view below = {}) {
  return fmt::format("/workspaces/{}{}", id.text(), below);
}

std::vector<WorkspaceRecord> by_name(Node list) {
  auto all = client::records<api::Workspace>(list);
  std::ranges::sort(all, {}, [](const WorkspaceRecord& each) {
    return std::pair(each.text("name"), each.text("id"));
  });
  return all;
}

void note_none(const Session& session) {
  session.note("There is no workspace yet; `molecule ws create --name NAME` makes one.");
}

std::string percent(const WorkspaceRecord& workspace) {
  return fmt::format("{:.0f}", workspace.number("last_error_rate").value_or(0) * 100);
}

std::string list_text(const Session& session, Node list) {
  Table table({id_column,
               {"NAME", 8},
               {"STATUS", 0, 8},
               {"RUNTIME", 6, 4},
               {"TIER", 0, 2, text::Cut::end, true},
               {"TASKS", 0, 5, text::Cut::end, true},
               {"ERR%", 0, 6, text::Cut::end, true},
               {"UPTIME", 0, 3, text::Cut::end, true},
               {"ROLE", 8, 1}});
  for (const WorkspaceRecord& each : by_name(list)) {
    const std::string status = each.text("status");
    const std::string runtime = each.text("runtime");
    const double rate = each.number("last_error_rate").value_or(0);
    table.add({each.text("id"), each.text("name"), Cell(status, tone_of_status(status)),
               runtime == "external" ? "external*" : runtime, each.text("tier"),
               each.text("active_tasks"), Cell(percent(each), rate > 0 ? Tone::bad : Tone::plain),
               duration_text(static_cast<std::int64_t>(each.number("uptime_seconds").value_or(0))),
               each.text("role")});
  }
  if (table.empty()) {
    note_none(session);
    return {};
  }
  return table.text(session.screen());
}

io::Task<json::Document> matching(Session& session, std::string status) {
  json::Document all = co_await session.platform().get("/workspaces");
  if (status.empty()) co_return all;
  std::string kept;
  for (const auto& each : client::records<api::Workspace>(all.root())) {
    if (each.text("status") != status) continue;
    kept += (kept.empty() ? "" : ",") + each.node().text();
  }
  kept = "[" + kept + "]";
  co_return json::parse_answer(kept);
}

}  // namespace

io::Task<int> list_workspaces(Session& session, const Given& given) {
  const std::string status = given.text("status");
  return session.watched(
      given, [&session, status] { return matching(session, status); },
      [&session](Node all) { return list_text(session, all); });
}

namespace {

// The tree as indented lines; what has no parent that is there is a root.
class Tree {
 public:
  Tree(const Session& session, Node list) : session_(session), all_(by_name(list)) {
    std::set<std::string> ids;
    for (const auto& each : all_) ids.insert(each.text("id"));
    for (const auto& each : all_) {
      const std::string parent = each.text("parent_id");
      below_[ids.contains(parent) ? parent : std::string()].push_back(&each);
    }
  }
  std::string text() {
    for (const WorkspaceRecord* root : below_[{}]) add(*root, "", "");
    return std::move(out_);
  }

 private:
  void add(const WorkspaceRecord& at, const std::string& lead, const std::string& below) {
    const Screen& screen = session_.screen();
    const std::string status = at.text("status");
    std::string line = lead + screen.line(at.text("name"));
    std::string rest = status;
    if (const std::string task = at.text("current_task"); !task.empty()) rest += ": " + task;
    rest = screen.line(rest);
    if (screen.columns) {
      line = text::fitted(line, *screen.columns, text::Cut::end, screen.drawn);
      const int room = *screen.columns - text::columns_of(line) - 2;
      rest = room < 4 ? std::string() : text::fitted(rest, room, text::Cut::end, screen.drawn);
    }
    out_ += line;
    if (!rest.empty()) out_ += "  " + screen.in(tone_of_status(status), rest);
    out_ += '\n';
    const auto found = below_.find(at.text("id"));
    if (found == below_.end() || below.size() > 400) return;
    const bool ascii = screen.drawn == text::Drawn::ascii;
    for (const WorkspaceRecord* each : found->second) {
      const bool last = each == found->second.back();
      add(*each,
          below + (ascii  ? last ? "`- " : "|- "
                   : last ? "└─ "
                          : "├─ "),
          below + (last    ? "   "
                   : ascii ? "|  "
                           : "│  "));
    }
  }

  const Session& session_;
  const std::vector<WorkspaceRecord> all_;
  std::map<std::string, std::vector<const WorkspaceRecord*>> below_;
  std::string out_;
};

io::Task<int> tree(Session& session, const Given& given) {
  return session.watched(
      given, [&session] { return session.platform().get("/workspaces"); },
      [&session](Node all) {
        std::string text = Tree(session, all).text();
        if (text.empty()) note_none(session);
        return text;
      });
}

}  // namespace

io::Task<int> show_workspace(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const auto look = [&session, id] { return session.platform().get(path_of(id)); };
  const auto text = [&session](Node one) { return workspace_text(session, one); };
  co_return co_await session.watched(given, look, text);
}

namespace {

io::Task<int> create(Session& session, const Given& given) {
  std::string body = co_await new_workspace(session, given);
  const json::Document made = co_await session.platform().post("/workspaces", std::move(body));
  session.show(made.root(), [&session](Node one) { return made_text(session, one); });
  co_return 0;
}

io::Task<int> update(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  std::string body = co_await workspace_change(session, given);
  if (body.empty())
    throw bad_request("nothing is to be changed; `molecule ws update --help` lists what can be");
  const json::Document done = co_await session.platform().patch(path_of(id), std::move(body));
  session.show(done.root(), [](Node one) {
    const client::Record<api::WorkspaceUpdated> updated(one);
    return std::string(updated.flag("needs_restart") ? "Updated; it takes effect with a restart.\n"
                                                     : "Updated.\n");
  });
  co_return 0;
}

template <class T>
io::Task<int> asked_to(Session& session, const Given& given, std::string_view below,
                       std::string (*told)(const client::Record<T>&)) {
  const std::vector<std::string> all = given.all("workspace");
  for (const std::string& each : all) {
    const WorkspaceId id = co_await find_workspace(session, each);
    const json::Document done = co_await session.platform().post(path_of(id, below), "");
    session.show(done.root(), [&](Node one) {
      return session.screen().line(told(client::Record<T>(one))) + "\n";
    });
  }
  co_return 0;
}

std::string counted(const std::string& count, std::string_view done) {
  return count == "1" ? fmt::format("{}.", done) : fmt::format("{}: {} workspaces.", done, count);
}

io::Task<int> pause(Session& session, const Given& given) {
  return asked_to<api::Paused>(session, given, "/pause", [](const client::Record<api::Paused>& r) {
    return counted(r.text("paused_count"), "Paused");
  });
}

io::Task<int> resume(Session& session, const Given& given) {
  return asked_to<api::Resumed>(session, given, "/resume",
                                [](const client::Record<api::Resumed>& r) {
                                  return counted(r.text("resumed_count"), "Resumed");
                                });
}

io::Task<int> restart(Session& session, const Given& given) {
  return asked_to<api::Restarted>(session, given, "/restart",
                                  [](const client::Record<api::Restarted>& r) {
                                    const std::string message = r.text("message");
                                    return message.empty() ? r.text("status") : message;
                                  });
}

// Those below one, at any depth.
std::set<std::string> below(Node list, const std::string& id) {
  std::multimap<std::string, std::string> children;
  for (const auto& each : client::records<api::Workspace>(list))
    children.emplace(each.text("parent_id"), each.text("id"));
  std::set<std::string> met;
  std::vector<std::string> open{id};
  while (!open.empty()) {
    const std::string at = std::move(open.back());
    open.pop_back();
    const auto [from, to] = children.equal_range(at);
    for (auto each = from; each != to; ++each)
      if (met.insert(each->second).second) open.push_back(each->second);
  }
  return met;
}

io::Task<int> remove(Session& session, const Given& given) {
  const json::Document list = co_await session.platform().get("/workspaces");
  struct Doomed {
    Found it;
    std::size_t below = 0;
  };
  std::vector<Doomed> all;
  for (const std::string& each : given.all("workspace")) {
    Found it = find_named_in(list.root(), each);
    const std::size_t others = below(list.root(), it.id.text()).size();
    all.push_back({std::move(it), others});
  }
  const bool purge = given.has("purge");
  std::set<std::string> gone;
  for (const Doomed& each : all) {
    if (gone.contains(each.it.id.text())) {
      session.note(fmt::format("{} went with what it stood below.", each.it.told()));
      continue;
    }
    const std::string with = each.below == 0 ? "" : fmt::format(" and the {} below it", each.below);
    session.confirm(given, fmt::format("Delete {}{}{}?", each.it.told(), with,
                                       purge ? ", with all that is kept of it" : ""));
    const json::Document done = co_await session.platform().del(
        path_of(each.it.id, purge ? "?confirm=true&purge=true" : "?confirm=true"));
    gone.merge(below(list.root(), each.it.id.text()));
    gone.insert(each.it.id.text());
    session.show(done.root(), [&](Node one) {
      const client::Record<api::WorkspaceRemoved> removed(one);
      const std::string count = removed.text("cascade_deleted");
      const std::string more =
          count.empty() || count == "0" ? "" : fmt::format(" and {} below it", count);
      return session.screen().line(fmt::format("Deleted {}{}.", each.it.told(), more)) + "\n";
    });
  }
  co_return 0;
}

io::Task<int> connection(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await session.platform().get(path_of(id, "/external/connection"));
  session.show(found.root(), [&session](Node answer) {
    const client::Record<api::ConnectionAnswer> told(answer);
    const auto connection = told.record<api::Connection>("connection");
    return session.screen().lines(connection.text("join_snippet")) + "\n";
  });
  co_return 0;
}

io::Task<int> audit(Session& session, const Given&) {
  const json::Document list = co_await session.platform().get("/workspaces");
  std::map<std::string, std::int64_t> counts;
  for (const auto& each : client::records<api::Workspace>(list.root()))
    ++counts[each.text("status")];
  json::Object told;
  for (const auto& [status, count] : counts) told.add(status, count);
  const json::Document document = json::Document::parse(told.text());
  session.show(document.root(), [&](Node) {
    Table table({{"STATUS"}, {"COUNT", 0, 9, text::Cut::end, true}});
    for (const auto& [status, count] : counts)
      table.add({Cell(status, tone_of_status(status)), std::to_string(count)});
    if (table.empty()) note_none(session);
    return table.empty() ? std::string() : table.text(session.screen());
  });
  co_return 0;
}

constexpr Option several{.name = "workspace",
                         .shape = "WORKSPACE",
                         .help = "Their ids or names",
                         .required = true,
                         .many = true,
                         .names = Option::Names::workspaces};

constexpr std::array one{workspace_argument};
constexpr std::array several_of{several};
constexpr Option dir_option{
    .name = "--workspace-dir",
    .shape = "DIR",
    .help = "Directory of the platform's machine that its agent may see, by its absolute path"};
constexpr std::array create_takes{
    Option{.name = "-n,--name", .shape = "NAME", .help = "Its name", .required = true},
    role_option,
    runtime_option,
    Option{.name = "--command",
           .shape = "LINE",
           .help = "Of the runtime command: what a shell runs for each message"},
    tier_option,
    parent_option,
    Option{.name = "--template", .shape = "NAME", .help = "A folder below the templates"},
    Option{.name = "--model", .shape = "MODEL", .help = "The model that its agent is to use"},
    Option{.name = "--agent-url", .shape = "URL", .help = "Of an agent that runs already"},
    Option{.name = "--budget",
           .shape = "CENTS",
           .help = "US cents a month",
           .form = Option::Form::number,
           .most = 1LL << 50},
    dir_option};
constexpr std::array update_takes{workspace_argument,
                                  name_option,
                                  role_option,
                                  runtime_option,
                                  tier_option,
                                  parent_option,
                                  Option{.name = "--root", .shape = "", .help = "Below nobody"},
                                  dir_option};
constexpr std::array logs_takes{
    workspace_argument, Option{.name = "-f,--follow", .shape = "", .help = "And what it says next"},
    Option{.name = "--tail",
           .shape = "N",
           .help = "The last so many lines (default 200)",
           .form = Option::Form::number,
           .most = 5000}};
constexpr std::array shell_takes{workspace_argument};
constexpr std::array delete_takes{
    several,
    Option{.name = "--purge", .shape = "", .help = "Keep nothing of it, not its history either"}};

constexpr std::array verbs{
    Verb{.name = "list",
         .does = "All workspaces, by name",
         .takes = list_workspaces_takes,
         .run = list_workspaces,
         .aliases = "ls",
         .footer = "A star marks agents that join by themselves.\n\nExamples:\n"
                   "  molecule ws list\n"
                   "  molecule ws list --status degraded --watch\n"
                   "  molecule ws list -o json | jq -r '.[].name'",
         .watches = true},
    Verb{.name = "tree",
         .does = "The organisation as a tree, with what each is at",
         .run = tree,
         .footer = "Example:\n  molecule ws tree --watch",
         .watches = true},
    Verb{.name = "get",
         .does = "All that is known of one workspace",
         .takes = one,
         .run = show_workspace,
         .aliases = "inspect show",
         .footer = "Example:\n  molecule ws get researcher",
         .watches = true},
    Verb{.name = "create",
         .does = "Make a workspace",
         .takes = create_takes,
         .run = create,
         .footer = "The token of one whose agent joins by itself is shown once.\n\nExamples:\n"
                   "  molecule ws create --name researcher --runtime external --parent pm\n"
                   "  molecule ws create -n counter --runtime command --command 'wc -w'\n"
                   "  molecule ws create -n ci --runtime external -o json"},
    Verb{.name = "update",
         .does = "Change a workspace; what is not named stays",
         .takes = update_takes,
         .run = update,
         .footer = "Example:\n  molecule ws update researcher --role 'Reads sources' --parent pm"},
    Verb{.name = "pause",
         .does = "Let workspaces and what is below them wait",
         .takes = several_of,
         .run = pause,
         .footer = "Example:\n  molecule ws pause researcher writer"},
    Verb{.name = "resume",
         .does = "End a pause",
         .takes = several_of,
         .run = resume,
         .footer = "Example:\n  molecule ws resume researcher"},
    Verb{.name = "restart",
         .does = "Start agents anew",
         .takes = several_of,
         .run = restart,
         .footer = "Nothing happens to agents that join by themselves.\n\nExample:\n"
                   "  molecule ws restart researcher"},
    Verb{.name = "delegate",
         .does = "As molecule delegation create",
         .takes = create_delegation_takes,
         .run = create_delegation,
         .footer = "Example:\n  molecule ws delegate pm researcher 'Summarise README.md' --wait"},
    Verb{.name = "logs",
         .does = "What the agent says that the platform started",
         .takes = logs_takes,
         .run = show_logs,
         .footer = "Credentials that the platform knows are left out.\n\nExamples:\n"
                   "  molecule ws logs counter --tail 50\n  molecule ws logs counter -f"},
    Verb{.name = "shell",
         .does = "A shell in the room of the agent that the platform runs, or one line for it",
         .takes = shell_takes,
         .run = run_shell,
         .footer = "What stands behind the workspace is a line for the shell there: with its "
                   "options, and as one word where this shell would read it.\n"
                   "Its exit status is passed on. At a terminal, `~.` at the beginning of a line "
                   "leaves; without one, its streams are these.\n\nExamples:\n"
                   "  molecule ws shell counter\n"
                   "  molecule ws shell counter ls -l\n"
                   "  molecule ws shell counter 'cat *.txt' > all.txt",
         .passes_on = "command"},
    Verb{.name = "process",
         .does = "How the agent stands that the platform started, and what holds it in",
         .takes = one,
         .run = show_process,
         .footer = "Example:\n  molecule ws process counter",
         .watches = true},
    Verb{.name = "files",
         .does = "Files of an agent that the platform runs",
         .verbs = ws_files_verbs,
         .aliases = "file"},
    Verb{.name = "config",
         .does = "The configuration of an agent that the platform runs",
         .verbs = ws_config_verbs},
    Verb{.name = "runtimes",
         .does = "The runtimes that the platform can start, and what each needs",
         .run = list_runtimes,
         .footer = "Example:\n  molecule ws runtimes"},
    Verb{.name = "delete",
         .does = "Delete workspaces and what is below them",
         .takes = delete_takes,
         .run = remove,
         .aliases = "rm",
         .footer = "Asks first, unless -y.\n\nExample:\n  molecule ws delete researcher -y",
         .destroys = true},
    Verb{.name = "connection",
         .does = "The line by which an agent joins as a workspace",
         .takes = one,
         .run = connection,
         .footer = "Without a token; `molecule token create` makes one.\n\nExample:\n"
                   "  molecule ws connection researcher"},
    Verb{.name = "audit",
         .does = "How many workspaces there are of each status",
         .run = audit,
         .footer = "Example:\n  molecule ws audit -o json"}};

}  // namespace

constinit const Verb ws_noun{.name = "ws",
                             .does = "Workspaces: list, look at, make, change, delete",
                             .verbs = verbs,
                             .aliases = "workspace workspaces"};

}  // namespace molecule::cli
