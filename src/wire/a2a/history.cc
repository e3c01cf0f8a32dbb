#include "wire/a2a/history.h"

#include <algorithm>

#include "platform/json/answer.h"
#include "platform/json/json.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

// An object whose member is another value; without one the member is left out.
std::string with(Node object, std::string_view name, const std::string& value) {
  json::Object out;
  for (std::size_t i = 0; i < object.size(); ++i) {
    if (object.name_at(i) != name) {
      out.add(object.name_at(i), RawJson(object.value_at(i).text()));
    } else if (!value.empty()) {
      out.add(name, RawJson(value));
    }
  }
  return out.text();
}

std::string last_of(Node list, std::int64_t length) {
  if (length <= 0) return {};
  const auto wanted = std::min(list.size(), static_cast<std::size_t>(length));
  std::string out;
  for (std::size_t i = list.size() - wanted; i < list.size(); ++i) {
    out += out.empty() ? '[' : ',';
    out += list.at(i).text();
  }
  return out + ']';
}

}  // namespace

std::string with_history(std::string_view rpc, std::int64_t length) {
  // Few pieces of a stream have any.
  if (rpc.find("\"history\"") == std::string_view::npos) return std::string(rpc);
  json::Document document = json::parse_answer(rpc);
  Node root = document.root(), result = root.find("result");
  Node wrapped = result.find("task");
  Node task = wrapped.is(Type::object) ? wrapped : result;
  Node history = task.find("history");
  const bool long_enough =
      history.is(Type::array) && (length <= 0 || history.size() > static_cast<std::size_t>(length));
  if (!long_enough) return std::string(rpc);
  std::string told = with(task, "history", last_of(history, length));
  if (wrapped.is(Type::object)) told = with(result, "task", told);
  return with(root, "result", told);
}

}  // namespace molecule::a2a
