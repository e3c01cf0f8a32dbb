#include "platform/http/server.h"

#include <algorithm>
#include <cstring>

#include "platform/http/connection.h"
#include "platform/http/syntax.h"
#include "platform/io/clock.h"
#include "platform/log/log.h"
#include "platform/net/tls.h"

namespace molecule::http {

void Exchange::append(std::string_view bytes) {
  if (begin == end) begin = end = 0;
  std::size_t have = end - begin;
  if (end + bytes.size() > capacity) {
    std::size_t need = have + bytes.size();
    if (need <= capacity) {
      std::memmove(in.get(), in.get() + begin, have);
    } else {
      std::size_t bigger = std::max(need, capacity == 0 ? small : large);
      std::unique_ptr<char[]> grown(new char[bigger]);
      if (have > 0) std::memcpy(grown.get(), in.get() + begin, have);
      in = std::move(grown);
      capacity = bigger;
    }
    begin = 0;
    end = have;
  }
  std::memcpy(in.get() + end, bytes.data(), bytes.size());
  end += bytes.size();
}

void Exchange::reset() {
  if (capacity > small) {
    in.reset();
    capacity = 0;
  }
  begin = end = 0;
  scanner.reset();
  auto shrink = [](std::string& text) {
    if (text.capacity() > small) {
      std::string().swap(text);
    } else {
      text.clear();
    }
  };
  shrink(early);
  shrink(out);
  shrink(body);
}

Probe::Probe(metrics::Registry& registry, std::vector<Route> routes)
    : connections(registry.gauge("molecule_http_connections", "Open HTTP connections.")),
      streams(registry.gauge("molecule_http_streams", "Open event streams and WebSockets.")),
      ended(registry.counter("molecule_http_credential_ended_total",
                             "Streams, WebSockets and waiting reads ended with their credential.")),
      left(registry.counter("molecule_http_slow_answers_left_total",
                            "Answers given up because too much waited for slow peers.")),
      registry_(registry) {
  routes_.resize(routes.size() + 2);
  routes_[fallback].pattern = "canvas";
  routes_[none].pattern = "none";
  for (std::size_t i = 0; i < routes.size(); ++i) routes_[i + 2].pattern = routes[i].pattern;
}

void Probe::served(std::size_t route, Method method, int status, double seconds) {
  PerRoute& at = routes_[route];
  if (!at.seconds) {
    at.seconds = &registry_.histogram("molecule_http_request_seconds",
                                      "Time from a request's head to its response's head.",
                                      metrics::latency_seconds, {{"path", at.pattern}});
  }
  at.seconds->observe(seconds);
  std::uint32_t key = static_cast<std::uint32_t>(method) << 16 | static_cast<std::uint32_t>(status);
  for (auto& [known, counter] : at.counters) {
    if (known == key) {
      counter->add();
      return;
    }
  }
  metrics::Counter& counter =
      registry_.counter("molecule_http_requests_total", "HTTP requests answered.",
                        {{"method", std::string(method_text(method))},
                         {"path", at.pattern},
                         {"status", std::to_string(status)}});
  counter.add();
  at.counters.emplace_back(key, &counter);
}

namespace {
void report(std::string_view name, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log::error("background work failed", log::field("name", name),
               log::field("error", std::string_view(error.what())));
  } catch (...) {
    log::error("background work failed", log::field("name", name));
  }
}

bool loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address == "local";
}
}  // namespace

Server::Impl::Impl(io::Loop& on, const Router& table, Settings chosen, metrics::Registry& registry)
    : loop(on),
      wheel(net::Wheel::of(on)),
      router(table),
      settings(std::move(chosen)),
      site(settings.address, settings.hosts, settings.cors_origins),
      probe(registry, table.all()),
      scope(on, report),
      handshakes(on, report),
      members{0, settings.limits.bodies},
      strangers{0, settings.limits.strangers_bodies},
      scratch(new char[scratch_size]) {
  for (const std::string& text : settings.trusted_proxies) {
    auto block = net::Cidr::parse(text);
    if (!block)
      throw bad_request("bad_trusted_proxy", fmt::format("{} is not an address block", text));
    proxies.push_back(*block);
  }
  io::SystemRandom random;
  id_prefix = fmt::format("{:08x}-", static_cast<std::uint32_t>(random.number()));
}

namespace {
// Whether `name` is to be told: it is new and among the first few.
bool first_of(std::vector<std::string>& told, std::string_view name, std::size_t most) {
  if (told.size() >= most || std::find(told.begin(), told.end(), name) != told.end()) return false;
  told.emplace_back(name);
  return true;
}

// Whether it is time to tell again.
bool due(std::optional<std::chrono::steady_clock::time_point>& told, std::chrono::minutes every) {
  auto now = std::chrono::steady_clock::now();
  if (told && now - *told < every) return false;
  told = now;
  return true;
}
}  // namespace

