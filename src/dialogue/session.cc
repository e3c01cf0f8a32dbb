#include "dialogue/session.h"

#include <algorithm>

#include "platform/io/signal.h"
#include "platform/log/log.h"
#include "wire/jsonrpc/jsonrpc.h"
#include "wire/mcp/clipping.h"
#include "wire/mcp/question.h"
#include "wire/mcp/revisions.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;
using json::Node;
using json::Type;

std::string too_many() {
  return fmt::format("{} calls are under way; wait for one of them", Session::calls_max);
}

// An argument that is null is not there.
bool is_given(Node argument) { return argument && !argument.is(Type::null); }

std::optional<json::Document> without_its_halves(std::string_view text) {
  const std::string whole = without_halves(text);
  if (whole.empty()) return std::nullopt;
  try {
    return json::Document::parse(whole, message_limits);
  } catch (const Fault&) {
    return std::nullopt;
  }
}

}  // namespace

// A request that runs: a tool, or one that stays open until it is cancelled.
struct Session::Call {
  Call(Request asked, json::Document said, io::Scope& session)
      : request(std::move(asked)),
        document(std::move(said)),
        scope(
            session.loop(), [](std::string_view, std::exception_ptr) {}, &session.cancellation()) {}

  Request request;
  json::Document document;              // Its params.
  std::optional<json::Document> again;  // The arguments, once something was asked.
  const Words* tool = nullptr;
  std::string progress_token;  // JSON text; empty: progress is not asked for.
  double progressed = 0;
  bool cancelled = false;
  bool over = false;
  io::Scope scope;

  Node arguments() const { return again ? again->root() : document.root().find("arguments"); }
};

// A request of ours, until it is answered.
struct Session::Waiting {
  Waiting(Session& session, std::string own) : of(session), id(std::move(own)) {
    of.waiting_.push_back(this);
  }
  ~Waiting() {
    std::erase(of.waiting_, this);
    if (!result)
      of.ends_.write(notification("notifications/cancelled",
                                  json::Object{}.add("requestId", RawJson(id)).text()));
  }
  Waiting(const Waiting&) = delete;

  Session& of;
  const std::string id;  // JSON text.
  std::optional<std::string> result;
  io::Signal heard;
};

Session::Session(io::Loop& loop, Offer& offer, Ends ends, std::string revision,
                 io::Cancellation* parent)
    : offer_(offer),
      ends_(std::move(ends)),
      revision_(std::move(revision)),
      scope_(
          loop,
          [](std::string_view, std::exception_ptr) { log::error("a call ended unexpectedly"); },
          parent) {}

Session::~Session() = default;

bool Session::knows(std::string_view method, bool stateless) const {
  const auto is_one_of = [method](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, method) != names.end();
  };
  if (is_one_of({"tools/call", "tools/list", "server/discover"})) return true;
  if (is_one_of({"resources/list", "resources/templates/list", "resources/read"}))
    return !offer_.templates().empty();
  if (is_one_of({"prompts/list", "prompts/get"})) return !offer_.prompts().empty();
  if (method == "completion/complete") return offer_.server().completes;
  return stateless ? is_one_of({"subscriptions/listen"})
                   : is_one_of({"initialize", "ping", "logging/setLevel"});
}

std::string wrong_with_batch(Node batch, std::string_view revision) {
  if (!knows_batches(revision)) return "this revision knows no batches";
  if (batch.size() == 0) return "an empty batch";
  if (batch.size() <= Session::batch_max) return {};
  return fmt::format("a batch has at most {} messages", Session::batch_max);
}

void Session::take(std::string_view text) {
  std::optional<json::Document> document;
  try {
    document = json::Document::parse(text, message_limits);
  } catch (const Fault& fault) {
    // A request that nobody answers is waited for: one with half a character in it is taken.
    document = without_its_halves(text);
    if (!document) {
      refuse("null", jsonrpc::parse_error, fault.text());
      return;
    }
  }
  take(document->root());
}

void Session::take(Node root) {
  if (!root.is(Type::array)) {
    take_one(root, false);
    return;
  }
  // A batch, as of 2025-03-26. Each of it is answered by itself.
  if (const std::string wrong = wrong_with_batch(root, revision_); !wrong.empty()) {
    refuse("null", jsonrpc::invalid_request, wrong);
    return;
  }
  for (std::size_t i = 0; i < root.size(); ++i) take_one(root.at(i), true);
}

void Session::too_long() {
  refuse("null", jsonrpc::parse_error, "a line is longer than 16 MiB and was passed over");
}

void Session::take_one(Node root, bool of_batch) {
  auto read = read_message(root);
  if (const auto* refused = std::get_if<Refused>(&read)) {
    ends_.write(refusal(*refused));
    return;
  }
  const Message& message = std::get<Message>(read);
  switch (message.kind) {
    case Message::Kind::answer: take_answer(root); return;
    case Message::Kind::notification:
      if (message.method == "notifications/cancelled") cancel(message.params);
      if (message.method == "notifications/initialized" && !std::exchange(may_announce_, true))
        ends_.ready();
      return;
    case Message::Kind::request: break;
  }
  if (of_batch && message.stateless) {
    refuse(message.id, jsonrpc::invalid_request, "the revision of this message knows no batches");
    return;
  }
  Request request;
  request.id = message.id;
  request.method = message.method;
  request.stateless = message.stateless;
  request.revision = message.stateless ? std::string(stateless_revision) : revision_;
  answer(request, message.params);
}

