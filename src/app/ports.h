// Where one slice asks another upward: each port is an interface that the asking slice declares,
// and these are the answers. Only the root knows both sides.
#pragma once

#include <vector>

#include "platform/io/guarded.h"
#include "platform/net/dial.h"
#include "server/activity/feed.h"
#include "server/attachments/attachments.h"
#include "server/presence/presence_service.h"
#include "server/proxy/proxy_service.h"
#include "server/proxy/push_link.h"
#include "server/relay/relay_service.h"
#include "server/tickets/agent_keys.h"
#include "server/workspaces/workspaces.h"

namespace molecule::app {

// workspaces asks whether an address may be dialled.
class UrlsByDialer final : public workspaces::UrlCheck {
 public:
  explicit UrlsByDialer(net::Dialer& dialer) : dialer_(dialer) {}
  io::Task<void> check(std::string url) override {
    net::Url parsed = net::Url::parse(url);
    co_await dialer_.check(parsed);
  }

 private:
  net::Dialer& dialer_;
};

// presence tells that an agent has room; the proxy empties its mailbox.
class MailboxesByProxy final : public presence::Capacity {
 public:
  explicit MailboxesByProxy(proxy::Service& proxy) : proxy_(proxy) {}
  void agent_ready(WorkspaceId id) override { proxy_.agent_ready(id); }
  void agent_anew(WorkspaceId id) override { proxy_.agent_anew(id); }

 private:
  proxy::Service& proxy_;
};

// presence asks who has dialled in.
class RelayedByRelays final : public presence::Relayed {
 public:
  RelayedByRelays(const relay::Relays& relays, const relay::Keys& keys)
      : relays_(relays), keys_(keys) {}
  bool is_relayed(WorkspaceId id) const override { return relays_.is_here(id); }
  bool is_pinned(WorkspaceId id) const override { return keys_.agent(id).has_value(); }

 private:
  const relay::Relays& relays_;
  const relay::Keys& keys_;
};

// That an agent has dialled in empties its mailbox. Its connection keeps alive who counts as alive;
// what stands behind it says so itself.
class RelayListeners final : public relay::Listeners {
 public:
  RelayListeners(presence::Roster& roster, proxy::Service& proxy,
                 const workspaces::Directory& directory, const io::Clock& clock)
      : roster_(roster), proxy_(proxy), directory_(directory), clock_(clock) {}
  void here(WorkspaceId id, bool anew) override {
    if (anew) proxy_.agent_anew(id);
    proxy_.agent_ready(id);
  }
  void heard(WorkspaceId id) override {
    const auto brief = directory_.brief(id);
    const bool alive = brief && (brief->status == workspaces::Status::online ||
                                 brief->status == workspaces::Status::degraded);
    if (alive) roster_.greet(id, clock_.now());
  }
  void gone(WorkspaceId id) override { roster_.leave(id); }

 private:
  presence::Roster& roster_;
  proxy::Service& proxy_;
  const workspaces::Directory& directory_;
  const io::Clock& clock_;
};

// A link asks where an agent fetches a file.
class PlacesByAddress final : public proxy::FilePlaces {
 public:
  // Where agents reach the platform; until it is known, files are named as their senders did.
  void tell(std::string_view address) {
    address_.write([&](std::string& told) { told = address; });
  }
  std::optional<std::string> place(std::string_view address, WorkspaceId reader) const override {
    auto path = attachments::place_of(address, reader);
    if (!path) return std::nullopt;
    const std::string base = address_.read([](const std::string& told) { return told; });
    if (base.empty()) return std::nullopt;
    return base + *path;
  }
  std::string_view sign() const override { return attachments::uri_sign; }

 private:
  io::Guarded<std::string> address_;
};

// The keys of the two sides of a relay.
class RelayKeys final : public relay::Keys {
 public:
  RelayKeys(const crypto::SigningKey& platform, const tickets::AgentKeys& agents)
      : platform_(platform), agents_(agents) {}
  const crypto::SigningKey& platform() const override { return platform_; }
  std::optional<crypto::PublicKey> agent(WorkspaceId id) const override {
    return agents_.pinned_key(id);
  }

 private:
  const crypto::SigningKey& platform_;
  const tickets::AgentKeys& agents_;
};

// What is open for a workspace ends when it is removed; a purged one takes its activity along.
class ActivityDeparture final : public workspaces::Departure {
 public:
  ActivityDeparture(messages::Ledger& ledger, activity::Feed& feed)
      : ledger_(ledger), feed_(feed) {}
  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override {
    for (WorkspaceId id : ids) ledger_.end_all_for(tx, id, at_once_max);
  }
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override {
    for (WorkspaceId id : ids) feed_.purge(tx, ledger_, id);
  }

 private:
  // Messages of one workspace in the removing transaction; the sweep ends what is left.
  static constexpr std::size_t at_once_max = 1000;
  messages::Ledger& ledger_;
  activity::Feed& feed_;
};

// For slices that are made after the workspaces: they join the list before the first request.
class LaterDepartures final : public workspaces::Departure {
 public:
  void join(workspaces::Departure& one) { all_.push_back(&one); }
  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override {
    for (auto* one : all_) one->removed(tx, ids);
  }
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override {
    for (auto* one : all_) one->purged(tx, ids);
  }

 private:
  std::vector<workspaces::Departure*> all_;
};

}  // namespace molecule::app
