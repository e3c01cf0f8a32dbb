// What an agent's HTTP answer means: an answer, a refusal that says what came, or "not now".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/client.h"
#include "platform/http/event_stream.h"
#include "server/proxy/link.h"
#include "wire/a2a/stream.h"

namespace molecule::proxy {

constexpr std::size_t quoted_max = 80;               // Bytes shown of what is not understood.
constexpr std::chrono::seconds told_wait_max{3600};  // An agent's Retry-After counts up to here.

// An answer that comes as events although one object was asked for. It ends with its final event,
// since some agents leave the connection open.
class Events {
 public:
  // Of an answer that comes in pieces at most `kept_max` bytes are kept here.
  explicit Events(std::size_t answer_max, std::size_t kept_max = std::string::npos)
      : limits_{answer_max, answer_max}, parser_(limits_), stream_(kept_max) {}

  // Whether it is one, and what is in its next bytes. Throws as Stream::take.
  bool begin(std::string_view head);
  std::vector<std::string> take(std::string_view bytes);
  // The same of an answer that came whole.
  std::vector<std::string> take_whole(std::string_view body);
  // Bytes taken since the last piece: what the next bytes may make a whole of.
  std::size_t pending() const { return pending_; }
  // What comes next comes on another connection.
  void again() {
    parser_ = http::EventParser(limits_);
    begun_now_ = false;
    pending_ = 0;
  }
  // The agent's task that they are of, once one has said it.
  const std::string& task() const { return task_; }
  bool over() const { return over_; }
  // Whether it was a stream of events that came; the last time, when it was asked for again.
  bool begun() const { return begun_; }
  bool begun_now() const { return begun_now_; }
  // Whether a piece has come, of whichever.
  bool told() const { return told_; }
  // The answer in one piece; empty when the events held none.
  std::string answer() const { return stream_.answer(); }
  // Whether that is its beginning.
  bool is_cut() const { return stream_.is_cut(); }

 private:
  std::optional<std::string> piece_in(std::string_view data);

  http::EventLimits limits_;
  http::EventParser parser_;
  a2a::Stream stream_;
  std::string task_;
  std::size_t pending_ = 0;
  bool begun_ = false;
  bool begun_now_ = false;
  bool told_ = false;
  bool over_ = false;
};

// What is told when no answer came: for refused and not_now.
Carried without_answer(Carried::End end, int status, std::string code, std::string error,
                       bool delivered);
// Of a response that was read as far as it is wanted, and whose events have been taken.
Carried read_response(const Parcel& parcel, const net::Url& url,
                      const http::ClientResponse& response, const Events& events);

}  // namespace molecule::proxy
