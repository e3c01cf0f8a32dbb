// The errors that A2A has, and what is said beside an error's text: one list for all bindings.
#include <array>

#include <fmt/core.h>

#include "wire/a2a/heard.h"
#include "wire/a2a/task.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

// The first of a number is what the number stands for; those behind it are ours for the same.
constexpr std::array<TaskError, 16> errors{{
    {"task_not_found", -32001, "TASK_NOT_FOUND", 404, "NOT_FOUND"},
    {"task_not_cancelable", -32002, "TASK_NOT_CANCELABLE", 400, "FAILED_PRECONDITION"},
    {"push_not_supported", -32003, "PUSH_NOTIFICATION_NOT_SUPPORTED", 400, "FAILED_PRECONDITION"},
    {"unsupported_operation", -32004, "UNSUPPORTED_OPERATION", 400, "FAILED_PRECONDITION"},
    {"content_type_not_supported", -32005, "CONTENT_TYPE_NOT_SUPPORTED", 400, "INVALID_ARGUMENT"},
    {"invalid_agent_response", -32006, "INVALID_AGENT_RESPONSE", 502, "INTERNAL"},
    {"extended_card_not_configured", -32007, "EXTENDED_AGENT_CARD_NOT_CONFIGURED", 400,
     "FAILED_PRECONDITION"},
    {"extension_support_required", -32008, "EXTENSION_SUPPORT_REQUIRED", 400,
     "FAILED_PRECONDITION"},
    {"version_not_supported", -32009, "VERSION_NOT_SUPPORTED", 400, "FAILED_PRECONDITION"},
    {"invalid_params", jsonrpc::invalid_params, "INVALID_PARAMS", 400, "INVALID_ARGUMENT"},
    {"invalid_json", jsonrpc::parse_error, "PARSE_ERROR", 400, "INVALID_ARGUMENT"},
    {"invalid_request", jsonrpc::invalid_request, "INVALID_REQUEST", 400, "INVALID_ARGUMENT"},
    {"unknown_method", jsonrpc::method_not_found, "METHOD_NOT_FOUND", 404, "UNIMPLEMENTED"},
    {"method_not_supported", -32004, "UNSUPPORTED_OPERATION", 400, "FAILED_PRECONDITION"},
    {"bad_response", -32006, "INVALID_AGENT_RESPONSE", 502, "INTERNAL"},
    {"invalid_message", jsonrpc::invalid_params, "INVALID_PARAMS", 400, "INVALID_ARGUMENT"},
}};

constexpr std::string_view our_domain = "molecule";

std::string info(std::string_view reason, std::string_view domain,
                 std::string_view metadata_members) {
  json::Object out;
  out.add("@type", "type.googleapis.com/google.rpc.ErrorInfo");
  out.add("reason", reason).add("domain", domain);
  if (!metadata_members.empty())
    out.add("metadata", RawJson(fmt::format("{{{}}}", metadata_members)));
  return out.text();
}

}  // namespace

const TaskError* task_error(std::string_view code) {
  for (const TaskError& each : errors) {
    if (each.code == code) return &each;
  }
  return nullptr;
}

const TaskError* task_error(int number) {
  for (const TaskError& each : errors) {
    if (each.number == number) return &each;
  }
  return nullptr;
}

std::string error_details(const TaskError& error, std::string_view text, std::string_view members) {
  constexpr std::string_view domain = "a2a-protocol.org";
  if (error.number != jsonrpc::invalid_params)
    return "[" + info(error.reason, domain, members) + "]";
  const json::Document said = json::Document::parse(fmt::format("{{{}}}", members));
  json::Object violation, request;
  if (Node field = said.root().find("field"); field.is(Type::string))
    violation.add("field", field.string());
  violation.add("description", text);
  request.add("@type", "type.googleapis.com/google.rpc.BadRequest");
  request.add("fieldViolations", RawJson("[" + violation.text() + "]"));
  return "[" + info(error.reason, domain, {}) + "," + request.text() + "]";
}

std::string error_details(std::string_view code, std::string_view text) {
  if (const TaskError* known = task_error(code)) return error_details(*known, text);
  return "[" + info(code, our_domain, {}) + "]";
}

std::string detailed(Node error) {
  Node data = error.find("data");
  const bool typed = data.is(Type::array) && data.size() > 0 && data.at(0).find("@type");
  if (typed || !error.is(Type::object)) return error.text();
  Node number = error.find("code"), message = error.find("message");
  const TaskError* known =
      number.is(Type::integer) ? task_error(static_cast<int>(number.integer())) : nullptr;
  const std::string_view text = message.is(Type::string) ? message.string() : std::string_view();
  std::string details = known ? error_details(*known, text) : error_details(agent_error, text);
  if (data && !data.is(Type::null)) {
    json::Object own;
    own.add("@type", "type.googleapis.com/google.protobuf.Value");
    own.add("value", RawJson(data.text()));
    details.insert(details.size() - 1, "," + own.text());
  }
  json::Object out;
  for (std::size_t i = 0; i < error.size(); ++i) {
    if (error.name_at(i) != "data") out.add(error.name_at(i), RawJson(error.value_at(i).text()));
  }
  return out.add("data", RawJson(std::move(details))).text();
}

std::string refusal(std::string_view rpc_id, int number, std::string_view code,
                    std::string_view text, std::string_view members,
                    std::string_view detail_members) {
  json::Object beside;
  beside.add("code", code);
  if (!members.empty()) {
    json::Document document = json::Document::parse(fmt::format("{{{}}}", members));
    for (std::size_t i = 0; i < document.root().size(); ++i) {
      std::string_view name = document.root().name_at(i);
      if (name == "id") name = "workspace_id";
      beside.add(name, RawJson(document.root().value_at(i).text()));
    }
  }
  const TaskError* known = task_error(code);
  return jsonrpc::failure(
      rpc_id, number, text, beside.members(),
      known ? error_details(*known, text, detail_members) : error_details(code, text));
}

int error_number(std::string_view answer) {
  if (!is_error(answer)) return 0;
  json::Document document = json::Document::parse(answer, heard_limits);
  return static_cast<int>(document.root().find("error").find("code").integer());
}

Fault task_not_found() {
  return {Kind::not_found, "task_not_found",
          "there is no such task here, or it is not the caller's"};
}

Fault task_not_cancelable(std::string why) {
  return conflict("task_not_cancelable", std::move(why));
}

Fault unsupported_operation(std::string why) {
  return bad_request("unsupported_operation", std::move(why));
}

Fault invalid_params(std::string why) { return bad_request("invalid_params", std::move(why)); }

Fault invalid_params(std::string_view field, std::string_view why) {
  return invalid_params(fmt::format("{}: {}", field, why))
      .with(json::Object{}.add("field", field).members());
}

}  // namespace molecule::a2a
