// Tasks: what callers ask about them, how one is told, and the errors that A2A has for it. See
// specification 1.0 §3.1 and §5, 0.3 §7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "base/instant.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/push_config.h"

namespace molecule::a2a {

enum class TaskMethod {
  get,
  list,
  cancel,
  subscribe,
  push,  // Any of the configurations of push notifications.
  card,  // The extended agent card.
};

// Which tasks are listed.
struct TaskFilter {
  std::optional<std::string> context_id;
  std::optional<std::string> state;  // As 0.3 names it.
  std::optional<Instant> since;      // Changed then or later.
  std::optional<std::string> page_token;
  std::int64_t page_size = 50;
  bool artifacts = false;
};
inline constexpr std::int64_t page_size_max = 100;

// A request that is about tasks and brings no message.
struct TaskCall {
  TaskMethod method = TaskMethod::get;
  Generation generation = Generation::v03;
  std::string rpc_id = "null";  // JSON text.
  std::string id;               // Of the task; empty for list and card.
  std::optional<std::int64_t> history_length;
  TaskFilter filter;
  PushCall push;
};

// Whether reading a request as a TaskCall is worth it: it is short and holds such a method's name.
bool may_be_task_call(std::string_view body);
// Which method, under which id; nothing when it is none of them.
std::optional<TaskCall> task_call_in(std::string_view body);
// Reads what is asked into `call`. Throws Fault invalid_params.
void read_task_params(std::string_view body, TaskCall& call);
// The members that a query or params may have, from texts. Throw Fault invalid_params.
void set_history_length(TaskCall& call, std::int64_t length);
void set_page_size(TaskFilter& filter, std::int64_t size);
void set_state(TaskFilter& filter, std::string_view state);
void set_since(TaskFilter& filter, std::string_view time);

// What is known of a task. `answer` is JSON-RPC as it was recorded, or the agent's task as the
// result of such.
struct TaskFacts {
  std::string id;
  std::string context_id;
  std::string state;  // As 0.3 names it.
  Instant at;         // Since when.
  std::string says;   // In place of the words that an agent has for this state.
  std::string request;
  std::string answer;
  std::string molecule;  // Members of metadata.molecule.
};
struct TaskForm {
  Generation generation = Generation::v03;
  std::optional<std::int64_t> history_length;
  bool artifacts = true;
};
// The Task object, with whatever else the agent's own has.
std::string task_told(const TaskFacts& facts, const TaskForm& form);
// A canceled task as the answer to a message.
std::string canceled_answer(Generation generation, std::string_view rpc_id, const TaskFacts& facts);
// A failed one; what `facts.answer` says is why.
std::string failed_answer(Generation generation, std::string_view rpc_id, const TaskFacts& facts);
// The task that is the result of an answer, whatever its form, as the result of a JSON-RPC answer;
// empty when there is none.
std::string task_answer_in(std::string_view answer);
// Such a result as the answer to the message that the task was made of.
std::string answer_of_task(std::string_view result, Generation to, std::string_view rpc_id);
// Milliseconds, as ProtoJSON writes them.
std::string time_text(Instant at);

// The errors that A2A has; `code` is ours.
struct TaskError {
  std::string_view code;
  int number;
  std::string_view reason;
  int http;
  std::string_view status;  // Of google.rpc.
};
// Nothing for what is no error of A2A.
const TaskError* task_error(std::string_view code);
const TaskError* task_error(int number);
// What a refusal says beside its text, for whoever reads `error.data` or `error.details`: a JSON
// list. Further members have texts as values; of wrong parameters they say which `field` it is.
std::string error_details(const TaskError& error, std::string_view text,
                          std::string_view members = {});
// The same by a code, which for what A2A has no error of is told as the platform's own.
std::string error_details(std::string_view code, std::string_view text);
inline constexpr std::string_view agent_error = "AGENT_ERROR";  // Of what an agent numbers itself.
// An agent's error as 1.0 has it: its `data` is such a list. What it had said there itself is kept.
std::string detailed(json::Node error);
// The number of a JSON-RPC error; 0 when it is none.
int error_number(std::string_view answer);

Fault task_not_found();
Fault task_not_cancelable(std::string why);
Fault unsupported_operation(std::string why);
Fault invalid_params(std::string why);
// Says which member of what is asked is wrong.
Fault invalid_params(std::string_view field, std::string_view why);

}  // namespace molecule::a2a
