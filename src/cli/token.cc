// `molecule token`: the tokens of workspaces.
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/find.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/times.h"
#include "cli/workspaces.h"
#include "wire/api/credentials.h"

namespace molecule::cli {
namespace {

using json::Node;

std::string path_of(const WorkspaceId& id, std::string_view below = {}) {
  return fmt::format("/workspaces/{}/tokens{}", id.text(), below);
}

io::Task<int> list(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  const json::Document found = co_await session.platform().get(path_of(id, "?limit=200"));
  session.show(found.root(), [&session](Node page) {
    Table table({id_column,
                 {"PREFIX", 0, 5},
                 {"LABEL", 8, 8},
                 {"AGE", 0, 4, text::Cut::end, true},
                 {"USED", 0, 6, text::Cut::end, true},
                 {"EXPIRES", 0, 7}});
    const client::Record<api::TokenPage> whole(page);
    const Instant now = session.clock().now();
    for (const auto& each : client::records<api::Token>(whole.node("tokens"))) {
      const std::string used = each.text("last_used_at");
      table.add({each.text("id"), each.text("prefix"), each.text("label"),
                 age_text(each.text("created_at"), now),
                 used.empty() ? "never" : age_text(used, now), each.text("expires_at")});
    }
    if (table.empty()) session.say("It has no token; `molecule token create` makes one.");
    return table.empty() ? std::string() : table.text(session.screen());
  });
  co_return 0;
}

io::Task<int> create(Session& session, const Given& given) {
  const Found found = co_await find_named(session, given.text("workspace"));
  json::Object body;
  body.add_some("label", given.some("label"));
  if (const auto seconds = given.number("expires-in"))
    body.add("expires_at", session.clock().now() + std::chrono::seconds(*seconds));
  const json::Document made = co_await session.platform().post(path_of(found.id), body.text());
  const client::Record<api::TokenMade> token(made.root());
  session.show_once(
      made.root(), [&](Node) { return session.screen().line(token.text("auth_token")) + "\n"; },
      fmt::format("`molecule token revoke {} {}` ends it", found.id.text(), token.text("id")));
  if (session.is_table())
    session.say(fmt::format("It is {}'s, and shown this once.", found.told()));
  co_return 0;
}

io::Task<int> revoke(Session& session, const Given& given) {
  const Found found = co_await find_named(session, given.text("workspace"));
  const WorkspaceId id = found.id;
  const std::string named = given.text("token");
  if (named.empty() == !given.has("all"))
    throw bad_request("name the token that is to end, or say --all");
  if (!named.empty()) {
    const auto token = TokenId::parse(named);
    if (!token) {
      throw bad_request(
          "bad_id",
          "that is no token's id; `molecule token list` has them (the token itself is "
          "a secret, and no argument)");
    }
    session.confirm(given, fmt::format("End the token {} of {}?", token->text(), found.told()));
    const json::Document done = co_await session.platform().del(path_of(id, "/" + token->text()));
    session.show(done.root(), [](Node) { return std::string("Revoked.\n"); });
    co_return 0;
  }
  session.confirm(given, fmt::format("End every token of {}? Its agent is cut off", found.told()));
  const json::Document done = co_await session.platform().post(
      fmt::format("/admin/workspaces/{}/revoke-auth-tokens", id.text()), "");
  session.show(done.root(), [](Node one) {
    return fmt::format("Revoked: {}.\n", client::Record<api::TokensRevoked>(one).text("revoked"));
  });
  co_return 0;
}

constexpr std::array one{workspace_argument};
constexpr std::array create_takes{
    workspace_argument, Option{.name = "--label", .shape = "TEXT", .help = "What it is for"},
    Option{.name = "--expires-in",
           .shape = "SECONDS",
           .help = "How long it is good (default: for ever)",
           .form = Option::Form::number,
           .least = 1,
           .most = 315'360'000}};
constexpr std::array revoke_takes{
    workspace_argument, Option{.name = "token", .shape = "ID", .help = "As list shows it"},
    Option{.name = "--all", .shape = "", .help = "Every one of the workspace"}};

constexpr std::array verbs{
    Verb{.name = "list",
         .does = "The tokens of a workspace, newest first",
         .takes = one,
         .run = list,
         .aliases = "ls",
         .footer = "Shows no token's text.\n\nExample:\n  molecule token list researcher"},
    Verb{.name = "create",
         .does = "Make another token for a workspace, and print it this once",
         .takes = create_takes,
         .run = create,
         .footer = "Example:\n  molecule token create researcher --label laptop > token"},
    Verb{.name = "revoke",
         .does = "End tokens of a workspace",
         .takes = revoke_takes,
         .run = revoke,
         .aliases = "delete rm",
         .footer = "Examples:\n  molecule token revoke researcher ID\n"
                   "  molecule token revoke researcher --all -y",
         .destroys = true}};

}  // namespace

constinit const Verb token_noun{
    .name = "token", .does = "The tokens of workspaces", .verbs = verbs};

}  // namespace molecule::cli
