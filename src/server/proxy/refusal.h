// How a message failed: what its sender is told, and told again when the message is sent again.
// Kept in the message's row where an answer would be; an answer is always JSON-RPC and this never
// is. Whoever asked in JSON-RPC is told in it, with all that a plain refusal holds beside.
#pragma once

#include <optional>
#include <string>

#include "base/fields.h"
#include "platform/http/message.h"
#include "server/messages/messages.h"
#include "server/proxy/link.h"
#include "wire/a2a/a2a.h"

namespace molecule::proxy {

struct Refusal {
  std::string error;
  std::string code;
  int http_status = 502;
  bool delivery_confirmed = true;
};
BOOST_DESCRIBE_STRUCT(Refusal, (), (error, code, http_status, delivery_confirmed))

// Of a delivery that brought no answer.
Refusal refusal_of(const Carried& carried);
// Of one that is not tried again. To its sender "not now" would mean to wait for what will not
// come.
Refusal given_up(const Carried& carried, std::string why);

// Of a message that the platform ended itself.
Refusal refusal_of(const messages::Outcome& outcome);

// The refusal that an outcome is; nothing when an agent's answer is there.
std::optional<Refusal> refusal_in(const messages::Outcome& outcome);

http::Response response_of(const Refusal& refusal, const a2a::Incoming& message);

// The same for whatever else refuses a request on its way, given what was sent.
Fault in_their_words(Fault fault, std::string_view request);

}  // namespace molecule::proxy
