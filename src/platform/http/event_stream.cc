#include "platform/http/event_stream.h"

#include <algorithm>

#include "base/fault.h"
#include "platform/http/syntax.h"

namespace molecule::http {

bool EventParser::line(std::string_view text) {
  if (text.empty()) {
    last_id_ = pending_id_;
    if (has_data_) {
      ServerEvent event;
      if (!type_.empty()) event.type = std::move(type_);
      event.data = std::move(data_);
      event.id = last_id_;
      ready_.push_back(std::move(event));
    }
    type_.clear();
    data_.clear();
    has_data_ = false;
    return true;
  }
  const std::size_t colon = text.find(':');
  if (colon == 0) return true;  // A comment, sent to keep the connection open.
  std::string_view field = text.substr(0, colon);
  std::string_view value = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (data_.size() + value.size() + type_.size() + 1 > limits_.event_max) return false;
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "event") {
    if (data_.size() + value.size() > limits_.event_max) return false;
    type_ = value;
  } else if (field == "id") {
    if (value.find('\0') == value.npos) pending_id_ = value;
  } else if (field == "retry") {
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!value.empty() && value.size() <= 9 && std::ranges::all_of(value, digit)) {
      retry_ = std::chrono::milliseconds(std::stol(std::string(value)));
    }
  }
  return true;
}

bool EventParser::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (after_return_) {
      after_return_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > limits_.line_max) return false;
    if (end == bytes.npos) {
      partial_ += piece;
      return true;
    }
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    std::string_view whole = piece;
    if (!partial_.empty()) {
      partial_ += piece;
      whole = partial_;
    }
    if (!begun_) {
      begun_ = true;
      if (whole.starts_with("\xef\xbb\xbf")) whole.remove_prefix(3);
    }
    const bool fits = line(whole);
    partial_.clear();
    if (!fits) return false;
  }
  return true;
}

std::optional<ServerEvent> EventParser::next() {
  if (ready_.empty()) return std::nullopt;
  ServerEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

EventReader::EventReader(std::unique_ptr<ClientStream> stream, EventLimits limits)
    : stream_(std::move(stream)), parser_(limits) {
  std::string_view type = stream_->header("content-type").value_or("");
  type = trim(type.substr(0, type.find(';')));
  if (stream_->status() != 200 || !equal_ignoring_case(type, "text/event-stream")) {
    throw Fault(Kind::bad_gateway, "bad_response",
                "the server did not answer with an event stream");
  }
}

EventReader::~EventReader() = default;

io::Task<std::optional<ServerEvent>> EventReader::next() {
  for (;;) {
    auto event = parser_.next();
    if (event) co_return event;
    auto bytes = co_await stream_->read();
    if (!bytes) co_return std::nullopt;
    if (!parser_.take(*bytes)) {
      throw Fault(Kind::bad_gateway, "response_too_large",
                  "the event stream has a line or an event that is too large");
    }
  }
}

}  // namespace molecule::http