void Server::Impl::tell_refused_host(std::string_view authority) {
  const std::string name(host_of(authority).value_or(""));
  if (!first_of(refused_hosts, name, refused_told_max)) return;
  log::warn("refused a request for a host name that is not served; the setting hosts allows it",
            log::field("host", name), log::field("setting", "--hosts or MOLECULE_HOSTS"));
}

void Server::Impl::tell_refused_origin(std::string_view origin, std::string_view authority) {
  if (!first_of(refused_origins, origin, refused_told_max)) return;
  log::warn(
      "refused what a page of another origin asked; if people reach the platform at that origin, a "
      "proxy changed the Host: let it pass on, or set platform-url (PLATFORM_URL) to the address "
      "that people use",
      log::field("origin", origin), log::field("host", authority));
}

std::unique_ptr<Exchange> Server::Impl::take() {
  if (pool.empty()) return std::make_unique<Exchange>();
  std::unique_ptr<Exchange> exchange = std::move(pool.back());
  pool.pop_back();
  return exchange;
}

void Server::Impl::give(std::unique_ptr<Exchange> exchange) {
  if (pool.size() >= pool_max) return;
  exchange->reset();
  pool.push_back(std::move(exchange));
}

std::chrono::milliseconds Server::Impl::patience(std::chrono::milliseconds usual) const {
  return draining ? std::min(usual, settings.limits.farewell) : usual;
}

void Server::Impl::Review::on_due() noexcept {
  // Whoever asks from here on gets a round of its own.
  asked.store(false, std::memory_order_release);
  ++rounds;
  for (Connection* connection = server.first; connection; connection = connection->next_)
    connection->review();
}

void Server::Impl::bound_answers() noexcept {
  while (answers > settings.limits.answers) {
    Connection* slowest = nullptr;
    for (Connection* each = first; each; each = each->next_) {
      if (each->answer_held_ == 0) continue;
      if (!slowest || each->answering_since_ < slowest->answering_since_) slowest = each;
    }
    if (!slowest) return;
    answers -= std::exchange(slowest->answer_held_, 0);
    slowest->stream_->close();
    probe.left.add();
  }
}

bool Server::Impl::crowded(const std::string& address) const {
  if (loopback(address)) return false;
  const auto count = per_address.find(address);
  return count != per_address.end() && count->second >= settings.limits.connections_per_address;
}

bool Server::Impl::trusts(std::string_view address) const {
  auto parsed = net::Address::parse(address);
  return parsed && trusts(*parsed);
}

bool Server::Impl::trusts(const net::Address& address) const {
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const net::Cidr& block) { return block.contains(address); });
}

void Server::Impl::tell_of_stranger(std::string_view peer) {
  if (!due(stranger_told, told_every)) return;
  log::warn(
      "requests come through a proxy that is not trusted, so its clients count as one address; if it "
      "is yours, name it in trusted-proxies (MOLECULE_TRUSTED_PROXIES)",
      log::field("proxy", peer));
}

void Server::Impl::tell_of_lost_upgrade(std::string_view peer) {
  if (!due(lost_upgrade_told, told_every)) return;
  log::warn(
      "a WebSocket was asked for, but the headers Upgrade and Connection did not arrive; set the "
      "proxy up to pass WebSockets on, until then pages and agents read anew every few seconds",
      log::field("proxy", peer));
}

Server::Server(io::Loop& loop, const Router& router, Settings settings, metrics::Registry& registry)
    : impl_(std::make_unique<Impl>(loop, router, std::move(settings), registry)) {}
Server::~Server() = default;

std::uint16_t Server::listen() {
  impl_->listener =
      std::make_unique<net::Listener>(impl_->loop, impl_->settings.address, impl_->settings.port);
  return impl_->listener->port();
}

std::uint16_t Server::listen(Server& first) {
  impl_->listener = std::make_unique<net::Listener>(impl_->loop, *first.impl_->listener);
  return impl_->listener->port();
}

namespace {
// The address counts for as long as its connection lives.
class AddressCount {
 public:
  AddressCount(std::unordered_map<std::string, std::size_t>& counts, std::string address)
      : counts_(counts), address_(std::move(address)) {
    ++counts_[address_];
  }
  AddressCount(const AddressCount&) = delete;
  AddressCount& operator=(const AddressCount&) = delete;
  ~AddressCount() {
    auto at = counts_.find(address_);
    if (at != counts_.end() && --at->second == 0) counts_.erase(at);
  }

