#include "platform/http2/exchange.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "platform/http2/session.h"

namespace molecule::http2 {

using net::Attempt;
using net::Direction;

Exchange::Exchange(Session& session, std::int32_t its_number)
    : Sides(session.loop()), number(its_number), session_(session) {}

bool Exchange::begin(bool body) {
  text_ = request.head(body);
  if (text_.empty()) return false;
  chunked_ = body && request.chunked();
  answer_.to(request.method() == "HEAD" ? http::Method::head : http::Method::get);
  request = {};
  begun_ = true;
  if (!body) end_request();
  return true;
}

void Exchange::take(std::string_view data) {
  body_ += data;
  ring(Direction::read);
}

void Exchange::end_request() {
  request_ended_ = true;
  ring(Direction::read);
}

void Exchange::close() {
  if (std::exchange(closed_, true)) return;
  session_.waits_less(unsent());
  std::string().swap(out_);
  sent_ = 0;
  session_.read_on(number, body_.size() - body_read_, false);
  std::string().swap(body_);
  std::string().swap(text_);
  body_read_ = text_read_ = piece_left_ = 0;
  ring(Direction::read);
  ring(Direction::write);
}

std::size_t Exchange::read_data(std::span<char> into) {
  const std::size_t bytes = std::min({piece_left_, into.size(), body_.size() - body_read_});
  if (bytes == 0) return 0;
  std::memcpy(into.data(), body_.data() + body_read_, bytes);
  body_read_ += bytes;
  piece_left_ -= bytes;
  if (body_read_ == body_.size()) {
    std::string().swap(body_);
    body_read_ = 0;
  }
  if (chunked_ && piece_left_ == 0) text_ = "\r\n";
  session_.read_on(number, bytes, true);
  return bytes;
}

bool Exchange::readable() const {
  return closed_ || text_read_ < text_.size() || body_.size() > body_read_ ||
         (chunked_ && request_ended_ && !last_told_);
}

Attempt Exchange::read(std::span<char> into) {
  if (closed_) return {Attempt::State::broken, 0};
  std::size_t moved = 0;
  while (moved < into.size()) {
    const std::span<char> rest = into.subspan(moved);
    if (text_read_ < text_.size()) {
      const std::size_t bytes = std::min(rest.size(), text_.size() - text_read_);
      std::memcpy(rest.data(), text_.data() + text_read_, bytes);
      moved += bytes;
      text_read_ += bytes;
      if (text_read_ < text_.size()) break;
      text_.clear();
      text_read_ = 0;
      continue;
    }
    if (piece_left_ > 0) {
      moved += read_data(rest);
      continue;
    }
    // The next chunk is all that has come.
    const std::size_t there = body_.size() - body_read_;
    if (there > 0) {
      piece_left_ = there;
      if (!chunked_) continue;
      char size[20];
      auto [end, error] = std::to_chars(size, size + sizeof size - 2, there, 16);
      *end++ = '\r';
      *end++ = '\n';
      text_.assign(size, end);
      continue;
    }
    if (!chunked_ || !request_ended_ || std::exchange(last_told_, true)) break;
    text_ = "0\r\n\r\n";
  }
  if (moved == 0) return {Attempt::State::wait, 0};
  touched_ = true;
  return {Attempt::State::moved, moved};
}

std::size_t Exchange::room() const {
  const Bounds& bounds = session_.bounds();
  const std::size_t most =
      session_.waiting() < bounds.answers ? bounds.answer : bounds.answer_least;
  return unsent() >= most ? 0 : most - unsent();
}

void Exchange::tell_heads() {
  for (const AnswerText::Head& head : answer_.heads()) {
    if (head.interim()) {
      session_.tell_interim(number, head);
      continue;
    }
    answering_ = true;
    const bool whole = given() && answer_.trailers().empty();
    session_.tell(number, head, whole);
  }
}

Attempt Exchange::write(std::span<const std::string_view> pieces) {
  if (closed_ || answer_.state() == AnswerText::State::bad ||
      answer_.state() == AnswerText::State::done)
    return {Attempt::State::broken, 0};
  std::size_t left = room();
  if (left == 0) return {Attempt::State::wait, 0};
  const std::size_t before = unsent();
  const bool goes_on = answering_;
  std::size_t moved = 0;
  for (std::string_view piece : pieces) {
    piece = piece.substr(0, left);
    answer_.take(piece, out_);
    moved += piece.size();
    left -= piece.size();
    if (left == 0) break;
  }
  session_.waits_more(unsent() - before);
  tell_heads();
  if (goes_on) session_.go_on(number);
  if (answer_.state() == AnswerText::State::bad) return {Attempt::State::broken, 0};
  return {Attempt::State::moved, moved};
}

std::size_t Exchange::give(std::span<std::uint8_t> into) {
  const std::size_t bytes = std::min(into.size(), unsent());
  std::memcpy(into.data(), out_.data() + sent_, bytes);
  sent_ += bytes;
  session_.waits_less(bytes);
  if (sent_ == out_.size()) {
    std::string().swap(out_);
    sent_ = 0;
  } else if (sent_ >= session_.bounds().answer / 2) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  if (unsent() < session_.bounds().answer_least) ring(Direction::write);
  return bytes;
}

bool Exchange::arm(Direction direction, net::Sleeper& sleeper, net::Wake* at_once) noexcept {
  if (closed_) {
    *at_once = net::Wake::ready;
    return false;
  }
  return Sides::arm(direction, sleeper, at_once,
                    direction == Direction::read ? readable() : room() > 0);
}

void Exchange::release() noexcept {
  if (closed_) return;
  if (answer_.state() != AnswerText::State::done) {
    session_.reset(number, touched_);
    return;
  }
  // The rest is the peer's to take, within the time that any peer has.
  net::Wheel::of(session_.loop()).set(*this, net::Wheel::now() + session_.patience());
}

void Exchange::on_due() noexcept {
  if (!closed_) session_.reset(number, true);
}

ExchangeStream::ExchangeStream(Session& session, std::shared_ptr<Exchange> exchange)
    : session_(session), exchange_(std::move(exchange)) {
  session_.serves(1);
}
ExchangeStream::~ExchangeStream() {
  close();
  session_.serves(-1);
}

Attempt ExchangeStream::try_read(std::span<char> into) noexcept {
  if (!open_) return {Attempt::State::broken, 0};
  if (shut_) return {Attempt::State::end, 0};
  return exchange_->read(into);
}

Attempt ExchangeStream::try_write(std::span<const std::string_view> pieces) noexcept {
  if (!open_) return {Attempt::State::broken, 0};
  return exchange_->write(pieces);
}

bool ExchangeStream::arm(Direction direction, net::Sleeper& sleeper, net::Wake* at_once) noexcept {
  if (!open_ || shut_) {
    *at_once = net::Wake::ready;
    return false;
  }
  return exchange_->arm(direction, sleeper, at_once);
}
void ExchangeStream::disarm(Direction direction) noexcept { exchange_->disarm(direction); }
void ExchangeStream::set_deadline(Direction direction, net::TimePoint at) noexcept {
  exchange_->set_deadline(direction, at);
}

io::Task<void> ExchangeStream::shutdown_write() {
  // Whatever the peer still sends is turned down once it has the answer.
  shut_ = true;
  co_return;
}

void ExchangeStream::close() noexcept {
  if (!std::exchange(open_, false)) return;
  exchange_->release();
  exchange_->ring(Direction::read);
  exchange_->ring(Direction::write);
}

const std::string& ExchangeStream::peer() const { return session_.stream().peer(); }
bool ExchangeStream::secure() const { return session_.stream().secure(); }
io::Loop& ExchangeStream::loop() { return session_.loop(); }

}  // namespace molecule::http2
