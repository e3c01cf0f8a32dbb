// The first of the three moments of a message: who sends what to whom, and may it pass. Pure
// memory: no store, no network. The result is one value that the next moment carries on; a refusal
// is a Fault.
#pragma once

#include <optional>
#include <string>

#include "platform/io/clock.h"
#include "server/auth/access.h"
#include "server/proxy/in_flight.h"
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
  std::int64_t attempts_max = 5;        // Deliveries of one message before it is given up.
  std::chrono::seconds retry_after{2};  // First wait before another attempt; doubles.
  std::int64_t hops_max = 24;           // A chain of messages longer than this is a loop.
  std::int64_t in_flight_max = 256;   // Messages under way to one agent; more wait in its mailbox.
  std::int64_t mailbox_max = 10'000;  // Messages waiting for one agent; more are refused (429).
};

// How a message will reach its agent.
enum class Link { push, poll, mailbox };

struct Target {
  WorkspaceId id;
  std::string name;
  std::string url;
  a2a::Generation generation = a2a::Generation::v03;
  Link link = Link::mailbox;
};

struct Admission {
  a2a::Incoming message;
  std::optional<WorkspaceId> source;  // Empty: a person.
  Target target;
  IdBytes key{};  // Idempotency key: target, sender and message id.
  std::int64_t hops = 0;
};

class Admitter {
 public:
  Admitter(const workspaces::Directory& directory, InFlight& in_flight, const io::Clock& clock,
           io::Random& random, const Settings& settings)
      : directory_(directory),
        in_flight_(in_flight),
        clock_(clock),
        random_(random),
        settings_(settings) {}

  Admission admit(const auth::Caller& caller, WorkspaceId to, std::string_view body) const;
  // As admit, for a request the platform wrote on behalf of a workspace (a delegation).
  Admission admit_from(std::optional<WorkspaceId> source, WorkspaceId to,
                       std::string_view body) const;
  // Whether a workspace may send to another, or the refusal: 403, 404, 410.
  void require_reachable(WorkspaceId source, WorkspaceId to) const;
  // Where to and how, or the refusal: 404, 410, 402, 503.
  Target target(WorkspaceId id) const;

 private:
  const workspaces::Directory& directory_;
  InFlight& in_flight_;
  const io::Clock& clock_;
  io::Random& random_;
  const Settings& settings_;
};

}  // namespace molecule::proxy
