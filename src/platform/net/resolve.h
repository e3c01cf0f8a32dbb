// From a host name to addresses. The system's resolver blocks, so it runs on a few threads of its
// own; answers are kept for a short time, and any number of callers that ask for one name wait for
// one look-up. Tests and the simulator put another Resolver in its place.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "platform/io/clock.h"
#include "platform/io/task.h"
#include "platform/net/address.h"

namespace molecule::net {

class Resolver {
 public:
  virtual ~Resolver() = default;
  // The addresses of a host name in the order they should be tried, at least one. Throws Fault
  // bad_gateway `agent_unreachable` when the name has none, bad_gateway `agent_timeout` when nobody
  // said so in time (asking again may succeed), unavailable `resolver_busy` when too many names are
  // waiting. From any loop.
  virtual io::Task<std::vector<Address>> resolve(std::string host) = 0;
};

struct ResolverSettings {
  std::size_t threads_max = 4;        // Started when needed; they end when idle.
  std::size_t waiting_max = 512;      // Different names in the queue.
  std::size_t callers_max = 4096;     // Waiting for one name.
  std::size_t remembered_max = 1024;  // Names in the cache.
  std::chrono::seconds remember_for{30};
  std::chrono::seconds remember_failure_for{2};
  std::chrono::milliseconds deadline{8000};
  std::chrono::milliseconds thread_linger{5000};
};

class SystemResolver final : public Resolver {
 public:
  // Blocks. An empty list means that the name has no address; throws when nobody said so.
  using Lookup = std::function<std::vector<Address>(const std::string& host)>;

  explicit SystemResolver(const io::Clock& clock, ResolverSettings settings = {},
                          Lookup lookup = system_lookup);
  // Joins its threads: a look-up under way is waited for (getaddrinfo cannot be interrupted, it
  // ends after its own tries). Destroy it before the loops that asked it.
  ~SystemResolver() override;
  SystemResolver(const SystemResolver&) = delete;
  SystemResolver& operator=(const SystemResolver&) = delete;

  io::Task<std::vector<Address>> resolve(std::string host) override;

  static std::vector<Address> system_lookup(const std::string& host);

 private:
  struct Ask;
  struct Remembered {
    std::vector<Address> addresses;
    std::chrono::nanoseconds until{};
  };
  const std::vector<Address>* remembered(const std::string& host);
  void remember(const std::string& host, std::vector<Address> addresses);
  void start_thread();
  void work();

  const io::Clock& clock_;
  const ResolverSettings settings_;
  const Lookup lookup_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool stopping_ = false;
  std::unordered_map<std::string, Remembered> cache_;
  std::unordered_map<std::string, std::vector<std::shared_ptr<Ask>>>
      asked_;  // Queued or under way.
  std::deque<std::string> queue_;
  std::size_t running_ = 0;
  std::size_t idle_ = 0;
  std::vector<std::jthread> threads_;
  std::vector<std::thread::id> ended_;
};

}  // namespace molecule::net
