// `molecule question`: what agents ask people before they go on.
#include <array>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/names_of.h"
#include "cli/nouns.h"
#include "cli/table.h"
#include "cli/talk.h"
#include "cli/times.h"
#include "wire/api/activity.h"
#include "wire/api/tasks.h"

namespace molecule::cli {
namespace {

using json::Node;
using Question = client::Record<api::Question>;

constexpr std::size_t pages_max = 50;

std::string rows_text(const Session& session, const Names& names, Node page) {
  Table table({id_column,
               {"AGE", 0, 5, text::Cut::end, true},
               {"WHO", 6, 8},
               {"WANTS", 0, 4},
               {"MESSAGE", 12, 9}});
  for (const Question& each : client::records<api::Question>(page.find("items")))
    table.add({each.text("id"), age_text(each.text("since"), session.clock().now()),
               names.of(each.text("workspace_id")),
               each.text("state") == "auth-required" ? "a sign-in" : "an answer",
               each.text("summary")});
  if (table.empty()) {
    session.say("Nobody asks anything.");
    return {};
  }
  std::string out = table.text(session.screen());
  const std::string next = client::Record<api::QuestionPage>(page).text("next_before_seq");
  if (!next.empty()) session.say(fmt::format("There are older ones: --before {}.", next));
  return out;
}

io::Task<int> list(Session& session, const Given& given) {
  std::string path = fmt::format("/questions?limit={}", given.number("limit").value_or(50));
  if (given.has("before")) path += fmt::format("&before_seq={}", *given.number("before"));
  const Names names = session.is_table() ? co_await names_of(session) : Names();
  const auto look = [&session, path] { return session.platform().get(path); };
  co_return co_await session.watched(
      given, look, [&session, &names](Node page) { return rows_text(session, names, page); });
}

// The question of this id, as a document with that alone.
io::Task<json::Document> found(Session& session, std::string named) {
  if (!ActivityId::parse(named))
    throw bad_request(
        "bad_id", fmt::format("{} is no question's id; `molecule question list` has them", named));
  std::string before;
  for (std::size_t i = 0; i < pages_max; ++i) {
    const json::Document page = co_await session.platform().get("/questions?limit=200" + before);
    for (const Question& each : client::records<api::Question>(page.root().find("items")))
      if (each.text("id") == named) co_return json::Document::parse(each.node().text());
    const std::string next = client::Record<api::QuestionPage>(page.root()).text("next_before_seq");
    if (next.empty()) break;
    before = "&before_seq=" + next;
  }
  throw Fault(Kind::not_found, "question_not_found",
              fmt::format("no agent asks anything of the id {}", named));
}

// What was asked: the words of the answer that the agent gave so far.
std::string words_of(const Session& session, Node row) {
  const Node result = client::Record<api::Activity>(row).node("response_body").find("result");
  const Node parts = result.find("status").find("message").find("parts");
  std::string out;
  for (std::size_t i = 0; parts.is(json::Type::array) && i < parts.size(); ++i)
    out += client::told(parts.at(i).find("text"));
  return out.empty() ? out : session.screen().lines(out) + "\n";
}

io::Task<int> show(Session& session, const Given& given) {
  const json::Document question = co_await found(session, given.text("question"));
  const Question it(question.root());
  const std::string path = fmt::format("/workspaces/{}/activity?limit=1&before_seq={}",
                                       it.text("workspace_id"), *it.number("seq") + 1);
  const json::Document rows = co_await session.platform().get(path);
  const Node row = rows.root().size() > 0 ? rows.root().at(0) : rows.root();
  session.show(session.is_table() ? row : question.root(), [&](Node one) {
    const std::string said = words_of(session, one);
    return said.empty() ? session.screen().lines(it.text("summary")) + "\n" : said;
  });
  co_return 0;
}

io::Task<int> answer(Session& session, const Given& given) {
  const json::Document question = co_await found(session, given.text("question"));
  const Question it(question.root());
  Given message = given;
  message.add("workspace", it.text("workspace_id"));
  message.add("task", it.text("task_id"));
  if (const std::string context = it.text("context_id"); !context.empty())
    message.add("context", context);
  co_return co_await send(session, message);
}

constexpr Option question_argument{.name = "question",
                                   .shape = "ID",
                                   .help = "As list shows it",
                                   .required = true,
                                   .names = Option::Names::questions};
constexpr std::array list_takes{Option{.name = "-l,--limit",
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
constexpr std::array show_takes{question_argument};
constexpr std::array answer_takes{question_argument,
                                  Option{.name = "text",
                                         .shape = "TEXT",
                                         .help = "What to say; - or nothing: standard input",
                                         .many = true},
                                  no_wait_option, timeout_option};

constexpr std::array verbs{Verb{.name = "list",
                                .does = "What agents ask before they go on, newest first",
                                .takes = list_takes,
                                .run = list,
                                .aliases = "ls",
                                .footer = "Example:\n  molecule question list --watch",
                                .watches = true},
                           Verb{.name = "show",
                                .does = "One question, whole",
                                .takes = show_takes,
                                .run = show,
                                .aliases = "get",
                                .footer = "Example:\n  molecule question show ID"},
                           Verb{.name = "answer",
                                .does = "Answer one, and wait for what the agent says then",
                                .takes = answer_takes,
                                .run = answer,
                                .footer = "Exit status: 1 when the agent failed.\n\nExample:\n"
                                          "  molecule question answer ID 'the blue one'"}};

}  // namespace

constinit const Verb question_noun{.name = "question",
                                   .does = "What agents ask before they go on",
                                   .verbs = verbs,
                                   .aliases = "questions"};

}  // namespace molecule::cli
