// How a call of gRPC ends: its codes, and the fields that say so (PROTOCOL-HTTP2.md of gRPC).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"
#include "platform/json/json.h"

namespace molecule::grpc {

enum class Code {
  ok,
  cancelled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated,
};

// By the name that google.rpc.Code has for it; unknown for what is none.
Code code_named(std::string_view name);
// What a refusal of the server means to who asked by gRPC.
Code code_of(int http_status);

inline constexpr std::string_view media = "application/grpc";
inline constexpr std::size_t text_max = 512;      // Bytes of what an ending says; with
inline constexpr std::size_t details_max = 1536;  // its details it fits into trailers.

struct Ending {
  Code code = Code::ok;
  std::string text;
  std::string details;  // google.rpc.Status, in bytes.
};
// `details`: the list that JSON has in its place, of ErrorInfo and BadRequest.
Ending ending(Code code, std::string_view text, json::Node details = {});
Ending ending(const Fault& fault);

// As the whole answer, and behind what was answered.
http::Response refused(const Ending& ending);
void tell(http::BodyWriter& out, const Ending& ending);
// An answer that gRPC's clients read, of any: Route::answers_in.
http::Response in_words(http::Response answer);

}  // namespace molecule::grpc
