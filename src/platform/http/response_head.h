// Writing a response's head. What never changes is one constant block, what changes once a second
// (the date) is kept, so a head is a handful of copies into a reused string.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"

namespace molecule::http {

struct HeadFacts {
  std::string_view request_id;
  std::string_view allow_origin;  // Empty: no CORS headers.
  Quota quota;
  std::optional<std::uint64_t> length;  // Without: no Content-Length (streams, 204, 101).
  bool chunked = false;
  bool keep_alive = true;
  bool http10 = false;
  bool secure = false;
  bool page = false;  // A page of the canvas: its own scripts and styles may run.
};

// Belongs to one loop.
class HeadWriter {
 public:
  // Appends the head with its empty line. Control characters in header values are replaced by
  // spaces.
  void write(std::string& out, const Response& response, const HeadFacts& facts);

 private:
  std::string_view date();

  std::time_t second_ = -1;
  char date_[40] = {};  // "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" is 37 bytes.
};

}  // namespace molecule::http
