#include "server/attachments/attachments.h"

#include <algorithm>

#include <fmt/core.h>

namespace molecule::attachments {
namespace {

constexpr std::size_t uuid_size = 36;

// A UUID at the beginning; takes it away.
std::optional<IdBytes> take_id(std::string_view& text) {
  if (text.size() < uuid_size) return std::nullopt;
  auto id = parse_id(text.substr(0, uuid_size));
  if (id) text.remove_prefix(uuid_size);
  return id;
}

// JSON may spell a slash with a backslash before it.
bool take_slash(std::string_view& text) {
  if (text.starts_with("\\/")) {
    text.remove_prefix(2);
    return true;
  }
  if (!text.starts_with('/')) return false;
  text.remove_prefix(1);
  return true;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<IdBytes> behind_uri(std::string_view text) {
  if (!take_id(text) || !take_slash(text)) return std::nullopt;
  return take_id(text);
}

std::optional<IdBytes> behind_place(std::string_view text) {
  if (!take_slash(text) || !take_id(text) || !take_slash(text)) return std::nullopt;
  if (!take_word(text, "attachments") || !take_slash(text)) return std::nullopt;
  return take_id(text);
}

constexpr std::string_view place_word = "/workspaces";

void collect(std::string_view text, std::string_view word,
             std::optional<IdBytes> (*behind)(std::string_view), std::vector<AttachmentId>& found,
             std::size_t most) {
  for (std::size_t at = text.find(word); at != std::string_view::npos && found.size() < most;
       at = text.find(word, at)) {
    at += word.size();
    auto id = behind(text.substr(at));
    if (!id || std::ranges::find(found, AttachmentId(*id)) != found.end()) continue;
    found.emplace_back(*id);
  }
}

}  // namespace

std::string uri_of(WorkspaceId workspace, AttachmentId file) {
  return fmt::format("{}{}/{}", uri_sign, workspace.text(), file.text());
}

std::optional<std::string> place_of(std::string_view uri, WorkspaceId reader) {
  if (!take_word(uri, uri_sign) || !take_id(uri) || !take_slash(uri)) return std::nullopt;
  auto file = take_id(uri);
  if (!file || !uri.empty()) return std::nullopt;
  return fmt::format("/workspaces/{}/attachments/{}", reader.text(), AttachmentId(*file).text());
}

std::vector<AttachmentId> named_in(std::string_view text, std::size_t most) {
  std::vector<AttachmentId> found;
  collect(text, uri_sign, behind_uri, found, most);
  collect(text, place_word, behind_place, found, most);
  return found;
}

blobs::Name blob_of(const sql::Bytes& digest) {
  blobs::Name name{};
  std::copy_n(digest.begin(), std::min(digest.size(), name.size()), name.begin());
  return name;
}

}  // namespace molecule::attachments
