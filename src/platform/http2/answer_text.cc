#include "platform/http2/answer_text.h"

#include <algorithm>

#include "platform/http/answer_head.h"
#include "platform/http/syntax.h"
#include "platform/http2/connection_fields.h"

namespace molecule::http2 {
namespace {

// The lines of a head or of trailers, each with its end.
Fields fields_in(std::string_view lines) {
  Fields fields;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), http::lower);
    if (of_connection(name)) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    fields.emplace_back(std::move(name), value);
  }
  return fields;
}

}  // namespace

bool AnswerText::take_head(std::string_view& text) {
  constexpr std::string_view end = "\r\n\r\n";
  const std::size_t before = head_.size();
  head_ += text;
  const std::size_t at = head_.find(end, before < end.size() ? 0 : before - end.size() + 1);
  if (at == std::string::npos) {
    text = {};
    if (head_.size() > http::answer_head_max) state_ = State::bad;
    return false;
  }
  text.remove_prefix(at + end.size() - before);
  head_.resize(at + end.size());
  return true;
}

bool AnswerText::begin_body() {
  const auto head = http::read_answer_head(head_, method_);
  if (!head || head->framing == http::AnswerHead::Framing::until_close) return false;
  const std::size_t line = head_.find("\r\n") + 2;
  heads_.push_back({head->status, fields_in(std::string_view(head_).substr(line))});
  head_.clear();
  if (heads_.back().interim()) return true;
  state_ = State::body;
  if (head->framing == http::AnswerHead::Framing::none) left_ = 0;
  if (head->framing == http::AnswerHead::Framing::length) left_ = head->length;
  return true;
}

AnswerText::State AnswerText::take(std::string_view text, std::string& body) {
  while (state_ == State::head && !text.empty()) {
    if (take_head(text) && !begin_body()) state_ = State::bad;
  }
  if (state_ != State::body) return state_;
  if (left_) {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(*left_, text.size()));
    body += text.substr(0, bytes);
    *left_ -= bytes;
    if (*left_ == 0) state_ = State::done;
    return state_;
  }
  switch (chunks_.read(text, body)) {
    case http::ChunkedReader::State::more: break;
    case http::ChunkedReader::State::done: state_ = State::done; break;
    case http::ChunkedReader::State::bad:
    case http::ChunkedReader::State::too_large: state_ = State::bad; break;
  }
  return state_;
}

Fields AnswerText::trailers() const { return fields_in(trailers_); }

}  // namespace molecule::http2
