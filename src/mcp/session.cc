#include "mcp/session.h"

#include <algorithm>

#include "mcp/revisions.h"
#include "platform/log/log.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;
using json::Node;
using json::Type;

constexpr std::string_view server_version = "1.0.0";
constexpr std::int64_t list_for_ms = 3'600'000;  // The tools of a process never change.

std::string error_answer(std::string_view id, int code, std::string_view why,
                         std::string_view data) {
  json::Object error, out;
  error.add("code", code).add("message", why);
  if (!data.empty()) error.add("data", RawJson(std::string(data)));
  out.add("jsonrpc", "2.0").add("id", RawJson(std::string(id))).add("error", error.raw());
  return out.text();
}

std::string notification(std::string_view method, std::string_view params) {
  json::Object out;
  out.add("jsonrpc", "2.0").add("method", method).add("params", RawJson(std::string(params)));
  return out.text();
}

RawJson server_info(bool with_title) {
  json::Object out;
  out.add("name", "molecule").add("version", server_version);
  if (with_title) out.add("title", "Molecule workspace");
  return out.raw();
}

RawJson capabilities() {
  return RawJson(R"({"tools":{"listChanged":false},"experimental":{"claude/channel":{}}})");
}

}  // namespace

// A request that runs: a tool, or one that stays open until it is cancelled.
struct Session::Call {
  Call(Request asked, json::Document said, io::Loop& loop)
      : request(std::move(asked)),
        document(std::move(said)),
        scope(loop, [](std::string_view, std::exception_ptr) {}) {}

  Request request;
  json::Document document;  // Its params.
  const Tool* tool = nullptr;
  std::string progress_token;  // JSON text; empty: progress is not asked for.
  double progressed = 0;
  bool cancelled = false;
  bool over = false;
  io::Scope scope;
};

Session::Session(io::Loop& loop, Tools& tools, Face face, Ends ends)
    : loop_(loop),
      tools_(tools),
      face_(std::move(face)),
      ends_(std::move(ends)),
      scope_(loop, [](std::string_view, std::exception_ptr) {
        log::error("a call ended unexpectedly");
      }) {}

Session::~Session() = default;

void Session::take(const std::string& line) {
  std::optional<json::Document> document;
  try {
    document = json::Document::parse(line, {.bytes = 16u << 20, .nul = json::Nul::kept});
  } catch (const Fault& fault) {
    refuse("null", jsonrpc::parse_error, fault.text());
    return;
  }
  const Node root = document->root();
  if (!root.is(Type::array)) {
    take_one(root);
    return;
  }
  // A batch, as of 2025-03-26. Each of it is answered by itself.
  if (root.size() == 0) refuse("null", jsonrpc::invalid_request, "an empty batch");
  for (std::size_t i = 0; i < root.size(); ++i) take_one(root.at(i));
}

void Session::too_long() {
  refuse("null", jsonrpc::parse_error, "a line is longer than 16 MiB and was passed over");
}

void Session::take_one(Node message) {
  const Node method = message.find("method"), id = message.find("id");
  if (!message.is(Type::object) || !method.is(Type::string)) {
    // An answer to a request of ours, of which there are none, needs no word.
    const bool answer = message.find("result") || message.find("error");
    if (!answer) refuse("null", jsonrpc::invalid_request, "this is no request of JSON-RPC 2.0");
    return;
  }
  if (id && !id.is(Type::string) && !id.is(Type::integer)) {
    refuse("null", jsonrpc::invalid_request, "an id is a string or a whole number");
    return;
  }
  Request request;
  request.method = method.string();
  request.revision = revision_;
  const Node params = message.find("params");
  if (!id) {
    if (request.method == "notifications/cancelled") cancel(params);
    if (request.method == "notifications/initialized" && !std::exchange(may_announce_, true))
      ends_.ready();
    return;
  }
  request.id = id.text();
  if (params && !params.is(Type::object)) {
    refuse(request.id, jsonrpc::invalid_params, "params: expected an object");
    return;
  }
  if (auto refused = refusal_of(request, params)) {
    ends_.write(std::move(*refused));
    return;
  }
  answer(request, params);
}

