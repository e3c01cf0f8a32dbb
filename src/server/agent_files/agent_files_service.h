// The files of agents that the platform runs, for people: lists, texts, bytes up and down.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "platform/http/route.h"
#include "platform/io/aside.h"
#include "platform/metrics/metrics.h"
#include "server/agent_files/places.h"
#include "server/auth/access.h"
#include "server/provision/provision_service.h"
#include "wire/api/agent_files.h"

namespace molecule::agent_files {

inline constexpr std::size_t text_max = 4u << 20;       // Bytes of a file that is shown as a text.
inline constexpr std::uint64_t bytes_max = 256u << 20;  // Of one that goes up.

struct RootQuery {
  std::optional<std::string> root;
};
BOOST_DESCRIBE_STRUCT(RootQuery, (), (root))

struct ListQuery {
  std::optional<std::string> root;
  std::optional<std::string> path;
  std::optional<std::int64_t> depth;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (root, path, depth, limit, cursor))

struct RemoveQuery {
  std::optional<std::string> root;
  std::optional<bool> recursive;
};
BOOST_DESCRIBE_STRUCT(RemoveQuery, (), (root, recursive))

class Service {
 public:
  Service(provision::Service& agents, metrics::Registry& registry);

  io::Task<http::Reply<std::vector<api::AgentFile>>> list(auth::Self::Caller caller, WorkspaceId id,
                                                          http::Query<ListQuery> query);
  io::Task<http::Reply<api::AgentFileText>> read(auth::Self::Caller caller, WorkspaceId id,
                                                 std::string path, http::Query<RootQuery> query);
  io::Task<http::Reply<api::AgentFileSaved>> write(auth::Self::Caller caller, WorkspaceId id,
                                                   std::string path, http::Query<RootQuery> query,
                                                   const http::Request& request,
                                                   api::AgentFileContent body);
  io::Task<api::AgentFileDeleted> remove(auth::Self::Caller caller, WorkspaceId id,
                                         std::string path, http::Query<RemoveQuery> query,
                                         const http::Request& request);
  io::Task<api::AgentFilesReplaced> replace(auth::Self::Caller caller, WorkspaceId id,
                                            http::Query<RootQuery> query,
                                            api::AgentFilesContent body);
  io::Task<http::Response> fetch(auth::Self::Caller caller, WorkspaceId id, std::string path,
                                 http::Query<RootQuery> query);
  io::Task<http::Reply<api::AgentFileSaved>> store(auth::Self::Caller caller, WorkspaceId id,
                                                   std::string path, http::Query<RootQuery> query,
                                                   const http::Request& request);

  // The configuration, which is a file of its own kind: judged before it is written.
  io::Task<api::AgentConfig> config(auth::Self::Caller caller, WorkspaceId id);
  io::Task<http::Reply<api::AgentConfigSaved>> put_config(auth::Self::Caller caller, WorkspaceId id,
                                                          const http::Request& request,
                                                          api::AgentConfigText body);
  io::Task<http::Reply<api::AgentConfigSaved>> change_config(auth::Self::Caller caller,
                                                             WorkspaceId id,
                                                             const http::Request& request,
                                                             RawObject body);

 private:
  // A transfer that holds memory for as long as the other side takes.
  class Slot {
   public:
    explicit Slot(Service& service);
    Slot(Slot&& other) noexcept : service_(std::exchange(other.service_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot();

   private:
    Service* service_;
  };
  struct Target {
    provision::Premises premises;
    Place place;
  };
  io::Task<Target> target(const auth::Caller& caller, WorkspaceId id,
                          const std::optional<std::string>& root, std::string_view path);
  io::Task<Target> target_of_write(const auth::Caller& caller, WorkspaceId id,
                                   const std::optional<std::string>& root, std::string_view path);
  io::Task<http::Reply<api::AgentConfigSaved>> keep_config(Target to, std::string text,
                                                           files::Beneath::Guard guard,
                                                           std::string_view status);
  io::Task<files::Beneath::Placed> put(Target to, std::string path, std::string content,
                                       files::Beneath::Guard guard);

  struct Probe {
    explicit Probe(metrics::Registry& registry);
    metrics::Counter& written;
    metrics::Counter& fetched;
    metrics::Gauge& transfers;
  };
  provision::Service& agents_;
  Probe probe_;
  std::atomic<int> transfers_{0};
  io::Aside hands_;
};

// Throws Fault forbidden `insufficient_scope`: what is in files takes more than to see their names.
void require_to_see(const auth::Caller& caller);
// Of If-Match and If-None-Match.
files::Beneath::Guard guard_of(const http::Request& request);
// A version as a header has it.
std::string etag_of(std::string_view version);

extern const std::span<const http::Route> routes;

}  // namespace molecule::agent_files
