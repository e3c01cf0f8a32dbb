// Reading server-sent events (the HTML standard's text/event-stream) from another server: a parser
// that takes bytes in any split, and a reader that joins it to a response's stream.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/client.h"
#include "platform/io/task.h"

namespace molecule::http {

struct ServerEvent {
  std::string type = "message";
  std::string data;  // Lines joined by \n.
  std::string id;    // The last id the stream has named, by this event or an earlier one.
  friend bool operator==(const ServerEvent&, const ServerEvent&) = default;
};

struct EventLimits {
  std::size_t line_max = 1u << 20;   // Of one line, its end not counted.
  std::size_t event_max = 4u << 20;  // Of the data and the type of one event together.
};

class EventParser {
 public:
  explicit EventParser(EventLimits limits = {}) : limits_(limits) {}

  // Takes bytes as they come. False: a limit was passed; the stream cannot be read further.
  bool take(std::string_view bytes);
  // The next whole event. What the end of the stream cuts off is never an event.
  std::optional<ServerEvent> next();
  // What the server wants a client to wait before it connects again.
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }
  const std::string& last_id() const { return last_id_; }

 private:
  bool line(std::string_view text);

  EventLimits limits_;
  std::string partial_;
  bool begun_ = false;         // The byte order mark has been looked for.
  bool after_return_ = false;  // A line ended with \r; a \n that follows belongs to it.
  std::string type_, data_, pending_id_, last_id_;
  bool has_data_ = false;
  std::optional<std::chrono::milliseconds> retry_;
  std::deque<ServerEvent> ready_;  // Of the bytes taken last: take() is called when it is empty.
};

// The events of one response. Ends with its owner.
class EventReader {
 public:
  // Throws Fault bad_gateway `bad_response` unless the response is a 200 with type
  // text/event-stream.
  explicit EventReader(std::unique_ptr<ClientStream> stream, EventLimits limits = {});
  ~EventReader();

  // The next event; nullopt when the server has ended the stream. Throws as ClientStream::read
  // does, and bad_gateway `response_too_large` when a line or an event passes its limit.
  io::Task<std::optional<ServerEvent>> next();
  const EventParser& parser() const { return parser_; }

 private:
  std::unique_ptr<ClientStream> stream_;
  EventParser parser_;
};

}  // namespace molecule::http
