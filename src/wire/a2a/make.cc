// What the platform says itself: requests, answers and receipts, made in the form of 0.3.
#include "wire/a2a/a2a.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {

std::string text_request(std::string_view rpc_id, std::string_view message_id,
                         std::string_view role, std::string_view text,
                         std::string_view metadata_members) {
  std::string params = R"({"message":{"kind":"message","role":)";
  json::quote(params, role);
  params += ",\"messageId\":";
  json::quote(params, message_id);
  params += R"(,"parts":[{"kind":"text","text":)";
  json::quote(params, text);
  params += "}]";
  if (!metadata_members.empty())
    params.append(",\"metadata\":{").append(metadata_members).append("}");
  params += "}}";
  return jsonrpc::request(rpc_id, "message/send", params);
}

std::string answer_from(std::string_view request, Generation asked, std::string_view rpc_id) {
  json::Document document = json::Document::parse(request);
  json::Node method = document.root().find("method");
  json::Node message = document.root().find("params").find("message");
  Generation spoken =
      generation_of(method.is(json::Type::string) ? method.string() : std::string_view());
  json::Object result;
  if (spoken == Generation::v10) {
    result.add("message", RawJson(message.text()));
  } else {
    if (!message.find("kind")) result.add("kind", "message");
    for (std::size_t i = 0; i < message.size(); ++i)
      result.add(message.name_at(i), RawJson(message.value_at(i).text()));
  }
  std::string answer = jsonrpc::success(rpc_id, result.text());
  return spoken == asked ? answer : answer_as(asked, answer);
}

std::string answer_saying(std::string_view text, std::string_view more_parts,
                          std::string_view message_id, Generation asked, std::string_view rpc_id) {
  std::string parts = '[' + json::Object{}.add("kind", "text").add("text", text).text();
  if (more_parts.size() > 2) parts.append(",").append(more_parts.substr(1, more_parts.size() - 2));
  json::Object message;
  message.add("kind", "message").add("role", "agent").add("messageId", message_id);
  message.add("parts", RawJson(parts + ']'));
  std::string answer = jsonrpc::success(rpc_id, message.text());
  return asked == Generation::v03 ? answer : answer_as(asked, answer);
}

std::string task_in(Generation generation, std::string_view state, std::string_view task_id,
                    std::string_view context_id) {
  json::Object status, task;
  bool old_form = generation == Generation::v03;
  status.add("state", state_as(generation, state));
  if (old_form) task.add("kind", "task");
  task.add("id", task_id).add("contextId", context_id).add("status", status.raw());
  return old_form ? task.text() : json::Object{}.add("task", task.raw()).text();
}

std::string status_in(Generation generation, std::string_view state, std::string_view task_id,
                      std::string_view context_id) {
  json::Object status, update;
  status.add("state", state_as(generation, state));
  const bool old_form = generation == Generation::v03;
  if (old_form) update.add("kind", "status-update");
  update.add("taskId", task_id).add("contextId", context_id).add("status", status.raw());
  if (!old_form) return json::Object{}.add("statusUpdate", update.raw()).text();
  return update.add("final", false).text();
}

}  // namespace molecule::a2a
