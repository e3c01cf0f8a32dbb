#include "server/relay/polls.h"

#include <algorithm>

#include "platform/io/elsewhere.h"
#include "platform/log/log.h"

namespace molecule::relay {
namespace {

constexpr std::string_view parcel_media = "application/octet-stream";

constexpr auto table = http::table(
    http::post<auth::Own, &Polls::begin>("/workspaces/{id}/relay/polls")
        .says("Begins an agent's own connection where something on the way takes no WebSockets: "
              "its messages travel in the requests below.")
        .may_lack_body()
        .gives<PollBegun>(201)
        .refuses("too_many_relays", "draining"),
    http::post<auth::Own, &Polls::put>("/workspaces/{id}/relay/polls/{poll_id}/parcels")
        .says("Messages of the agent, as one parcel; `number` counts these requests from 1.")
        .body_limit(parcel_max)
        .refuses("parcel_invalid", "poll_broken"),
    http::post<auth::Own, &Polls::take>("/workspaces/{id}/relay/polls/{poll_id}/next")
        .says("Messages for the agent, as one parcel, empty after a while without any; `number` "
              "counts these requests from 1.")
        .may_lack_body()
        .gives(200, parcel_media)
        .refuses("poll_broken"));

}  // namespace

const std::span<const http::Route> poll_routes = table;

io::Task<http::Reply<PollBegun>> Polls::begin(auth::Own::Caller, WorkspaceId id,
                                              const http::Request& request) {
  relays_.admit(id);
  io::Context here = co_await io::context();
  const Poll poll{random_.id<PollId>(), &relays_.lane_of(*here.loop),
                  std::make_shared<PolledSocket>(clock_)};
  const bool taken = polls_.write([&](auto& polls) {
    auto& of_it = polls[id];
    if (of_it.size() >= per_workspace_max) return false;
    of_it.push_back(poll);
    return true;
  });
  if (!taken) {
    throw Fault(Kind::unavailable, "too_many_relays",
                fmt::format("this workspace's agent has begun {} connections and asks none of "
                            "them; they end by themselves",
                            per_workspace_max))
        .retry_after(std::chrono::seconds(10));
  }
  Origin origin{std::string(request.peer), request.secure};
  poll.lane->scope->spawn_from_anywhere("polled relay",
                                        [this, id, poll, origin = std::move(origin)]() mutable {
                                          return carry(id, std::move(poll), std::move(origin));
                                        });
  co_return http::Reply<PollBegun>(201, PollBegun{poll.id.text()});
}

io::Task<void> Polls::carry(WorkspaceId workspace, Poll poll, Origin origin) {
  try {
    co_await relays_.serve(*poll.socket, workspace, std::move(origin));
  } catch (const Fault& fault) {
    // As when a WebSocket breaks: its agent comes back, or is said to be gone.
    log::debug("a polled relay ended", log::field("workspace", workspace.text()),
               log::field("error", fault.text()));
  }
  poll.socket->end();
  polls_.write([&](auto& polls) {
    const auto at = polls.find(workspace);
    std::erase_if(at->second, [&](const Poll& each) { return each.id == poll.id; });
    if (at->second.empty()) polls.erase(at);
  });
}

Polls::Poll Polls::find(WorkspaceId workspace, PollId id) const {
  return polls_.read([&](const auto& polls) {
    if (const auto at = polls.find(workspace); at != polls.end()) {
      const auto found = std::ranges::find(at->second, id, &Poll::id);
      if (found != at->second.end()) return *found;
    }
    throw Fault(Kind::conflict, "poll_broken",
                "this relay is carried no more by these requests; begin anew");
  });
}

io::Task<void> Polls::put(auth::Own::Caller, WorkspaceId id, PollId poll_id, http::Query<Turn> turn,
                          const http::Request& request) {
  const Poll poll = find(id, poll_id);
  auto there = [&] {
    return poll.socket->put(turn.value.number.value_or(0), std::string(request.body));
  };
  co_await io::elsewhere<void>(*poll.lane->scope, there);
}

io::Task<http::Response> Polls::take(auth::Own::Caller, WorkspaceId id, PollId poll_id,
                                     http::Query<Turn> turn) {
  const Poll poll = find(id, poll_id);
  auto there = [&] { return poll.socket->take(turn.value.number.value_or(0)); };
  http::Response response;
  response.content_type = parcel_media;
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = co_await io::elsewhere<std::string>(*poll.lane->scope, there);
  co_return response;
}

}  // namespace molecule::relay
