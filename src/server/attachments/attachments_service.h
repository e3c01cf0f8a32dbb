// Files up and down.
#pragma once

#include <atomic>

#include "platform/http/route.h"
#include "platform/io/guarded.h"
#include "platform/metrics/metrics.h"
#include "server/activity/feed.h"
#include "server/attachments/keeper.h"
#include "server/attachments/mentions.h"
#include "server/attachments/scan.h"
#include "server/attachments/slot.h"

namespace molecule::attachments {

struct Settings {
  std::int64_t workspace_max = 2048LL << 20;  // Bytes of all files of one workspace.
  std::string scan_program;                   // Empty: none.
};

struct DownloadQuery {
  std::optional<std::string> path;
};
BOOST_DESCRIBE_STRUCT(DownloadQuery, (), (path))

class Service {
 public:
  static constexpr Slots::Bounds uploads_max{32, 8};  // Under way at once.
  // The same. Each waits for the disk once at most, and fewer may than Aside lets wait.
  static constexpr Slots::Bounds downloads_max{192, 48};

  Service(sql::Database& db, activity::Feed& feed, const workspaces::Directory& directory,
          Keeper& keeper, const io::Clock& clock, io::Random& random, metrics::Registry& registry,
          Settings settings);

  io::Task<api::UploadLimits> limits(auth::Open::Caller caller);
  io::Task<api::Uploaded> upload(auth::Self::Caller caller, WorkspaceId id,
                                 const http::Request& request);
  // To whoever may see it.
  io::Task<http::Response> fetch(auth::Self::Caller caller, WorkspaceId id, AttachmentId file,
                                 const http::Request& request);
  // The same for who stands in front of it: its bytes as well, where they are at most so many.
  struct Small {
    std::string name, media_type;
    std::optional<std::string> bytes;
  };
  io::Task<std::optional<Small>> small(WorkspaceId reader, AttachmentId file, std::uint64_t most);
  // To the workspace that it went up to, until that says it has it.
  io::Task<http::Response> pending(auth::Self::Caller caller, WorkspaceId id, std::string file,
                                   const http::Request& request);
  io::Task<api::UploadAcked> ack(auth::Self::Caller caller, WorkspaceId id, std::string file);
  // By the path that an agent with a disk of its own would have it under.
  io::Task<http::Response> download(auth::Self::Caller caller, WorkspaceId id,
                                    http::Query<DownloadQuery> query, const http::Request& request);

  // At a start, before anything is taken in.
  io::Task<void> begin() { return keeper_.clear(); }
  // Takes away what nothing names any more; at first and once a day also bytes that no row names,
  // since a crash may have come between. One at a time.
  io::Task<void> sweep();

 private:
  struct Probe {
    explicit Probe(metrics::Registry& registry);
    metrics::Counter& uploaded;
    metrics::Counter& uploaded_bytes;
    metrics::Counter& downloaded;
    metrics::Counter& removed;
    metrics::Gauge& uploads;
    metrics::Gauge& downloads;
  };
  struct Arrived;

  io::Task<void> receive(const http::Request& request, std::vector<Arrived>& files);
  io::Task<void> require_room(WorkspaceId id, std::uint64_t more);
  io::Task<api::Uploaded> record(WorkspaceId id, bool told, std::vector<Arrived>& files);
  io::Task<http::Response> give(WorkspaceId reader, const Row& row, const http::Request& request);
  io::Task<void> forget_pruned();
  io::Task<void> walk();
  io::Task<void> remove_unnamed(const std::vector<blobs::Name>& names);

  sql::Database& db_;
  activity::Feed& feed_;
  const workspaces::Directory& directory_;
  Keeper& keeper_;
  const io::Clock& clock_;
  io::Random& random_;
  Probe probe_;
  const Settings settings_;
  const Scan scan_;
  Slots uploads_{uploads_max, probe_.uploads};
  Slots downloads_{downloads_max, probe_.downloads};
  // Kept for an upload that came to nothing after all; the next sweep looks at them, the walk at
  // what is beyond the bound.
  static constexpr std::size_t forsaken_max = 10'000;
  io::Guarded<std::vector<blobs::Name>> forsaken_;
  // When, by the clock that never goes back.
  std::optional<std::chrono::nanoseconds> walked_, forgot_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::attachments
