// One process of the platform, from the route tables down to the store's door: what app/serve.cc
// builds, without sockets, on a loop and a clock that the test moves. It begins by reading its
// state back, stops in serve's order, or is killed in the middle of anything.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/ports.h"
#include "platform/http/server.h"
#include "server/activity/activity_service.h"
#include "server/cards/cards_service.h"
#include "server/events/follow.h"
#include "server/proxy/told.h"
#include "server/relay/polls.h"
#include "server/relay/relay_service.h"
#include "server/streams/streams.h"
#include "server/tasks/tasks_service.h"
#include "server/workspaces/workspaces_service.h"
#include "testing/simulation/agents.h"
#include "testing/simulation/dialled.h"
#include "testing/simulation/store.h"

namespace molecule::simulation {

struct As {
  auth::Who who = auth::Who::admin_token;
  WorkspaceId id;
};

struct Answer {
  int status = 0;
  std::string code;  // Of a refusal.
  std::string body;
};

class Process {
 public:
  static constexpr std::chrono::seconds drain_for{25};  // As serve has it.

  struct Around {
    io::Loop& loop;
    io::Aside& aside;  // Idle: nobody sends a text that is long enough.
    const io::Clock& clock;
    io::Random& random;
    Store& store;
    Agents& agents;
    Watch& watch;
    const messages::Settings& ledger;
    const proxy::Settings& proxy;
    std::function<void(const events::Frame&)> follower;  // Is told each fact, as a client is.
    std::function<void(std::string_view, std::exception_ptr)> failed;
    std::function<std::int64_t()> followed;  // Up to where the follower knows the log.
  };
  explicit Process(Around around);
  ~Process();  // Killed, if it has not stopped.
  Process(const Process&) = delete;

  Door& door() { return door_; }
  enum class Stage { opening, failed, ready, stopping, stopped, killed };
  Stage stage() const { return stage_; }

  // Asks through the routes; `told` hears the answer, or nothing when the process was gone first.
  using Told = std::function<void(const Answer&)>;
  void ask(As as, http::Method method, std::string path, std::string body, Told told);
  // Somebody dials in.
  void accept(std::unique_ptr<net::Stream> stream);
  std::size_t asked() const { return serving_.running(); }  // And not answered yet.

  // One turn of everything that serve runs once a second. What is still at its last turn is left
  // out.
  void tick();
  void stop();
  // It ends here and now. What it has asked the store for and was not handed over never happens.
  void kill();

  // What it remembers is what the store says: it has read back whatever a lost commit may have
  // left.
  bool knows() const { return stage_ == Stage::ready && known_commits_ == door_.unknown_commits(); }
  const messages::Mailboxes& mailboxes() const { return mailboxes_; }
  const workspaces::Directory& directory() const { return directory_; }

 private:
  struct AnyUrl final : workspaces::UrlCheck {
    io::Task<void> check(std::string) override { co_return; }
  };
  struct NoSecrets final : workspaces::SecretStore {
    void put(sql::Tx&, WorkspaceId, std::string_view, const Secret&) override {}
  };
  struct NoProof final : workspaces::InboundSecrets {
    Secret ensure(sql::Tx&, WorkspaceId) override { return Secret("proof"); }
    Secret of(WorkspaceId) const override { return Secret("proof"); }
  };
  // Who dials in is the workspace whose id is its token.
  struct Admitted final : http::Gate {
    std::optional<http::Response> admit(const http::Route&, http::Request& request) override;
    std::optional<http::Response> review(const http::Route&, http::Request&) override {
      return std::nullopt;
    }
  };

  struct OneKey final : relay::Keys {
    explicit OneKey(const crypto::SigningKey& ours) : key(ours) {}
    const crypto::SigningKey& platform() const override { return key; }
    std::optional<crypto::PublicKey> agent(WorkspaceId) const override { return std::nullopt; }
    const crypto::SigningKey& key;
  };

  io::Task<void> open();
  io::Task<void> end();
  io::Task<void> follow();
  io::Task<void> serve(As as, http::Method method, std::string path, std::string body, Told told);
  void turn(std::size_t which, std::string name, std::move_only_function<io::Task<void>()> step);
  io::Task<void> presence_turn();
  io::Task<void> mailboxes_turn();
  io::Task<void> log_turn();

  Around around_;
  Door door_;
  Stage stage_ = Stage::opening;
  bool gone_ = false;
  metrics::Registry metrics_;
  io::Scope connections_;
  io::Scope serving_;
  io::Scope work_;
  io::Scope background_;
  io::Scope control_;

  events::Log log_;
  events::Hubs hubs_;
  workspaces::Directory directory_;
  auth::Tokens tokens_;
  AnyUrl urls_;
  NoSecrets secrets_;
  NoProof inbound_;
  presence::Roster roster_;
  messages::Mailboxes mailboxes_;
  messages::Ledger ledger_;
  activity::Feed feed_;
  proxy::Told told_;
  app::ActivityDeparture activity_departure_;
  app::LaterDepartures later_departures_;
  workspaces::Service workspaces_;
  ScriptedLink link_;
  proxy::PushLink push_{inbound_, around_.aside, around_.proxy};
  relay::Relays relays_;
  relay::RelayLink relay_link_{relays_, push_};
  WatchedRelay watched_relay_{relay_link_, around_.watch, gone_};
  std::array<proxy::Link*, 2> links_{&watched_relay_, &link_};
  streams::Streams streams_;
  proxy::Service proxy_;
  crypto::SigningKey key_{std::array<std::uint8_t, 32>{}};
  cards::Service cards_{directory_, {}, key_};
  tasks::Tasks agents_tasks_;
  tasks::Service tasks_;
  app::MailboxesByProxy capacity_;
  OneKey relay_keys_{key_};
  app::RelayedByRelays relayed_{relays_, relay_keys_};
  presence::DirectCalls direct_calls_{key_, around_.clock, around_.random};
  presence::Service presence_;
  activity::Service activity_;
  app::RelayListeners listeners_{roster_, proxy_, directory_, around_.clock};
  relay::Service relay_;
  relay::Polls polls_{relay_, around_.clock, around_.random};
  Admitted gate_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::array<bool, 5> turning_{};
  std::uint64_t unknown_commits_ = 0;  // That the log has caught up with.
  std::uint64_t known_commits_ = 0;    // That the mailboxes were read back after.
};

}  // namespace molecule::simulation