// A request of the stateless era says in itself who speaks.
std::optional<std::string> Session::refusal_of(Request& request, Node params) const {
  const Node own = params.find("_meta");
  const Node version = own.find(meta::version);
  if (!version) return std::nullopt;
  request.stateless = true;
  if (!version.is(Type::string) || version.string() != stateless_revision) {
    json::Object data;
    data.add("supported", std::vector<std::string>{std::string(stateless_revision)});
    data.add("requested", RawJson(version.text()));
    return error_answer(request.id, unsupported_version,
                        "this revision is not spoken without a handshake", data.text());
  }
  if (!own.find(meta::capabilities).is(Type::object))
    return error_answer(request.id, jsonrpc::invalid_params,
                        fmt::format("_meta must have {}", meta::capabilities), {});
  request.revision = stateless_revision;
  return std::nullopt;
}

void Session::answer(const Request& request, Node params) {
  const std::string& method = request.method;
  if (method == "tools/call") {
    begin(request, params);
  } else if (method == "tools/list") {
    json::Object result;
    const std::string_view revision =
        request.revision.empty() ? handshake_revisions.front() : std::string_view(request.revision);
    result.add("tools", RawJson(listed(face_.tools, revision)));
    reply(request, std::move(result), true);
  } else if (method == "initialize" && !request.stateless) {
    const Node asked = params.find("protocolVersion");
    revision_ = agreed_on(asked.is(Type::string) ? asked.string() : std::string_view());
    ends_.write(jsonrpc::success(request.id, initialized(request)));
  } else if (method == "ping" && !request.stateless) {
    ends_.write(jsonrpc::success(request.id, "{}"));
  } else if (method == "server/discover") {
    json::Object result;
    std::vector<std::string> spoken(handshake_revisions.begin(), handshake_revisions.end());
    spoken.emplace_back(stateless_revision);
    result.add("supportedVersions", spoken).add("capabilities", capabilities());
    result.add("instructions", face_.instructions());
    Request told = request;
    told.stateless = true;
    reply(told, std::move(result), true);
  } else if (method == "subscriptions/listen" && request.stateless) {
    listen(request);
  } else {
    refuse(request.id, jsonrpc::method_not_found, fmt::format("there is no method {}", method));
  }
}

std::string Session::initialized(const Request&) const {
  json::Object result;
  result.add("protocolVersion", revision_).add("capabilities", capabilities());
  result.add("serverInfo", server_info(knows_titles(revision_)));
  result.add("instructions", face_.instructions());
  return result.text();
}

// What every result of the stateless era has, and lists beside that.
void Session::reply(const Request& request, json::Object result, bool cached) {
  if (request.stateless) {
    result.add("resultType", "complete");
    if (cached) result.add("ttlMs", list_for_ms).add("cacheScope", "private");
    result.add("_meta", json::Object{}.add(meta::server, server_info(true)).raw());
  }
  ends_.write(jsonrpc::success(request.id, result.text()));
}

void Session::refuse(std::string_view id, int code, std::string_view why, std::string_view data) {
  ends_.write(error_answer(id, code, why, data));
}

void Session::cancel(Node params) {
  const Node id = params.find("requestId");
  if (!id) return;
  Call* call = under_way(id.text());
  if (call == nullptr) return;
  call->cancelled = true;
  call->scope.cancel();
}

// What was cancelled is on its way out, and its id is free.
Session::Call* Session::under_way(const std::string& id) const {
  const auto at = std::ranges::find_if(calls_, [&](const auto& call) {
    return !call->cancelled && !call->over && call->request.id == id;
  });
  return at == calls_.end() ? nullptr : at->get();
}

