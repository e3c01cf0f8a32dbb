// `molecule secret`: values that agents get and nobody sees.
#include <array>

#include <fmt/format.h>

#include "cli/find.h"
#include "cli/input.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/times.h"
#include "cli/workspaces.h"
#include "wire/api/secrets.h"

namespace molecule::cli {
namespace {

using json::Node;

constexpr std::string_view of_all = "/settings/secrets";

std::string path_of(const WorkspaceId& id, const std::string& key = {}) {
  return fmt::format("/workspaces/{}/secrets{}", id.text(),
                     key.empty() ? "" : "/" + client::escaped(key));
}

std::string list_text(const Session& session, Node list) {
  Table table({{"KEY", 8}, {"SCOPE", 0, 7}, {"UPDATED", 0, 6}});
  for (const auto& each : client::records<api::Secret>(list))
    table.add({each.text("key"), each.text("scope"),
               age_text(each.text("updated_at"), session.clock().now())});
  if (table.empty()) session.say("There is no secret.");
  return table.empty() ? std::string() : table.text(session.screen());
}

io::Task<int> shown(Session& session, std::string path) {
  const json::Document found = co_await session.platform().get(std::move(path));
  session.show(found.root(), [&session](Node all) { return list_text(session, all); });
  co_return 0;
}

io::Task<int> list(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  co_return co_await shown(session, path_of(id));
}

io::Task<int> list_global(Session& session, const Given&) {
  return shown(session, std::string(of_all));
}

// `whose` ends what is asked and told: " of NAME (ID)"; empty for the organisation's.
io::Task<int> put(Session& session, std::string path, std::string key, std::string whose = {}) {
  const Secret value = secret_input(session.screen().line("The value of " + key + whose));
  json::Object body;
  body.add("key", key).add("value", value.reveal());
  const json::Document done = co_await session.platform().put(std::move(path), body.text());
  session.show(done.root(),
               [&](Node) { return session.screen().line("Saved " + key + whose + ".") + "\n"; });
  co_return 0;
}

io::Task<int> set(Session& session, const Given& given) {
  const Found found = co_await find_named(session, given.text("workspace"));
  co_return co_await put(session, path_of(found.id), given.text("key"), " of " + found.told());
}

io::Task<int> set_global(Session& session, const Given& given) {
  return put(session, std::string(of_all), given.text("key"));
}

io::Task<int> removed(Session& session, const Given& given, std::string path,
                      std::string whose = {}) {
  const std::string key = given.text("key");
  session.confirm(given, fmt::format("Delete the secret {}{}?", key, whose));
  const json::Document done = co_await session.platform().del(std::move(path));
  session.show(done.root(),
               [&](Node) { return session.screen().line("Deleted " + key + whose + ".") + "\n"; });
  co_return 0;
}

io::Task<int> remove(Session& session, const Given& given) {
  const Found found = co_await find_named(session, given.text("workspace"));
  co_return co_await removed(session, given, path_of(found.id, given.text("key")),
                             " of " + found.told());
}

io::Task<int> remove_global(Session& session, const Given& given) {
  return removed(session, given, fmt::format("{}/{}", of_all, client::escaped(given.text("key"))));
}

constexpr Option key_argument{
    .name = "key", .shape = "KEY", .help = "A variable's name", .required = true};
constexpr std::array one{workspace_argument};
constexpr std::array of_one{workspace_argument, key_argument};
constexpr std::array of_none{key_argument};

constexpr std::array verbs{
    Verb{.name = "list",
         .does = "The names of a workspace's secrets",
         .takes = one,
         .run = list,
         .aliases = "ls",
         .footer = "Example:\n  molecule secret list researcher"},
    Verb{.name = "set",
         .does = "Set a secret of a workspace",
         .takes = of_one,
         .run = set,
         .footer =
             "The value is asked for without showing it, or read from standard input; it is in "
             "no argument.\n\nExamples:\n"
             "  molecule secret set researcher API_KEY\n"
             "  molecule secret set researcher API_KEY < key.txt"},
    Verb{.name = "delete",
         .does = "Delete a secret of a workspace",
         .takes = of_one,
         .run = remove,
         .aliases = "rm",
         .footer = "Example:\n  molecule secret delete researcher API_KEY -y",
         .destroys = true},
    Verb{.name = "list-global",
         .does = "The names of the organisation's secrets",
         .run = list_global,
         .footer = "Example:\n  molecule secret list-global"},
    Verb{.name = "set-global",
         .does = "Set a secret of the organisation",
         .takes = of_none,
         .run = set_global,
         .footer = "The value is asked for without showing it, or read from standard input.\n\n"
                   "Example:\n  molecule secret set-global API_KEY < key.txt"},
    Verb{.name = "delete-global",
         .does = "Delete a secret of the organisation",
         .takes = of_none,
         .run = remove_global,
         .footer = "Example:\n  molecule secret delete-global API_KEY -y",
         .destroys = true}};

}  // namespace

constinit const Verb secret_noun{
    .name = "secret", .does = "Values that agents get and nobody sees", .verbs = verbs};

}  // namespace molecule::cli
