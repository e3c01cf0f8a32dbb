// What a request of A2A says beside its body (specification 1.0 §3.2.6): the version that it is in,
// and the extensions that its sender wants. These travel to the agent with the message, in its
// metadata (a2a::extended), and as a header once more. Where it stands in a trace goes along only
// with what goes out at once: nobody waits in a span for a mailbox.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "platform/http/message.h"
#include "wire/a2a/trace.h"

namespace molecule::proxy {

// As the header says it, or the query.
std::optional<std::string> version_asked(const http::Request& request);

// What 1.0 and 0.3 call the header of extensions.
inline constexpr std::string_view extensions_header = "A2A-Extensions";
inline constexpr std::string_view extensions_header_v03 = "X-A2A-Extensions";

struct Extensions {
  std::string_view header;  // As its sender called it: so is the answer's.
  std::string value;
};
// Throws Fault invalid_params where they are too many or no text of a header.
std::optional<Extensions> extensions_asked(const http::Request& request);

// Empty where it says none, or none that is one.
a2a::Trace trace_of(const http::Request& request);

}  // namespace molecule::proxy