void Session::answer(const Request& request, Node params) {
  const std::string& method = request.method;
  if (method == "tools/call") {
    begin(request, params);
  } else if (method == "tools/list" && is_given(params.find("cursor"))) {
    refuse(request.id, jsonrpc::invalid_params, "cursor: the list has one page");
  } else if (method == "tools/list") {
    json::Object result;
    const std::string_view revision =
        request.revision.empty() ? handshake_revisions.front() : std::string_view(request.revision);
    result.add("tools", RawJson(offer_.list(revision)));
    reply(request, std::move(result), Kept::as_a_list);
  } else if (method == "initialize" && !request.stateless) {
    const Node asked = params.find("protocolVersion");
    revision_ = agreed_on(asked.is(Type::string) ? asked.string() : std::string_view());
    can_ask_ = knows_elicitation(revision_) && can_be_asked(params.find("capabilities"));
    ends_.write(initialized(offer_.server(), request.id, revision_, offer_.instructions()));
  } else if (method == "ping" && !request.stateless) {
    ends_.write(jsonrpc::success(request.id, "{}"));
  } else if (method == "logging/setLevel" && !request.stateless) {
    set_level(request, params);
  } else if (method == "server/discover") {
    ends_.write(discovered(offer_.server(), request.id, offer_.instructions()));
  } else if (method == "subscriptions/listen" && request.stateless) {
    listen(request);
  } else if (!knows(method, request.stateless) || !answer_reading(request, params)) {
    refuse(request.id, jsonrpc::method_not_found, fmt::format("there is no method {}", method));
  }
}

bool Session::answer_reading(const Request& request, Node params) {
  const std::string& method = request.method;
  if (method == "resources/list") {
    const auto page = offer_.resources(text_of(params, "cursor"));
    if (!page) {
      refuse(request.id, jsonrpc::invalid_params, "cursor: there is no such page any more");
      return true;
    }
    json::Object result;
    result.add("resources", RawJson(page->items));
    if (!page->next.empty()) result.add("nextCursor", page->next);
    reply(request, std::move(result), Kept::for_now);
  } else if (method == "resources/templates/list") {
    json::Object result;
    result.add("resourceTemplates", RawJson(offer_.templates()));
    reply(request, std::move(result), Kept::as_a_list);
  } else if (method == "resources/read") {
    if (scope_.running() < calls_max) {
      scope_.spawn("reading", read(request, text_of(params, "uri")));
    } else {
      refuse(request.id, jsonrpc::internal_error, too_many());
    }
  } else if (method == "completion/complete") {
    complete(request, params);
  } else if (method == "prompts/list") {
    json::Object result;
    result.add("prompts", RawJson(offer_.prompts()));
    reply(request, std::move(result), Kept::as_a_list);
  } else if (method == "prompts/get") {
    try {
      auto result = offer_.prompt(text_of(params, "name"), params.find("arguments"));
      if (result) {
        reply(request, std::move(*result));
      } else {
        refuse(request.id, jsonrpc::invalid_params, "there is no such prompt");
      }
    } catch (const Fault& fault) {
      refuse(request.id, jsonrpc::invalid_params, fault.text());
    }
  } else {
    return false;
  }
  return true;
}

io::Task<void> Session::read(Request request, std::string uri) {
  std::optional<std::string> contents;
  try {
    contents = co_await offer_.resource(uri);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    refuse(request.id, jsonrpc::internal_error, fault.text());
    co_return;
  }
  if (contents) {
    json::Object result;
    result.add("contents", RawJson(*contents));
    reply(request, std::move(result), Kept::for_now);
    co_return;
  }
  const int code = request.stateless ? jsonrpc::invalid_params : resource_not_found;
  ends_.write(refusal({request.id, code, "there is no such resource",
                       json::Object{}.add("uri", json::storable(uri, 200)).text()}));
}

void Session::complete(const Request& request, Node params) {
  const Node ref = params.find("ref"), argument = params.find("argument");
  Offer::Asked asked;
  const std::string kind = text_of(ref, "type");
  if (kind == "ref/prompt") asked.prompt = text_of(ref, "name");
  if (kind == "ref/resource") asked.resource = text_of(ref, "uri");
  asked.argument = text_of(argument, "name");
  asked.value = text_of(argument, "value");
  const auto found = offer_.complete(asked);
  if (!found) {
    refuse(request.id, jsonrpc::invalid_params,
           "ref, argument: there is no such prompt or template here, or it has no such argument");
    return;
  }
  json::Object completion, result;
  completion.add("values", found->values).add("hasMore", found->more);
  if (!found->more) completion.add("total", static_cast<std::int64_t>(found->values.size()));
  result.add("completion", completion.raw());
  reply(request, std::move(result));
}

