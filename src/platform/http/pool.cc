#include "platform/http/pool.h"

#include <array>
#include <cstdlib>

#include "platform/net/wheel.h"

namespace molecule::http {

struct Pool::Connection final : net::Sleeper {
  Connection(Pool& p, Origin& o) : pool(p), origin(o) {}

  // The server has ended an idle connection or said something unasked, or its time has come.
  void wake(net::Wake why) noexcept override {
    if (why == net::Wake::ready && quiet() && watch()) return;
    pool.unlink(*this);
    pool.close(this);
  }
  // True when nothing has arrived that ends the connection's use. TLS may have consumed a record.
  bool quiet() noexcept {
    std::array<char, 1> byte;
    return stream->try_read(byte).state == net::Attempt::State::wait;
  }
  bool watch() noexcept {
    net::Wake at_once = net::Wake::ready;
    return stream->arm(net::Direction::read, *this, &at_once);
  }

  Pool& pool;
  Origin& origin;
  std::unique_ptr<net::Stream> stream;
  net::TimePoint idle_since{};
  bool used = false;
  Connection* next_here = nullptr;  // In the origin's list.
  Connection* previous_here = nullptr;
  Connection* older = nullptr;  // In the pool's list.
  Connection* newer = nullptr;
};

Pool::Probe::Probe(metrics::Registry& r)
    : fresh(r.counter("molecule_client_requests_total",
                      "Requests to other servers, by kind of connection.",
                      {{"connection", "new"}})),
      reused(r.counter("molecule_client_requests_total",
                       "Requests to other servers, by kind of connection.",
                       {{"connection", "kept"}})),
      open(r.gauge("molecule_client_connections", "Connections to other servers.")),
      idle(r.gauge("molecule_client_idle_connections",
                   "Connections to other servers that are kept for reuse.")) {}

Pool::Pool(const ClientSettings& settings, metrics::Registry& metrics)
    : settings_(settings), probe_(metrics) {}

Pool::~Pool() {
  close_idle();
  // A lease that is still out would write into what is gone.
  if (open_ != 0) std::abort();
}

net::Stream& Pool::Lease::stream() const { return *at_->stream; }
void Pool::Lease::fill(std::unique_ptr<net::Stream> stream) { at_->stream = std::move(stream); }
bool Pool::Lease::reused() const { return at_->used; }

void Pool::Lease::drop() noexcept {
  if (!at_) return;
  pool_->close(std::exchange(at_, nullptr));
}

void Pool::unlink(Connection& c) noexcept {
  Origin& origin = c.origin;
  (c.previous_here ? c.previous_here->next_here : origin.freshest) = c.next_here;
  if (c.next_here) c.next_here->previous_here = c.previous_here;
  (c.newer ? c.newer->older : newest_) = c.older;
  (c.older ? c.older->newer : oldest_) = c.newer;
  c.next_here = c.previous_here = c.older = c.newer = nullptr;
  --origin.idle;
  --idle_;
  probe_.idle.subtract();
}

void Pool::close(Connection* connection) noexcept {
  Origin& origin = connection->origin;
  delete connection;
  --open_;
  probe_.open.subtract();
  if (--origin.open == 0) {
    auto found = origins_.find(*origin.key);
    if (found != origins_.end()) origins_.erase(found);
  }
  if (freed_.has_waiters()) freed_.notify();
}

void Pool::close_idle() noexcept {
  while (newest_) {
    Connection* connection = newest_;
    unlink(*connection);
    connection->stream->disarm(net::Direction::read);
    close(connection);
  }
}

Pool::Lease Pool::take(const net::Url& url) {
  Lease lease;
  auto found = origins_.find(KeyView{url.scheme, url.port, url.host});
  if (found == origins_.end()) return lease;
  Origin& origin = found->second;
  while (Connection* connection = origin.freshest) {
    const auto now = net::Wheel::now(connection->stream->loop());
    unlink(*connection);
    connection->stream->disarm(net::Direction::read);
    // Whether the server has ended it shows at the loop's next turn; only one that was idle for
    // longer than a turn is worth a system call to ask now.
    const bool last = origin.open == 1;
    if (now != connection->idle_since && !connection->quiet()) {
      close(connection);
      if (last) return lease;
      continue;
    }
    connection->stream->set_deadline(net::Direction::read, net::no_deadline);
    lease.pool_ = this;
    lease.at_ = connection;
    probe_.reused.add();
    return lease;
  }
  return lease;
}

Pool::Lease Pool::reserve(const net::Url& url) {
  Lease lease;
  auto found = origins_.find(KeyView{url.scheme, url.port, url.host});
  if (found != origins_.end() && found->second.open >= settings_.per_origin_max) return lease;
  if (open_ >= settings_.total_max) {
    if (!oldest_) return lease;
    Connection* oldest = oldest_;
    const bool same = found != origins_.end() && &oldest->origin == &found->second;
    unlink(*oldest);
    oldest->stream->disarm(net::Direction::read);
    close(oldest);
    if (same) found = origins_.find(KeyView{url.scheme, url.port, url.host});
  }
  if (found == origins_.end()) {
    found = origins_.emplace(Key{url.scheme, url.port, url.host}, Origin{}).first;
    found->second.key = &found->first;
  }
  auto connection = std::make_unique<Connection>(*this, found->second);
  ++found->second.open;
  ++open_;
  probe_.open.add();
  probe_.fresh.add();
  lease.pool_ = this;
  lease.at_ = connection.release();
  return lease;
}

void Pool::Lease::give_back() noexcept {
  Connection* c = std::exchange(at_, nullptr);
  if (!c) return;
  Pool& pool = *pool_;
  Origin& origin = c->origin;
  c->used = true;
  c->idle_since = net::Wheel::now(c->stream->loop());
  c->stream->set_deadline(net::Direction::read, c->idle_since + pool.settings_.idle_timeout);
  if (origin.idle >= pool.settings_.idle_per_origin_max || !c->watch()) {
    pool.close(c);
    return;
  }
  c->previous_here = nullptr;
  c->next_here = origin.freshest;
  if (origin.freshest) origin.freshest->previous_here = c;
  origin.freshest = c;
  c->newer = nullptr;
  c->older = pool.newest_;
  (pool.newest_ ? pool.newest_->newer : pool.oldest_) = c;
  pool.newest_ = c;
  ++origin.idle;
  ++pool.idle_;
  pool.probe_.idle.add();
  if (pool.freed_.has_waiters()) pool.freed_.notify();
}

}  // namespace molecule::http
