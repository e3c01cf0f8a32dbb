// The one failure type. A Fault carries what a caller may know: a code that machines act on and a
// sentence that people act on. Private detail goes to the log, never into a Fault. Only the HTTP
// dispatcher and io::Scope catch it; one exhaustive switch maps the kind to a status.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace molecule {

enum class Kind {
  bad_request,      // 400: the request is wrong and will stay wrong
  unauthenticated,  // 401
  over_budget,      // 402
  forbidden,        // 403
  not_found,        // 404
  conflict,         // 409
  gone,             // 410
  too_large,        // 413
  unprocessable,    // 422
  rate_limited,     // 429, retry_after set
  internal,         // 500: our defect
  bad_gateway,      // 502: the agent or another peer failed
  unavailable,      // 503: a dependency is down; recovers by itself
  deadline,         // 504: a bounded wait ended
  cancelled,        // the work was cancelled by its owner; seldom reaches a client
};

class Fault : public std::exception {
 public:
  // `code` is the stable snake_case machine code, `text` the sentence for people.
  Fault(Kind kind, std::string code, std::string text)
      : kind_(kind), code_(std::move(code)), text_(std::move(text)) {}

  Kind kind() const { return kind_; }
  const std::string& code() const { return code_; }
  const std::string& text() const { return text_; }
  const char* what() const noexcept override { return text_.c_str(); }

  // Further members of the error body, as comma-separated JSON members without braces
  // (`"id":"…","hint":"…"`). The caller writes valid JSON; platform/json has the builder.
  Fault with(std::string members) && {
    members_ = std::move(members);
    return std::move(*this);
  }
  const std::string& members() const { return members_; }

  // Replaces the whole body by this JSON text, where a contract fixes a shape without "error".
  Fault body(std::string json) && {
    body_ = std::move(json);
    return std::move(*this);
  }
  const std::optional<std::string>& body() const { return body_; }

  Fault retry_after(std::chrono::seconds wait) && {
    retry_after_ = wait;
    return std::move(*this);
  }
  std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

 private:
  Kind kind_;
  std::string code_;
  std::string text_;
  std::string members_;
  std::optional<std::string> body_;
  std::optional<std::chrono::seconds> retry_after_;
};

int http_status(Kind kind);

inline Fault bad_request(std::string text) {
  return {Kind::bad_request, "bad_request", std::move(text)};
}
inline Fault bad_request(std::string code, std::string text) {
  return {Kind::bad_request, std::move(code), std::move(text)};
}
inline Fault unauthenticated(std::string text) {
  return {Kind::unauthenticated, "unauthenticated", std::move(text)};
}
inline Fault forbidden(std::string text) { return {Kind::forbidden, "forbidden", std::move(text)}; }
inline Fault not_found(std::string_view what) {
  return {Kind::not_found, fmt::format("{}_not_found", what), fmt::format("{} not found", what)};
}
inline Fault conflict(std::string code, std::string text) {
  return {Kind::conflict, std::move(code), std::move(text)};
}
// The store or another dependency cannot be reached; the text is the one existing clients know.
inline Fault unavailable(std::string text = "platform datastore unavailable — retry shortly") {
  return {Kind::unavailable, "platform_unavailable", std::move(text)};
}
inline Fault internal(std::string text = "internal error") {
  return {Kind::internal, "internal", std::move(text)};
}

}  // namespace molecule
