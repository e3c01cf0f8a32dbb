#include "platform/net/resolve.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <ares.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/io/signal.h"

namespace molecule::net {

namespace {

constexpr std::size_t addresses_max = 32;  // Of one name.
constexpr int tries = 2;                   // Of each name server.

Fault busy() {
  return {Kind::unavailable, "resolver_busy", "too many host names are waiting to be resolved"};
}
Fault unanswered(const std::string& host) {
  return {Kind::bad_gateway, "agent_timeout",
          fmt::format("no name server answered for the host name {}", host)};
}

int new_event() {
  const int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made < 0)
    throw unavailable(fmt::format("cannot make the resolver's event: {}", std::strerror(errno)));
  return made;
}

std::optional<Address> address_of(const ares_addrinfo_node& node) {
  if (node.ai_family == AF_INET) {
    sockaddr_in at{};
    std::memcpy(&at, node.ai_addr, sizeof at);
    Address::V4 bytes{};
    std::memcpy(bytes.data(), &at.sin_addr, bytes.size());
    return Address(bytes);
  }
  if (node.ai_family == AF_INET6) {
    sockaddr_in6 at{};
    std::memcpy(&at, node.ai_addr, sizeof at);
    Address::V6 bytes{};
    std::memcpy(bytes.data(), &at.sin6_addr, bytes.size());
    return Address(bytes);
  }
  return std::nullopt;
}

// That the name has no address was said; with everything else nobody said anything.
bool is_an_answer(int status) {
  return status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND ||
         status == ARES_ENONAME || status == ARES_EBADNAME;
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

struct SystemResolver::Answer {
  bool given = false;
  std::vector<Address> addresses;
  std::chrono::seconds good_for{};  // As the name server says.
};

// What c-ares holds while it asks for one name.
struct SystemResolver::Question {
  SystemResolver& resolver;
  std::string host;

  static void on_answer(void* self, int status, int /*timeouts*/, ares_addrinfo* found) {
    std::unique_ptr<Question> question(static_cast<Question*>(self));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> held(found,
                                                                            &ares_freeaddrinfo);
    if (status == ARES_EDESTRUCTION) return;  // Nobody waits any more.
    Answer answer;
    answer.given = is_an_answer(status);
    std::optional<int> shortest;
    auto keep = [&](int seconds) { shortest = std::min(shortest.value_or(seconds), seconds); };
    if (found) {
      for (auto* alias = found->cnames; alias; alias = alias->next) keep(alias->ttl);
      for (auto* node = found->nodes; node; node = node->ai_next) {
        keep(node->ai_ttl);
        const auto address = address_of(*node);
        if (address && answer.addresses.size() < addresses_max &&
            std::ranges::find(answer.addresses, *address) == answer.addresses.end())
          answer.addresses.push_back(*address);
      }
    }
    answer.good_for = std::chrono::seconds(shortest.value_or(0));
    question->resolver.answered(question->host, answer);
  }
};

// The connections to the name servers, as the machine's configuration names them at this moment.
class SystemResolver::Channel {
 public:
  explicit Channel(const ResolverSettings& settings) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = static_cast<int>(settings.patience.count());
    options.tries = tries;
    if (library != ARES_SUCCESS ||
        ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
            ARES_SUCCESS) {
      channel_ = nullptr;
    } else if (!settings.servers.empty() &&
               ares_set_servers_ports_csv(channel_, settings.servers.c_str()) != ARES_SUCCESS) {
      ares_destroy(std::exchange(channel_, nullptr));
    }
  }
  ~Channel() {
    if (channel_) ares_destroy(channel_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // The answer may come before this returns, from the hosts file or because there is no channel.
  void ask(std::unique_ptr<Question> question) {
    if (!channel_) {
      Question::on_answer(question.release(), ARES_ENOTINITIALIZED, 0, nullptr);
      return;
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    Question* asked = question.release();
    ares_getaddrinfo(channel_, asked->host.c_str(), nullptr, &hints, &Question::on_answer, asked);
  }

  // Waits for a name server, for `event`, or for the end of a time, and acts on what came.
  void turn(int event, std::chrono::milliseconds most) {
    std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> waited{};
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto which = static_cast<unsigned>(
        channel_ ? ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size())) : 0);
    std::size_t count = 0;
    for (unsigned i = 0; i < sockets.size(); ++i) {
      short wanted = 0;
      if (ARES_GETSOCK_READABLE(which, i)) wanted |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(which, i)) wanted |= POLLOUT;
      if (wanted != 0) waited[count++] = {sockets[i], wanted, 0};
    }
    waited[count] = {event, POLLIN, 0};
    const int ready = ::poll(waited.data(), count + 1, static_cast<int>(left(most).count()));
    if (ready > 0 && waited[count].revents != 0) {
      std::uint64_t times = 0;
      while (::read(event, &times, sizeof times) > 0) {}
    }
    if (!channel_) return;
    for (std::size_t i = 0; i < count; ++i) {
      const short came = waited[i].revents;
      const bool broken = (came & (POLLERR | POLLHUP)) != 0;
      ares_process_fd(channel_, broken || (came & POLLIN) ? waited[i].fd : ARES_SOCKET_BAD,
                      came & POLLOUT ? waited[i].fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // What took too long.
  }

 private:
  std::chrono::milliseconds left(std::chrono::milliseconds most) const {
    if (!channel_) return most;
    timeval limit{};
    limit.tv_sec = static_cast<decltype(limit.tv_sec)>(most.count() / 1000);
    limit.tv_usec = static_cast<decltype(limit.tv_usec)>(most.count() % 1000 * 1000);
    timeval first{};
    const timeval* soonest = ares_timeout(channel_, &limit, &first);
    // Rounded up: a turn too early would find nothing to do and ask for the same again.
    return std::chrono::milliseconds(soonest->tv_sec * 1000 + (soonest->tv_usec + 999) / 1000);
  }

  ares_channel channel_ = nullptr;
};

SystemResolver::SystemResolver(const io::Clock& clock, ResolverSettings settings)
    : clock_(clock), settings_(std::move(settings)), woken_(new_event()) {}

SystemResolver::~SystemResolver() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
  ::close(woken_);
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

void SystemResolver::remember(const std::string& host, const Answer& answer) {
  const auto now = clock_.monotonic();
  if (cache_.size() >= settings_.remembered_max) {
    std::erase_if(cache_, [&](const auto& entry) { return entry.second.until <= now; });
    // All of them are fresh: any one may go, it costs its next caller a look-up.
    if (cache_.size() >= settings_.remembered_max) cache_.erase(cache_.begin());
  }
  const auto keep = answer.addresses.empty() ? settings_.remember_failure_for
                                             : std::clamp(answer.good_for, settings_.remember_least,
                                                          settings_.remember_most);
  cache_[host] = Remembered{answer.addresses, now + keep};
}

void SystemResolver::wake() {
  const std::uint64_t once = 1;
  // A full counter wakes as well as one more.
  static_cast<void>(::write(woken_, &once, sizeof once));
}

void SystemResolver::work() {
  Channel channel(settings_);
  auto busy_at = std::chrono::steady_clock::now();
  for (;;) {
    take_up(channel);
    channel.turn(woken_, settings_.linger);
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    const auto now = std::chrono::steady_clock::now();
    if (!asked_.empty()) busy_at = now;
    if (asked_.empty() && now - busy_at >= settings_.linger) {
      running_ = false;
      return;
    }
  }
}

void SystemResolver::take_up(Channel& channel) {
  std::deque<std::string> hosts;
  {
    std::lock_guard lock(mutex_);
    hosts.swap(new_);
  }
  for (std::string& host : hosts)
    channel.ask(std::make_unique<Question>(Question{*this, std::move(host)}));
}

void SystemResolver::answered(const std::string& host, const Answer& answer) {
  std::vector<std::shared_ptr<Ask>> waiting;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (answer.given) remember(host, answer);
    if (auto asked = asked_.extract(host)) waiting = std::move(asked.mapped());
  }
  for (auto& ask : waiting) {
    io::Loop& loop = *ask->loop;
    loop.post([ask = std::move(ask), addresses = answer.addresses, given = answer.given] {
      ask->done = true;
      ask->answered_by_nobody = !given;
      ask->addresses = addresses;
      ask->answered.notify();
    });
  }
}

// With the lock held.
std::shared_ptr<SystemResolver::Ask> SystemResolver::ask(const std::string& host, io::Loop& loop) {
  auto entry = asked_.find(host);
  if (entry == asked_.end()) {
    if (asked_.size() >= settings_.names_max) throw busy();
    entry = asked_.emplace(host, std::vector<std::shared_ptr<Ask>>()).first;
    new_.push_back(host);
    if (!std::exchange(running_, true)) {
      // One that ended by itself does nothing any more.
      thread_ = std::jthread([this] { work(); });
    }
    wake();
  }
  if (entry->second.size() >= settings_.callers_max) throw busy();
  auto made = std::make_shared<Ask>();
  made->loop = &loop;
  entry->second.push_back(made);
  return made;
}

io::Task<std::vector<Address>> SystemResolver::resolve(std::string host) {
  io::Context here = co_await io::context();
  std::shared_ptr<Ask> waiting;
  std::vector<Address> addresses;
  {
    std::lock_guard lock(mutex_);
    if (const auto* found = remembered(host)) {
      addresses = *found;
    } else {
      waiting = ask(host, *here.loop);
    }
  }
  if (waiting) {
    bool answered = co_await waiting->answered.wait(settings_.deadline);
    if (!answered && !waiting->done) {
      throw Fault(Kind::bad_gateway, "agent_timeout",
                  fmt::format("resolving the host name {} took too long", host));
    }
    if (waiting->answered_by_nobody) throw unanswered(host);
    addresses = std::move(waiting->addresses);
  }
  if (addresses.empty()) {
    throw Fault(Kind::bad_gateway, "agent_unreachable",
                fmt::format("the host name {} has no address", host));
  }
  co_return addresses;
}

}  // namespace molecule::net
