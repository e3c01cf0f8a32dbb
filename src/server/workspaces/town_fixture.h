// A directory for tests that need no more of the workspaces: filled by facts, as every directory
// is, on a store of its own in memory.
#pragma once

#include <memory>

#include "platform/io/scope.h"
#include "platform/metrics/metrics.h"
#include "server/workspaces/directory.h"
#include "testing/migrations.h"

namespace molecule::workspaces {

class Town {
 public:
  Town() {
    sql::Settings settings;
    settings.path = ":memory:";
    db_ = sql::open(settings, metrics_);
    db_->migrate(test::migrations());
    record_ = std::make_unique<facts::Record>(*db_, clock_);
    record_->join(directory);
    io::run(loop_, record_->load());
  }

  // Makes it, or makes it anew.
  void put(const Entry& entry) {
    facts::WorkspaceMade made{
        entry.parent,      entry.name, entry.role, entry.tier,     entry.runtime,
        entry.status,      entry.url,  {},         entry.delivery, entry.max_concurrent_tasks,
        entry.budget_limit};
    if (!entry.agent_card.empty()) made.agent_card = entry.agent_card;
    write([&](sql::Tx& tx) {
      record_->note<facts::Internal::WORKSPACE_MADE>(tx, entry.id, made, entry.created_at);
    });
    directory.note_spend(entry.id, entry.monthly_spend);
  }
  template <class Fn>
  void change(WorkspaceId id, Fn&& change) {
    Entry entry = directory.find(id).value();
    change(entry);
    put(entry);
  }
  void purge(WorkspaceId id) {
    write([&](sql::Tx& tx) { record_->note<facts::Internal::WORKSPACES_PURGED>(tx, {}, {{id}}); });
  }

  Directory directory;

 private:
  template <class Fn>
  void write(Fn fn) {
    io::run(loop_, db_->write(std::move(fn)));
  }

  io::SystemClock clock_;
  io::Loop loop_;
  metrics::Registry metrics_;
  std::unique_ptr<sql::Database> db_;
  std::unique_ptr<facts::Record> record_;
};

}  // namespace molecule::workspaces
