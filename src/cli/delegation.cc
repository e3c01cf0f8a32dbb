// `molecule delegation`: work that workspaces handed to each other.
#include "cli/delegation.h"

#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/find.h"
#include "cli/input.h"
#include "cli/names_of.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/times.h"
#include "cli/workspaces.h"
#include "wire/api/delegations.h"

namespace molecule::cli {
namespace {

using json::Node;
using DelegationRecord = client::Record<api::Delegation>;

std::string path_of(const WorkspaceId& id, std::string_view below = {}) {
  return fmt::format("/workspaces/{}/delegations{}", id.text(), below);
}

Tone tone_of(std::string_view status) {
  if (status == "completed") return Tone::good;
  if (status == "failed") return Tone::bad;
  if (status == "canceled") return Tone::quiet;
  return Tone::worth_a_look;
}

DelegationId id_of(const Given& given) {
  const auto id = DelegationId::parse(given.text("delegation"));
  if (!id)
    throw bad_request("bad_id",
                      fmt::format("{} is no delegation's id; `molecule delegation list` has them",
                                  given.text("delegation")));
  return *id;
}

io::Task<int> list(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const Names names = session.is_table() ? co_await names_of(session) : Names();
  const auto look = [&session, id] { return session.platform().get(path_of(id)); };
  const auto text = [&session, &names](Node all) {
    Table table({id_column,
                 {"AGE", 0, 6, text::Cut::end, true},
                 {"WAY", 0, 5},
                 {"PEER", 8, 8},
                 {"STATUS", 0, 9},
                 {"TASK", 10, 7}});
    for (const auto& each : client::records<api::Delegation>(all)) {
      const std::string status = each.text("status");
      const bool sent = each.text("direction") == "sent";
      table.add({each.text("delegation_id"),
                 age_text(each.text("created_at"), session.clock().now()), sent ? "to" : "from",
                 names.of(each.text(sent ? client::Member<api::Delegation>("target_id")
                                         : client::Member<api::Delegation>("source_id"))),
                 Cell(status, tone_of(status)), each.text("summary")});
    }
    if (table.empty()) session.note("Nothing was delegated by it or to it of late.");
    return table.empty() ? std::string() : table.text(session.screen());
  };
  co_return co_await session.watched(given, look, text);
}

std::string one_text(const Session& session, Node node) {
  const DelegationRecord it(node);
  const std::string status = it.text("status");
  std::string out = session.screen().in(tone_of(status), session.screen().line(status)) + "\n";
  std::string said = it.text("result");
  if (said.empty()) said = it.text("response_preview");
  if (!said.empty()) out += session.screen().lines(said) + "\n";
  if (const std::string error = it.text("error"); !error.empty())
    out += session.screen().lines(error) + "\n";
  return out;
}

io::Task<json::Document> awaited(Session& session, WorkspaceId id, std::string delegation,
                                 bool wait) {
  client::Ask what;
  what.path = path_of(id, fmt::format("/{}{}", delegation, wait ? "?wait=25" : ""));
  what.repeatable = true;
  if (!wait) co_return co_await session.platform().ask(std::move(what));
  for (;;) {
    json::Document found = co_await session.awaited(what);
    const std::string status = DelegationRecord(found.root()).text("status");
    const bool going_on = status == "pending" || status == "dispatched" || status == "queued";
    if (!going_on) co_return found;
  }
}

io::Task<int> get(Session& session, const Given& given) {
  const DelegationId delegation = id_of(given);
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await awaited(session, id, delegation.text(), given.has("wait"));
  session.show(found.root(), [&session](Node one) { return one_text(session, one); });
  co_return DelegationRecord(found.root()).text("status") == "failed" ? 1 : 0;
}

}  // namespace

io::Task<int> create_delegation(Session& session, const Given& given) {
  const std::string task = text_or_input(given.text("task"));
  const WorkspaceId source = co_await find_workspace(session, given.text("source"));
  const WorkspaceId target = co_await find_workspace(session, given.text("target"));
  json::Object body;
  body.add("target_id", target).add("task", task);
  body.add_some("idempotency_key", given.some("key"));
  const json::Document made = co_await session.platform().post(
      fmt::format("/workspaces/{}/delegate", source.text()), body.text());
  const std::string id = client::Record<api::Delegated>(made.root()).text("delegation_id");
  if (!given.has("wait")) {
    session.show(made.root(), [&](Node one) {
      return session.screen().line(
                 fmt::format("{}  {}", id, client::Record<api::Delegated>(one).text("status"))) +
             "\n";
    });
    co_return 0;
  }
  // Whoever stops waiting knows what to ask for.
  session.say(
      fmt::format("Handed over as {}; `molecule delegation get {} {} --wait` goes on waiting.", id,
                  source.text(), id));
  const json::Document found = co_await awaited(session, source, id, true);
  session.show(found.root(), [&session](Node one) { return one_text(session, one); });
  co_return DelegationRecord(found.root()).text("status") == "completed" ? 0 : 1;
}

namespace {

io::Task<int> cancel(Session& session, const Given& given) {
  const DelegationId delegation = id_of(given);
  const Found found = co_await find_named(session, given.text("workspace"));
  session.confirm(given, fmt::format("Call {} of {} off?", delegation.text(), found.told()));
  const json::Document done = co_await session.platform().post(
      path_of(found.id, fmt::format("/{}/cancel", delegation.text())), "");
  session.show(done.root(), [](Node) { return std::string("Called off.\n"); });
  co_return 0;
}

constexpr Option id_argument{
    .name = "delegation", .shape = "ID", .help = "As list shows it", .required = true};
constexpr std::array list_takes{workspace_argument};
constexpr std::array get_takes{workspace_argument, id_argument, delegation_wait_option};

constexpr std::array cancel_takes{workspace_argument, id_argument};
constexpr std::array verbs{
    Verb{.name = "list",
         .does = "The newest delegations from and to a workspace",
         .takes = list_takes,
         .run = list,
         .aliases = "ls",
         .footer = "Example:\n  molecule delegation list pm --watch",
         .watches = true},
    Verb{.name = "get",
         .does = "One delegation, with its result",
         .takes = get_takes,
         .run = get,
         .footer =
             "Exit status: 1 when it failed.\n\nExample:\n  molecule delegation get pm ID --wait"},
    Verb{.name = "create",
         .does = "Hand work of one workspace to another",
         .takes = create_delegation_takes,
         .run = create_delegation,
         .footer =
             "Example:\n  molecule delegation create pm researcher 'Summarise README.md' --wait"},
    Verb{.name = "cancel",
         .does = "Call a delegation off",
         .takes = cancel_takes,
         .run = cancel,
         .footer = "Example:\n  molecule delegation cancel pm ID -y",
         .destroys = true}};

}  // namespace

constinit const Verb delegation_noun{
    .name = "delegation", .does = "Work that workspaces hand to each other", .verbs = verbs};

}  // namespace molecule::cli