void Session::begin(const Request& request, Node params) {
  take_out_finished();
  const Node name = params.find("name");
  if (!name.is(Type::string)) {
    refuse(request.id, jsonrpc::invalid_params, "name: which tool is called?");
    return;
  }
  const Tool* tool = find_tool(face_.tools, name.string());
  if (tool == nullptr) {
    refuse(request.id, jsonrpc::invalid_params,
           fmt::format("Unknown tool: {}", json::storable(name.string(), 200)));
    return;
  }
  if (under_way(request.id) != nullptr) {
    refuse(request.id, jsonrpc::invalid_request, "a request of this id is under way");
    return;
  }
  if (calls_.size() >= calls_max) {
    refuse(request.id, jsonrpc::internal_error,
           fmt::format("{} calls are under way; wait for one of them", calls_max));
    return;
  }
  auto document =
      json::Document::parse(params.text(), {.bytes = 16u << 20, .nul = json::Nul::kept});
  auto made = std::make_unique<Call>(request, std::move(document), loop_);
  Call& call = *made;
  call.tool = tool;
  const Node token = params.find("_meta").find("progressToken");
  if (token.is(Type::string) || token.is(Type::integer)) call.progress_token = token.text();
  calls_.push_back(std::move(made));
  scope_.spawn("call", run(call));
}

io::Task<void> Session::run(Call& call) {
  Said said;
  auto work = [&]() -> io::Task<void> {
    Progress progress;
    if (!call.progress_token.empty())
      progress = Progress([&](std::string_view text) {
        json::Object params;
        params.add("progressToken", RawJson(call.progress_token))
            .add("progress", ++call.progressed);
        if (call.request.revision >= "2025-03-26") params.add("message", text);
        ends_.write(notification("notifications/progress", params.text()));
      });
    try {
      said = co_await tools_.call(*call.tool, call.document.root().find("arguments"), progress);
    } catch (const std::exception& problem) {
      said = {problem.what(), true};
    }
  };
  call.scope.spawn("tool", work());
  co_await call.scope.join();
  if (!call.cancelled) {
    json::Object text, result;
    text.add("type", "text").add("text", said.text);
    result.add("content", RawJson("[" + text.text() + "]")).add("isError", said.failed);
    reply(call.request, std::move(result));
  }
  finished(call);
}

// Nothing of ours changes while this process runs: it is said that nothing will be told.
void Session::listen(const Request& request) {
  take_out_finished();
  if (under_way(request.id) != nullptr || calls_.size() >= calls_max) {
    refuse(request.id, jsonrpc::invalid_request,
           "a request of this id is under way, or too many are");
    return;
  }
  json::Object params;
  params.add("notifications", RawJson("{}"));
  params.add("_meta",
             json::Object{}.add(meta::subscription, RawJson(std::string(request.id))).raw());
  ends_.write(notification("notifications/subscriptions/acknowledged", params.text()));
  auto made = std::make_unique<Call>(request, json::Document::parse("{}"), loop_);
  Call& call = *made;
  calls_.push_back(std::move(made));
  auto stay = [](Session& self, Call& of) -> io::Task<void> {
    auto wait = []() -> io::Task<void> {
      for (;;) co_await io::sleep(1h);
    };
    of.scope.spawn("subscription", wait());
    co_await of.scope.join();
    self.finished(of);
  };
  scope_.spawn("subscription", stay(*this, call));
}

// Not taken out from inside of the call, which is still on its way out.
void Session::finished(Call& call) { call.over = true; }

void Session::take_out_finished() {
  std::erase_if(calls_, [](const auto& call) { return call->over; });
}

void Session::announce(const std::string& params) {
  ends_.write(notification(face_.push_method, params));
}

io::Task<void> Session::end(std::chrono::milliseconds grace) {
  const auto step = 10ms;
  for (auto left = grace; left > 0ms && scope_.running() > 0; left -= step)
    co_await io::sleep(step);
  for (auto& call : calls_) {
    call->cancelled = true;
    call->scope.cancel();
  }
  co_await scope_.join();
  calls_.clear();
}

}  // namespace molecule::mcp
