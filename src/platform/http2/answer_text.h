// What the server answers, read from its text of HTTP/1.1 as it is written: the head, the bytes of
// the body, and what follows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/http/chunked.h"
#include "platform/http/message.h"

namespace molecule::http2 {

using Fields = std::vector<std::pair<std::string, std::string>>;  // Names in small letters.

class AnswerText {
 public:
  struct Head {
    int status = 0;
    Fields fields;
    bool interim() const { return status < 200; }  // Another head follows.
  };
  enum class State { head, body, done, bad };

  // The answer to a request of `method`: HEAD has no body.
  void to(http::Method method) { method_ = method; }
  State state() const { return state_; }

  // Takes all of `text`. Bytes of the body are appended to `body`, and heads to heads().
  State take(std::string_view text, std::string& body);
  // The heads that were read since the last call: an answer's, and interim ones before it.
  std::vector<Head> heads() { return std::exchange(heads_, {}); }
  // Once done.
  Fields trailers() const;

 private:
  bool take_head(std::string_view& text);
  bool begin_body();

  http::Method method_ = http::Method::get;
  State state_ = State::head;
  std::string head_;
  std::vector<Head> heads_;
  std::optional<std::uint64_t> left_;  // Of a body that said its length.
  std::string trailers_;
  http::ChunkedReader chunks_{SIZE_MAX, &trailers_};
};

}  // namespace molecule::http2
