// A task as it is told: what the agent said of it, in the caller's generation, around what the
// platform knows.
#include <algorithm>
#include <optional>

#include "wire/a2a/differences.h"
#include "wire/a2a/heard.h"
#include "wire/a2a/task.h"
#include "wire/a2a/translate.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

constexpr json::Limits kept_text{.bytes = 64u << 20, .nul = json::Nul::kept};

std::string_view word(Node node) {
  return node.is(Type::string) ? node.string() : std::string_view();
}

// What an answer brings, in any of its forms.
struct Brought {
  Node task, message;
};
Brought brought_by(Node result) {
  Brought out;
  if (!result.is(Type::object)) return out;
  if (Node task = result.find("task"); task.is(Type::object)) {
    out.task = task;
  } else if (Node message = result.find("message"); message.is(Type::object)) {
    out.message = message;
  } else if (word(result.find("kind")) == "task" || result.find("status").is(Type::object)) {
    out.task = result;
  } else if (result.find("parts").is(Type::array)) {
    out.message = result;
  }
  return out;
}

std::string words(Generation to, const TaskFacts& facts) {
  json::Object part, message;
  if (to == Generation::v03) {
    message.add("kind", "message");
    part.add("kind", "text");
  }
  part.add("text", facts.says);
  message.add("messageId", facts.id + "-status");
  message.add("role", to == Generation::v10 ? "ROLE_AGENT" : "agent");
  message.add("parts", RawJson("[" + part.text() + "]"));
  message.add("taskId", facts.id).add("contextId", facts.context_id);
  return message.text();
}

std::string status_told(Generation to, const TaskFacts& facts, const Brought& brought) {
  json::Object status;
  status.add("state", state_as(to, facts.state));
  Node own = brought.task.find("status");
  const bool same = state_as(Generation::v03, word(own.find("state"))) == facts.state;
  Node said = own.find("message");
  if (same && said.is(Type::object)) {
    status.add("message", RawJson(message_told(to, said)));
  } else if (brought.message) {
    status.add("message", RawJson(message_told(to, brought.message)));
  } else if (!facts.says.empty()) {
    status.add("message", RawJson(words(to, facts)));
  }
  status.add("timestamp", time_text(facts.at));
  return status.text();
}

std::string artifacts_told(Generation to, const Brought& brought) {
  if (Node list = brought.task.find("artifacts"); list.is(Type::array) && list.size() > 0)
    return artifacts_told(to, list);
  Node parts = brought.message.find("parts");
  if (!parts.is(Type::array) || parts.size() == 0) return {};
  json::Object artifact;
  artifact.add("artifactId", "answer").add("parts", RawJson(parts_told(to, parts)));
  return "[" + artifact.text() + "]";
}

std::string history_told(const TaskForm& form, const TaskFacts& facts, const Brought& brought) {
  std::vector<std::string> all;
  Node own = brought.task.find("history");
  for (std::size_t i = 0; own.is(Type::array) && i < own.size(); ++i)
    all.push_back(message_told(form.generation, own.at(i)));
  if (all.empty() && !facts.request.empty()) {
    json::Document document = json::Document::parse(facts.request, kept_text);
    Node asked = document.root().find("params").find("message");
    if (asked.is(Type::object)) all.push_back(message_told(form.generation, asked));
    if (brought.message) all.push_back(message_told(form.generation, brought.message));
  }
  const auto wanted = static_cast<std::size_t>(
      std::min<std::int64_t>(form.history_length.value_or(INT32_MAX), INT32_MAX));
  if (wanted == 0 || all.empty()) return {};
  std::string out;
  for (std::size_t i = all.size() - std::min(wanted, all.size()); i < all.size(); ++i) {
    out += out.empty() ? "[" : ",";
    out += all[i];
  }
  return out + "]";
}

std::string metadata_told(const TaskFacts& facts, Node own) {
  json::Object out;
  for (std::size_t i = 0; own.is(Type::object) && i < own.size(); ++i) {
    if (own.name_at(i) != "molecule") out.add(own.name_at(i), RawJson(own.value_at(i).text()));
  }
  if (!facts.molecule.empty()) out.add("molecule", RawJson("{" + facts.molecule + "}"));
  return out.text();
}

// What is written here, and not copied from the agent's own.
bool written(std::string_view name) {
  for (std::string_view each :
       {"kind", "id", "contextId", "context_id", "status", "artifacts", "history", "metadata"}) {
    if (name == each) return true;
  }
  return false;
}

std::string answer_with(Generation generation, std::string_view rpc_id, std::string task) {
  if (generation == Generation::v10) task = json::Object{}.add("task", RawJson(task)).text();
  return jsonrpc::success(rpc_id, task);
}

}  // namespace

std::string time_text(Instant at) {
  std::string text = at.text();
  return text.substr(0, std::string_view("2026-01-01T00:00:00.000").size()) + "Z";
}

std::string task_told(const TaskFacts& facts, const TaskForm& form) {
  const Generation to = form.generation;
  json::Document document = json::Document::parse(
      facts.answer.empty() ? std::string_view("{}") : facts.answer, kept_text);
  const Brought brought = brought_by(document.root().find("result"));
  json::Object task;
  if (to == Generation::v03) task.add("kind", "task");
  task.add("id", facts.id).add("contextId", facts.context_id);
  task.add("status", RawJson(status_told(to, facts, brought)));
  if (std::string list = form.artifacts ? artifacts_told(to, brought) : ""; !list.empty())
    task.add("artifacts", RawJson(std::move(list)));
  if (std::string list = history_told(form, facts, brought); !list.empty())
    task.add("history", RawJson(std::move(list)));
  for (std::size_t i = 0; brought.task && i < brought.task.size(); ++i) {
    if (!written(brought.task.name_at(i)))
      task.add(brought.task.name_at(i), RawJson(brought.task.value_at(i).text()));
  }
  if (std::string beside = metadata_told(facts, brought.task.find("metadata")); beside != "{}")
    task.add("metadata", RawJson(std::move(beside)));
  return task.text();
}

std::string canceled_answer(Generation generation, std::string_view rpc_id,
                            const TaskFacts& facts) {
  return answer_with(generation, rpc_id, task_told(facts, {generation, 0, true}));
}

std::string failed_answer(Generation generation, std::string_view rpc_id, const TaskFacts& facts) {
  return answer_with(generation, rpc_id, task_told(facts, {generation, 0, false}));
}

std::string task_answer_in(std::string_view answer) {
  json::Document document = json::Document::parse(answer, heard_limits);
  const Brought brought = brought_by(document.root().find("result"));
  if (!brought.task) return {};
  return json::Object{}.add("result", RawJson(brought.task.text())).text();
}

std::string answer_of_task(std::string_view result, Generation to, std::string_view rpc_id) {
  json::Document document = json::Document::parse(result, heard_limits);
  std::string task = task_form(to, brought_by(document.root().find("result")).task);
  if (to == Generation::v10) task = json::Object{}.add("task", RawJson(task)).text();
  return jsonrpc::success(rpc_id, task);
}

}  // namespace molecule::a2a
