// What a workspace said, heard and did: one row each, numbered per instance. Rows of messages carry
// their place in the mailbox.
#pragma once

#include <cstring>
#include <optional>
#include <string>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"

namespace molecule::activity {

// Where a message stands.
enum class Mail {
  none,     // Not a message, or nothing to deliver.
  leased,   // Being carried to the agent by this platform process.
  queued,   // Waits in the mailbox for the agent to be reachable.
  polled,   // Waits for a polling agent to fetch and answer it.
  settled,  // Its result is recorded.
  dead,     // Given up after too many attempts, or expired.
};
BOOST_DESCRIBE_ENUM(Mail, none, leased, queued, polled, settled, dead)

// The public id is a UUID of version 7 whose time is the row's creation and whose last 62 bits are
// its number, so the number is found without an index.
inline ActivityId make_id(Instant created_at, std::int64_t seq) {
  IdBytes bytes{};
  auto millis = static_cast<std::uint64_t>(created_at.micros() / 1000);
  for (int i = 5; i >= 0; --i) {
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis);
    millis >>= 8;
  }
  auto number = static_cast<std::uint64_t>(seq);
  for (int i = 15; i >= 8; --i) {
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number);
    number >>= 8;
  }
  bytes[6] = 0x70;
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return ActivityId(bytes);
}
// The number inside an id. Whoever uses it compares make_id of the row found with the id given.
inline std::int64_t seq_of(ActivityId id) {
  std::uint64_t number = id.bytes()[8] & 0x3f;
  for (std::size_t i = 9; i < 16; ++i) number = (number << 8) | id.bytes()[i];
  return static_cast<std::int64_t>(number);
}

// A row as it is written. Empty optionals and bodies are stored as NULL.
struct NewRow {
  WorkspaceId workspace;
  std::string_view activity_type;
  std::optional<WorkspaceId> source;  // Empty: a person or the platform.
  std::optional<WorkspaceId> target;
  std::string method;
  std::string summary;
  RawJson request_body;
  RawJson response_body;
  std::optional<std::int64_t> duration_ms;
  std::string_view status = "ok";
  std::optional<std::string> error_detail;
  RawJson tool_trace;
  // Messages only.
  std::optional<std::string> message_id;
  std::optional<IdBytes>
      message_key;  // Digest of target, caller and message id: the idempotency key.
  Mail mail = Mail::none;
  std::int64_t hops = 0;
  std::optional<std::string> rpc_id;
  std::optional<DelegationId> delegation;
  std::optional<Instant> expires_at;
  std::optional<std::int64_t> reply_to;
};

struct Place {
  std::int64_t seq = 0;
  ActivityId id;
  Instant created_at;
};

}  // namespace molecule::activity
