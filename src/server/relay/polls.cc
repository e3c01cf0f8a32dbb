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
  Poll poll{id, &relays_.lane_of(*here.loop), std::make_shared<PolledSocket>(clock_)};
  const auto poll_id = random_.id<PollId>();
  const bool taken = polls_.write([&](auto& polls) {
    const auto of_it =
        std::ranges::count_if(polls, [&](const auto& one) { return one.second.workspace == id; });
    if (static_cast<std::size_t>(of_it) >= per_workspace_max) return false;
    return polls.emplace(poll_id, poll).second;
  });
  if (!taken) {
    throw Fault(Kind::unavailable, "too_many_relays",
                fmt::format("this workspace's agent has begun {} connections and asks none of "
                            "them; they end by themselves",
                            per_workspace_max))
        .retry_after(std::chrono::seconds(10));
  }
  Origin origin{std::string(request.peer), request.secure};
  poll.lane->scope->spawn_from_anywhere(
      "polled relay", [this, poll_id, poll, origin = std::move(origin)]() mutable {
        return carry(poll_id, std::move(poll), std::move(origin));
      });
  co_return http::Reply<PollBegun>(201, PollBegun{poll_id.text()});
}

io::Task<void> Polls::carry(PollId id, Poll poll, Origin origin) {
  try {
    co_await relays_.serve(*poll.socket, poll.workspace, std::move(origin));
  } catch (const Fault& fault) {
    // As when a WebSocket breaks: its agent comes back, or is said to be gone.
    log::debug("a polled relay ended", log::field("workspace", poll.workspace.text()),
               log::field("error", fault.text()));
  }
  poll.socket->end();
  polls_.write([&](auto& polls) { polls.erase(id); });
}

Polls::Poll Polls::find(WorkspaceId workspace, PollId id) const {
  return polls_.read([&](const auto& polls) {
    const auto at = polls.find(id);
    if (at == polls.end() || at->second.workspace != workspace) {
      throw Fault(Kind::conflict, "poll_broken",
                  "this relay is carried no more by these requests; begin anew");
    }
    return at->second;
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
