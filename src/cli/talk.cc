// `molecule send` and `molecule chat`: a person writes to an agent.
#include "cli/talk.h"

#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/documents.h"
#include "cli/find.h"
#include "cli/input.h"
#include "cli/messages.h"
#include "cli/nouns.h"
#include "platform/io/scope.h"
#include "platform/json/answer.h"
#include "platform/process/environment.h"
#include "wire/api/messages.h"

namespace molecule::cli {
namespace {

using json::Node;

void print_line(Session& session, const Reply& reply) {
  const std::string result = reply.result.empty() ? "null" : reply.result;
  const json::Document document = json::parse_answer(result);
  session.print(session.form() == Form::yaml ? as_yaml(document.root()) : as_json(document.root()));
}

Fault failed(const Reply& reply) {
  return Fault(Kind::internal, "agent_failed",
               reply.error.empty() ? "the agent gave no answer" : reply.error);
}

// Pieces of text as they come, and what the agent is at on standard error where a person sees it.
Hearing aloud(Session& session) {
  Hearing hearing;
  if (!session.is_table()) return hearing;
  hearing.piece = [&session](std::string_view piece) {
    session.print(session.screen().lines(piece));
  };
  if (process::is_terminal(STDERR_FILENO)) {
    hearing.note = [&session](std::string_view note) {
      session.say(session.screen().in(Tone::plain, fmt::format("({})", note)));
    };
  }
  return hearing;
}

std::string message_of(const Given& given) {
  std::string text;
  for (const std::string& word : given.all("text")) text += (text.empty() ? "" : " ") + word;
  if (text.empty() && process::is_terminal(STDIN_FILENO))
    throw bad_request("no_message", "there is nothing to send; write it behind the workspace");
  if (text.empty() || text == "-") {
    text = standard_input();
    while (text.ends_with('\n')) text.pop_back();
  }
  if (text.empty()) throw bad_request("no_message", "there is nothing to send: the text is empty");
  return text;
}

std::string receipt_text(const Session& session, Node answer) {
  const client::Record<api::Receipt> receipt(answer);
  std::string text = receipt.text("status");
  if (const std::string message = receipt.text("message"); !message.empty()) text += ": " + message;
  const std::string task = client::told(receipt.node("result").find("id"));
  if (text.empty()) text = "sent";
  if (!task.empty()) text += fmt::format(" (task {})", task);
  return session.screen().line(text) + "\n";
}

}  // namespace

io::Task<int> send(Session& session, const Given& given) {
  Outgoing message;
  message.text = message_of(given);
  message.task = given.text("task");
  message.context = given.text("context");
  const WorkspaceId to = co_await find_workspace(session, given.text("workspace"));
  if (given.has("no-wait")) {
    const json::Document answer = co_await post_message(session, to, std::move(message));
    session.show(answer.root(), [&session](Node one) { return receipt_text(session, one); });
    co_return 0;
  }
  const std::chrono::seconds limit(given.number("timeout").value_or(86'400));
  io::Task<Reply> conversation = converse(session, to, std::move(message), aloud(session));
  std::optional<Reply> reply;
  try {
    reply.emplace(co_await io::within<Reply>(limit, std::move(conversation)));
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::deadline || !given.has("timeout")) throw;
    throw Fault(Kind::deadline, "not_answered",
                fmt::format("no answer within {} seconds; the message is kept, and the agent may "
                            "still answer\n  next: `molecule activity list {}` shows how it stands",
                            limit.count(), to.text()));
  }
  if (!session.is_table()) print_line(session, *reply);
  if (reply->end == Reply::End::failed) throw failed(*reply);
  if (session.is_table() && !reply->text.ends_with('\n')) session.print("\n");
  if (reply->end == Reply::End::asks) {
    session.say(fmt::format(
        "The agent asks before it goes on; answer with `molecule send {} --task {} TEXT`.",
        to.text(), reply->task));
  }
  co_return 0;
}

io::Task<int> chat(Session& session, const Given& given) {
  const Found found = co_await find_named(session, given.text("workspace"));
  const WorkspaceId to = found.id;
  const std::string named = found.name.empty() ? to.text() : found.name;
  const bool terminal = process::is_terminal(STDIN_FILENO) && session.screen().is_terminal();
  Outgoing message;
  message.context = given.text("context");
  if (given.has("message") || !terminal) {
    message.text = given.has("message") ? text_or_input(given.text("message")) : standard_input();
    while (message.text.ends_with('\n')) message.text.pop_back();
    if (message.text.empty()) throw bad_request("no_message", "there is nothing to say");
    Hearing hearing = aloud(session);
    if (!session.is_table()) {
      hearing.event = [&session](Node event) { session.print(session.streamed(event)); };
    }
    const Reply reply = co_await converse(session, to, std::move(message), hearing);
    if (reply.end == Reply::End::failed) throw failed(reply);
    if (session.is_table() && !reply.text.ends_with('\n')) session.print("\n");
    co_return 0;
  }
  session.say(fmt::format("Writing to {}; an empty line is not sent, `exit` or Ctrl-D ends.",
                          found.told()));
  const std::string name = session.screen().in(Tone::title, session.screen().line(named) + "> ");
  for (;;) {
    session.print(session.screen().in(Tone::quiet, "you> "));
    std::string line;
    if (!std::getline(std::cin, line)) break;
    if (line == "exit" || line == "quit") break;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    message.text = line;
    session.print(name);
    std::string trouble;
    Reply reply;
    const Hearing hearing = aloud(session);
    try {
      reply = co_await converse(session, to, message, hearing);
      if (reply.end == Reply::End::failed) trouble = failed(reply).text();
    } catch (const Fault& fault) {
      // The conversation goes on; what stands in its way for good ends it.
      if (fault.kind() == Kind::unauthenticated || fault.kind() == Kind::not_found ||
          fault.kind() == Kind::gone)
        throw;
      trouble = fault.text();
    }
    session.print("\n");
    if (!trouble.empty()) session.say("! " + trouble);
    if (!reply.context.empty()) message.context = reply.context;
    message.task = reply.end == Reply::End::asks ? reply.task : std::string();
  }
  session.print("\n");
  co_return 0;
}

constinit const Verb send_verb{
    .name = "send",
    .does = "Write to an agent and wait for its answer",
    .takes = send_takes,
    .run = send,
    .footer =
        "The answer's text goes to standard output as it comes. Exit status: 1 when the agent "
        "failed.\n\nExamples:\n"
        "  molecule send researcher 'Summarise README.md'\n"
        "  molecule send researcher --no-wait - < task.txt\n"
        "  molecule send researcher --timeout 60 -o json 'How many?'"};
constinit const Verb chat_verb{
    .name = "chat",
    .does = "Talk with an agent; its answers appear as they come",
    .takes = chat_takes,
    .run = chat,
    .footer =
        "Without a terminal all of standard input is one message; with -o json each event of\n"
        "the answer is a line.\n\nExamples:\n"
        "  molecule chat researcher\n"
        "  molecule chat researcher -m 'Summarise README.md'"};

}  // namespace molecule::cli
