// `molecule ticket`: tickets by which agents of other machines join.
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/find.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/workspaces.h"
#include "platform/net/url.h"
#include "platform/process/environment.h"
#include "wire/api/tickets.h"

namespace molecule::cli {
namespace {

using json::Node;
using TicketRecord = client::Record<api::Ticket>;

bool only_here(const std::string& url) {
  try {
    const net::Url read = net::Url::parse(url);
    return read.host == "localhost" || read.host == "::1" || read.host.starts_with("127.");
  } catch (const Fault&) {
    return false;
  }
}

std::string who(const TicketRecord& ticket) {
  const std::string name = ticket.text("name"), role = ticket.text("role");
  if (name.empty()) return role;
  return role.empty() ? name : fmt::format("{}, {}", name, role);
}

std::string when(const TicketRecord& ticket) {
  const std::string state = ticket.text("state");
  if (state == "open") return "until " + ticket.text("expires_at");
  if (state == "redeemed")
    return fmt::format("{}, workspace {}", ticket.text("redeemed_at"), ticket.text("workspace_id"));
  return "made " + ticket.text("created_at");
}

Tone tone_of(std::string_view state) {
  if (state == "open") return Tone::worth_a_look;
  return state == "redeemed" ? Tone::good : Tone::quiet;
}

void tell_made(Session& session, const client::Record<api::TicketMade>& made) {
  const std::string url = made.text("platform_url");
  session.say(
      fmt::format("Run that on the other machine. Good once, until {}; it leads to {}, "
                  "known by {}.",
                  made.text("expires_at"), url, made.text("fingerprint")));
  if (only_here(url))
    session.say(
        fmt::format("{} is this machine to whoever runs it: say where others reach the "
                    "platform with --platform-url.",
                    url));
}

io::Task<int> create(Session& session, const Given& given) {
  json::Object body;
  body.add_some("name", given.some("name"));
  body.add_some("role", given.some("role"));
  body.add_some("tier", given.number("tier"));
  body.add_some("expires_in", given.number("expires-in"));
  auto reached_at = given.some("platform-url");
  if (!reached_at) reached_at = process::environment("PLATFORM_URL");
  body.add_some("platform_url", reached_at);
  if (given.has("parent")) {
    const WorkspaceId parent = co_await find_workspace(session, given.text("parent"));
    body.add("parent_id", parent);
  }
  const json::Document made = co_await session.platform().post("/tickets", body.text());
  const client::Record<api::TicketMade> ticket(made.root());
  session.show_once(
      made.root(), [&](Node) { return session.screen().line(ticket.text("command")) + "\n"; },
      fmt::format("`molecule ticket revoke {}` takes it back", ticket.text("id")));
  if (session.is_table()) tell_made(session, ticket);
  co_return 0;
}

io::Task<int> list(Session& session, const Given& given) {
  const auto look = [&session] { return session.platform().get("/tickets"); };
  const auto text = [&session](Node page) {
    Table table({id_column, {"STATE", 0, 9}, {"FOR", 8, 5}, {"WHEN", 12, 8}});
    const client::Record<api::TicketPage> whole(page);
    for (const auto& each : client::records<api::Ticket>(whole.node("tickets"))) {
      const std::string state = each.text("state");
      table.add({each.text("id"), Cell(state, tone_of(state)), who(each), when(each)});
    }
    if (table.empty()) session.note("There is no ticket; `molecule ticket create` makes one.");
    return table.empty() ? std::string() : table.text(session.screen());
  };
  co_return co_await session.watched(given, look, text);
}

io::Task<int> revoke(Session& session, const Given& given) {
  const auto id = TicketId::parse(given.text("id"));
  if (!id)
    throw bad_request("bad_id", fmt::format("{} is no ticket's id; `molecule ticket list` has them",
                                            given.text("id")));
  const json::Document done = co_await session.platform().del("/tickets/" + id->text());
  session.show(done.root(),
               [](Node) { return std::string("Revoked; nobody can join with it any more.\n"); });
  co_return 0;
}

constexpr std::array create_takes{
    Option{.name = "--name", .shape = "NAME", .help = "Of the workspace that it becomes"},
    Option{.name = "--role", .shape = "ROLE", .help = "What it is for; it or a name is needed"},
    Option{.name = "--parent",
           .shape = "WORKSPACE",
           .help = "The workspace it stands below",
           .names = Option::Names::workspaces},
    Option{.name = "--tier",
           .shape = "N",
           .help = "How it is classed: 1 sealed, 2 small, 3 standard, 4 large "
                   "(default 3)",
           .form = Option::Form::number,
           .most = 4},
    Option{.name = "--expires-in",
           .shape = "SECONDS",
           .help = "Seconds that it is good, 60 to 604800 (default 3600)",
           .form = Option::Form::number,
           .least = api::ticket_seconds_min,
           .most = api::ticket_seconds_max},
    Option{.name = "--platform-url",
           .shape = "URL",
           .help = "Where the other machine reaches the platform [PLATFORM_URL]"}};
constexpr std::array revoke_takes{Option{
    .name = "id", .shape = "ID", .help = "The ticket's, as list shows it", .required = true}};

constexpr std::array verbs{
    Verb{.name = "create",
         .does = "Make a ticket by which one agent may join, once",
         .takes = create_takes,
         .run = create,
         .footer =
             "Prints one line to run on the other machine. Whoever has it may join in its place, "
             "once: hand\nit over as you would a password.\n"
             "\nExamples:\n"
             "  molecule ticket create --name researcher --role 'Reads sources' --parent pm\n"
             "  molecule ticket create --name ci --platform-url https://molecule.example "
             "--expires-in 600"},
    Verb{.name = "list",
         .does = "The tickets of late, newest first",
         .run = list,
         .aliases = "ls",
         .footer = "Shows no ticket's text.\n\nExample:\n  molecule ticket list --watch",
         .watches = true},
    Verb{.name = "revoke",
         .does = "Take a ticket back that nobody has redeemed",
         .takes = revoke_takes,
         .run = revoke,
         .aliases = "delete rm",
         .footer = "Example:\n  molecule ticket revoke 01890a5d-ac96-774b-bcce-b302099a8057"}};

}  // namespace

constinit const Verb ticket_noun{
    .name = "ticket", .does = "Let agents of other machines join", .verbs = verbs};

}  // namespace molecule::cli
