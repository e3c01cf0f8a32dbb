#include "platform/http2/session.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "platform/http/flush.h"
#include "platform/http/request_head.h"
#include "platform/log/log.h"

namespace molecule::http2 {
namespace {

using net::Attempt;
using net::Direction;

constexpr std::size_t read_max = 16u << 10;
constexpr std::size_t write_max = 64u << 10;  // Frames of one write; one frame may go beyond.

// Ends the other half when one half ends, however it does.
struct EndsBoth {
  io::Scope& scope;
  ~EndsBoth() { scope.cancel(); }
};

}  // namespace

Session::Session(net::Stream& stream, const http::Limits& limits, const Bounds& bounds,
                 http::Multiplexer::Serve serve, Multiplexer::Probe& probe)
    : stream_(stream),
      limits_(limits),
      bounds_(bounds),
      serve_(std::move(serve)),
      probe_(probe),
      session_(make()),
      frames_(bounds.frames, bounds.frames_a_second, net::Wheel::now()),
      heard_(net::Wheel::now()) {
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<std::uint32_t>(bounds_.requests)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(bounds_.window)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(http::head_max)},
  }};
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(bounds_.windows));
  probe_.connections.add();
}

Session::~Session() { probe_.connections.subtract(); }

io::Task<void> Session::run(std::string first) {
  io::Context here = co_await io::context();
  auto note = [](std::string_view name, std::exception_ptr failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const Fault& fault) {
      // The half that is ended because the other has ended has nothing to tell.
      if (fault.kind() == Kind::cancelled) return;
      log::error("a connection failed", log::field("part", name),
                 log::field("error", fault.text()));
    } catch (const std::exception& error) {
      log::error("a connection failed", log::field("part", name),
                 log::field("error", std::string_view(error.what())));
    }
  };
  io::Scope requests(*here.loop, note, here.cancellation);
  requests_ = &requests;
  {
    io::Scope both(*here.loop, note, here.cancellation);
    both.spawn("reading", read(std::move(first), both));
    both.spawn("writing", write(both));
    co_await both.join();
  }
  // Whoever still works finds the peer gone, and ends as it would over a connection of its own.
  broken_ = true;
  stream_.close();
  auto left = std::exchange(exchanges_, {});
  for (auto& [number, exchange] : left) exchange->close();
  fresh_.clear();
  co_await requests.join();
  requests_ = nullptr;
}

void Session::drain() noexcept {
  if (std::exchange(draining_, true)) return;
  // What the peer has sent meanwhile under a higher number it may ask for elsewhere.
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  more_.notify();
}

void Session::end(std::uint32_t code) {
  nghttp2_session_terminate_session(session_.get(), code);
  more_.notify();
}

bool Session::over() const {
  if (broken_) return true;
  if (draining_ && exchanges_.empty() && fresh_.empty()) return true;
  return !nghttp2_session_want_read(session_.get()) && !nghttp2_session_want_write(session_.get());
}

net::TimePoint Session::read_by() const {
  if (!greeted_ || in_head_) return heard_ + limits_.head;
  if (exchanges_.empty() && served_ == 0) return heard_ + limits_.keep_alive;
  return heard_ + bounds_.ping_every;
}

// False: the connection ends.
bool Session::heard_nothing() {
  const bool waits_for_it = greeted_ && !in_head_ && !(exchanges_.empty() && served_ == 0);
  if (!waits_for_it || std::exchange(asked_, true)) {
    end(NGHTTP2_NO_ERROR);
    return false;
  }
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  more_.notify();
  heard_ = net::Wheel::now();
  return true;
}

// Reads what is there; between two reads no buffer is held.
Attempt Session::pull() {
  std::array<char, read_max> room;
  const Attempt attempt = stream_.try_read(room);
  if (attempt.state == Attempt::State::moved) feed({room.data(), attempt.bytes});
  return attempt;
}

void Session::feed(std::string_view bytes) {
  heard_ = net::Wheel::now();
  asked_ = false;
  said_something_ = false;
  const ssize_t taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) {
    if (taken == NGHTTP2_ERR_FLOODED) probe_.floods.add();
    end(taken == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    broken_ = taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC || taken == NGHTTP2_ERR_NOMEM;
  }
  // Frames that the library does not know it does not tell of.
  if (!said_something_) count_empty();
  start_requests();
  more_.notify();
}

void Session::start_requests() {
  auto fresh = std::exchange(fresh_, {});
  for (auto& exchange : fresh) {
    probe_.requests.add();
    auto stream = std::make_unique<ExchangeStream>(*this, std::move(exchange));
    requests_->spawn("request", serve_(std::move(stream)));
  }
}

io::Task<void> Session::read(std::string first, io::Scope& both) {
  using namespace std::chrono_literals;
  EndsBoth ends{both};
  feed(first);
  std::string().swap(first);
  for (;;) {
    while (!broken_ &&
           nghttp2_session_get_outbound_queue_size(session_.get()) > bounds_.frames_waiting)
      co_await written_.wait(1h);
    if (broken_ || !nghttp2_session_want_read(session_.get())) break;
    const Attempt attempt = pull();
    if (attempt.state == Attempt::State::moved) continue;
    if (attempt.state != Attempt::State::wait) break;
    stream_.set_deadline(Direction::read, read_by());
    const net::Wake why = co_await stream_.wait(Direction::read);
    if (why == net::Wake::cancelled) co_return;
    if (why == net::Wake::deadline && net::Wheel::now() >= read_by() && !heard_nothing()) break;
  }
  // What is to be said goes out first.
  while (!broken_ && nghttp2_session_want_write(session_.get())) co_await written_.wait(1h);
}

io::Task<void> Session::write(io::Scope& both) {
  using namespace std::chrono_literals;
  EndsBoth ends{both};
  std::string out;
  for (;;) {
    out.clear();
    while (out.size() < write_max) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
      if (size < 0) broken_ = true;
      if (size <= 0) break;
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    if (!out.empty()) {
      http::Pieces pieces;
      pieces.views[0] = out;
      const http::Sent sent = co_await http::send_all(stream_, pieces, limits_.write_stall);
      if (sent != http::Sent::all) broken_ = true;
      written_.notify();
      if (!broken_) continue;
    }
    std::string().swap(out);
    if (over()) break;
    co_await more_.wait(1h);
  }
}

}  // namespace molecule::http2
