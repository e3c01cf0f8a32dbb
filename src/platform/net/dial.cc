#include "platform/net/dial.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/net/socket.h"

namespace molecule::net {
namespace {

Fault unreachable(const Url& url, std::string_view why) {
  return {Kind::bad_gateway, "agent_unreachable",
          fmt::format("{} cannot be reached: {}", url.authority(), why)};
}
Fault timed_out(const Url& url) {
  return {Kind::bad_gateway, "agent_timeout",
          fmt::format("{} did not accept a connection in time", url.authority())};
}

struct Endpoint {
  sockaddr_storage storage{};
  std::uint32_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Endpoint endpoint_of(const Address& address, std::uint16_t port) {
  Endpoint to;
  if (address.v6()) {
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(port);
    std::memcpy(&at.sin6_addr, address.v6_bytes().data(), 16);
    std::memcpy(&to.storage, &at, sizeof at);
    to.size = sizeof at;
  } else {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    Address::V4 bytes = address.v4_bytes();
    std::memcpy(&at.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&to.storage, &at, sizeof at);
    to.size = sizeof at;
  }
  return to;
}

// A host name or `*.name` as an operator writes it, in lower case; checked by the parser of URLs.
std::optional<std::string> name_of(std::string_view entry) {
  std::string prefix;
  if (entry.starts_with("*.")) {
    prefix = "*.";
    entry.remove_prefix(2);
  }
  if (entry.find_first_of(":/?#@[]") != entry.npos) return std::nullopt;
  try {
    Url url = Url::parse(fmt::format("http://{}/", entry));
    if (url.literal) return std::nullopt;
    return prefix + url.host;
  } catch (const Fault&) {
    return std::nullopt;
  }
}

// The families in turn, from the one that comes first, each in its own order.
std::vector<Address> in_turn(std::vector<Address> addresses) {
  if (addresses.size() < 3) return addresses;
  const bool first = addresses.front().v6();
  std::vector<Address> ordered;
  auto next = [&, same = addresses.begin(), other = addresses.begin()](bool want_first) mutable {
    auto& at = want_first ? same : other;
    at = std::find_if(at, addresses.end(),
                      [&](const Address& each) { return (each.v6() == first) == want_first; });
    if (at != addresses.end()) ordered.push_back(*at++);
  };
  while (ordered.size() < addresses.size()) {
    next(true);
    next(false);
  }
  return ordered;
}

bool near(Range range) {
  return range == Range::loopback || range == Range::private_network ||
         range == Range::unique_local || range == Range::carrier_nat;
}

}  // namespace

struct Dialer::Probe {
  metrics::Counter& connected;
  metrics::Counter& refused;
  metrics::Counter& failed;
  metrics::Histogram& seconds;
  explicit Probe(metrics::Registry& r)
      : connected(r.counter("molecule_dials_total", "Outbound connections tried, by result.",
                            {{"result", "connected"}})),
        refused(r.counter("molecule_dials_total", "Outbound connections tried, by result.",
                          {{"result", "not_allowed"}})),
        failed(r.counter("molecule_dials_total", "Outbound connections tried, by result.",
                         {{"result", "failed"}})),
        seconds(r.histogram("molecule_dial_seconds", "Time to an open outbound connection.")) {}
};

Dialer::Dialer(DialSettings settings, Resolver& resolver, metrics::Registry& metrics)
    : settings_(std::move(settings)),
      resolver_(resolver),
      probe_(std::make_unique<Probe>(metrics)) {
  for (const std::string& entry : settings_.allow) {
    if (auto block = Cidr::parse(entry)) {
      blocks_.push_back(*block);
    } else if (auto name = name_of(entry)) {
      names_.push_back(std::move(*name));
    } else {
      throw bad_request(
          "dial_allow_invalid",
          fmt::format("\"{}\" is not an address, a block such as 10.1.0.0/16 or a host name",
                      entry));
    }
  }
}

Dialer::~Dialer() = default;

bool Dialer::allowed(const Address& address) const {
  Range range = address.range();
  if (range == Range::global || (settings_.dev && near(range))) return true;
  return std::ranges::any_of(blocks_, [&](const Cidr& block) { return block.contains(address); });
}

bool Dialer::named(std::string_view host) const {
  return std::ranges::any_of(names_, [&](std::string_view name) {
    if (!name.starts_with("*.")) return host == name;
    return host.size() > name.size() - 1 && host.ends_with(name.substr(1));
  });
}

std::variant<std::vector<Address>, Dialer::Refusal> Dialer::judge(
    const Url& url, const std::vector<Address>& found) const {
  if (!url.literal && named(url.host)) return in_turn(found);
  std::vector<Address> open;
  for (const Address& address : found) {
    if (allowed(address)) open.push_back(address);
  }
  if (!open.empty()) return in_turn(std::move(open));
  const Address& first = found.front();
  std::string_view what = url.literal ? std::string_view() : std::string_view(url.host);
  std::string leads =
      what.empty() ? std::string("the URL leads") : fmt::format("the host {} leads", what);
  return Refusal{fmt::format(
      "{} to the blocked address {} ({}): an agent there joins by itself (molecule join, or an SDK), "
      "or the operator allows the address (--dial-allow)",
      leads, first.text(), range_text(first.range()))};
}

io::Task<std::vector<Address>> Dialer::candidates(const Url& url) {
  std::vector<Address> found;
  if (url.literal) {
    found.push_back(*url.literal);
  } else {
    found = co_await resolver_.resolve(url.host);
  }
  auto judged = judge(url, found);
  if (auto* refusal = std::get_if<Refusal>(&judged)) {
    probe_->refused.add();
    throw bad_request("url_not_allowed", std::move(refusal->text));
  }
  auto open = std::get<std::vector<Address>>(std::move(judged));
  if (open.size() > attempts_max)
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(attempts_max), open.end());
  co_return open;
}

io::Task<void> Dialer::check(const Url& url) {
  try {
    co_await candidates(url);
  } catch (const Fault& fault) {
    if (fault.code() == "agent_timeout") {
      throw Fault(Kind::unavailable, "url_unresolved", fault.text())
          .retry_after(std::chrono::seconds(2));
    }
    if (fault.code() == "agent_unreachable") {
      throw bad_request("url_unresolvable", fault.text());
    }
    throw;
  }
}

const TlsClient& Dialer::tls() {
  std::call_once(tls_once_, [this] { tls_ = std::make_unique<TlsClient>(settings_.tls); });
  return *tls_;
}

// Attempts at the addresses of one host, side by side. The first that connects wins.
struct Dialer::Race {
  explicit Race(io::Loop& loop) : attempts(loop, {}) {}
  std::unique_ptr<Socket> won;
  std::size_t failed = 0;
  bool late = false;  // One of them was silent to the end.
  std::string why;
  io::Signal changed;
  io::Scope attempts;
};

io::Task<void> Dialer::attempt(Race& race, Address address, std::uint16_t port, TimePoint by) {
  io::Context here = co_await io::context();
  try {
    Endpoint to = endpoint_of(address, port);
    auto made = co_await Socket::connect(to.get(), to.size, address.text(), by);
    if (!race.won) race.won = std::move(made);
  } catch (const Fault& fault) {
    if (here.cancellation->requested()) co_return;  // Another has won, or nobody waits any more.
    ++race.failed;
    race.late = race.late || fault.kind() == Kind::deadline;
    race.why = fault.text();
  }
  race.changed.notify();
}

// As RFC 8305: the next address is tried as soon as one has failed, or when those under way have
// been silent for a moment.
io::Task<std::unique_ptr<Socket>> Dialer::connect(const std::vector<Address>& addresses,
                                                  const Url& url, TimePoint by) {
  io::Context here = co_await io::context();
  Race race(*here.loop);
  std::exception_ptr failure;
  try {
    std::size_t started = 0;
    while (!race.won && race.failed < addresses.size()) {
      if (race.failed == started || started == 0) {
        race.attempts.spawn("dial", attempt(race, addresses[started], url.port, by));
        ++started;
        continue;
      }
      const std::size_t failed = race.failed;
      const bool more = started < addresses.size();
      // The attempts end at `by` by themselves.
      const bool changed = co_await race.changed.wait(more ? stagger : std::chrono::hours(1));
      if (race.won || !more || (changed && race.failed == failed)) continue;
      race.attempts.spawn("dial", attempt(race, addresses[started], url.port, by));
      ++started;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  race.attempts.cancel();
  co_await race.attempts.join();
  if (failure) std::rethrow_exception(failure);
  if (race.won) co_return std::move(race.won);
  if (race.late) throw timed_out(url);
  throw unreachable(url, race.why);
}

io::Task<std::unique_ptr<Stream>> Dialer::dial(const Url& url) {
  std::vector<Address> addresses = co_await candidates(url);
  auto start = std::chrono::steady_clock::now();
  TimePoint by = start + settings_.connect_timeout;
  try {
    std::unique_ptr<Socket> socket = co_await connect(addresses, url, by);
    std::unique_ptr<Stream> stream;
    if (url.secure()) {
      stream = co_await tls().connect(std::move(socket), url, by);
    } else {
      stream = std::move(socket);
    }
    probe_->connected.add();
    probe_->seconds.observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    co_return stream;
  } catch (const Fault&) {
    probe_->failed.add();
    throw;
  }
}

}  // namespace molecule::net
