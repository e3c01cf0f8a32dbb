#include "platform/net/resolve.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/io/signal.h"

namespace molecule::net {

namespace {
Fault busy() {
  return {Kind::unavailable, "resolver_busy", "too many host names are waiting to be resolved"};
}
Fault unanswered(const std::string& host) {
  return {Kind::bad_gateway, "agent_timeout",
          fmt::format("no name server answered for the host name {}", host)};
}
}  // namespace

// One waiting caller. Shared between its coroutine and the thread that answers, because the
// coroutine may give up first.
struct SystemResolver::Ask {
  io::Loop* loop = nullptr;
  io::Signal answered;  // Touched on `loop` only, like everything below.
  bool done = false;
  bool answered_by_nobody = false;  // No name server said anything.
  std::vector<Address> addresses;
};

SystemResolver::SystemResolver(const io::Clock& clock, ResolverSettings settings, Lookup lookup)
    : clock_(clock), settings_(settings), lookup_(std::move(lookup)) {}

SystemResolver::~SystemResolver() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();
}

std::vector<Address> SystemResolver::system_lookup(const std::string& host) {
  // A silent name server is given up sooner than by default, so that a shutdown does not wait for
  // it. Per thread, and threads end when idle, so a changed configuration is read again.
  thread_local const bool impatient = [] {
    if (::res_init() != 0) return false;
    _res.retrans = 2;
    _res.retry = 2;
    return true;
  }();
  static_cast<void>(impatient);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  std::vector<Address> addresses;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed == EAI_AGAIN || failed == EAI_SYSTEM || failed == EAI_MEMORY) throw unanswered(host);
  if (failed != 0) return addresses;
  for (addrinfo* each = found; each && addresses.size() < 32; each = each->ai_next) {
    std::optional<Address> address;
    if (each->ai_family == AF_INET) {
      sockaddr_in at{};
      std::memcpy(&at, each->ai_addr, sizeof at);
      Address::V4 bytes{};
      std::memcpy(bytes.data(), &at.sin_addr, bytes.size());
      address.emplace(bytes);
    } else if (each->ai_family == AF_INET6) {
      sockaddr_in6 at{};
      std::memcpy(&at, each->ai_addr, sizeof at);
      Address::V6 bytes{};
      std::memcpy(bytes.data(), &at.sin6_addr, bytes.size());
      address.emplace(bytes);
    }
    if (address && std::ranges::find(addresses, *address) == addresses.end())
      addresses.push_back(*address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

const std::vector<Address>* SystemResolver::remembered(const std::string& host) {
  auto found = cache_.find(host);
  if (found == cache_.end()) return nullptr;
  if (found->second.until <= clock_.monotonic()) {
    cache_.erase(found);
    return nullptr;
  }
  return &found->second.addresses;
}

void SystemResolver::remember(const std::string& host, std::vector<Address> addresses) {
  auto now = clock_.monotonic();
  if (cache_.size() >= settings_.remembered_max) {
    std::erase_if(cache_, [&](const auto& entry) { return entry.second.until <= now; });
    // All of them are fresh: any one may go, it costs its next caller a look-up.
    if (cache_.size() >= settings_.remembered_max) cache_.erase(cache_.begin());
  }
  auto keep = addresses.empty() ? settings_.remember_failure_for : settings_.remember_for;
  cache_[host] = Remembered{std::move(addresses), now + keep};
}

void SystemResolver::start_thread() {
  // Threads that ended by themselves are joined here, so that their number stays bounded.
  std::erase_if(threads_, [&](std::jthread& thread) {
    return std::ranges::find(ended_, thread.get_id()) != ended_.end();
  });
  ended_.clear();
  ++running_;
  threads_.emplace_back([this] { work(); });
}

void SystemResolver::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty()) {
      ++idle_;
      bool woken = changed_.wait_for(lock, settings_.thread_linger,
                                     [&] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (!woken || stopping_) break;
    }
    if (stopping_) break;
    std::string host = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    std::vector<Address> addresses;
    bool answered = true;
    try {
      addresses = lookup_(host);
    } catch (...) {
      answered = false;
    }
    lock.lock();
    if (stopping_) break;
    if (answered) remember(host, addresses);
    auto waiting = asked_.extract(host);
    lock.unlock();
    if (!waiting.empty()) {
      for (auto& ask : waiting.mapped()) {
        io::Loop& loop = *ask->loop;
        loop.post([ask = std::move(ask), addresses, answered] {
          ask->done = true;
          ask->answered_by_nobody = !answered;
          ask->addresses = addresses;
          ask->answered.notify();
        });
      }
    }
    lock.lock();
  }
  --running_;
  if (!stopping_) ended_.push_back(std::this_thread::get_id());
}

io::Task<std::vector<Address>> SystemResolver::resolve(std::string host) {
  io::Context here = co_await io::context();
  std::shared_ptr<Ask> ask;
  std::vector<Address> addresses;
  bool known = false;
  {
    std::lock_guard lock(mutex_);
    if (const auto* found = remembered(host)) {
      addresses = *found;
      known = true;
    } else {
      ask = std::make_shared<Ask>();
      ask->loop = here.loop;
      auto entry = asked_.find(host);
      if (entry == asked_.end()) {
        if (queue_.size() >= settings_.waiting_max) {
          throw busy();
        }
        entry = asked_.emplace(host, std::vector<std::shared_ptr<Ask>>()).first;
        queue_.push_back(host);
        if (idle_ < queue_.size() && running_ < settings_.threads_max) start_thread();
        changed_.notify_one();
      }
      if (entry->second.size() >= settings_.callers_max) throw busy();
      entry->second.push_back(ask);
    }
  }
  if (!known) {
    bool answered = co_await ask->answered.wait(settings_.deadline);
    if (!answered && !ask->done) {
      throw Fault(Kind::bad_gateway, "agent_timeout",
                  fmt::format("resolving the host name {} took too long", host));
    }
    if (ask->answered_by_nobody) throw unanswered(host);
    addresses = std::move(ask->addresses);
  }
  if (addresses.empty()) {
    throw Fault(Kind::bad_gateway, "agent_unreachable",
                fmt::format("the host name {} has no address", host));
  }
  co_return addresses;
}

}  // namespace molecule::net
