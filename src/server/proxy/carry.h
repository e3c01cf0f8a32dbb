// The second moment: the bytes go to the agent and its answer comes back. Nothing here touches the
// store. What comes out is one value for settle: an answer, a refusal by the agent, or "not now".
#pragma once

#include <chrono>
#include <string>

#include "base/fault.h"
#include "base/secret.h"
#include "platform/io/task.h"
#include "server/proxy/admit.h"
#include "wire/a2a/a2a.h"

namespace molecule::http {
class Client;
}

namespace molecule::proxy {

struct Carried {
  enum class End {
    answered,  // The agent answered; `answer` may be a JSON-RPC error.
    refused,   // It answered with an HTTP error, or with something that is no answer. Final.
    not_now,   // Not reachable, reset, timed out, or busy: worth another attempt.
  };
  End end = End::not_now;
  a2a::Answer answer;      // For answered, in the generation that the message's sender speaks.
  int status = 0;          // HTTP status of the agent, 0 when there was none.
  std::string code;        // Machine code for refused and not_now.
  std::string error;       // Sentence for refused and not_now.
  bool delivered = false;  // The agent may have seen the message.
  std::chrono::seconds retry_after{0};  // For not_now: it asked to be left alone so long.
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
  Secret proof;  // Shows the agent that it is the platform who calls; empty when there is none.
};

io::Task<Carried> carry(http::Client& client, const Parcel& parcel, const Settings& settings);

}  // namespace molecule::proxy
