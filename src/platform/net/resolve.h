// From a host name to addresses, by the machine's hosts file and name servers. One thread asks, any
// number of names at a time; an answer is kept for as long as the name server says, within bounds,
// and all callers that ask for one name wait for one look-up. Tests and the simulator put another
// Resolver in its place.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
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
  std::size_t names_max = 512;        // Different names asked for at a time.
  std::size_t callers_max = 4096;     // Waiting for one name.
  std::size_t remembered_max = 1024;  // Names in the cache.
  // An answer is kept for no shorter and no longer than this, whatever the name server says.
  std::chrono::seconds remember_least{1};
  std::chrono::seconds remember_most{300};
  std::chrono::seconds remember_failure_for{2};
  std::chrono::milliseconds deadline{8000};
  // A name server's first time to answer; it is asked twice and has twice as long then.
  std::chrono::milliseconds patience{2000};
  // Without a question the thread ends; the next one reads the machine's configuration anew.
  std::chrono::milliseconds linger{5000};
  std::string servers;  // ADDRESS:PORT with commas between them; empty: the machine's.
};

class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(const io::Clock& clock, ResolverSettings settings = {});
  // Gives up what is under way. Destroy it before the loops that asked it, when nobody waits.
  ~SystemResolver() override;
  SystemResolver(const SystemResolver&) = delete;
  SystemResolver& operator=(const SystemResolver&) = delete;

  io::Task<std::vector<Address>> resolve(std::string host) override;

 private:
  struct Ask;
  struct Question;
  struct Answer;
  class Channel;
  struct Remembered {
    std::vector<Address> addresses;
    std::chrono::nanoseconds until{};
  };
  const std::vector<Address>* remembered(const std::string& host);
  void remember(const std::string& host, const Answer& answer);
  std::shared_ptr<Ask> ask(const std::string& host, io::Loop& loop);
  void wake();
  void work();
  void take_up(Channel& channel);
  void answered(const std::string& host, const Answer& answer);

  const io::Clock& clock_;
  const ResolverSettings settings_;
  const int woken_;  // An event descriptor: the thread has something new to do.

  std::mutex mutex_;
  bool stopping_ = false;
  bool running_ = false;
  std::unordered_map<std::string, Remembered> cache_;
  std::unordered_map<std::string, std::vector<std::shared_ptr<Ask>>> asked_;
  std::deque<std::string> new_;  // Asked for, and not yet taken up by the thread.
  std::jthread thread_;
};

}  // namespace molecule::net
