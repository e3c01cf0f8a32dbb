// The activity feed: reading it (with cursors and long polls), reporting into it, and an agent
// speaking to people.
#pragma once

#include <vector>

#include "platform/http/route.h"
#include "server/activity/feed.h"
#include "server/auth/access.h"
#include "server/events/hub.h"
#include "server/workspaces/directory.h"
#include "wire/api/activity.h"
#include "wire/api/status.h"

namespace molecule::activity {

// Query of GET /workspaces/{id}/activity. Filters combine with AND.
struct FeedQuery {
  std::optional<std::string> type;         // exact activity_type
  std::optional<std::string> source;       // canvas | agent
  std::optional<std::int64_t> limit;       // default 100, at most 500
  std::optional<std::int64_t> since_secs;  // > 0, capped at 30 days
  std::optional<std::string> since_id;     // rows after this one; unknown: 410
  std::optional<std::string> peer_id;
  std::optional<std::string> before_ts;  // RFC 3339; rows strictly older, or below the row of then
  std::optional<std::int64_t> before_seq;  // rows below this number
  std::optional<std::string> order;        // asc | desc
  http::Wait wait;                         // at most 30 s: answer as soon as a row exists
  std::optional<std::string> include;      // comma list; peer_info
};
BOOST_DESCRIBE_STRUCT(FeedQuery, (),
                      (type, source, limit, since_secs, since_id, peer_id, before_ts, before_seq,
                       order, wait, include))

using api::Attachment;
using api::Notice;
using api::Report;

class Service {
 public:
  static constexpr std::size_t message_max = 1u << 20;

  Service(sql::Database& db, events::Log& log, Feed& feed, messages::Ledger& ledger,
          const messages::Mailboxes& mailboxes, const workspaces::Directory& directory,
          events::Hubs& hubs, const io::Clock& clock)
      : db_(db),
        log_(log),
        feed_(feed),
        ledger_(ledger),
        mailboxes_(mailboxes),
        directory_(directory),
        hubs_(hubs),
        clock_(clock) {}

  // Newest first, a page ends after so much was looked at; X-Molecule-Before-Seq then says with
  // which before_seq the search goes on.
  using Rows = json::Written<std::vector<api::Activity>>;
  io::Task<http::Reply<Rows>> list(auth::Self::Caller caller, WorkspaceId id,
                                   http::Query<FeedQuery> query, const http::Request& request);
  io::Task<api::Done> report(auth::Holder::Caller caller, WorkspaceId id, Report report);
  io::Task<api::Noticed> notify(auth::Holder::Caller caller, WorkspaceId id, Notice notice);

  // Deletes what is older than the retention, and ended before it began, slice by slice, until
  // nothing is left of it or `budget` has passed. Each slice is a transaction of its own.
  io::Task<void> prune(std::chrono::hours retention, std::chrono::nanoseconds budget);
  // Deletes what purged workspaces have left, slice by slice.
  io::Task<void> purge();
  // Brings the index of the feed up to date, slice by slice.
  io::Task<void> fill();

 private:
  io::Task<void> note_fetched(WorkspaceId id, std::vector<std::int64_t> messages);
  std::optional<std::int64_t> prune_messages(sql::Tx& tx, std::int64_t from, Instant before);
  std::optional<std::int64_t> prune_reports(sql::Tx& tx, std::int64_t from, Instant before);
  api::Activity shown(store::Row row, bool with_peer, std::string_view base_url) const;

  sql::Database& db_;
  events::Log& log_;
  Feed& feed_;
  messages::Ledger& ledger_;
  const messages::Mailboxes& mailboxes_;
  const workspaces::Directory& directory_;
  events::Hubs& hubs_;
  const io::Clock& clock_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::activity
