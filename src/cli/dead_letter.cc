// `molecule dead-letter`: messages that ended without anybody's word, and what becomes of them.
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/find.h"
#include "cli/names_of.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/times.h"
#include "cli/workspaces.h"
#include "wire/api/dead_letters.h"

namespace molecule::cli {
namespace {

using json::Node;
using Letter = client::Record<api::DeadLetter>;

ActivityId id_of(const Given& given) {
  const auto id = ActivityId::parse(given.text("letter"));
  if (!id)
    throw bad_request("bad_id",
                      fmt::format("{} is no dead letter's id; `molecule dead-letter list` has them",
                                  given.text("letter")));
  return *id;
}

// Open ones; what was decided about the others stands where the error did.
std::string said_by(const Letter& letter) {
  const std::string fate = letter.text("fate");
  if (fate.empty()) return letter.text("error");
  return fmt::format("{}: {}", fate, letter.text("reason"));
}

std::string rows_text(const Session& session, const Names& names, Node page) {
  Table table({id_column,
               {"AGE", 0, 5, text::Cut::end, true},
               {"FROM", 6, 6},
               {"TO", 6, 8},
               {"WHY", 0, 4},
               {"MESSAGE", 12, 9},
               {"ERROR", 12, 7}});
  for (const Letter& each : client::records<api::DeadLetter>(page.find("items"))) {
    const std::string source = each.text("source_id");
    table.add({each.text("id"), age_text(each.text("ended_at"), session.clock().now()),
               source.empty() ? "a person" : names.of(source), names.of(each.text("workspace_id")),
               each.text("standing"), each.text("summary"), said_by(each)});
  }
  if (table.empty()) {
    session.say("There is no dead letter.");
    return {};
  }
  std::string out = table.text(session.screen());
  const std::string next = client::Record<api::DeadLetterPage>(page).text("next_before_seq");
  if (!next.empty()) session.say(fmt::format("There are older ones: --before {}.", next));
  return out;
}

io::Task<int> list(Session& session, const Given& given) {
  std::string path =
      fmt::format("/dead-letters?limit={}&state={}", given.number("limit").value_or(50),
                  given.has("decided") ? "decided" : "open");
  if (given.has("before")) path += fmt::format("&before_seq={}", *given.number("before"));
  if (given.has("workspace")) {
    const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
    path += "&workspace_id=" + id.text();
  }
  const Names names = session.is_table() ? co_await names_of(session) : Names();
  const auto look = [&session, path] { return session.platform().get(path); };
  co_return co_await session.watched(
      given, look, [&session, &names](Node page) { return rows_text(session, names, page); });
}

io::Task<json::Document> decided(Session& session, const Given& given, std::string_view verb) {
  const ActivityId id = id_of(given);
  json::Object body;
  body.add("reason", given.text("reason"));
  const std::string path = fmt::format("/dead-letters/{}/{}", id.text(), verb);
  co_return co_await session.platform().post(path, body.text());
}

io::Task<int> resend(Session& session, const Given& given) {
  const json::Document done = co_await decided(session, given, "resend");
  session.show(done.root(), [](Node one) {
    return fmt::format("Sent again, as {}.\n",
                       client::Record<api::DeadLetterDecided>(one).text("sent_again_as"));
  });
  co_return 0;
}

io::Task<int> drop(Session& session, const Given& given) {
  session.confirm(given, fmt::format("Drop {}? It is never sent again", id_of(given).text()));
  const json::Document done = co_await decided(session, given, "drop");
  session.show(done.root(), [](Node) { return std::string("Dropped.\n"); });
  co_return 0;
}

constexpr std::array list_takes{
    Option{.name = "--workspace,-w",
           .shape = "WORKSPACE",
           .help = "Those to this one alone",
           .names = Option::Names::workspaces},
    Option{.name = "--decided", .shape = "", .help = "Those about which somebody has decided"},
    Option{.name = "-l,--limit",
           .shape = "N",
           .help = "The newest so many (default 50)",
           .form = Option::Form::number,
           .least = 1,
           .most = 200},
    Option{.name = "--before",
           .shape = "SEQ",
           .help = "Only what is older than this number",
           .form = Option::Form::number,
           .least = 1,
           .most = 1'000'000'000'000'000}};
constexpr std::array deciding{
    Option{.name = "letter",
           .shape = "ID",
           .help = "As list shows it",
           .required = true,
           .names = Option::Names::dead_letters},
    Option{.name = "--reason", .shape = "TEXT", .help = "Why; it is kept", .required = true}};

constexpr std::array verbs{
    Verb{.name = "list",
         .does = "Messages that nobody took, newest first",
         .takes = list_takes,
         .run = list,
         .aliases = "ls",
         .footer = "Example:\n  molecule dead-letter list --watch",
         .watches = true},
    Verb{.name = "resend",
         .does = "Send one again, as a new message of the same sender",
         .takes = deciding,
         .run = resend,
         .footer = "Example:\n  molecule dead-letter resend ID --reason 'its agent is back'"},
    Verb{.name = "drop",
         .does = "Drop one: nobody needs to see it any more",
         .takes = deciding,
         .run = drop,
         .footer = "Example:\n  molecule dead-letter drop ID --reason 'too old' -y",
         .destroys = true}};

}  // namespace

constinit const Verb dead_letter_noun{.name = "dead-letter",
                                      .does = "Messages that nobody took",
                                      .verbs = verbs,
                                      .aliases = "dead-letters letter letters"};

}  // namespace molecule::cli
