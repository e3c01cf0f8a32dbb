// Agent2Agent messages as they travel: reading a send request of either generation in any of the
// shapes clients use, and reading an agent's answer. Only what the platform acts on is typed; the
// rest travels untouched.
//
// Generations: 1.0 (methods in PascalCase, parts by member name, ROLE_USER) and 0.3
// (`message/send`, parts by `kind`, `user`). See https://a2a-protocol.org, specification 1.0 §3 and
// §9, 0.3 §6 and §7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/raw_json.h"
#include "platform/json/json.h"

namespace molecule::a2a {

enum class Generation { v03, v10 };
// Told by a method's name.
Generation generation_of(std::string_view method);
// Whether a method asks for its answer in pieces.
bool asks_stream(std::string_view method);

// A message on its way to an agent.
struct Incoming {
  Generation generation = Generation::v03;
  bool rpc = false;     // It came as JSON-RPC, so a refusal is a JSON-RPC error.
  std::string rpc_id;   // JSON text, for the answer; a fresh string id when the client sent none.
  std::string method;   // message/send, message/stream, SendMessage or SendStreamingMessage
  bool stream = false;  // It asks for its answer in pieces.
  std::string message_id;  // The caller's idempotency key; empty when the client sent none.
  std::string text;        // All text parts, joined by newlines.
  std::string body;        // Normalised JSON-RPC request, ready to forward.
  std::string role;        // "user" or "agent"
  std::optional<std::string> context_id;
  std::optional<std::string> reply_to;  // metadata.reply_to: the activity this answers
  bool failed = false;  // metadata.failed, on an answer: the text says why there is no result
  std::optional<std::string> delegation_id;  // metadata.delegation_id
  std::optional<std::string> parent;  // metadata.activity_id: the message this one is part of
  std::optional<std::int64_t> expires_in_seconds;
  // configuration.historyLength, which is not in the body: it is about what its sender is told.
  std::optional<std::int64_t> history_length;
};

// The id of a request that was not read as a message, as JSON text; nothing when it is no JSON-RPC.
std::optional<std::string> rpc_id_in(std::string_view body);

// The same of a request that is one of JSON-RPC, with or without saying so; "null" where it has
// none. Throws Fault bad_request invalid_request where its version or its id is none.
std::string require_envelope(std::string_view body);

// A refusal as a JSON-RPC error under the caller's id, with what a plain refusal holds beside it:
// its code and its members. Only an `id` among these gives way and is called workspace_id. The
// error's own data has `detail_members`, as error_details in task.h takes them.
std::string refusal(std::string_view rpc_id, int number, std::string_view code,
                    std::string_view text, std::string_view members = {},
                    std::string_view detail_members = {});

// What the platform adds while normalising.
struct Stamp {
  std::string fresh_id;      // Used as message id and RPC id where the client sent none.
  bool from_person = false;  // Marks params.metadata.source = "canvas_user".
};

// Accepts a full envelope, a bare {method, params}, 1.0 and 0.3 shapes, parts by `kind`, `type` or
// member name, `content` as text or list, and other JSON objects (carried as one data part). Throws
// Fault: invalid_json, invalid_request, invalid_message (with a hint), unknown_method, and
// method_not_supported for the task methods. Who speaks JSON-RPC is refused with a
// JSON-RPC error, beside which our members stay.
Incoming read_request(std::string_view body, const Stamp& stamp);

// Text of a message, task, artifact list or bare reply: message parts, result.parts,
// status.message, artifacts; `kind`, `type` and flat parts. Empty when there is none.
std::string text_of(json::Node node);

constexpr std::size_t error_max = 8192;  // Bytes kept of what an agent says about its failure.

// What an answer means for whoever waits for a result.
enum class Outcome {
  done,        // A message, or a task that is completed.
  failed,      // A JSON-RPC error, or a task that failed, was rejected or canceled.
  unfinished,  // A task in any other state, also in one that is unknown or not told: its agent is
               // at it, or wants to know something first.
};
// Of a task's state, given in either generation's name.
Outcome outcome_of(std::string_view state);
// Whether A2A knows it.
bool is_state(std::string_view state);

constexpr std::size_t task_id_max = 512;  // Bytes of a task's or context's id; longer is none.

// The task that an answer, or a piece of one, tells of.
struct TaskSeen {
  std::string id;
  std::string context_id;
  std::string state;  // As 0.3 names it; empty where it is not told.
};

// In which generation's form a result is.
enum class Form {
  v03,
  v10,
  other,  // None of A2A's: a bare text, or an object of the agent's own making.
  error,  // There is no result.
};

// An agent's HTTP answer, classified. `error` and `text` may go into text columns.
struct Answer {
  Outcome outcome = Outcome::done;
  Form form = Form::error;
  std::string error;   // Why there is no result, where it is not done; about error_max bytes of it.
  std::string text;    // Text of the result; the raw body when there is no text.
  std::string body;    // Compact JSON-RPC to hand to the caller.
  RawJson tool_trace;  // result.metadata.tool_trace when present and not empty.
  std::optional<TaskSeen> task;  // Where it is one and names itself.
  bool misnamed = false;         // It is one in a state that its form does not name so.
};
// Accepts JSON-RPC, and the plain {"status":"ok","result":…} of simple servers, which is wrapped;
// the id becomes `rpc_id`, whatever the agent wrote. An error outweighs a result. Throws Fault
// bad_gateway (bad_response) when the body is empty, no JSON, or neither a result nor an error.
Answer read_answer(std::string_view body, std::string_view rpc_id);
// The code of a JSON-RPC error as its specification writes one; nothing when the body is none.
std::optional<std::int64_t> error_code(std::string_view body);
bool is_error(std::string_view body);

// The generation an agent speaks, told by its card: 1.0 only when it declares an interface of
// protocol version 1.x and none of 0.3.
Generation speaks(json::Node card);
// Whether it says that its agent can answer in pieces.
bool streams(json::Node card);

// The same request with metadata.activity_id naming the message it is, for agents that cannot read
// headers.
std::string named(std::string_view request, std::string_view activity_id);

// A task's state, given in either generation's name; what is none is `unknown`. Empty stays empty.
std::string state_as(Generation to, std::string_view state);
// Rewrites a send request, or the answer to one, into a generation. `stream`: it asks for pieces.
std::string request_as(Generation to, std::string_view request, bool stream = false);
std::string answer_as(Generation to, std::string_view answer);
// The answer as whoever asked in that generation can read it, in whichever form its agent gave it.
// 1.0 knows nothing but a task or a message: for it other words are those of a message, which is
// named `message_id`; 0.3 gets them as they are. Throws Fault bad_gateway (bad_response) for a
// result that says nothing.
std::string told_in(Generation to, const Answer& answer, std::string_view message_id,
                    std::string_view rpc_id);

// What one event of a stream, or a whole answer, brings: compact JSON with the one member result or
// error. Nothing for what is no JSON-RPC and no result, such as words that keep a connection open.
std::optional<std::string> piece_of(std::string_view data);
// The task that a piece is of; empty when it names none.
std::string task_of(std::string_view piece);
// What a piece or an answer tells of a task; nothing when it is of none.
std::optional<TaskSeen> task_seen(std::string_view piece);
std::optional<TaskSeen> seen_in(json::Node result);
// Whether nothing follows a piece: a message, an error, or a task at its end or at a halt.
bool is_last(std::string_view piece);
// A request about a task: to be told its further pieces, how it stands, or to stop it.
enum class TaskRequest { subscribe, get, cancel };
std::string task_request(Generation to, TaskRequest what, std::string_view task_id,
                         std::string_view metadata_members = {});
// A piece as JSON-RPC for whoever reads the stream. What 0.3 says with `final` follows from the
// state.
std::string event_of(std::string_view piece, Generation to, std::string_view rpc_id);

// Whether two requests that were read before bring the same message, each in its own generation:
// the same parts, in the same conversation where both name one, of the same task, with the same
// metadata but for traces.
bool same_message(std::string_view one, std::string_view other);
// A recorded answer for whoever asks now: in their generation and under their id.
std::string answer_again(std::string_view answer, Generation recorded, Generation asked,
                         std::string_view rpc_id);

// The message of a request that was read before, as the answer to another one.
std::string answer_from(std::string_view request, Generation asked, std::string_view rpc_id);
// Words, and parts in the form of 0.3 if there are any, as an answer.
std::string answer_saying(std::string_view text, std::string_view more_parts,
                          std::string_view message_id, Generation asked, std::string_view rpc_id);
// A result: a task in a state, named as 0.3 does, and nothing more.
std::string task_in(Generation generation, std::string_view state, std::string_view task_id,
                    std::string_view context_id);

// The same as news of a task that goes on.
std::string status_in(Generation generation, std::string_view state, std::string_view task_id,
                      std::string_view context_id);

// A message/send request (0.3) with one text part.
std::string text_request(std::string_view rpc_id, std::string_view message_id,
                         std::string_view role, std::string_view text,
                         std::string_view metadata_members);

}  // namespace molecule::a2a
