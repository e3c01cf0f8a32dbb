// The second moment: a message goes to its agent and its answer comes back. A link is one way of
// doing that; who sends, waits and records knows no other. Nothing here touches the store. What
// comes out is one value for settle: an answer, a refusal by the agent, or "not now".
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/fault.h"
#include "base/secret.h"
#include "platform/io/task.h"
#include "server/messages/mailboxes.h"
#include "server/workspaces/directory.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/trace.h"

namespace molecule::http {
class Client;
}
namespace molecule::io {
class Loop;
class Scope;
}  // namespace molecule::io

namespace molecule::proxy {

// What an event loop needs to carry messages.
struct Lane {
  io::Loop* loop = nullptr;
  http::Client* client = nullptr;
  io::Scope* scope = nullptr;  // Owns deliveries that outlive their request.
};

class Link;

// What becomes of a message to an agent now.
enum class Way {
  carried,  // A link takes it there at once.
  fetched,  // Its agent asks for it.
  waits,    // It stays in the mailbox.
};

struct Target {
  WorkspaceId id;
  std::string name;
  std::string url;
  a2a::Generation generation = a2a::Generation::v03;
  Way way = Way::waits;
  Link* link = nullptr;  // Where there is one, also when the message has to wait for its turn.
  bool streams = false;  // Its agent can answer in pieces.
  bool present = false;  // It was heard of lately.
};

struct Carried {
  enum class End {
    answered,  // The agent answered; `answer` may be a JSON-RPC error.
    refused,   // It answered with an HTTP error, or with something that is no answer. Final.
    not_now,   // Not reachable, reset, timed out, or busy: worth another attempt.
  };
  End end = End::not_now;
  a2a::Answer answer;       // For answered, in the generation that the message's sender speaks.
  int status = 0;           // HTTP status of the agent, 0 when there was none.
  std::string code;         // Machine code for refused and not_now.
  std::string error;        // Sentence for refused and not_now.
  bool delivered = false;   // The agent may have seen the message.
  bool cut = false;         // For answered: `answer` has the beginning, the whole went to the sink.
  std::int64_t beside = 0;  // Bytes of it that are kept already.
  bool at_work = false;     // For not_now: it has the message and works on it still.
  bool behind = false;      // For not_now: it did not go out, since what was before it came back.
  std::chrono::seconds retry_after{0};  // For not_now: it asked to be left alone so long.
  std::string extensions;  // That it says it has activated, as its header does; may be empty.
};

// What goes out: the normalised request and its bookkeeping.
struct Parcel {
  Target target;
  std::optional<WorkspaceId> source;
  std::string body;  // Normalised JSON-RPC request.
  std::string rpc_id;
  a2a::Generation generation = a2a::Generation::v03;  // Of `body`.
  ActivityId activity;
  std::int64_t hops = 0;
  bool stream = false;  // The sender asked for pieces.
  bool again = false;   // Its agent may have it: one that is at it should say so at once.
  a2a::Trace trace;     // That its sender keeps.
  std::string task;     // Of the agent's, when it had begun to answer before: to be gone on with.
};

// The code of a message that has to come back before it went out.
inline constexpr std::string_view waits_behind = "waits_behind";

// What is told of a message on its way, and of its answer while that comes in pieces.
class Sink {
 public:
  virtual ~Sink() = default;
  // Waits until what its sender sent before has gone out. Asked, on any loop, when the message
  // could go out by this road. Throws Fault unavailable `waits_behind` when the message has to come
  // back, since what was before it did; cancelled when nobody wants it any more.
  virtual io::Task<void> turn(messages::Road /*way*/) { co_return; }
  // It has gone out by this road. On any loop.
  virtual void gone(messages::Road /*way*/) {}
  // The way it went has been broken for a while. The message keeps, and goes on when its agent is
  // back; nobody knows when. May come more than once, on any loop.
  virtual void away() {}
  // The next pieces (a2a::piece_of), in order. Comes back once more may come, which may take as
  // long as the store is away: meanwhile the agent is not read from. False: nobody wants the rest.
  virtual io::Task<bool> pieces(std::vector<std::string> data) = 0;
};

// Asked of an agent about a message that it has: how its task stands, or to stop it. Bounded;
// asking twice does no harm.
struct Question {
  a2a::TaskRequest what = a2a::TaskRequest::get;
  Target target;
  std::optional<WorkspaceId> source;  // Who sent the message; empty: a person.
  ActivityId activity;                // The message.
  std::string task;     // The agent's own id of its task; empty: the message's, it told none.
  std::string context;  // The agent's, where it told one.
};

class Link {
 public:
  virtual ~Link() = default;
  // Whether this is a way to the agent as things stand. In memory, under the directory's lock.
  virtual bool reachable(const workspaces::Entry& agent) const = 0;
  // Takes the message to its agent and comes back with what it came to. Waits for its turn before
  // the agent may see it, and says when it is gone. Where the message asks for
  // pieces and its agent has them, `sink` is told of each before. Failures of the way are values;
  // only a bug or a lack of memory throws.
  virtual io::Task<Carried> deliver(const Lane& lane, const Parcel& parcel, Sink& sink) = 0;
  // Asks about what was delivered before. `answered` has what the agent said as it said it, in its
  // own generation; it may be a JSON-RPC error.
  virtual io::Task<Carried> ask(const Lane& lane, const Question& question) = 0;
};

}  // namespace molecule::proxy
