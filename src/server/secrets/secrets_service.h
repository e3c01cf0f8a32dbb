// Secrets of workspaces and of the whole organisation. A workspace's own value goes before a global
// one of the same name. Values leave only to the workspace itself; lists, events, errors and logs
// name keys.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "server/auth/access.h"
#include "server/events/log.h"
#include "server/secrets/secrets.h"
#include "server/secrets/vault.h"
#include "server/workspaces/directory.h"
#include "server/workspaces/workspaces.h"

namespace molecule::secrets {

struct ListQuery {
  std::optional<bool> values;  // For the workspace itself: the values instead of the list.
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (values))

class Service final : public workspaces::SecretStore, public workspaces::Departure {
 public:
  Service(sql::Database& db, events::Log& log, const workspaces::Directory& directory,
          const io::Clock& clock, Vault& vault)
      : db_(db), log_(log), directory_(directory), clock_(clock), vault_(vault) {}

  // Routes.
  io::Task<http::Response> list(auth::Self::Caller caller, WorkspaceId id,
                                http::Query<ListQuery> query);
  // Every value as the agent should see it. All or nothing: one that cannot be opened is 500 with
  // `failed_keys`.
  using Values = std::map<std::string, std::string>;
  io::Task<http::Reply<Values>> values(auth::Own::Caller caller, WorkspaceId id);
  io::Task<api::SecretSaved> save(auth::Self::Caller caller, WorkspaceId id, api::NewSecret change);
  io::Task<api::SecretSaved> erase(auth::Self::Caller caller, WorkspaceId id, std::string key);
  io::Task<std::vector<api::Secret>> list_global(auth::Operator::Caller caller);
  io::Task<api::GlobalSecretSaved> save_global(auth::Admin::Caller caller, api::NewSecret change);
  io::Task<api::GlobalSecretSaved> erase_global(auth::Admin::Caller caller, std::string key);
  io::Task<api::Model> model(auth::Self::Caller caller, WorkspaceId id);
  io::Task<api::ModelSaved> set_model(auth::Self::Caller caller, WorkspaceId id,
                                      api::NewModel body);
  io::Task<api::KeysRotated> rotate(auth::Admin::Caller caller);

  // What can be opened of the values that the agent may know: for who has to keep them out of a
  // text. Not by a route.
  io::Task<Values> known_to(WorkspaceId id);

  // For slices whose transaction brings or takes secrets.
  void put(sql::Tx& tx, WorkspaceId id, std::string_view key, const Secret& value) override;
  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override;

 private:
  io::Task<http::Reply<Values>> values_of(WorkspaceId id);
  // The organisation key that changed it, if one did.
  using By = json::Omit<std::string>;
  void announce(sql::Tx& tx, WorkspaceId id, std::string_view key, Scope scope, const By& by);
  void put(sql::Tx& tx, WorkspaceId id, std::string_view key, const Secret& value, const By& by);

  sql::Database& db_;
  events::Log& log_;
  const workspaces::Directory& directory_;
  const io::Clock& clock_;
  Vault& vault_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::secrets
