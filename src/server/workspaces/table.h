// The workspaces table for whoever is inside a transaction: finds rows, moves statuses, and puts on
// the log what the directory follows. Every change of status goes through move(), so there is
// no status without its event and no event without its status.
#pragma once

#include <optional>
#include <string_view>

#include "base/fault.h"
#include "platform/io/clock.h"
#include "server/events/log.h"
#include "server/workspaces/status_machine.h"
#include "server/workspaces/workspaces.h"

namespace molecule::workspaces {

Fault unknown_workspace();
// 410 with what a client needs to stop: id, since when, what to do.
Fault removed_workspace(WorkspaceId id, std::optional<Instant> removed_at);

class Table {
 public:
  Table(events::Log& log, Directory& directory, const io::Clock& clock)
      : log_(log), directory_(directory), clock_(clock) {}

  std::optional<Row> find(sql::Statements& tx, WorkspaceId id) const;
  // Throws the Faults above for a workspace that is unknown or removed.
  Row live(sql::Statements& tx, WorkspaceId id) const;

  void insert(sql::Tx& tx, const Row& row);
  // What was read of it as `row` was changed to this.
  void update(sql::Tx& tx, const Row& row, const events::Changed& changed);
  void purge(sql::Tx& tx, const std::vector<WorkspaceId>& ids);

  // Makes the move the trigger asks for, with its event; empty when the state machine has none.
  std::optional<Status> move(sql::Tx& tx, WorkspaceId id, Trigger trigger,
                             const events::Arrival& why = {});
  // As move, with the reason why its agent does not run here.
  std::optional<Status> fail(sql::Tx& tx, WorkspaceId id, std::string_view error,
                             Trigger why = Trigger::no_provisioner);
  // Its agent is started here; `reason`: why again, or nothing. Tells it with all that is known of
  // the workspace.
  std::optional<Status> start(sql::Tx& tx, const Row& row, Trigger why, std::string_view reason,
                              const json::Omit<std::string>& by = {});

  // What a registration brings. Does not move the status.
  void enrol(sql::Tx& tx, WorkspaceId id, std::string_view url, const RawJson& card,
             Delivery delivery);
  // With their events.
  void set_url(sql::Tx& tx, WorkspaceId id, std::string_view url);
  void set_card(sql::Tx& tx, WorkspaceId id, const RawJson& card);
  // Whether an agent may still register for it without a credential.
  bool claimable(const Row& row) const;
  // Takes the one such registration; false when it was taken or its time is over.
  bool claim(sql::Tx& tx, WorkspaceId id);
  // Nobody may register without a credential any more.
  void close_claim(sql::Tx& tx, WorkspaceId id);
  // Of all workspaces.
  void close_claims(sql::Tx& tx);

  void announce(sql::Tx& tx, events::Event event) { log_.append(tx, std::move(event)); }
  const io::Clock& clock() const { return clock_; }
  Directory& directory() const { return directory_; }

 private:
  events::Log& log_;
  Directory& directory_;
  const io::Clock& clock_;
};

}  // namespace molecule::workspaces