void Session::reply(const Request& request, json::Object result, Kept kept) {
  ends_.write(answered(offer_.server(), request.id, request.stateless, std::move(result), kept));
}

void Session::refuse(std::string_view id, int code, std::string_view why) {
  ends_.write(refusal({std::string(id), code, std::string(why)}));
}

void Session::set_level(const Request& request, Node params) {
  const std::string level = text_of(params, "level");
  const auto severity = enum_from<Severity>(level);
  if (!severity) {
    refuse(request.id, jsonrpc::invalid_params,
           "level: expected debug, info, notice, warning, error, critical, alert or emergency");
    return;
  }
  told_from_ = *severity;
  ends_.write(jsonrpc::success(request.id, "{}"));
}

void Session::tell(Severity severity, std::string_view text) {
  if (told_from_ && severity >= *told_from_)
    ends_.write(notification("notifications/message", log_params(severity, text)));
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
  const Words* tool = offer_.find(name.string());
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
    refuse(request.id, jsonrpc::internal_error, too_many());
    return;
  }
  std::optional<Again> again;
  if (request.stateless) again = called_again(*tool, params);
  if (again && !again->wrong.empty()) {
    refuse(request.id, jsonrpc::invalid_params, again->wrong);
    return;
  }
  if (again && again->arguments.empty()) {
    reply(request, tool_result("Nobody answered what was asked; nothing was done.", true));
    return;
  }
  auto document = json::Document::parse(params.text(), message_limits);
  auto made = std::make_unique<Call>(request, std::move(document), scope_);
  Call& call = *made;
  call.tool = tool;
  if (again) call.again = json::Document::parse(again->arguments, message_limits);
  call.progress_token = progress_token(params);
  calls_.push_back(std::move(made));
  scope_.spawn("call", run(call));
}

io::Task<void> Session::run(Call& call) {
  Said said;
  auto work = [&]() -> io::Task<void> {
    Progress progress;
    if (!call.progress_token.empty())
      progress = Progress([&](std::string_view text) {
        ends_.write(notification(
            "notifications/progress",
            progress_params(call.progress_token, ++call.progressed, text, call.request.revision)));
      });
    try {
      said = co_await worked(call, progress);
    } catch (const std::exception& problem) {
      said = {problem.what(), true};
    }
  };
  tell(Severity::debug, fmt::format("{} is called", call.tool->name));
  call.scope.spawn("tool", work());
  co_await call.scope.join();
  if (!call.cancelled) {
    if (said.failed)
      tell(Severity::warning,
           fmt::format("{}: {}", call.tool->name, clipped(said.text, shown_of_error)));
    const Node capabilities = call.document.root().find("_meta").find(meta::capabilities);
    if (said.question && call.request.stateless && can_be_asked(capabilities)) {
      ends_.write(answered(offer_.server(), call.request.id, true, input_required(*said.question),
                           Kept::not_at_all, "input_required"));
    } else {
      reply(call.request, tool_result(said.text, said.failed, said.files, call.request.revision));
    }
  }
  finished(call);
}

io::Task<Said> Session::worked(Call& call, const Progress& progress) {
  Said said = co_await offer_.call(*call.tool, call.arguments(), progress);
  if (call.request.stateless || !can_ask_) co_return said;
  for (int asked = 0; said.question && asked < questions_max; ++asked) {
    const auto answer = co_await ask_person(*said.question);
    if (!answer) break;
    std::string arguments = with_answer(call.arguments(), *said.question, *answer);
    call.again = json::Document::parse(arguments, message_limits);
    said = co_await offer_.call(*call.tool, call.arguments(), progress);
  }
  co_return said;
}

io::Task<std::optional<std::string>> Session::ask_person(Question question) {
  Waiting waiting(*this, fmt::format("\"asked-{}\"", ++asked_));
  ends_.write(jsonrpc::request(waiting.id, "elicitation/create", form_params(question, revision_)));
  bool in_time = true;
  while (!waiting.result && in_time) in_time = co_await waiting.heard.wait(answer_within);
  if (!waiting.result) co_return std::nullopt;
  const json::Document document = json::Document::parse(*waiting.result, message_limits);
  co_return said_in_form(document.root());
}

void Session::take_answer(Node message) {
  const Node id = message.find("id"), result = message.find("result");
  for (Waiting* each : waiting_) {
    if (!id || each->id != id.text() || each->result) continue;
    // An error is no answer either.
    each->result = result ? std::string(result.text()) : std::string("{}");
    each->heard.notify();
  }
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
  auto made = std::make_unique<Call>(request, json::Document::parse("{}"), scope_);
  Call& call = *made;
  calls_.push_back(std::move(made));
  auto stay = [](Call& of) -> io::Task<void> {
    auto wait = []() -> io::Task<void> {
      for (;;) co_await io::sleep(1h);
    };
    of.scope.spawn("subscription", wait());
    co_await of.scope.join();
    finished(of);
  };
  scope_.spawn("subscription", stay(call));
}

// Not taken out from inside of the call, which is still on its way out.
void Session::finished(Call& call) { call.over = true; }

void Session::take_out_finished() {
  std::erase_if(calls_, [](const auto& call) { return call->over; });
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
