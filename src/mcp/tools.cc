#include "mcp/tools.h"

#include <algorithm>
#include <array>

namespace molecule::mcp {
namespace {

using Form = Argument::Form;
using json::Node;

constexpr Argument source_argument{
    "source_workspace_id", Form::text, false,
    "Of several workspaces, the one that asks; default: the one that knows the peer"};

constexpr Argument reply_argument{"reply_to", Form::text, false,
                                  "The activity_id of the message that this answers"};

constexpr std::array asking{
    Argument{"workspace_id", Form::text, true, "The peer's id, as list_peers tells it"},
    Argument{"task", Form::text, true, "What it is to do, or the answer to what it asked"},
    source_argument, reply_argument};
constexpr std::array delegating{
    Argument{"workspace_id", Form::text, true, "The peer's id, as list_peers tells it"},
    Argument{"task", Form::text, true, "What it is to do"}, source_argument};
constexpr std::array checking{
    Argument{"workspace_id", Form::text, false, "The peer's id"},
    Argument{"task_id", Form::text, true,
             "The delegation_id of delegate_task_async; empty: the newest ones"},
    Argument{"from", Form::whole, false, "Of a long result: where it goes on, as result_next says"},
    source_argument};
constexpr std::array sourced{source_argument};
constexpr std::array seeking{
    Argument{"q", Form::text, false, "Only those whose name or role has this in it"},
    Argument{"limit", Form::whole, false, "At most so many, up to 500 (default 100)"},
    Argument{"cursor", Form::text, false, "As the end of the page before says"}, source_argument};
constexpr std::array carding{
    Argument{"card", Form::object, true, "The agent card: name, description, skills"}};
constexpr std::array telling{
    Argument{"message", Form::text, true, "What the person is to read; Markdown"},
    Argument{"attachments", Form::texts, false, "Paths of files of this machine to show with it"},
    Argument{"workspace_id", Form::text, false, "Of several workspaces, the one that speaks"},
    reply_argument};
constexpr std::array waiting{
    Argument{"timeout_secs", Form::number, false, "How long to wait, 0 to 300 (default 50)"}};
constexpr std::array peeking{
    Argument{"limit", Form::whole, false, "At most so many (default 10)"},
    Argument{"activity_id", Form::text, false, "This message alone"},
    Argument{"from", Form::whole, false, "Of its text, what begins at this byte (text_next)"}};
constexpr std::array popping{
    Argument{"activity_id", Form::text, true, "Of the message that was answered"}};
constexpr std::array fetching{
    Argument{"activity_id", Form::text, true, "Of a message: its activity_id, or the id of a row"},
    source_argument};
constexpr std::array remembering{
    Argument{"peer_id", Form::text, true, "With whom"},
    Argument{"limit", Form::whole, false, "At most so many, up to 500 (default 20)"},
    Argument{"before_ts", Form::text, false, "Only what is older than this RFC 3339 time"},
    source_argument};

constexpr std::array all{
    Tool{{"delegate_task", "Hand work to a peer and wait",
          "Hands a task to a peer agent and waits for its result. To a peer whose message is not "
          "answered yet, it is the answer.",
          asking, false, false, false, true},
         &Tools::delegate_task},
    Tool{{"delegate_task_async", "Hand work to a peer",
          "Hands a task to a peer agent and comes back at once. The result comes to the inbox as a "
          "delegation_result.",
          delegating, false, false, false, true},
         &Tools::delegate_task_async},
    Tool{{"check_task_status", "How handed-over work stands",
          "How a task stands that was handed over, with its result once it has one.", checking,
          true, false, true, false},
         &Tools::check_task_status},
    Tool{{"list_peers", "List peers", "The agents that this workspace may reach.", seeking, true,
          false, true, false},
         &Tools::list_peers},
    Tool{{"get_workspace_info", "This workspace", "What the platform knows of this workspace.",
          sourced, true, false, true, false},
         &Tools::get_workspace_info},
    Tool{{"get_runtime_identity",
          "This agent",
          "Which model and runtime this agent says it is.",
          {},
          true,
          false,
          true,
          false},
         &Tools::get_runtime_identity},
    Tool{{"update_agent_card", "Change the agent card",
          "Replaces what others are told of this agent.", carding, false, true, true, true},
         &Tools::update_agent_card},
    Tool{
        {"send_message_to_user", "Write to the person",
         "Shows a message to the person at the canvas, with files if there are any (25 MB each). It "
         "answers the oldest message of a person that is not answered yet.",
         telling, false, false, false, true},
        &Tools::send_message_to_user},
    Tool{{"wait_for_message", "Wait for a message",
          "Waits for the next message and gives it; it stays until inbox_pop.", waiting, false,
          false, true, false},
         &Tools::wait_for_message},
    Tool{{"inbox_peek", "Look at the inbox", "The messages that wait, oldest first.", peeking,
          false, false, true, false},
         &Tools::inbox_peek},
    Tool{{"inbox_pop", "Done with a message",
          "Takes a message out of the inbox. Call it once the answer has gone out.", popping, false,
          true, true, false},
         &Tools::inbox_pop},
    Tool{{"fetch_files", "Files of a message",
          "Brings the files that a message names to this machine, up to 50 MB each, and says where "
          "they are.",
          fetching, true, false, true, false},
         &Tools::fetch_files},
    Tool{{"chat_history", "Earlier messages", "What was said with a peer, oldest first.",
          remembering, true, false, true, false},
         &Tools::chat_history}};

constexpr Server this_server{
    .name = "molecule",
    .title = "Molecule workspace",
    .capabilities = R"({"tools":{"listChanged":false},"experimental":{"claude/channel":{}}})"};

}  // namespace

const std::span<const Tool> workspace_tools{all};

const Server& Tools::server() const { return this_server; }

std::optional<std::string> Tools::instructions() const { return face_.instructions(); }

std::string Tools::list(std::string_view revision) const {
  std::string out;
  for (const Tool& tool : face_.tools)
    out += (out.empty() ? "[" : ",") + listed(tool.words, revision);
  return out + "]";
}

const Words* Tools::find(std::string_view name) const {
  const auto at =
      std::ranges::find(face_.tools, name, [](const Tool& tool) { return tool.words.name; });
  return at == face_.tools.end() ? nullptr : &at->words;
}

io::Task<Said> Tools::call(const Words& tool, Node arguments, const Progress& progress) {
  if (std::string wrong = complaints(tool, arguments); !wrong.empty())
    co_return Said{std::move(wrong), true};
  try {
    const auto at =
        std::ranges::find(face_.tools, tool.name, [](const Tool& each) { return each.words.name; });
    Said said = co_await (this->*at->run)(arguments, progress);
    if (said.text.empty()) said = {"the platform answered nothing", true};
    co_return said;
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    co_return Said{fault.text(), true};
  }
}

}  // namespace molecule::mcp
