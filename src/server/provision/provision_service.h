// Starts agents of this machine for workspaces, shows them, and tells what can be started.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/http/route.h"
#include "server/auth/access.h"
#include "server/events/log.h"
#include "server/provision/container_driver.h"
#include "server/provision/process_driver.h"
#include "server/provision/sitting.h"
#include "server/provision/supervisor.h"
#include "server/provision/terminals.h"
#include "server/secrets/secrets_service.h"
#include "server/workspaces/starter.h"
#include "server/workspaces/workspace_rules.h"

namespace molecule::provision {

struct Settings {
  std::filesystem::path directory;  // <data>/agents
  std::string why_off;  // Why no agents are started here, as a sentence; empty: they are.
  std::int64_t tier_max = 3;
  ProcessSettings process;                     // Its addresses are told later.
  std::optional<ContainerSettings> container;  // Agents are started in containers.
  TerminalBounds terminals;
};

struct LogQuery {
  std::optional<std::int64_t> tail;
  std::optional<std::int64_t> since;
  http::Wait wait;
};
BOOST_DESCRIBE_STRUCT(LogQuery, (), (tail, since, wait))

struct TerminalQuery {
  std::optional<std::string> start;  // "later": the first message says what is started.
  std::optional<std::int64_t> cols;
  std::optional<std::int64_t> rows;
};
BOOST_DESCRIBE_STRUCT(TerminalQuery, (), (start, cols, rows))

class Service final : public workspaces::Starter, public workspaces::Departure {
 public:
  struct Parts {
    sql::Database& db;
    events::Log& log;
    workspaces::Table& table;
    auth::Tokens& tokens;
    secrets::Service& secrets;
    const workspaces::Directory& directory;
    const io::Clock& clock;
    io::Random& random;
  };
  Service(const Parts& parts, io::Loop& loop, metrics::Registry& registry, Settings settings);

  // Once it is known where the platform listens. Until it is cancelled; what is begun runs in
  // `scope`, on the loop that the service was made with.
  io::Task<void> run(io::Scope& scope, std::string platform_url, std::uint16_t port);

  // Starter.
  void check(const workspaces::NewWorkspace& wanted) const override;
  void check_change(sql::Tx& tx, const workspaces::Row& row, std::string_view runtime,
                    std::int64_t tier) override;
  bool starts_agents() const override { return on(); }
  std::optional<std::string> why_not(std::string_view runtime) const override;
  void made(sql::Tx& tx, const workspaces::Row& row, std::string_view command) override;
  bool has(sql::Tx& tx, WorkspaceId id) override;
  void pause(sql::Tx& tx, WorkspaceId id) override;
  void start(sql::Tx& tx, WorkspaceId id) override;
  // Departure.
  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;

  // Where its files are. Throws Fault as for a workspace that is not there, not_found
  // `agent_not_here` and conflict `agent_elsewhere`.
  io::Task<Premises> premises(WorkspaceId id);

  // How an agent of this machine stands, and its card as it told it last.
  struct Standing {
    bool running = false;
    std::string reason;  // Why it does not run.
    RawJson card;
  };
  Standing standing(WorkspaceId id) const;

  // Routes.
  io::Task<api::RuntimeOffers> runtimes(auth::Operator::Caller caller);
  io::Task<api::AgentProcess> process(auth::Operator::Caller caller, WorkspaceId id);
  io::Task<api::AgentLog> logs(auth::Operator::Caller caller, WorkspaceId id,
                               http::Query<LogQuery> query);
  io::Task<http::Response> terminal(auth::Admin::Caller caller, WorkspaceId id,
                                    http::Query<TerminalQuery> query, const http::Request& request);

 private:
  struct Opening;
  io::Task<void> serve_terminal(http::WebSocket& socket, Opening& opening);
  io::Task<Sitting::Outcome> sit(http::WebSocket& socket, Opening& opening);
  io::Task<sandbox::Attendant> attendant_for(Opening& opening);

  bool on() const { return settings_.why_off.empty(); }
  std::string_view driver_name() const { return settings_.container ? "container" : "process"; }
  void require_allowed(std::int64_t tier) const;
  store::Row row_here(sql::Statements& statements, WorkspaceId id) const;
  // Without what is secret: values of secrets that this agent may know, and what looks like one.
  io::Task<std::string> shown(WorkspaceId id, std::string text);
  void look_after(sql::Tx& tx, WorkspaceId id);
  io::Task<store::Row> require_here(WorkspaceId id);

  Parts parts_;
  Settings settings_;
  std::string machine_;       // Of this data directory.
  std::string machine_name_;  // For people.
  sandbox::Measures offered_;
  std::unique_ptr<Driver> driver_;  // From run() on.
  Terminals terminals_;
  Supervisor supervisor_;
};

Fault not_here();
Fault elsewhere(const store::Row& row);

extern const std::span<const http::Route> routes;

}  // namespace molecule::provision
