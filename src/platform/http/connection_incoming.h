// The body of a request as its handler reads it, with the bounds of any other body: how long the
// peer may take, how much it may send. Private to the server.
#pragma once

#include <memory>
#include <string>

#include "platform/http/chunked.h"
#include "platform/http/connection.h"

namespace molecule::http {

class Connection::Incoming final : public BodyReader {
 public:
  static constexpr std::size_t piece_max = 64u << 10;

  Incoming(Connection& connection, std::size_t cap)
      : connection_(connection), cap_(cap), chunks_(cap), end_(none()) {}

  std::optional<std::uint64_t> announced() const override;
  io::Task<std::string_view> next() override;

  // Read to its end, so the connection may go on.
  bool end() const { return end_; }
  // Done unless next() has thrown.
  Body outcome() const { return outcome_; }

 private:
  bool none() const;
  io::Task<Body> more();
  Body take(std::string_view arrived);

  Connection& connection_;
  const std::size_t cap_;
  ChunkedReader chunks_;
  std::unique_ptr<char[]> room_;  // From the first read on.
  std::string decoded_;           // Of chunks.
  std::string_view piece_;
  std::uint64_t taken_ = 0;
  net::TimePoint start_{};
  bool begun_ = false;
  bool end_;
  Body outcome_ = Body::done;
};

}  // namespace molecule::http
