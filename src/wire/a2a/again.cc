#include "wire/a2a/again.h"

#include "platform/json/json.h"

namespace molecule::a2a {
namespace {

// An object with one of its members replaced.
std::string with(json::Node object, std::string_view name, const RawJson& value) {
  json::Object out;
  for (std::size_t i = 0; i < object.size(); ++i) {
    if (object.name_at(i) != name) out.add(object.name_at(i), RawJson(object.value_at(i).text()));
  }
  return out.add(name, value).text();
}

}  // namespace

std::string sent_again(std::string_view request, std::string_view message_id) {
  json::Document document = json::Document::parse(request);
  json::Node params = document.root().find("params");
  std::string id;
  json::quote(id, message_id);
  const std::string message = with(params.find("message"), "messageId", RawJson(std::move(id)));
  const std::string inner = with(params, "message", RawJson(message));
  return with(document.root(), "params", RawJson(inner));
}

}  // namespace molecule::a2a
