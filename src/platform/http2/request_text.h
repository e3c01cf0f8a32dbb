// The head of a request as HTTP/2 brings it, field by field, and as the text of HTTP/1.1 that our
// strict reader judges: what it would refuse over one it refuses over the other. Nothing that comes
// from the peer can end a line of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace molecule::http2 {

class RequestText {
 public:
  // Takes a field, in the order of the wire; names in small letters. False: no head can hold it.
  bool add(std::string_view name, std::string_view value);
  // Bytes of all fields so far, also of those that were too many to be kept.
  std::size_t weight() const { return weight_; }
  static std::size_t weight_of(std::string_view name, std::string_view value) {
    return name.size() + value.size() + 4;
  }

  // The whole head, its empty line included; empty when it lacks what every request has. `body`:
  // one follows.
  std::string head(bool body) const;
  // A body is cut into chunks, since nothing says how long it is.
  bool chunked() const { return !sized_; }
  std::string_view method() const { return method_; }

 private:
  bool add_pseudo(std::string_view name, std::string_view value);

  std::string method_;
  std::string path_;
  std::string authority_;
  std::string host_;
  std::string cookies_;  // Clients send them one by one (RFC 9113 §8.2.3).
  std::string fields_;
  bool sized_ = false;
  std::size_t weight_ = 0;
  std::size_t kept_ = 0;  // Bytes of the head so far, but for those it always has.
};

}  // namespace molecule::http2