 private:
  std::unordered_map<std::string, std::size_t>& counts_;
  std::string address_;
};

void turn_away(net::Stream& stream) {
  std::array<std::string_view, 1> text{
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"};
  stream.try_write(text);
  stream.close();
}
}  // namespace

io::Task<void> Server::serve() {
  Impl& server = *impl_;
  auto accept_all = [](Server& self, Impl& at) -> io::Task<void> {
    while (!at.draining) {
      std::unique_ptr<net::Socket> socket = co_await at.listener->accept();
      if (!socket || at.draining) co_return;
      const std::size_t dialled = at.open - at.carried - at.multiplexed;
      const bool full = dialled + at.handshakes.running() >= at.settings.limits.connections;
      if (full || at.crowded(socket->peer())) {
        // A client that expects TLS could not read the answer.
        if (!at.tls) turn_away(*socket);
        continue;
      }
      if (at.tls) {
        at.handshakes.spawn("handshake", self.serve_encrypted(std::move(socket)));
      } else {
        at.scope.spawn("connection", self.serve_connection(std::move(socket)));
      }
    }
  };
  io::Context here = co_await io::context();
  io::Cancellation cancellation(here.cancellation);
  server.accepting = &cancellation;
  std::exception_ptr failure;
  try {
    io::detail::WithCancellation<void> accepting{accept_all(*this, server), cancellation};
    co_await accepting;
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::cancelled || !server.draining) failure = std::current_exception();
  }
  server.accepting = nullptr;
  if (failure) std::rethrow_exception(failure);
}

void Server::multiplex(Multiplexer& by) { impl_->multiplexer = &by; }

void Server::encrypt(const net::TlsServer& tls) { impl_->tls = &tls; }

io::Task<void> Server::serve_encrypted(std::unique_ptr<net::Socket> socket) {
  Impl& server = *impl_;
  std::unique_ptr<net::Stream> stream;
  {
    AddressCount counted(server.per_address, socket->peer());
    try {
      stream = co_await server.tls->accept(
          std::move(socket), std::chrono::steady_clock::now() + server.settings.limits.head);
    } catch (const Fault& fault) {
      // Whoever knocks can fail; only our own defects are worth a line.
      if (fault.kind() != Kind::bad_request && fault.kind() != Kind::deadline) throw;
    }
  }
  if (!stream || server.draining) co_return;
  server.scope.spawn("connection", serve_connection(std::move(stream)));
}

io::Task<void> Server::serve_connection(std::unique_ptr<net::Stream> stream) {
  AddressCount counted(impl_->per_address, stream->peer());
  Connection connection(*impl_, std::move(stream));
  co_await connection.run();
}

io::Task<void> Server::serve_carried(std::unique_ptr<net::Stream> stream) {
  return impl_->serve_inner(std::move(stream), impl_->carried);
}

io::Task<void> Server::Impl::serve_multiplexed(std::unique_ptr<net::Stream> stream) {
  if (crowded(stream->peer())) co_return;
  AddressCount counted(per_address, stream->peer());
  io::Task<void> serving = serve_inner(std::move(stream), multiplexed);
  co_await serving;
}

io::Task<void> Server::Impl::serve_inner(std::unique_ptr<net::Stream> stream, std::size_t& count) {
  if (draining || count >= settings.limits.connections) co_return;
  struct Counted {
    explicit Counted(std::size_t& counted) : of(counted) { ++of; }
    ~Counted() { --of; }
    Counted(const Counted&) = delete;
    std::size_t& of;
  } counted(count);
  Connection connection(*this, std::move(stream));
  co_await connection.run();
}

void Server::review() {
  Impl& server = *impl_;
  if (server.reviews.asked.exchange(true, std::memory_order_acq_rel)) return;
  // Through the wheel, so that a flood of endings costs a round a tick and not one each.
  server.loop.post([&server] { server.wheel.set(server.reviews, net::Wheel::now(server.loop)); });
}

io::Task<void> Server::drain() {
  Impl& server = *impl_;
  if (!server.draining) {
    server.draining = true;
    if (server.accepting) server.accepting->cancel();
    if (server.listener) server.listener->close();
    server.handshakes.cancel();
    for (Connection* connection = server.first; connection;) {
      Connection* next = connection->next_;
      connection->drain();
      connection = next;
    }
  }
  co_await server.handshakes.join();
  co_await server.scope.drain(server.settings.limits.drain);
}

std::size_t Server::connections() const { return impl_->open; }
std::size_t Server::bodies_held() const { return impl_->members.held + impl_->strangers.held; }

}  // namespace molecule::http
