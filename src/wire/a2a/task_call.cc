// Reading what is asked about tasks.
#include <array>

#include <fmt/core.h>

#include "wire/a2a/differences.h"
#include "wire/a2a/task.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

constexpr std::size_t call_max = 64u << 10;  // Bytes of a request about tasks.

struct Named {
  TaskMethod method;
  detail::Pair name;
  PushVerb verb = PushVerb::set;
};
constexpr std::array<Named, 9> methods{{
    {TaskMethod::get, detail::get_method},
    {TaskMethod::list, {"tasks/list", "ListTasks"}},
    {TaskMethod::cancel, detail::cancel_method},
    {TaskMethod::subscribe, detail::subscribe_method},
    {TaskMethod::push, {"tasks/pushNotificationConfig/set", "CreateTaskPushNotificationConfig"}},
    {TaskMethod::push,
     {"tasks/pushNotificationConfig/get", "GetTaskPushNotificationConfig"},
     PushVerb::get},
    {TaskMethod::push,
     {"tasks/pushNotificationConfig/list", "ListTaskPushNotificationConfigs"},
     PushVerb::list},
    {TaskMethod::push,
     {"tasks/pushNotificationConfig/delete", "DeleteTaskPushNotificationConfig"},
     PushVerb::erase},
    {TaskMethod::card, {"agent/getAuthenticatedExtendedCard", "GetExtendedAgentCard"}},
}};

// Either spelling of a member, as ProtoJSON parsers read it.
Node member(Node params, std::string_view name, std::string_view other) {
  Node found = params.find(name);
  return found ? found : params.find(other);
}

std::optional<std::string> text_in(Node value, std::string_view name) {
  if (!value || value.is(Type::null)) return std::nullopt;
  if (!value.is(Type::string)) throw invalid_params(fmt::format("{}: expected a string", name));
  if (value.string().size() > task_id_max)
    throw invalid_params(fmt::format("{} is longer than {} bytes", name, task_id_max));
  if (value.string().empty()) return std::nullopt;
  return std::string(value.string());
}

// "null" of a request whose id cannot be told, which read_task_params refuses.
std::string id_of(std::string_view body) {
  try {
    return require_envelope(body);
  } catch (const Fault&) {
    return "null";
  }
}

std::optional<std::int64_t> number_in(Node value, std::string_view name) {
  if (!value || value.is(Type::null)) return std::nullopt;
  if (!value.is(Type::integer))
    throw invalid_params(fmt::format("{}: expected a whole number", name));
  return value.integer();
}

}  // namespace

bool may_be_task_call(std::string_view body) {
  if (body.size() > call_max) return false;
  // A slash may be escaped.
  for (std::string_view part :
       {"tasks/", "tasks\\/", "Task", "ExtendedAgentCard", "ExtendedCard"}) {
    if (body.find(part) != std::string_view::npos) return true;
  }
  return false;
}

std::optional<TaskCall> task_call_in(std::string_view body) {
  try {
    json::Document document = json::Document::parse(body);
    Node method = document.root().find("method");
    if (!method.is(Type::string)) return std::nullopt;
    for (const Named& each : methods) {
      const bool new_one = method.string() == each.name.v10;
      if (!new_one && method.string() != each.name.v03) continue;
      TaskCall call;
      call.method = each.method;
      call.push.verb = each.verb;
      call.generation = new_one ? Generation::v10 : Generation::v03;
      call.rpc_id = id_of(body);
      return call;
    }
  } catch (const Fault&) {
    // Whoever reads it as a message says why it is none.
  }
  return std::nullopt;
}

void set_history_length(TaskCall& call, std::int64_t length) {
  if (length < 0) throw invalid_params("historyLength must not be negative");
  call.history_length = length;
}

void set_page_size(TaskFilter& filter, std::int64_t size) {
  if (size < 1 || size > page_size_max)
    throw invalid_params(fmt::format("pageSize must be 1 to {}", page_size_max));
  filter.page_size = size;
}

void set_state(TaskFilter& filter, std::string_view state) {
  const std::string name = state_as(Generation::v03, state);
  if (!is_state(state)) throw invalid_params("status is no state that A2A knows");
  if (name != "unknown") filter.state = name;
}

void set_since(TaskFilter& filter, std::string_view time) {
  filter.since = Instant::parse(time);
  if (!filter.since) throw invalid_params("statusTimestampAfter must be an RFC 3339 time");
}

void read_task_params(std::string_view body, TaskCall& call) {
  json::Document document = json::Document::parse(body);
  require_envelope(body);
  Node params = document.root().find("params");
  if (params && !params.is(Type::object) && !params.is(Type::null))
    throw invalid_params("params: expected an object");
  if (auto length = number_in(member(params, "historyLength", "history_length"), "historyLength"))
    set_history_length(call, *length);
  if (call.method == TaskMethod::card) return;
  if (call.method != TaskMethod::list) {
    std::optional<std::string> id;
    if (call.method == TaskMethod::push)
      id = text_in(member(params, "taskId", "task_id"), "taskId");
    // Beside taskId it is that of the configuration.
    if (!id) id = text_in(params.find("id"), "id");
    if (!id) throw invalid_params("params.id, the id of the task, is required");
    call.id = std::move(*id);
    if (call.method == TaskMethod::push) read_push_params(params, call.push);
    return;
  }
  TaskFilter& filter = call.filter;
  filter.context_id = text_in(member(params, "contextId", "context_id"), "contextId");
  filter.page_token = text_in(member(params, "pageToken", "page_token"), "pageToken");
  if (auto state = text_in(params.find("status"), "status")) set_state(filter, *state);
  if (auto size = number_in(member(params, "pageSize", "page_size"), "pageSize"))
    set_page_size(filter, *size);
  if (auto since = text_in(member(params, "statusTimestampAfter", "status_timestamp_after"),
                           "statusTimestampAfter"))
    set_since(filter, *since);
  Node artifacts = member(params, "includeArtifacts", "include_artifacts");
  if (artifacts && !artifacts.is(Type::null)) {
    if (!artifacts.is(Type::boolean))
      throw invalid_params("includeArtifacts: expected true or false");
    filter.artifacts = artifacts.boolean();
  }
}

}  // namespace molecule::a2a
