#include "wire/a2a/rest.h"

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "wire/a2a/task.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

std::string text_in(Node object, std::string_view name) {
  Node value = object.find(name);
  return value.is(Type::string) ? std::string(value.string()) : std::string();
}

}  // namespace

std::string_view status_name(int http_status) {
  switch (http_status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 409: return "ABORTED";
    case 410: return "NOT_FOUND";
    case 413: return "OUT_OF_RANGE";
    case 429: return "RESOURCE_EXHAUSTED";
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return http_status >= 500 ? "INTERNAL" : "FAILED_PRECONDITION";
  }
}

std::string bare_error(int http_status, std::string_view status, std::string_view text,
                       std::string_view details) {
  json::Object error;
  error.add("code", http_status).add("status", status).add("message", text);
  if (!details.empty()) error.add("details", RawJson(std::string(details)));
  return json::Object{}.add("error", error.raw()).text();
}

Bare bare_answer(std::string_view rpc) {
  json::Document document = json::parse_answer(rpc);
  Node root = document.root();
  if (Node result = root.find("result")) return {200, result.text()};
  Node error = root.find("error");
  const std::string code = text_in(root, "code");
  const std::string text =
      error.is(Type::string) ? std::string(error.string()) : text_in(error, "message");
  const TaskError* known = task_error(code);
  Node number = error.find("code");
  if (!known && number.is(Type::integer)) known = task_error(static_cast<int>(number.integer()));
  // What its agent says beside the text says more than we know.
  Node data = error.find("data");
  const bool told = data.is(Type::array) && data.size() > 0 && data.at(0).find("@type");
  const int http_status = known ? known->http : 502;
  const std::string_view status = known ? known->status : std::string_view("INTERNAL");
  std::string details;
  if (told) {
    details = data.text();
  } else if (known) {
    details = error_details(*known, text);
  } else {
    details = error_details(code.empty() ? agent_error : code, text);
  }
  return {http_status, bare_error(http_status, status, text, details)};
}

std::string enveloped(std::string_view method, std::string_view params) {
  return jsonrpc::request("\"http\"", method, params);
}

}  // namespace molecule::a2a
