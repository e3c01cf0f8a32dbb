// Where one slice asks another upward: each port is an interface that the asking slice declares,
// and these are the answers. Only the root knows both sides.
#pragma once

#include <vector>

#include "platform/net/dial.h"
#include "server/activity/activity_store.h"
#include "server/presence/presence_service.h"
#include "server/proxy/proxy_service.h"
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

 private:
  proxy::Service& proxy_;
};

// A purged workspace takes its activity along.
class ActivityDeparture final : public workspaces::Departure {
 public:
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override {
    for (WorkspaceId id : ids) {
      tx.run(activity::store::purge_keys, id);
      tx.run(activity::store::purge, id);
    }
  }
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
