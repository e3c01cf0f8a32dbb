// `molecule key`: the organisation's keys, by which programs act as an operator.
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/times.h"
#include "client/record.h"
#include "wire/api/keys.h"

namespace molecule::cli {
namespace {

using json::Node;

constexpr std::string_view all_keys = "/org/tokens";

io::Task<int> list(Session& session, const Given&) {
  const json::Document found = co_await session.platform().get(std::string(all_keys));
  session.show(found.root(), [&session](Node page) {
    Table table({id_column,
                 {"PREFIX", 0, 4},
                 {"SCOPE", 0, 8},
                 {"NAME", 8, 8},
                 {"BY", 8, 2},
                 {"AGE", 0, 3, text::Cut::end, true},
                 {"USED", 0, 6, text::Cut::end, true},
                 {"EXPIRES", 0, 7}});
    const Instant now = session.clock().now();
    const client::Record<api::KeyPage> whole(page);
    for (const auto& each : client::records<api::Key>(whole.node("tokens"))) {
      const std::string used = each.text("last_used_at");
      const bool expired = each.flag("expired");
      table.add(
          {each.text("id"), each.text("prefix"), each.text("scope"), each.text("name"),
           each.text("created_by"), age_text(each.text("created_at"), now),
           used.empty() ? "never" : age_text(used, now),
           Cell(expired ? "expired" : each.text("expires_at"), expired ? Tone::bad : Tone::plain)});
    }
    if (table.empty()) session.say("There is no key; `molecule key create` makes one.");
    return table.empty() ? std::string() : table.text(session.screen());
  });
  co_return 0;
}

io::Task<int> create(Session& session, const Given& given) {
  json::Object body;
  body.add_some("name", given.some("name"));
  body.add_some("scope", given.some("scope"));
  if (const auto seconds = given.number("expires-in"))
    body.add("expires_at", session.clock().now() + std::chrono::seconds(*seconds));
  const json::Document made = co_await session.platform().post(std::string(all_keys), body.text());
  const client::Record<api::KeyMade> key(made.root());
  session.show_once(
      made.root(), [&](Node) { return session.screen().line(key.text("auth_token")) + "\n"; },
      fmt::format("`molecule key revoke {}` ends it", key.text("id")));
  if (session.is_table())
    session.say(fmt::format("It may {}, and is shown this once.", key.text("scope")));
  co_return 0;
}

io::Task<int> revoke(Session& session, const Given& given) {
  const auto id = KeyId::parse(given.text("key"));
  if (!id) {
    throw bad_request("bad_id",
                      "that is no key's id; `molecule key list` has them (the key itself is a "
                      "secret, and no argument)");
  }
  session.confirm(given, fmt::format("End the key {}? Whoever uses it is cut off", id->text()));
  const json::Document done =
      co_await session.platform().del(fmt::format("{}/{}", all_keys, id->text()));
  session.show(done.root(), [](Node) { return std::string("Revoked.\n"); });
  co_return 0;
}

constexpr std::array create_takes{
    Option{.name = "-n,--name", .shape = "NAME", .help = "What it is for"},
    Option{.name = "--scope",
           .shape = "read|operate|admin",
           .help = "What it opens (default operate)",
           .form = Option::Form::words,
           .words = "read operate admin"},
    Option{.name = "--expires-in",
           .shape = "SECONDS",
           .help = "How long it is good (default: for ever)",
           .form = Option::Form::number,
           .least = 1,
           .most = 315'360'000}};
constexpr std::array revoke_takes{
    Option{.name = "key", .shape = "ID", .help = "As list shows it", .required = true}};

constexpr std::array verbs{
    Verb{.name = "list",
         .does = "The keys, newest first, without their text",
         .run = list,
         .aliases = "ls",
         .footer = "Example:\n  molecule key list"},
    Verb{.name = "create",
         .does = "Make a key for a program, and print it this once",
         .takes = create_takes,
         .run = create,
         .footer =
             "Example:\n  molecule key create --name ci --scope read --expires-in 86400 > key"},
    Verb{.name = "revoke",
         .does = "End a key",
         .takes = revoke_takes,
         .run = revoke,
         .aliases = "delete rm",
         .footer = "Example:\n  molecule key revoke ID -y",
         .destroys = true}};

}  // namespace

constinit const Verb key_noun{
    .name = "key", .does = "Keys of the organisation, for programs", .verbs = verbs};

}  // namespace molecule::cli
