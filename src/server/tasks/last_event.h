// From where a reader of events goes on.
#pragma once

#include <charconv>
#include <cstdint>

#include "platform/http/message.h"
#include "wire/a2a/task.h"

namespace molecule::tasks {

// The number of the last event that a reader saw; 0: none. Throws Fault invalid_params.
inline std::int64_t last_event_id(const http::Request& request) {
  auto text = request.header("Last-Event-ID");
  if (!text || text->empty()) return 0;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size() && number >= 0) return number;
  throw a2a::invalid_params("Last-Event-ID must be the id of an event of this stream");
}

}  // namespace molecule::tasks
