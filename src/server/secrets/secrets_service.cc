#include "server/secrets/secrets_service.h"

#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "server/secrets/secrets_store.h"

namespace molecule::secrets {
namespace {

api::Secret listed(store::Row row, Scope scope) {
  return {std::move(row.key), true, scope, row.created_at, row.updated_at};
}

struct Both {
  std::vector<store::Row> own;
  std::vector<store::Row> global;  // Without those that the workspace's own go before.
};

Both read_both(sql::Read& read, WorkspaceId id) {
  Both both;
  both.own = read.all(store::all_of, id);
  std::set<std::string_view> taken;
  for (const store::Row& row : both.own) taken.insert(row.key);
  for (store::Row& row : read.all(store::all_global)) {
    if (!taken.contains(row.key)) both.global.push_back(std::move(row));
  }
  return both;
}

Fault too_many() {
  return {Kind::conflict, "too_many_secrets",
          fmt::format("at most {} secrets are kept here; delete one first", secrets_max)};
}

Fault no_such_secret() { return {Kind::not_found, "secret_not_found", "secret not found"}; }

Fault unreadable(const std::vector<std::string>& failed) {
  return Fault(
             Kind::internal, "secrets_unreadable",
             "failed to decrypt secrets: the sealing key they were saved under is missing; save them again")
      .with(json::members(api::FailedKeys{failed}));
}

}  // namespace

io::Task<http::Response> Service::list(auth::Self::Caller caller, WorkspaceId id,
                                       http::Query<ListQuery> query) {
  auth::require_present(directory_, id);
  if (query.value.values.value_or(false)) {
    if (caller.workspace() != id) {
      throw Fault(Kind::forbidden, "own_only",
                  "only the workspace itself may read its secrets' values");
    }
    http::Reply<Values> values = co_await values_of(id);
    co_return http::respond(std::move(values));
  }
  auto look = [id](sql::Read& read) { return read_both(read, id); };
  Both both = co_await db_.read(look);
  std::vector<api::Secret> all;
  for (store::Row& row : both.own) all.push_back(listed(std::move(row), Scope::workspace));
  for (store::Row& row : both.global) all.push_back(listed(std::move(row), Scope::global));
  co_return http::Response::json(200, json::text(all));
}

io::Task<http::Reply<Service::Values>> Service::values(auth::Own::Caller, WorkspaceId id) {
  auth::require_present(directory_, id);
  http::Reply<Values> values = co_await values_of(id);
  co_return values;
}

io::Task<http::Reply<Service::Values>> Service::values_of(WorkspaceId id) {
  auto look = [id](sql::Read& read) { return read_both(read, id); };
  Both both = co_await db_.read(look);
  http::Reply<Values> reply;
  std::vector<std::string> failed;
  auto open_into = [&](const std::vector<store::Row>& rows, bool own) {
    for (const store::Row& row : rows) {
      try {
        Secret plain =
            vault_.open(row.sealed, own ? workspace_place(id, row.key) : global_place(row.key));
        reply.body.emplace(row.key, plain.reveal());
      } catch (const Fault&) {
        failed.push_back((own ? "workspace:" : "global:") + row.key);
      }
    }
  };
  open_into(both.own, true);
  open_into(both.global, false);
  if (!failed.empty()) {
    log::error("secrets could not be opened", log::field("workspace", id),
               log::field("count", failed.size()));
    throw unreadable(failed);
  }
  co_return std::move(reply).unkept();
}

io::Task<Service::Values> Service::known_to(WorkspaceId id) {
  auto look = [id](sql::Read& read) { return read_both(read, id); };
  const Both both = co_await db_.read(look);
  Values values;
  const auto open_into = [&](const std::vector<store::Row>& rows, bool own) {
    for (const store::Row& row : rows) {
      try {
        const std::string place = own ? workspace_place(id, row.key) : global_place(row.key);
        const Secret plain = vault_.open(row.sealed, place);
        values.emplace((own ? "own:" : "global:") + row.key, plain.reveal());
      } catch (const Fault&) {
        continue;  // Nobody was given it either.
      }
    }
  };
  open_into(both.own, true);
  open_into(both.global, false);
  co_return values;
}

void Service::announce(sql::Tx& tx, WorkspaceId id, std::string_view key, Scope scope,
                       const By& by) {
  log_.append(tx, events::event<events::Type::SECRET_CHANGED>(id, {std::string(key), scope, by}));
}

void Service::put(sql::Tx& tx, WorkspaceId id, std::string_view key, const Secret& value) {
  put(tx, id, key, value, {});
}

void Service::put(sql::Tx& tx, WorkspaceId id, std::string_view key, const Secret& value,
                  const By& by) {
  check_key(key);
  check_value(value.reveal());
  bool fresh = !tx.optional(store::find_of, id, key);
  if (fresh && tx.one(store::count_of, id) >= secrets_max) throw too_many();
  crypto::Sealed sealed = vault_.seal(tx, value.reveal(), workspace_place(id, key));
  tx.run(store::put_of, id, key, sql::BytesView(sealed), clock_.now());
  announce(tx, id, key, Scope::workspace, by);
}

io::Task<api::SecretSaved> Service::save(auth::Self::Caller caller, WorkspaceId id,
                                         api::NewSecret change) {
  auth::require_present(directory_, id);
  Secret value(std::move(change.value));
  auto work = [this, id, key = change.key, value, by = caller.by()](sql::Tx& tx) {
    put(tx, id, key, value, by);
  };
  co_await db_.write(work);
  co_return api::SecretSaved{"saved", change.key};
}

io::Task<api::SecretSaved> Service::erase(auth::Self::Caller caller, WorkspaceId id,
                                          std::string key) {
  auth::require_present(directory_, id);
  auto work = [this, id, key, by = caller.by()](sql::Tx& tx) {
    if (tx.run(store::erase_of, id, key) == 0) throw no_such_secret();
    announce(tx, id, key, Scope::workspace, by);
  };
  co_await db_.write(work);
  co_return api::SecretSaved{"deleted", key};
}

io::Task<std::vector<api::Secret>> Service::list_global(auth::Operator::Caller) {
  auto rows = co_await db_.read([](sql::Read& read) { return read.all(store::all_global); });
  std::vector<api::Secret> all;
  for (store::Row& row : rows) all.push_back(listed(std::move(row), Scope::global));
  co_return all;
}

io::Task<api::GlobalSecretSaved> Service::save_global(auth::Admin::Caller caller,
                                                      api::NewSecret change) {
  Secret value(std::move(change.value));
  check_key(change.key);
  check_value(value.reveal());
  auto work = [this, key = change.key, value, by = caller.by()](sql::Tx& tx) {
    // Counted after the change: replacing one is always allowed.
    crypto::Sealed sealed = vault_.seal(tx, value.reveal(), global_place(key));
    tx.run(store::put_global, key, sql::BytesView(sealed), clock_.now());
    if (tx.one(store::count_global) > secrets_max) throw too_many();
    announce(tx, WorkspaceId(), key, Scope::global, by);
  };
  co_await db_.write(work);
  co_return api::GlobalSecretSaved{"saved", change.key, Scope::global};
}

io::Task<api::GlobalSecretSaved> Service::erase_global(auth::Admin::Caller caller,
                                                       std::string key) {
  auto work = [this, key, by = caller.by()](sql::Tx& tx) {
    if (tx.run(store::erase_global, key) == 0) throw no_such_secret();
    announce(tx, WorkspaceId(), key, Scope::global, by);
  };
  co_await db_.write(work);
  co_return api::GlobalSecretSaved{"deleted", key, Scope::global};
}

io::Task<api::Model> Service::model(auth::Self::Caller, WorkspaceId id) {
  auth::require_present(directory_, id);
  auto look = [id](sql::Read& read) { return read.optional(store::find_of, id, model_key); };
  auto row = co_await db_.read(look);
  if (!row) co_return api::Model{"", "default"};
  Secret model;
  try {
    model = vault_.open(row->sealed, workspace_place(id, model_key));
  } catch (const Fault&) {
    throw unreadable({"workspace:" + std::string(model_key)});
  }
  co_return api::Model{std::string(model.reveal()), "workspace_secrets"};
}

io::Task<api::ModelSaved> Service::set_model(auth::Self::Caller caller, WorkspaceId id,
                                             api::NewModel body) {
  auth::require_present(directory_, id);
  if (body.model.empty()) {
    auto work = [this, id, by = caller.by()](sql::Tx& tx) {
      if (tx.run(store::erase_of, id, model_key) > 0)
        announce(tx, id, model_key, Scope::workspace, by);
    };
    co_await db_.write(work);
    co_return api::ModelSaved{"cleared", {}};
  }
  Secret value(body.model);
  auto work = [this, id, value, by = caller.by()](sql::Tx& tx) {
    put(tx, id, model_key, value, by);
  };
  co_await db_.write(work);
  api::ModelSaved saved{"saved", {}};
  saved.model = std::move(body.model);
  co_return saved;
}

io::Task<api::KeysRotated> Service::rotate(auth::Admin::Caller) {
  Vault::Resealed counts = co_await vault_.rotate();
  co_return api::KeysRotated{"rotated", counts.resealed, counts.unreadable};
}

void Service::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  // A removed workspace never comes back, so nothing needs its secrets any more.
  for (WorkspaceId id : ids) tx.run(store::erase_all_of, id);
}

void Service::purged(sql::Tx& tx, std::span<const WorkspaceId> ids) { removed(tx, ids); }

}  // namespace molecule::secrets
