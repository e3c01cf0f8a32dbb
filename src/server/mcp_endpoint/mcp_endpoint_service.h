// A workspace's MCP server over HTTP: Streamable HTTP of both eras, without sessions, and the older
// pair of a stream and messages that are posted to it.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>

#include "platform/http/route.h"
#include "platform/io/aside.h"
#include "platform/io/guarded.h"
#include "platform/metrics/metrics.h"
#include "server/mcp_endpoint/envelope.h"
#include "server/mcp_endpoint/stream.h"
#include "server/mcp_endpoint/tools.h"

namespace molecule::mcp_endpoint {

using PairId = Id<struct PairTag>;

struct Addressed {
  std::optional<std::string> session;
};
BOOST_DESCRIBE_STRUCT(Addressed, (), (session))

class Service {
 public:
  // Of one workspace, of all kinds together: of all, of one credential, and of one side, which are
  // its own agents and operators. So neither side keeps out the other, nor one credential another.
  static constexpr std::size_t streams_max = 48;
  static constexpr std::size_t streams_of_one_max = 16;
  static constexpr std::size_t streams_of_operators_max = 20;
  static constexpr std::size_t streams_of_agents_max = streams_max - streams_of_operators_max;

  Service(const Parts& parts, io::Aside& aside, metrics::Registry& registry);

  // POST /workspaces/{id}/mcp
  io::Task<http::Response> call(auth::Self::Caller caller, WorkspaceId id,
                                const http::Request& request);
  // GET /workspaces/{id}/mcp/stream
  io::Task<http::Response> stream(auth::Self::Caller caller, WorkspaceId id,
                                  const http::Request& request);
  // POST /workspaces/{id}/mcp/stream?session=…
  io::Task<http::Response> post(auth::Self::Caller caller, WorkspaceId id,
                                http::Query<Addressed> to, const http::Request& request);

 private:
  // A stream's place among those of its workspace.
  class Seat;
  struct Open {
    std::vector<http::Principal> seats;
    std::unordered_map<PairId, std::shared_ptr<Letterbox>> pairs;
  };
  // Throws Fault rate_limited when there is none for this credential.
  std::shared_ptr<Seat> take_seat(const Asker& asker);
  std::shared_ptr<Letterbox> letterbox(const Asker& asker, io::Loop& loop) const;
  // Ends what this credential asked under that id, where one such request is under way alone:
  // without sessions, an id may be of either of two clients.
  void call_off(const Asker& asker, const std::string& request);
  bool is_present(WorkspaceId id) const;
  io::Task<std::optional<json::Document>> read(const http::Request& request);
  io::Task<http::Response> answer_now(const Asker& asker, const Envelope& envelope,
                                      json::Node root);
  http::Response answer_in_pieces(Asker asker, std::shared_ptr<Seat> seat, const Envelope& envelope,
                                  json::Node root);

  const Parts parts_;
  io::Aside& aside_;
  metrics::Counter& requests_;
  metrics::Gauge& streams_;
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
  io::Guarded<std::unordered_map<WorkspaceId, Open>> open_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::mcp_endpoint
