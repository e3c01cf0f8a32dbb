#include "platform/http/answer_head.h"

#include <algorithm>

#include "platform/http/syntax.h"

namespace molecule::http {
namespace {

struct Line {
  std::string_view name;
  std::string_view value;
};

// The next header line; false for a malformed one. The empty line gives an empty name.
bool next_line(std::string_view& rest, Line& line) {
  std::size_t end = rest.find("\r\n");
  if (end == rest.npos) return false;
  std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  if (text.empty()) {
    line = {};
    return true;
  }
  std::size_t colon = text.find(':');
  if (colon == text.npos || colon == 0) return false;
  line.name = text.substr(0, colon);
  line.value = trim(text.substr(colon + 1));
  // A folded line starts with a space, which no name has; bare CR or LF is no value character.
  return all_are(line.name, detail::token_char) && all_are(line.value, detail::value_char);
}

// "HTTP/1.1 200 Reason"; the status, 0 when it is none.
int read_status_line(std::string_view line, bool& http10) {
  if (line.size() < 12 || !(line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")))
    return 0;
  http10 = line[7] == '0';
  int status = 0;
  for (char digit : line.substr(9, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  if (status < 100 || status > 599) return 0;
  if (line.size() > 12 && (line[12] != ' ' || !all_are(line.substr(12), detail::value_char)))
    return 0;
  return status;
}

}  // namespace

std::optional<AnswerHead> read_answer_head(std::string_view head, Method method) {
  AnswerHead found;
  bool http10 = false;
  std::size_t end = head.find("\r\n");
  if (end == head.npos) return std::nullopt;
  found.status = read_status_line(head.substr(0, end), http10);
  if (found.status == 0) return std::nullopt;
  head.remove_prefix(end + 2);

  bool chunked = false, close = false, keep = false;
  std::optional<std::uint64_t> length;
  std::size_t lines = 0;
  for (;;) {
    Line line;
    if (!next_line(head, line)) return std::nullopt;
    if (line.name.empty()) break;
    if (++lines > answer_headers_max) return std::nullopt;
    if (equal_ignoring_case(line.name, "content-length")) {
      if (length) return std::nullopt;
      length = parse_length(line.value);
      if (!length) return std::nullopt;
    } else if (equal_ignoring_case(line.name, "transfer-encoding")) {
      if (chunked || http10 || !equal_ignoring_case(line.value, "chunked")) return std::nullopt;
      chunked = true;
    } else if (equal_ignoring_case(line.name, "connection")) {
      close = close || list_has(line.value, "close");
      keep = keep || list_has(line.value, "keep-alive");
    }
  }
  if (!head.empty() || (chunked && length)) return std::nullopt;
  found.keep_alive = !close && (!http10 || keep);

  const bool informational = found.status < 200;
  if (informational || found.status == 204) {
    // Such an answer has no body; a head that announces one is read differently by somebody.
    if (chunked || length.value_or(0) != 0) return std::nullopt;
  } else if (method == Method::head || found.status == 304) {
    // The headers tell what a body would have been.
  } else if (chunked) {
    found.framing = AnswerHead::Framing::chunked;
  } else if (length) {
    found.framing = *length == 0 ? AnswerHead::Framing::none : AnswerHead::Framing::length;
    found.length = *length;
  } else {
    found.framing = AnswerHead::Framing::until_close;
    found.keep_alive = false;
  }
  return found;
}

std::optional<std::string_view> header_in(std::string_view head, std::string_view name) {
  std::size_t end = head.find("\r\n");
  if (end == head.npos) return std::nullopt;
  head.remove_prefix(end + 2);
  Line line;
  while (next_line(head, line) && !line.name.empty()) {
    if (equal_ignoring_case(line.name, name)) return line.value;
  }
  return std::nullopt;
}

AnswerBody::AnswerBody(const AnswerHead& head, std::size_t body_max)
    : framing_(head.framing), state_(State::more), chunked_(body_max) {
  switch (framing_) {
    case AnswerHead::Framing::none: state_ = State::done; break;
    case AnswerHead::Framing::length:
      if (head.length > body_max) {
        state_ = State::too_large;
      } else {
        left_ = static_cast<std::size_t>(head.length);
      }
      break;
    case AnswerHead::Framing::chunked: break;
    case AnswerHead::Framing::until_close: left_ = body_max; break;
  }
}

AnswerBody::State AnswerBody::read(std::string_view& text, std::string& out) {
  if (state_ != State::more) return state_;
  switch (framing_) {
    case AnswerHead::Framing::none: break;
    case AnswerHead::Framing::length: {
      std::size_t take = std::min(left_, text.size());
      out.append(text.substr(0, take));
      text.remove_prefix(take);
      return placed(take);
    }
    case AnswerHead::Framing::chunked:
      switch (chunked_.read(text, out)) {
        case ChunkedReader::State::more: break;
        case ChunkedReader::State::done: state_ = State::done; break;
        case ChunkedReader::State::bad: state_ = State::bad; break;
        case ChunkedReader::State::too_large: state_ = State::too_large; break;
      }
      break;
    case AnswerHead::Framing::until_close:
      if (text.size() > left_) {
        state_ = State::too_large;
        break;
      }
      left_ -= text.size();
      out.append(text);
      text = {};
      break;
  }
  return state_;
}

AnswerBody::State AnswerBody::end() {
  if (state_ == State::more) {
    state_ = framing_ == AnswerHead::Framing::until_close ? State::done : State::bad;
  }
  return state_;
}

std::size_t AnswerBody::left() const {
  return framing_ == AnswerHead::Framing::length && state_ == State::more ? left_ : 0;
}

AnswerBody::State AnswerBody::placed(std::size_t bytes) {
  left_ -= bytes;
  if (left_ == 0) state_ = State::done;
  return state_;
}

}  // namespace molecule::http
