// The HTTP+JSON binding of 1.0 beside JSON-RPC: the same requests and answers without the envelope.
// See specification 1.0 §11.
#pragma once

#include <string>
#include <string_view>

namespace molecule::a2a {

// What HTTP+JSON has in place of a JSON-RPC answer: its result, or an object with its error.
struct Bare {
  int http_status = 200;
  std::string body;
};
Bare bare_answer(std::string_view rpc);
inline std::string bare_of(std::string_view rpc) { return bare_answer(rpc).body; }
// An error as HTTP+JSON writes it; `details` is a JSON list.
std::string bare_error(int http_status, std::string_view status, std::string_view text,
                       std::string_view details);
// The status of google.rpc that an HTTP status stands for.
std::string_view status_name(int http_status);
// A request's body with the envelope around it.
std::string enveloped(std::string_view method, std::string_view params);

}  // namespace molecule::a2a
