// A message to an agent, and what it says to it, however it is reached.
#include <fmt/format.h>

#include "client/operator.h"
#include "manage/tools.h"
#include "platform/json/answer.h"
#include "wire/a2a/a2a.h"
#include "wire/jsonrpc/jsonrpc.h"
#include "wire/mcp/clipping.h"
#include "wire/mcp/quoting.h"

namespace molecule::manage {
namespace {

using namespace std::chrono_literals;
using json::Node;
using mcp::Said;
using mcp::text_of;

constexpr auto reply_within = 600s;
// Many clients give a call up after a minute, unless they are told that it goes on.
constexpr auto reply_within_untold = 50s;
constexpr auto look_every = 2s;

// Whom it is written to. All that comes back holds the agent's words, or may hold them.
struct Agent {
  std::string name;
  std::uint64_t number = 0;

  std::string quote(std::string_view words, std::size_t max) const {
    return mcp::quoted(name, mcp::clipped(words, max), number);
  }
  Said says(std::string_view words) const { return {quote(words, mcp::shown_of_answer)}; }
  Said did_not(std::string_view what, std::string_view why, std::string_view code = {}) const {
    return failed(what, quote(why, mcp::shown_of_error), code);
  }
  mcp::Question asks(const a2a::Answer& answer) const {
    return {fmt::format("The agent {} asks before it goes on:\n{}", name,
                        mcp::clipped(mcp::contained(answer.text), mcp::shown_of_error)),
            "message",
            {{"task_id", answer.task->id}}};
  }
  Said is_at_it(std::string_view id) const {
    return {
        fmt::format("{} has the message and has not answered yet: do not send it again. Its "
                    "activity id is {}; list_activity tells what came of it.",
                    name, id)};
  }
};

// What an answer in JSON-RPC is for the model; nothing while the agent is at it.
std::optional<Said> said_in(const Agent& agent, std::string_view body, std::string& task) {
  try {
    const a2a::Answer answer = a2a::read_answer(body, "1");
    switch (answer.outcome) {
      case a2a::Outcome::done: return agent.says(answer.text);
      case a2a::Outcome::failed: return agent.did_not("the agent did not do it", answer.error);
      case a2a::Outcome::unfinished: break;
    }
    if (answer.task &&
        (answer.task->state == "input-required" || answer.task->state == "auth-required")) {
      Said out = agent.says(answer.text);
      out.text += fmt::format(
          "\nIt needs something before it goes on: chat_with_agent answers that, with the task_id {}",
          mcp::harmless(answer.task->id));
      // What lets it in somewhere is not typed into a form.
      if (answer.task->state == "input-required") out.question = agent.asks(answer);
      return out;
    }
    if (answer.task && task.empty()) task = answer.task->id;
    return std::nullopt;
  } catch (const Fault&) {
    return agent.did_not("what the agent answers cannot be read", body);
  }
}

// The message as JSON-RPC; of the task that it goes on with, where it names one.
std::string request_with(Node arguments, std::string_view id) {
  json::Object part, message;
  part.add("kind", "text").add("text", text_of(arguments, "message"));
  message.add("kind", "message").add("role", "user").add("messageId", id);
  message.add("parts", RawJson("[" + part.text() + "]"));
  if (const std::string task = text_of(arguments, "task_id"); !task.empty())
    message.add("taskId", task);
  return jsonrpc::request("1", "message/send", json::Object{}.add("message", message.raw()).text());
}

}  // namespace

io::Task<Said> Tools::chat(client::Ask what, Node arguments, const mcp::Progress& progress) {
  const std::string workspace = text_of(arguments, "workspace_id");
  const Agent agent{mcp::harmless(workspace), random_.number()};
  what.body = request_with(arguments, random_.id<ActivityId>().text());
  what.answer_within = reply_within;
  const client::Answer came = co_await ask(std::move(what), progress);
  if (!came.ok())
    co_return agent.did_not(
        came.status == 429 ? "RATE_LIMITED" : fmt::format("HTTP {}", came.status), came.error(),
        came.code());
  std::string task = came.word("queue_id");
  if (auto said = said_in(agent, came.body, task)) co_return std::move(*said);
  client::Ask look;
  look.path =
      fmt::format("/workspaces/{}/a2a/queue/{}", client::escaped(workspace), client::escaped(task));
  look.repeatable = true;
  auto left = std::chrono::seconds(progress.wanted() ? reply_within : reply_within_untold);
  for (; left > 0s; left -= look_every) {
    progress(fmt::format("{} is at it", agent.name));
    co_await io::sleep(look_every);
    const client::Answer standing = co_await platform_.ask(key_, look);
    // An agent's own task is looked after by the agent.
    if (!standing.ok()) break;
    const std::string status = standing.word("status");
    if (status == "failed" || status == "dropped")
      co_return agent.did_not(standing.word("standing"), standing.word("last_error"));
    if (status != "completed") continue;
    const json::Document document = json::parse_answer(standing.body);
    const std::string body = document.root().find("response_body").text();
    if (auto said = said_in(agent, body, task)) co_return std::move(*said);
    break;
  }
  co_return agent.is_at_it(task);
}

}  // namespace molecule::manage
