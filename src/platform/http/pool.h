// Kept connections of one client, by origin. The freshest is used first, so that a quiet client
// lets the others grow old and close. A connection that its server ends, or that stays unused too
// long, leaves by itself. Private to the client.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "platform/http/client.h"
#include "platform/io/signal.h"
#include "platform/metrics/metrics.h"
#include "platform/net/stream.h"
#include "platform/net/url.h"

namespace molecule::http {

class Pool {
  struct Key {
    net::Scheme scheme;
    std::uint16_t port;
    std::string host;
  };
  struct KeyView {
    net::Scheme scheme;
    std::uint16_t port;
    std::string_view host;
  };
  struct Hash {
    using is_transparent = void;
    template <class K>
    std::size_t operator()(const K& key) const {
      std::size_t mixed =
          static_cast<std::size_t>(key.port) << 1 | (key.scheme == net::Scheme::https ? 1 : 0);
      return std::hash<std::string_view>()(key.host) ^ (mixed * 0x9e3779b97f4a7c15ULL);
    }
  };
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.port == b.port && a.scheme == b.scheme && a.host == b.host;
    }
  };
  struct Connection;
  struct Origin {
    const Key* key = nullptr;
    Connection* freshest = nullptr;  // Idle ones, freshest first.
    std::size_t idle = 0;
    std::size_t open = 0;  // Idle and in use.
  };

 public:
  Pool(const ClientSettings& settings, metrics::Registry& metrics);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // A connection in use, or the place for one. Closes it unless it is given back.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), at_(std::exchange(other.at_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        drop();
        pool_ = std::exchange(other.pool_, nullptr);
        at_ = std::exchange(other.at_, nullptr);
      }
      return *this;
    }
    ~Lease() { drop(); }

    explicit operator bool() const { return at_ != nullptr; }
    net::Stream& stream() const;
    void fill(std::unique_ptr<net::Stream> stream);
    // Whether the connection has carried a request before.
    bool reused() const;
    void drop() noexcept;
    // Keeps the connection for the next request.
    void give_back() noexcept;

   private:
    friend class Pool;
    Pool* pool_ = nullptr;
    Connection* at_ = nullptr;
  };

  // An idle connection that is still open, as far as can be known; empty when there is none.
  Lease take(const net::Url& url);
  // A place for a new connection; empty when the bounds are reached and nothing idle can make room.
  Lease reserve(const net::Url& url);
  // Signalled whenever a connection has become idle or has ended.
  io::Signal& freed() { return freed_; }

  void close_idle() noexcept;
  std::size_t idle() const { return idle_; }
  std::size_t open() const { return open_; }

 private:
  struct Probe {
    metrics::Counter& fresh;
    metrics::Counter& reused;
    metrics::Gauge& open;
    metrics::Gauge& idle;
    explicit Probe(metrics::Registry& r);
  };
  void unlink(Connection& connection) noexcept;
  void close(Connection* connection) noexcept;

  const ClientSettings& settings_;
  Probe probe_;
  std::unordered_map<Key, Origin, Hash, Equal> origins_;  // Those with a connection.
  Connection* newest_ = nullptr;  // Idle ones of all origins, by time of use.
  Connection* oldest_ = nullptr;
  std::size_t idle_ = 0;
  std::size_t open_ = 0;
  io::Signal freed_;
};

}  // namespace molecule::http
