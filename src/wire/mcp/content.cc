#include "wire/mcp/content.h"

#include <algorithm>
#include <array>

#include "platform/json/json.h"
#include "wire/mcp/revisions.h"

namespace molecule::mcp {
namespace {

// What models look at; other pictures are files to them.
constexpr std::array<std::string_view, 4> pictures{"image/png", "image/jpeg", "image/gif",
                                                   "image/webp"};

std::string media_item(std::string_view type, const Enclosed& file) {
  json::Object out;
  out.add("type", type).add("data", *file.base64).add("mimeType", file.media_type);
  return out.text();
}

}  // namespace

std::string item_of(const Enclosed& file, std::string_view revision) {
  if (file.base64 && std::ranges::count(pictures, file.media_type) > 0)
    return media_item("image", file);
  if (file.base64 && file.media_type.starts_with("audio/") && knows_audio(revision))
    return media_item("audio", file);
  json::Object out;
  if (file.text || file.base64) {
    out.add("type", "resource").add("resource", RawJson(contents_of(file)));
    return out.text();
  }
  if (!knows_resource_links(revision)) return {};
  out.add("type", "resource_link").add("uri", file.uri).add("name", file.name);
  if (!file.media_type.empty()) out.add("mimeType", file.media_type);
  return out.text();
}

std::string contents_of(const Enclosed& file) {
  json::Object out;
  out.add("uri", file.uri).add("mimeType", file.media_type);
  if (file.text) {
    out.add("text", *file.text);
  } else {
    out.add("blob", file.base64.value_or(""));
  }
  return out.text();
}

}  // namespace molecule::mcp
