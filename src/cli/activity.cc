// `molecule activity`: what a workspace did and was told.
#include "wire/api/activity.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/documents.h"
#include "cli/find.h"
#include "cli/names_of.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/times.h"
#include "cli/workspaces.h"

namespace molecule::cli {
namespace {

using json::Node;
using Row = client::Record<api::Activity>;

Tone tone_of(std::string_view status) {
  if (status == "error" || status == "failed") return Tone::bad;
  if (status == "ok") return Tone::plain;
  return Tone::worth_a_look;
}

std::string source_of(const Names& names, const Row& row) {
  const std::string source = row.text("source_id");
  return source.empty() ? "-" : names.of(source);
}

std::string said_by(const Row& row) {
  const std::string error = row.text("error_detail");
  return error.empty() ? row.text("summary") : error;
}

// Without its title line where it goes on.
std::string rows_text(const Session& session, const Names& names, Node list, bool goes_on) {
  Table table({{"TIME", 0, 9},
               {"TYPE", 8, 7},
               {"FROM", 6, 6},
               {"STATUS", 0, 8},
               {"TOOK", 0, 2, text::Cut::end, true},
               {"SUMMARY", 12, 9}});
  for (const Row& each : client::records<api::Activity>(list)) {
    const std::string mail = each.text("mail");
    const std::string status = each.text("status");
    const auto took = each.number("duration_ms");
    table.add({time_text(each.text("created_at")), each.text("activity_type"),
               source_of(names, each),
               Cell(mail.empty() || mail == "none" ? status : fmt::format("{} ({})", status, mail),
                    tone_of(status)),
               took ? fmt::format("{:.1f}s", *took / 1000) : "", said_by(each)});
  }
  if (table.empty()) return {};
  std::string text = table.text(session.screen());
  return goes_on ? text.substr(text.find('\n') + 1) : text;
}

io::Task<int> list(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  Names names;
  if (session.is_table()) names = co_await names_of(session);
  std::string base = fmt::format("/workspaces/{}/activity?order=asc", id.text());
  if (given.has("type")) base += "&type=" + client::escaped(given.text("type"));
  std::string path = fmt::format("/workspaces/{}/activity?limit={}", id.text(),
                                 given.number("limit").value_or(50));
  if (given.has("type")) path += "&type=" + client::escaped(given.text("type"));
  const json::Document newest = co_await session.platform().get(std::move(path));
  // The feed tells the newest first; people read on downwards.
  std::vector<std::string> rows;
  for (std::size_t i = newest.root().size(); i > 0; --i)
    rows.push_back(newest.root().at(i - 1).text());
  json::Limits limits;
  limits.bytes = 256u << 20;
  limits.members = 40'000'000;
  limits.nul = json::Nul::kept;
  const json::Document page =
      json::Document::parse(fmt::format("[{}]", fmt::join(rows, ",")), limits);
  const bool lines = given.has("watch") && session.form() == Form::json;
  if (lines) {
    for (std::size_t i = 0; i < page.root().size(); ++i)
      session.print(as_json_line(page.root().at(i)));
  } else {
    session.show(page.root(), [&](Node all) { return rows_text(session, names, all, false); });
  }
  if (rows.empty() && session.is_table()) session.say("There is no activity yet.");
  if (!given.has("watch")) co_return 0;
  std::string last;
  if (!rows.empty()) last = Row(page.root().at(rows.size() - 1)).text("id");
  for (;;) {
    client::Ask what;
    what.path =
        base + "&limit=200&wait=25" + (last.empty() ? "&since_secs=1" : "&since_id=" + last);
    what.repeatable = true;
    const json::Document more = co_await session.platform().ask(std::move(what));
    const std::size_t count = more.root().size();
    for (std::size_t i = 0; lines && i < count; ++i) session.print(as_json_line(more.root().at(i)));
    if (!lines && count > 0) {
      session.show(more.root(), [&](Node all) { return rows_text(session, names, all, true); });
    }
    if (count > 0) last = Row(more.root().at(count - 1)).text("id");
  }
}

constexpr std::array takes{
    workspace_argument,
    Option{.name = "-l,--limit",
           .shape = "N",
           .help = "The newest so many (default 50)",
           .form = Option::Form::number,
           .least = 1,
           .most = 500},
    Option{.name = "--type", .shape = "TYPE", .help = "Of this type alone, such as a2a_receive"}};
constexpr std::array verbs{
    Verb{.name = "list",
         .does = "What a workspace did and was told, newest last",
         .takes = takes,
         .run = list,
         .aliases = "ls",
         .footer = "Times are UTC. With --watch and -o json each row is a line.\n\nExamples:\n"
                   "  molecule activity list researcher --watch\n"
                   "  molecule activity list researcher -l 5 -o json",
         .watches = true}};

}  // namespace

constinit const Verb activity_noun{
    .name = "activity", .does = "What workspaces did and were told", .verbs = verbs};

}  // namespace molecule::cli
