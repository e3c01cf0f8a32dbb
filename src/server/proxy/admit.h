// The first of the three moments of a message: who sends what to whom, and may it pass. Pure
// memory: no store, no network. The result is one value that the next moment carries on; a refusal
// is a Fault.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/io/clock.h"
#include "server/auth/access.h"
#include "server/auth/limits.h"
#include "server/messages/mailboxes.h"
#include "server/proxy/link.h"
#include "server/proxy/quiet.h"
#include "server/workspaces/directory.h"
#include "wire/a2a/a2a.h"

namespace molecule::proxy {

struct Settings {
  std::size_t request_max = 16u << 20;  // Bytes of a request body.
  std::size_t answer_max = 64u << 20;   // Bytes of an agent's answer.
  std::chrono::seconds answer_wait{
      1800};  // An agent's time to start answering: the operator's ceiling.
  std::chrono::milliseconds body_wait{300'000};  // From an answer's head to its end.
  std::chrono::seconds person_wait{90};  // A person's request is answered "queued" after this.
  std::chrono::seconds connect_wait{10};
  std::chrono::seconds question_wait{20};  // For an agent's word on a message that it has.
  std::int64_t hops_max = 24;              // A chain of messages longer than this is a loop.
  std::uint32_t edge_rate = 1200;     // Messages a minute of one agent to another that do not say
                                      // what they belong to; 0 is unlimited.
  std::int64_t in_flight_max = 256;   // Messages under way to one agent; more wait in its mailbox.
  std::int64_t mailbox_max = 10'000;  // Messages waiting for one agent; more are refused (429).
  std::int64_t polled_max = 500'000;  // The same for one that fetches them, open until answered.
};

// Runs in the transaction that accepts a message, behind it.
using Also = std::function<void(sql::Tx&, const messages::Place&, messages::State)>;

struct Admission {
  a2a::Incoming message;
  std::optional<WorkspaceId> source;  // Empty: a person.
  json::Omit<std::string> by;         // The organisation key that they sent it with.
  std::optional<KeyId> credential;    // The same, by which it is known again.
  Target target;
  IdBytes key{};                        // Idempotency key: target, sender, its key and message id.
  std::optional<std::int64_t> parent;   // The message whose work this one is part of.
  std::optional<ActivityId> parent_id;  // The same, as its sender named it.
  bool answer = false;                  // It is an answer, and no work for that one.
  std::int64_t hops = 0;                // Messages before it in that chain.
  bool bare = false;  // Its sender reads events without JSON-RPC around them: HTTP+JSON.
  std::string_view extensions_header;  // What its sender calls the header of extensions.
  a2a::Trace trace;                    // That its sender keeps.
  Also also;                           // May be empty.
};

class Admitter {
 public:
  // The first of `links` by which an agent is reachable carries what goes to it.
  Admitter(std::span<Link* const> links, const workspaces::Directory& directory,
           const messages::Mailboxes& mailboxes, const Quiet& quiet, const io::Clock& clock,
           io::Random& random, const Settings& settings);

  Admission admit(const auth::Caller& caller, WorkspaceId to, std::string_view body) const;
  // As admit, for a request the platform wrote on behalf of a workspace (a delegation).
  Admission admit_from(std::optional<WorkspaceId> source, WorkspaceId to,
                       std::string_view body) const;
  // The three steps of admit(), for a message whose reading takes long. Any thread.
  Admission way_to(std::optional<WorkspaceId> source, WorkspaceId to) const;
  a2a::Incoming read(std::optional<WorkspaceId> source, std::string_view body) const;
  Admission with_message(Admission admission, a2a::Incoming message) const;
  // Puts an agent's message behind the one it says it belongs to: one that was sent to that agent.
  // A chain that is too long is refused as a loop (409). Without a parent the messages of a pair
  // are counted instead (429): what goes round without telling is slowed down.
  struct Parent {
    ActivityId id;
    std::int64_t hops = 0;
  };
  void place(Admission& admission, const std::optional<Parent>& parent);
  // Where to and how, or the refusal: 404, 410, 402, 503.
  Target target(WorkspaceId id) const;
  // Where its agent may be asked about what it has; without a link where it cannot. Its budget is
  // no reason: stopping spends nothing.
  Target asked(WorkspaceId id) const;

 private:
  void require_room(const Target& target) const;

  const std::vector<Link*> links_;
  const workspaces::Directory& directory_;
  const messages::Mailboxes& mailboxes_;
  const Quiet& quiet_;
  auth::Limits edges_;
  const io::Clock& clock_;
  io::Random& random_;
  const Settings& settings_;
};

}  // namespace molecule::proxy
