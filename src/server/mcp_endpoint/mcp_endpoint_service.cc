#include "server/mcp_endpoint/mcp_endpoint_service.h"

#include <algorithm>

#include "platform/io/scope.h"
#include "platform/log/log.h"
#include "wire/jsonrpc/jsonrpc.h"
#include "wire/mcp/answer.h"
#include "wire/mcp/revisions.h"

namespace molecule::mcp_endpoint {
namespace {

using json::Node;

constexpr std::size_t message_max = 4u << 20;
// For what is answered at once: none of it waits for an agent.
constexpr auto answer_within = std::chrono::seconds(60);

constexpr auto table = http::table(
    http::post<auth::Self, &Service::call>("/workspaces/{id}/mcp")
        .body_limit(message_max)
        .says("A workspace's MCP server (Streamable HTTP, every revision since 2024-11-05): one "
              "message, answered with JSON or with server-sent events.")
        .takes<RawJson>()
        .gives<RawJson>(200)
        .gives(202, "")
        .gives(200, "text/event-stream")
        .refuses("workspace_not_found", "too_many_mcp_streams"),
    http::get<auth::Self, &Service::stream>("/workspaces/{id}/mcp/stream")
        .says(
            "The same for clients of the older HTTP with SSE: the first event says where messages "
            "are posted, answers are events.")
        .gives(200, "text/event-stream")
        .refuses("workspace_not_found", "too_many_mcp_streams"),
    http::post<auth::Self, &Service::post>("/workspaces/{id}/mcp/stream")
        .body_limit(message_max)
        .says("A message to the stream that is named by `session`, which its first event told.")
        .takes<RawJson>()
        .gives(202, "")
        .refuses("mcp_stream_not_found", "mcp_stream_busy"));

http::Response taken() {
  http::Response response;
  response.status = 202;
  response.content_type = {};
  return response;
}

bool same_credential(const http::Principal& a, const http::Principal& b) {
  return a.kind == b.kind && a.subject == b.subject && a.credential == b.credential;
}

Asker asker_of(const auth::Self::Caller& caller, WorkspaceId id, const http::Request& request) {
  return {caller, id, std::string(request.header("X-Molecule-Activity-Id").value_or(""))};
}

// What a request is told that had to end without its answer.
std::string cut_off(const Envelope& envelope, Node root, const mcp::Server& server) {
  if (envelope.is_batch) return {};
  const bool stateless = envelope.revision == mcp::stateless_revision;
  json::Object result;
  if (envelope.method == "tools/call")
    result = mcp::tool_result(
        "the platform ended this call before its result; what was handed over goes on, and "
        "check_task_status tells how it stands",
        true);
  return mcp::answered(server, root.find("id").text(), stateless, std::move(result));
}

}  // namespace

const std::span<const http::Route> routes = table;

class Service::Seat {
 public:
  Seat(Service& service, const Asker& asker)
      : service_(service), id_(asker.workspace), whose_(asker.caller.principal()) {
    service_.streams_.add();
  }
  ~Seat() {
    service_.streams_.subtract();
    service_.open_.write([&](auto& open) {
      const auto at = open.find(id_);
      at->second.pairs.erase(pair_);
      auto& seats = at->second.seats;
      seats.erase(std::ranges::find_if(
          seats, [&](const auto& each) { return same_credential(each, whose_); }));
      if (seats.empty()) open.erase(at);
    });
  }
  Seat(const Seat&) = delete;

  // What is posted to it is found under this name.
  void at(PairId pair, std::shared_ptr<Letterbox> box) {
    pair_ = pair;
    service_.open_.write([&](auto& open) { open.at(id_).pairs.emplace(pair, std::move(box)); });
  }

