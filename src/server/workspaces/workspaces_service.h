// The verbs of workspaces: make, show, change, pause, resume, remove. One source file per concern.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "server/auth/access.h"
#include "server/auth/tokens.h"
#include "server/events/log.h"
#include "server/workspaces/namesakes.h"
#include "server/workspaces/places.h"
#include "server/workspaces/starter.h"
#include "server/workspaces/table.h"
#include "server/workspaces/workspace_rules.h"
#include "server/workspaces/workspaces.h"
#include "wire/api/places.h"

namespace molecule::workspaces {

struct Settings {
  std::string external_platform_url;  // Where agents reach us; empty: as the request did.
  std::chrono::seconds claim_window = std::chrono::hours(24);
};

// What the service asks of others. Departures may be many.
struct Ports {
  VitalSigns& vitals;
  UrlCheck& urls;
  SecretStore& secrets;
  InboundSecrets& inbound;
  auth::Tokens& tokens;
  std::vector<Departure*> departures;
};

struct Shown {
  std::optional<bool> include_removed;
};
BOOST_DESCRIBE_STRUCT(Shown, (), (include_removed))

// A part of the list; all of it where nothing is said.
struct Slice {
  std::optional<std::int64_t> limit;
  std::optional<std::string> after;    // the id of the last of the part before
  std::optional<std::string> runtime;  // only those whose agents have it
};
BOOST_DESCRIBE_STRUCT(Slice, (), (limit, after, runtime))

struct Removal {
  std::optional<bool> confirm;
  std::optional<bool> purge;
};
BOOST_DESCRIBE_STRUCT(Removal, (), (confirm, purge))

class Service {
  using Outbound = std::unordered_map<WorkspaceId, Instant>;

 public:
  Service(sql::Database& db, events::Log& log, Directory& directory, const io::Clock& clock,
          io::Random& random, Ports ports, Settings settings)
      : db_(db),
        log_(log),
        table_(log, directory, clock),
        random_(random),
        ports_(std::move(ports)),
        settings_(std::move(settings)) {
    log_.join(places_);
  }

  // Asked before a workspace is made: whether its id is a secret that it can be claimed with, or
  // wants its token. Before the first request; without it every id is one.
  void when_ids_are_shown(std::function<bool(sql::Tx&)> shown) { shown_ = std::move(shown); }

  // Before the first request; without it agents are started by others alone.
  void start_with(Starter& starter) { starter_ = &starter; }

  // Reads which names look alike. Once, at start, before requests are served.
  io::Task<void> load();

  struct Made {
    Row row;       // As stored: the name may have gained a number.
    Secret token;  // Empty when none was minted.
    TokenId token_id;
  };
  // Makes a workspace; also used by the root for the demonstration.
  io::Task<Made> make(NewWorkspace wanted);
  // For slices whose transaction brings one with it. An address that is wanted has to be checked
  // before.
  Made make(sql::Tx& tx, const NewWorkspace& wanted);
  // The last message a workspace sent to another went out now. Any thread; written behind.
  void touch_outbound(WorkspaceId id);
  bool has_outbound() const {
    return outbound_.read([](const Outbound& noted) { return !noted.empty(); });
  }
  // Stores what touch_outbound noted. Called by presence's write-behind.
  void flush_outbound(sql::Tx& tx);

  Table& table() { return table_; }
  // Inside the transaction that gave the row its name or its parent.
  void note_name(const Row& row);
  // A card that comes without a place gets a free one, before it is made.
  void stand(Row& row);
  // Inside the transaction that made it.
  void announce_provisioning(sql::Tx& tx, const Row& row, const json::Omit<std::string>& by = {});

  // Routes.
  using Listed = json::Written<std::vector<api::Workspace>>;
  io::Task<http::Reply<api::WorkspaceMade>> create(auth::Operator::Caller caller,
                                                   api::NewWorkspace said,
                                                   const http::Request& request);
  io::Task<http::Reply<Listed>> list(auth::Operator::Caller caller, http::Query<Slice> slice);
  io::Task<api::Workspace> show(auth::Peer::Caller caller, WorkspaceId id,
                                http::Query<Shown> query);
  io::Task<api::WorkspaceUpdated> change(auth::Self::Caller caller, WorkspaceId id,
                                         api::WorkspaceChange said);
  // Many cards in one step: all of them move or none.
  io::Task<api::CardsPlaced> place(auth::Operator::Caller caller, api::CardPlaces said);
  io::Task<api::WorkspaceRemoved> remove(auth::Operator::Caller caller, WorkspaceId id,
                                         http::Query<Removal> query, const http::Request& request);
  io::Task<api::WorkspaceState> state(auth::Self::Caller caller, WorkspaceId id);
  io::Task<api::Paused> pause(auth::Self::Caller caller, WorkspaceId id);
  io::Task<api::Resumed> resume(auth::Self::Caller caller, WorkspaceId id);
  io::Task<api::Restarted> restart(auth::Self::Caller caller, WorkspaceId id);
  io::Task<api::ConnectionAnswer> connection(auth::Self::Caller caller, WorkspaceId id,
                                             const http::Request& request);
  io::Task<http::Reply<api::ConnectionAnswer>> rotate(auth::Holder::Caller caller, WorkspaceId id,
                                                      const http::Request& request);

 private:
  // Resumes one that is paused; its new status, if it has one.
  std::optional<Status> resume_one(sql::Tx& tx, WorkspaceId id, std::string_view name,
                                   std::string_view runtime, const json::Omit<std::string>& by);
  enum class View { whole, public_part };
  api::Workspace shown(const Row& row, View view) const;
  std::optional<Instant> last_outbound(const Row& row) const;
  // The first free name of "name", "name (2)" … among the live children of `parent`.
  std::string free_name(sql::Tx& tx, const std::optional<WorkspaceId>& parent,
                        const std::string& name);
  // Taken is what a sibling is called, and what looks like it.
  bool name_taken(sql::Tx& tx, const std::optional<WorkspaceId>& parent, const std::string& name,
                  WorkspaceId except);
  void check_parent(sql::Tx& tx, const Row& row, const std::optional<WorkspaceId>& parent) const;
  events::Changed apply(sql::Tx& tx, Row& row, const Change& change);
  using Named = std::unordered_set<WorkspaceId>;
  // Changes one, and takes along what is in it, but for those `named`, which go their own way.
  // Returns how many changed.
  std::int64_t change_one(sql::Tx& tx, WorkspaceId id, Change change, const Named& named);
  std::int64_t carry(sql::Tx& tx, WorkspaceId id, Spot by, const Named& named);

  sql::Database& db_;
  events::Log& log_;
  Table table_;
  io::Random& random_;
  Ports ports_;
  Settings settings_;
  std::function<bool(sql::Tx&)> shown_;  // May be empty.
  Starter* starter_ = nullptr;
  io::Guarded<Outbound> outbound_;
  Namesakes namesakes_;
  Places places_;
};

// How an agent joins: addresses, and texts to paste. `token` may be empty.
std::string platform_url(const Settings& settings, const http::Request& request);
api::Connection connection_of(WorkspaceId id, std::string_view name, std::string_view platform_url,
                              std::string_view token);

extern const std::span<const http::Route> routes;

}  // namespace molecule::workspaces
