// The noun: a file that went up. On the wire it is `platform-pending:{workspace}/{file}`, whatever
// becomes of it; whoever may see it fetches it at /workspaces/{own id}/attachments/{file}.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/blobs/store.h"
#include "platform/sql/value.h"
#include "wire/api/attachments.h"

namespace molecule::attachments {

using api::AttachmentId;

inline constexpr std::uint64_t file_max = 100u << 20;     // Bytes of one file.
inline constexpr std::uint64_t request_max = 100u << 20;  // Of all files of one request.
// Of what a form has beside its files: what 64 parts say about themselves, and their boundaries.
inline constexpr std::uint64_t form_max = 1u << 20;
inline constexpr std::size_t per_message_max = 10;  // Files that one message names.
// How long a file is there for a message that is still to be written, and for its agent to fetch.
inline constexpr std::chrono::hours pending_for{24};

struct Row {
  AttachmentId id;
  WorkspaceId workspace_id;
  sql::Bytes digest;
  std::int64_t size = 0;
  std::string name;
  std::string media_type;
  Instant created_at;
  Instant expires_at;
  std::optional<Instant> acked_at;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (id, workspace_id, digest, size, name, media_type, created_at, expires_at,
                       acked_at))

std::string uri_of(WorkspaceId workspace, AttachmentId file);

// What every uri_of() begins with.
inline constexpr std::string_view uri_sign = "platform-pending:";
// Where `reader` fetches the file of a uri, below the platform's address; nothing for what is none.
std::optional<std::string> place_of(std::string_view uri, WorkspaceId reader);

// The files that a text names, each once, at most `most`: by their uri, or by the place where they
// are fetched.
std::vector<AttachmentId> named_in(std::string_view text, std::size_t most);

blobs::Name blob_of(const sql::Bytes& digest);

}  // namespace molecule::attachments
