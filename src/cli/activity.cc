// `molecule activity`: what a workspace did and was told.
#include "wire/api/activity.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/fault.h"
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

// How far the feed was shown, and from where on it is asked for.
class Shown {
 public:
  explicit Shown(const io::Clock& clock) : clock_(clock), began_(clock.now()) {}

  // Whether it is a row that was not shown.
  bool take(const Row& row) {
    const Instant at = Instant::parse(row.text("created_at")).value_or(Instant());
    if (at_ && row_.empty() && at <= *at_) return false;
    row_ = row.text("id");
    at_ = at;
    return true;
  }
  // Times have to do in its place.
  void lose_row() { row_.clear(); }
  std::string cursor() const {
    if (!row_.empty()) return "&since_id=" + row_;
    const auto since = clock_.now() - at_.value_or(began_);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    // Rows that were shown are passed over, so the clocks of two machines may differ a little.
    return fmt::format("&since_secs={}", std::max<std::int64_t>(seconds, 0) + (at_ ? 60 : 1));
  }

 private:
  const io::Clock& clock_;
  const Instant began_;
  std::string row_;
  std::optional<Instant> at_;  // Of the newest that was shown.
};

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
  const bool streamed = given.has("watch") && !session.is_table();
  if (streamed) {
    for (std::size_t i = 0; i < page.root().size(); ++i)
      session.print(session.streamed(page.root().at(i)));
  } else {
    session.show(page.root(), [&](Node all) { return rows_text(session, names, all, false); });
  }
  if (rows.empty() && session.is_table()) session.say("There is no activity yet.");
  if (!given.has("watch")) co_return 0;
  Shown shown(session.clock());
  if (!rows.empty()) shown.take(Row(page.root().at(rows.size() - 1)));
  for (;;) {
    client::Ask what;
    what.path = base + "&limit=200&wait=25" + shown.cursor();
    what.repeatable = true;
    std::optional<json::Document> more;
    try {
      more.emplace(co_await session.awaited(std::move(what)));
    } catch (const Fault& fault) {
      // The row is not there any more: it was pruned, or other data is in its place.
      if (fault.code() != "cursor_gone") throw;
    }
    if (!more) {
      shown.lose_row();
      continue;
    }
    std::vector<std::string> fresh;
    for (const Row& each : client::records<api::Activity>(more->root())) {
      if (!shown.take(each)) continue;
      if (streamed) session.print(session.streamed(each.node()));
      fresh.push_back(each.node().text());
    }
    if (streamed || fresh.empty()) continue;
    const json::Document news =
        json::Document::parse(fmt::format("[{}]", fmt::join(fresh, ",")), limits);
    session.print(rows_text(session, names, news.root(), true));
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
constexpr std::array verbs{Verb{
    .name = "list",
    .does = "What a workspace did and was told, newest last",
    .takes = takes,
    .run = list,
    .aliases = "ls",
    .footer =
        "Times are UTC. With --watch and -o json each row is a line, with -o yaml a document.\n\nExamples:\n"
        "  molecule activity list researcher --watch\n"
        "  molecule activity list researcher -l 5 -o json",
    .watches = true}};

}  // namespace

constinit const Verb activity_noun{
    .name = "activity", .does = "What workspaces did and were told", .verbs = verbs};

}  // namespace molecule::cli
