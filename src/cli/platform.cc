// `molecule platform`: how the platform does, and what is in it, in numbers.
#include <array>
#include <map>

#include <fmt/format.h>

#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/workspaces.h"
#include "wire/api/delegations.h"
#include "wire/api/system.h"

namespace molecule::cli {
namespace {

using json::Node;
using Counts = std::map<std::string, std::int64_t>;

io::Task<int> health(Session& session, const Given&) {
  const json::Document found = co_await session.platform().get("/health");
  const client::Record<api::Health> it(found.root());
  session.show(found.root(), [&](Node) {
    return session.screen().lines(fmt::format("status    {}\nversion   {}\nup        {}\n"
                                              "database  {}",
                                              it.text("status"), it.text("version"),
                                              it.text("uptime"), it.text("database"))) +
           "\n";
  });
  co_return it.text("database") == "ok" ? 0 : 1;
}

std::string object_of(const Counts& counts) {
  json::Object out;
  for (const auto& [status, count] : counts) out.add(status, count);
  return out.text();
}

// Each delegation once: as its sender sees it.
io::Task<int> audit(Session& session, const Given&) {
  const json::Document list = co_await session.platform().get("/workspaces");
  Counts workspaces, delegations;
  for (const WorkspaceRecord& each : client::records<api::Workspace>(list.root())) {
    ++workspaces[each.text("status")];
    const json::Document handed =
        co_await session.platform().get(fmt::format("/workspaces/{}/delegations", each.text("id")));
    for (const auto& one : client::records<api::Delegation>(handed.root()))
      if (one.text("direction") == "sent") ++delegations[one.text("status")];
  }
  const std::string told = json::Object{}
                               .add("workspaces", RawJson(object_of(workspaces)))
                               .add("delegations", RawJson(object_of(delegations)))
                               .text();
  const json::Document document = json::Document::parse(told);
  session.show(document.root(), [&](Node) {
    Table table({{"OF"}, {"STATUS"}, {"COUNT", 0, 9, text::Cut::end, true}});
    for (const auto& [status, count] : workspaces)
      table.add({"workspaces", Cell(status, tone_of_status(status)), std::to_string(count)});
    for (const auto& [status, count] : delegations)
      table.add({"delegations", status, std::to_string(count)});
    if (table.empty()) session.note("There is no workspace yet.");
    return table.empty() ? std::string() : table.text(session.screen());
  });
  co_return 0;
}

constexpr std::array verbs{
    Verb{.name = "health",
         .does = "Whether it answers, how long it has been up, how its store does",
         .run = health,
         .footer = "Exit status: 1 when its store takes no work, 3 when it does not answer.\n\n"
                   "Example:\n  molecule platform health -o json"},
    Verb{.name = "audit",
         .does = "Its workspaces and their newest delegations, counted by status",
         .run = audit,
         .footer = "Example:\n  molecule platform audit"}};

}  // namespace

constinit const Verb platform_noun{
    .name = "platform", .does = "How the platform does, in numbers", .verbs = verbs};

}  // namespace molecule::cli
