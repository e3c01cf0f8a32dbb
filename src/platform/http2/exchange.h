// One request and its answer, between the frames of a session and the server that reads and writes
// HTTP/1.1. Private to the session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "platform/http2/answer_text.h"
#include "platform/http2/request_text.h"
#include "platform/net/sides.h"
#include "platform/net/stream.h"

namespace molecule::http2 {

class Session;

class Exchange final : public net::Sides, private net::Wheel::Entry {
 public:
  Exchange(Session& session, std::int32_t number);

  const std::int32_t number;
  RequestText request;

  // From the peer. The head is whole; false: it is none. `body`: one follows.
  bool begin(bool body);
  bool begun() const { return begun_; }
  void take(std::string_view data);
  void end_request();
  bool request_ended() const { return request_ended_; }
  // The frames have come to their end, in order or not: nothing moves any more.
  void close();

  // To the peer: what there is of the answer's body, and whether that is all.
  std::size_t give(std::span<std::uint8_t> into);
  bool given() const { return answer_.state() == AnswerText::State::done && sent_ == out_.size(); }
  Fields trailers() const { return answer_.trailers(); }

  // As the server's connection has it.
  net::Attempt read(std::span<char> into);
  net::Attempt write(std::span<const std::string_view> pieces);
  bool arm(net::Direction direction, net::Sleeper& sleeper, net::Wake* at_once) noexcept;
  // The server is done with it.
  void release() noexcept;

 private:
  void on_due() noexcept override;
  std::size_t unsent() const { return out_.size() - sent_; }
  std::size_t room() const;
  bool readable() const;
  std::size_t read_data(std::span<char> into);
  void tell_heads();

  Session& session_;
  bool begun_ = false;
  bool closed_ = false;
  bool request_ended_ = false;
  bool touched_ = false;  // The server has read of it.

  // What is read next is `text_`, then so many bytes of the body.
  std::string text_;
  std::size_t text_read_ = 0;
  std::string body_;  // Came, and was not read.
  std::size_t body_read_ = 0;
  std::size_t piece_left_ = 0;
  bool chunked_ = false;
  bool last_told_ = false;

  AnswerText answer_;
  bool answering_ = false;  // The head is on its way.
  std::string out_;
  std::size_t sent_ = 0;
};

// What the server serves.
class ExchangeStream final : public net::Stream {
 public:
  ExchangeStream(Session& session, std::shared_ptr<Exchange> exchange);
  ~ExchangeStream() override;

  net::Attempt try_read(std::span<char> into) noexcept override;
  net::Attempt try_write(std::span<const std::string_view> pieces) noexcept override;
  bool arm(net::Direction direction, net::Sleeper& sleeper, net::Wake* at_once) noexcept override;
  void disarm(net::Direction direction) noexcept override;
  void set_deadline(net::Direction direction, net::TimePoint at) noexcept override;
  io::Task<void> shutdown_write() override;
  void close() noexcept override;
  const std::string& peer() const override;
  bool secure() const override;
  io::Loop& loop() override;

 private:
  Session& session_;
  std::shared_ptr<Exchange> exchange_;
  bool shut_ = false;
  bool open_ = true;
};

}  // namespace molecule::http2
