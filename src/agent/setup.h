// Whether the agent can work, and with what: its configuration, the workspace's secrets, and the
// executor that follows from them. What is missing is looked for again, so that a key that somebody
// gives is enough.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/adapters.h"
#include "agent/home.h"
#include "agent/skills.h"
#include "platform/io/signal.h"

namespace molecule::agent {

class Setup {
 public:
  static constexpr std::chrono::seconds look_every{20};       // Whether secrets have changed.
  static constexpr std::chrono::seconds look_for_missing{3};  // While a key is missing.

  // `home` is null where there is no platform: only our own environment counts then. `changed` is
  // called whenever the card may have.
  Setup(Config config, Places places, Home* home, io::Loop& loop, io::Random& random,
        std::function<void()> changed);

  // Looks for changes until cancelled.
  io::Task<void> run();
  // At once, from anywhere on the loop: secrets, and the configuration. What is the same as before
  // changes nothing.
  void look_again();

  // The executor, once all is there; as long as a session of it is open it is held. Throws Fault
  // unavailable `not_configured` with what is missing.
  io::Task<std::shared_ptr<Executor>> executor();
  // The one that there is now, whatever is missing.
  std::shared_ptr<Executor> executor_now() const { return executor_; }
  // Asks the platform for the secrets now.
  io::Task<void> look();
  const Environment& environment() const { return environment_; }
  // Grows whenever a session that is open has something old.
  std::uint64_t edition() const { return edition_; }
  // Of a session that begins now.
  io::Task<std::string> system_text();
  // It has a team, which does the work.
  bool leads() const { return leads_; }

  // Waits for the first look, as long.
  io::Task<void> looked(std::chrono::nanoseconds within);
  // Until nothing is missing.
  io::Task<void> ready();
  // What is missing; empty: nothing is.
  const std::string& missing() const { return missing_; }
  const Config& config() const { return config_; }
  // The configuration that lies there and is not gone by: of which text, and why. Empty: none.
  struct Refused {
    std::string mark, reason;
    bool operator==(const Refused&) const = default;
  };
  const Refused& refused() const { return refused_; }
  const Skills& skills() const { return skills_; }
  const runtimes::Runtime& runtime() const { return *runtime_; }
  const Places& places() const { return places_; }
  // `text` without what is secret.
  std::string redacted(std::string_view text) const { return (*redactor_)(text); }
  std::shared_ptr<const Redactor> redactor() const { return redactor_; }

 private:
  void take();
  void see(const Home::Peers& peers);
  void tell_of(const Skills& skills) const;
  static std::string content_of(const Config& config, const Skills& skills);

  Config config_;
  const Places places_;
  Home* const home_;
  io::Loop& loop_;
  io::Random& random_;
  const std::function<void()> changed_;
  const runtimes::Runtime* runtime_;
  std::shared_ptr<Executor> executor_;
  Skills skills_;
  Secrets secrets_;  // As the platform told them last.
  Environment environment_;
  std::shared_ptr<const Redactor> redactor_;
  std::string content_;  // All that follows from the files: what is the same changes nothing.
  std::string missing_;
  Refused refused_;
  bool looked_ = false;
  bool leads_ = false;
  std::uint64_t edition_ = 1;
  io::Signal looked_now_, asked_;
};

}  // namespace molecule::agent
