#include "server/proxy/carry.h"

#include <charconv>

#include "platform/http/client.h"
#include "platform/json/json.h"

namespace molecule::proxy {
namespace {

// The agent, or something before it, says "not now": the message keeps.
bool means_busy(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// The status that the caller gets for an agent's refusal. A redirect is not followed; and what an
// agent says about who may call it must not read as the platform's word on the caller's own
// standing.
int passed_on(int status) {
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
    case 410: return 502;
    default: return status < 400 ? 502 : status;
  }
}

// Failures of the way there, not of the message.
bool passes(const std::string& code) {
  return code == "agent_unreachable" || code == "agent_timeout" || code == "agent_reset" ||
         code == "connections_exhausted" || code == "resolver_busy" || code == "cancelled";
}

std::string error_text(std::string_view body, int status) {
  try {
    json::Document document = json::Document::parse(body, {.nul = json::Nul::kept});
    for (std::string_view name : {"error", "message", "detail"}) {
      json::Node node = document.root().find(name);
      if (!node.is(json::Type::string)) node = node.find("message");
      if (node.is(json::Type::string)) return json::storable(node.string(), a2a::error_max);
    }
  } catch (const Fault&) {
    // Not JSON: the status has to do.
  }
  return fmt::format("agent answered HTTP {}", status);
}

Carried failed(Carried::End end, int status, std::string code, std::string error, bool delivered) {
  Carried carried;
  carried.end = end;
  carried.status = status;
  carried.code = std::move(code);
  carried.error = std::move(error);
  carried.delivered = delivered;
  return carried;
}

}  // namespace

io::Task<Carried> carry(http::Client& client, const Parcel& parcel, const Settings& settings) {
  bool reached = false;
  std::optional<Carried> failure;
  http::ClientResponse response;
  try {
    net::Url url = net::Url::parse(parcel.target.url);
    std::string translated;
    std::string_view body = parcel.body;
    if (parcel.target.generation != parcel.generation) {
      translated = a2a::request_as(parcel.target.generation, parcel.body);
      body = translated;
    }
    std::string source = parcel.source ? parcel.source->text() : std::string();
    std::string activity = parcel.activity.text();
    char hops[24];
    auto [end, error] = std::to_chars(hops, hops + sizeof hops, parcel.hops);
    Secret authorization;
    std::vector<http::Header> headers;
    headers.reserve(7);
    headers.push_back({"Content-Type", "application/json"});
    headers.push_back({"Accept", "application/json"});
    headers.push_back({"X-Molecule-Activity-Id", activity});
    headers.push_back(
        {"X-Molecule-Hops", std::string_view(hops, static_cast<std::size_t>(end - hops))});
    if (parcel.target.generation == a2a::Generation::v10) headers.push_back({"A2A-Version", "1.0"});
    if (parcel.source) headers.push_back({"X-Workspace-ID", source});
    if (!parcel.proof.empty()) {
      authorization = Secret(fmt::format("Bearer {}", parcel.proof.reveal()));
      headers.push_back({"Authorization", authorization.reveal()});
    }
    http::ClientRequest request;
    request.method = http::Method::post;
    request.url = &url;
    request.headers = headers;
    request.body = body;
    request.limits.head = settings.answer_wait;
    request.limits.idle = std::chrono::seconds(60);
    request.limits.body_max = settings.answer_max;
    request.reached = &reached;
    response = co_await client.send(request);
  } catch (const Fault& fault) {
    auto kind = passes(fault.code()) ? Carried::End::not_now : Carried::End::refused;
    failure = failed(kind, http_status(fault.kind()), fault.code(), fault.text(), reached);
  }
  if (failure) co_return std::move(*failure);
  if (means_busy(response.status)) {
    co_return failed(Carried::End::not_now, response.status, "agent_busy",
                     error_text(response.body(), response.status), true);
  }
  if (response.status >= 300) {
    co_return failed(Carried::End::refused, passed_on(response.status), "agent_error",
                     error_text(response.body(), response.status), true);
  }
  Carried carried;
  try {
    carried.answer = a2a::read_answer(response.body(), parcel.rpc_id);
    if (parcel.target.generation != parcel.generation) {
      carried.answer.body = a2a::answer_as(parcel.generation, carried.answer.body);
    }
    carried.end = Carried::End::answered;
    carried.status = response.status;
    carried.delivered = true;
  } catch (const Fault& fault) {
    carried = failed(Carried::End::refused, 502, fault.code(), fault.text(), true);
  }
  co_return carried;
}

}  // namespace molecule::proxy
