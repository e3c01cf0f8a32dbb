#include "wire/a2a/file_places.h"

#include <algorithm>
#include <array>

#include "platform/json/answer.h"
#include "platform/json/json.h"

namespace molecule::a2a {
namespace {

// Bytes of an answer that is looked through for files: whoever records it waits for that.
constexpr std::size_t looked_at_max = 4u << 20;

using json::Node;
using json::Type;

// The object with another value for one of its members.
std::string with(Node object, std::string_view name, std::string_view value) {
  std::string out = "{";
  for (std::size_t i = 0; i < object.size(); ++i) {
    if (i > 0) out += ',';
    json::quote(out, object.name_at(i));
    out += ':';
    out += object.name_at(i) == name ? std::string(value) : object.value_at(i).text();
  }
  return out + '}';
}

// Nothing when it names no file, or one that stays where it is.
std::optional<std::string> moved(Node holder, const FilePlace& place) {
  for (std::string_view name : {"uri", "url"}) {
    const Node address = holder.find(name);
    if (!address.is(Type::string)) continue;
    auto better = place(address.string());
    if (!better) continue;
    std::string quoted;
    json::quote(quoted, *better);
    return with(holder, name, quoted);
  }
  return std::nullopt;
}

std::optional<std::string> part_moved(Node part, const FilePlace& place) {
  const Node file = part.find("file");
  if (!file.is(Type::object)) return moved(part, place);
  auto better = moved(file, place);
  if (!better) return std::nullopt;
  return with(part, "file", *better);
}

std::string word(Node node, std::string_view one, std::string_view other) {
  for (std::string_view name : {one, other}) {
    if (Node found = node.find(name); found.is(Type::string)) return std::string(found.string());
  }
  return {};
}

void gather(Node parts, std::vector<FileNamed>& out) {
  for (std::size_t i = 0; parts.is(Type::array) && i < parts.size(); ++i) {
    const Node nested = parts.at(i).find("file");
    const Node file = nested.is(Type::object) ? nested : parts.at(i);
    FileNamed found;
    found.uri = word(file, "uri", "url");
    const bool known = std::ranges::find(out, found.uri, &FileNamed::uri) != out.end();
    if (found.uri.empty() || known || out.size() >= files_named_max) continue;
    found.name = word(file, "name", "filename");
    found.media_type = word(file, "mimeType", "mediaType");
    if (Node size = file.find("size"); size.is(Type::integer)) found.size = size.integer();
    out.push_back(std::move(found));
  }
}

}  // namespace

std::vector<FileNamed> files_named(std::string_view answer) {
  std::vector<FileNamed> out;
  const bool any = answer.find("\"uri\"") != std::string_view::npos ||
                   answer.find("\"url\"") != std::string_view::npos;
  if (!any || answer.size() > looked_at_max) return out;
  json::Document document = json::parse_answer(answer);
  const Node result = document.root().find("result");
  for (Node said : {result, result.find("message"), result.find("task")}) {
    gather(said.find("parts"), out);
    gather(said.find("status").find("message").find("parts"), out);
    const Node artifacts = said.find("artifacts");
    for (std::size_t i = 0; artifacts.is(Type::array) && i < artifacts.size(); ++i)
      gather(artifacts.at(i).find("parts"), out);
  }
  return out;
}

std::string with_file_places(std::string_view request, const FilePlace& place) {
  json::Document document = json::Document::parse(request, {.nul = json::Nul::kept});
  const Node params = document.root().find("params");
  const Node message = params.find("message");
  const Node parts = message.find("parts");
  if (!parts.is(Type::array)) return std::string(request);
  std::string list = "[";
  bool any = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) list += ',';
    auto better = part_moved(parts.at(i), place);
    any |= better.has_value();
    list += better ? *better : parts.at(i).text();
  }
  if (!any) return std::string(request);
  const std::string told = with(message, "parts", list + ']');
  return with(document.root(), "params", with(params, "message", told));
}

}  // namespace molecule::a2a
