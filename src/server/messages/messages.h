// A message between two parties and what becomes of it.
//
// A message is written once and never again. While it is open it has a delivery: a small row that
// says whether it waits or who carries it. Its end is an outcome, written in the transaction that
// takes the delivery away. So a message has a delivery or an outcome, never both. An outcome is
// written once, but for one that only says that the agent is at it: what comes of that takes its
// place.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"

namespace molecule::messages {

// One life of one platform process; made at start. A lease of another incarnation is nobody's.
using OwnerId = Id<struct OwnerTag>;

// How an open delivery stands. What "waits" means to the agent follows from how it is reached now:
// a polling agent fetches what is open, for any other it stays in the mailbox until it can go out.
enum class State {
  open,    // Waits.
  leased,  // Its owner carries it to the agent, until the lease ends.
};
BOOST_DESCRIBE_ENUM(State, open, leased)

// How a message ended.
enum class End {
  answered,  // The agent answered.
  failed,    // The agent refused it or answered with an error.
  expired,   // Its time passed before it was answered.
  removed,   // Its target was removed.
  dead,      // Given up after too many attempts that the agent may have seen.
  canceled,  // Called off by who may, or by the agent itself.
};
BOOST_DESCRIBE_ENUM(End, answered, failed, expired, removed, dead, canceled)

// What is said of a message that ended so, whoever finds it: its first and every further answer are
// alike.
inline constexpr std::string_view expired_error = "the message expired before it was answered";

// Why a message is open that its agent has fetched, as the ledger keeps it.
inline constexpr std::string_view fetched_why = "its agent has fetched it";

// Why a message is open whose agent has said that it is at it, or has told a part of its answer.
inline constexpr std::string_view at_work_why = "its agent is at work on it";

// The public id of a message or report is a UUID of version 7 whose time is its creation and whose
// last 62 bits are its number, so the number is found without an index.
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

// The sequence that numbers messages and, between them, the reports of the activity feed.
inline constexpr std::string_view sequence = "activity";

// The task that an agent made of a message.
struct AgentTask {
  std::string id;  // The agent's own.
  std::string context_id;
  std::string state;  // As A2A 0.3 names it.

  friend bool operator==(const AgentTask&, const AgentTask&) = default;
};

struct Place {
  std::int64_t seq = 0;
  ActivityId id;
  Instant created_at;
};

// A message as it is accepted. Views live until the accepting call has returned.
struct NewMessage {
  WorkspaceId target;
  std::optional<WorkspaceId> source;  // Empty: a person.
  std::string_view by;                // With what they sent it, for those who follow; not stored.
  std::optional<DelegationId> delegation;
  std::optional<std::int64_t> parent;   // The message whose work this one is part of.
  std::optional<ActivityId> parent_id;  // The same, for those who follow; not stored.
  bool answer = false;                  // It answers its parent, and is no work for it.
  std::int64_t hops = 0;                // Messages before it in that chain.
  std::string_view method;
  std::string_view message_id;
  IdBytes key{};            // Digest of target, source and message id: the idempotency key.
  std::string_view rpc_id;  // JSON text.
  std::optional<std::string> context_id;  // The conversation, as its sender named it.
  std::string_view summary;
  std::string_view body;              // Normalised JSON-RPC request.
  std::optional<Instant> expires_at;  // The sender's; else the operator's default age.
  std::string_view text;              // What it says, for those who follow; not stored.
};

// How the body of an answer begins that came in pieces and is long: it is the beginning, and the
// whole is put together from them (Ledger::find_whole).
inline constexpr std::string_view pieces_mark = R"({"molecule_pieces":)";
inline bool is_beginning(std::string_view body) { return body.starts_with(pieces_mark); }

// What is known of a message without its body.
struct Message {
  std::int64_t seq = 0;
  WorkspaceId target;
  std::optional<WorkspaceId> source;
  std::optional<DelegationId> delegation;
  std::optional<std::int64_t> parent;
  bool answer = false;
  std::int64_t hops = 0;
  Instant created_at;
  std::string method;
  std::string message_id;
  std::string rpc_id;
  std::optional<std::string> context_id;

  ActivityId id() const { return make_id(created_at, seq); }
};

struct Delivery {
  State state = State::open;
  std::int64_t epoch = 0;
  std::int64_t attempts = 0;  // The agent may have seen it this often.
  Instant expires_at;
  std::optional<std::string> why;  // What the last attempt came to.
};

struct Outcome {
  End end = End::answered;
  RawJson body;                      // The agent's answer, as it is passed on; may be empty.
  std::int64_t beside = 0;           // Bytes of it that are kept elsewhere: see is_beginning.
  std::optional<std::string> error;  // One sentence, for every end but `answered`.
  RawJson trace;                     // The agent's account of its tools; may be empty.
  std::optional<std::int64_t> duration_ms;
  Instant ended_at;  // Of what is stored.
  // Not stored, for those who follow: what was said, and why it is no result though it was
  // answered: the agent is still at it, or wants to know something first.
  std::string text;
  std::optional<std::string> unfinished;
  std::optional<AgentTask> task;  // That the agent answered with.
  std::string by;                 // The organisation key that ended it; empty: it was none.
};

// A message with its body and whichever it has, a delivery or an outcome.
struct Record {
  Message message;
  RawJson body;
  std::optional<Delivery> delivery;
  std::optional<Outcome> outcome;
};

// The right to carry a message and to record its end; void once its epoch is not the newest.
struct Lease {
  std::int64_t seq = 0;
  std::int64_t epoch = 0;
};

}  // namespace molecule::messages
