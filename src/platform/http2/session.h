// One connection's HTTP/2: libnghttp2 cuts its bytes into frames, exchanges hold what they mean.
// Private to the multiplexer; the only file with the library's types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "platform/http2/exchange.h"
#include "platform/http2/multiplexer.h"
#include "platform/http2/pace.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"

namespace molecule::http2 {

class Session final : public http::Multiplexer::Session {
 public:
  Session(net::Stream& stream, const http::Limits& limits, const Bounds& bounds,
          http::Multiplexer::Serve serve, Multiplexer::Probe& probe);
  ~Session() override;

  io::Task<void> run(std::string first) override;
  void drain() noexcept override;

  // For its exchanges.
  net::Stream& stream() { return stream_; }
  io::Loop& loop() { return stream_.loop(); }
  const Bounds& bounds() const { return bounds_; }
  std::chrono::milliseconds patience() const { return limits_.write_stall; }
  void serves(int more) { served_ += static_cast<std::size_t>(more); }
  // Bytes of answers that wait here.
  std::size_t waiting() const { return waiting_; }
  void waits_more(std::size_t bytes) { waiting_ += bytes; }
  void waits_less(std::size_t bytes) { waiting_ -= bytes; }
  // Bytes of a body were read, so more may come; `goes_on`: of this request too.
  void read_on(std::int32_t number, std::size_t bytes, bool goes_on);
  void tell_interim(std::int32_t number, const AnswerText::Head& head);
  // `whole`: nothing follows the head.
  void tell(std::int32_t number, const AnswerText::Head& head, bool whole);
  void go_on(std::int32_t number);
  // `begun`: its request may have had an effect.
  void reset(std::int32_t number, bool begun);

 private:
  struct Calls;  // What the library calls.
  struct Free {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  nghttp2_session* make();
  io::Task<void> read(std::string first, io::Scope& both);
  io::Task<void> write(io::Scope& both);
  net::Attempt pull();
  void feed(std::string_view bytes);
  void start_requests();
  bool heard_nothing();
  net::TimePoint read_by() const;
  bool over() const;
  void end(std::uint32_t code);

  // From the library.
  void on_frame(const nghttp2_frame_hd& head);
  void count_empty();
  int on_head_begins(const nghttp2_frame& frame);
  int on_field(std::int32_t number, std::string_view name, std::string_view value);
  void on_whole_frame(const nghttp2_frame& frame);
  void on_data(std::int32_t number, std::string_view data);
  void on_closed(std::int32_t number);
  void on_sent(const nghttp2_frame& frame);
  ssize_t give(std::int32_t number, std::span<std::uint8_t> into, std::uint32_t& flags);
  Exchange* find(std::int32_t number);

  net::Stream& stream_;
  const http::Limits& limits_;
  const Bounds bounds_;
  http::Multiplexer::Serve serve_;
  Multiplexer::Probe& probe_;
  std::unique_ptr<nghttp2_session, Free> session_;
  std::unordered_map<std::int32_t, std::shared_ptr<Exchange>> exchanges_;
  std::vector<std::shared_ptr<Exchange>> fresh_;  // Whole heads that nobody serves yet.
  std::size_t served_ = 0;
  std::size_t waiting_ = 0;
  Pace frames_;
  io::Scope* requests_ = nullptr;  // While it runs.
  io::Signal more_;                // There is something to write, or nothing will be any more.
  io::Signal written_;
  net::TimePoint heard_{};
  bool greeted_ = false;           // Its settings have come.
  bool in_head_ = false;           // A head has begun and is not whole.
  std::size_t unread_weight_ = 0;  // Of its fields, where nobody reads them.
  bool said_something_ = false;    // In what came last.
  bool asked_ = false;             // Whether it is still there.
  bool broken_ = false;            // Nothing can be read or written any more.
  bool draining_ = false;
};

}  // namespace molecule::http2