 private:
  Service& service_;
  const WorkspaceId id_;
  const http::Principal whose_;
  PairId pair_;
};

Service::Service(const Parts& parts, io::Aside& aside, metrics::Registry& registry)
    : parts_(parts),
      aside_(aside),
      requests_(registry.counter("molecule_mcp_requests_total",
                                 "Messages that MCP clients sent to workspaces' endpoints")),
      streams_(registry.gauge("molecule_mcp_streams",
                              "Streams that MCP clients of workspaces' endpoints have open")) {}

std::shared_ptr<Service::Seat> Service::take_seat(const Asker& asker) {
  const http::Principal& who = asker.caller.principal();
  const bool operates = !asker.caller.workspace();
  const std::string_view full = open_.write([&](auto& open) -> std::string_view {
    std::vector<http::Principal>& seats = open[asker.workspace].seats;
    std::size_t of_one = 0, of_side = 0;
    for (const http::Principal& each : seats) {
      if (same_credential(each, who)) ++of_one;
      if ((each.subject == IdBytes{}) == operates) ++of_side;
    }
    if (of_one >= streams_of_one_max) return "this credential has";
    if (operates && of_side >= streams_of_operators_max) return "operators have";
    if (!operates && of_side >= streams_of_agents_max) return "agents have";
    seats.push_back(who);
    return {};
  });
  if (full.empty()) return std::make_shared<Seat>(*this, asker);
  throw Fault(Kind::rate_limited, "too_many_mcp_streams",
              fmt::format("{} as many MCP streams of this workspace open as it may; end one of "
                          "them",
                          full))
      .retry_after(std::chrono::seconds(5));
}

// An operator's credential outlives the workspace.
bool Service::is_present(WorkspaceId id) const {
  bool present = false;
  parts_.directory.look_at(
      id, [&](const workspaces::Entry& entry) { present = !entry.removed_at.has_value(); });
  return present;
}

io::Task<std::optional<json::Document>> Service::read(const http::Request& request) {
  const auto parse = [&]() -> std::optional<json::Document> {
    try {
      return json::Document::parse(request.body, mcp::message_limits);
    } catch (const Fault&) {
      return std::nullopt;
    }
  };
  if (request.body.size() <= io::short_text_max) co_return parse();
  co_return co_await aside_.run(parse);
}

io::Task<http::Response> Service::call(auth::Self::Caller caller, WorkspaceId id,
                                       const http::Request& request) {
  auth::require_present(parts_.directory, id);
  requests_.add();
  if (auto wrong = unacceptable(request)) co_return std::move(*wrong);
  const auto document = co_await read(request);
  if (!document) co_return refused(400, {"null", jsonrpc::parse_error, "the body is no JSON"});
  const Node root = document->root();
  Envelope envelope = open(request, root, Tools::words);
  if (envelope.refusal) co_return std::move(*envelope.refusal);
  Asker asker = asker_of(caller, id, request);
  for (const std::string& each : envelope.cancelled) call_off(asker, each);
  if (!envelope.has_requests) co_return taken();
  if (std::ranges::any_of(envelope.tools, Tools::lasts) ||
      envelope.method == "subscriptions/listen") {
    auto seat = take_seat(asker);
    co_return answer_in_pieces(std::move(asker), std::move(seat), envelope, root);
  }
  auto answering = answer_now(asker, envelope, root);
  co_return co_await io::within(answer_within, std::move(answering));
}

io::Task<http::Response> Service::answer_now(const Asker& asker, const Envelope& envelope,
                                             Node root) {
  io::Context here = co_await io::context();
  Tools tools(parts_, asker);
  std::string said;
  mcp::Session::Ends ends;
  ends.write = [&](std::string message) { said += (said.empty() ? "" : ",") + message; };
  mcp::Session session(*here.loop, tools, std::move(ends), envelope.revision, here.cancellation);
  session.take(root);
  co_await session.finish();
  if (envelope.is_batch) said = "[" + said + "]";
  const bool stateless = envelope.revision == mcp::stateless_revision;
  const bool known = envelope.is_batch || session.knows(envelope.method, stateless);
  co_return http::Response::json(stateless && !known ? 404 : 200, std::move(said));
}

http::Response Service::answer_in_pieces(Asker asker, std::shared_ptr<Seat> seat,
                                         const Envelope& envelope, Node root) {
  Tools tools(parts_, asker);
  Conversation talk;
  talk.revision = envelope.revision;
  talk.first = root.text();
  talk.unanswered = cut_off(envelope, root, tools.server());
  return event_stream([this, asker, seat = std::move(seat), talk,
                       calls = envelope.calls](http::BodyWriter& out) mutable -> io::Task<void> {
    auto run = [](Service& self, http::BodyWriter& to, Asker as, std::shared_ptr<Seat> at,
                  Conversation of, std::vector<std::string> ids) -> io::Task<void> {
      io::Context here = co_await io::context();
      of.stands = [&self, &as] { return self.is_present(as.workspace); };
      std::shared_ptr<Letterbox> box;
      if (!ids.empty()) {
        box = self.letterbox(as, *here.loop);
        box->calls = std::move(ids);
        of.box = box.get();
        at->at(self.parts_.random.id<PairId>(), box);
      }
      Tools offered(self.parts_, as);
      co_await converse(to, offered, of);
    };
    return run(*this, out, asker, std::move(seat), talk, calls);
  });
}

std::shared_ptr<Letterbox> Service::letterbox(const Asker& asker, io::Loop& loop) const {
  auto box = std::make_shared<Letterbox>();
  box->owner = asker.caller.principal();
  box->workspace = asker.workspace;
  box->loop = &loop;
  box->of_all = waiting_;
  return box;
}

void Service::call_off(const Asker& asker, const std::string& request) {
  std::vector<std::shared_ptr<Letterbox>> found;
  open_.read([&](const auto& open) {
    const auto of_it = open.find(asker.workspace);
    if (of_it == open.end()) return;
    for (const auto& [pair, box] : of_it->second.pairs) {
      if (std::ranges::find(box->calls, request) != box->calls.end() &&
          same_credential(box->owner, asker.caller.principal()))
        found.push_back(box);
    }
  });
  if (found.size() != 1) return;
  json::Object params;
  params.add("requestId", RawJson(request));
  mcp_endpoint::post(found.front(), mcp::notification("notifications/cancelled", params.text()));
}

io::Task<http::Response> Service::stream(auth::Self::Caller caller, WorkspaceId id,
                                         const http::Request& request) {
  auth::require_present(parts_.directory, id);
  // It is opened to call tools by; there are few, and the agent's come first.
  if (!caller.workspace() && caller.scope() == api::KeyScope::read)
    throw Fault(Kind::forbidden, "insufficient_scope", "calling tools needs scope operate");
  const PairId pair = parts_.random.id<PairId>();
  Asker asker = asker_of(caller, id, request);
  auto seat = take_seat(asker);
  co_return event_stream([this, asker, seat = std::move(seat),
                          pair](http::BodyWriter& out) mutable -> io::Task<void> {
    auto run = [](Service& self, http::BodyWriter& to, Asker as, std::shared_ptr<Seat> sits,
                  PairId at) -> io::Task<void> {
      io::Context here = co_await io::context();
      const auto box = self.letterbox(as, *here.loop);
      sits->at(at, box);
      Tools offered(self.parts_, as);
      Conversation talk;
      talk.opening = fmt::format("event: endpoint\ndata: /workspaces/{}/mcp/stream?session={}\n\n",
                                 as.workspace.text(), at.text());
      talk.box = box.get();
      talk.stays = true;
      talk.stands = [&self, as] { return self.is_present(as.workspace); };
      co_await converse(to, offered, talk);
    };
    return run(*this, out, asker, std::move(seat), pair);
  });
}

io::Task<http::Response> Service::post(auth::Self::Caller caller, WorkspaceId id,
                                       http::Query<Addressed> to, const http::Request& request) {
  requests_.add();
  const auto pair = PairId::parse(to.value.session.value_or(""));
  std::shared_ptr<Letterbox> box;
  open_.read([&](const auto& open) {
    const auto of_it = open.find(id);
    if (!pair || of_it == open.end()) return;
    const auto at = of_it->second.pairs.find(*pair);
    if (at != of_it->second.pairs.end() && at->second->calls.empty()) box = at->second;
  });
  // That of another credential is not there.
  if (!box || !same_credential(box->owner, caller.principal())) throw not_found("mcp_stream");
  if (!mcp_endpoint::post(box, std::string(request.body)))
    throw Fault(Kind::rate_limited, "mcp_stream_busy",
                "messages to this stream wait to be read; send fewer at a time")
        .retry_after(std::chrono::seconds(1));
  co_return taken();
}

}  // namespace molecule::mcp_endpoint
