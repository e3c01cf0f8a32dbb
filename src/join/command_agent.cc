#include "join/command_agent.h"

#include <algorithm>

#include "base/fields.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/net/socket.h"
#include "platform/net/wheel.h"
#include "platform/process/child.h"
#include "wire/a2a/at_work.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

constexpr auto exit_within = 5s;      // From the end of its output.
constexpr auto look_every = 20ms;     // Whether it has ended.
constexpr auto output_grace = 300ms;  // For output that comes behind its end.
constexpr int not_ended = -1;
constexpr auto ask_again_after = 2s;  // For the platform, while all places are taken.
constexpr std::size_t message_max = 16u << 20;
constexpr int not_found_code = -32001;
constexpr const char* text_alone = R"(["text/plain"])";
constexpr const char* files_too = R"(["text/plain","application/octet-stream"])";
constexpr std::string_view activity_header = "X-Molecule-Activity-Id";

std::string_view or_else(std::optional<std::string_view> text, std::string_view other) {
  return text.value_or(other);
}

// The longest beginning that is whole characters of UTF-8, as far as they are any.
std::size_t whole_characters(std::string_view text) {
  std::size_t end = text.size();
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t need = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    if (need > back) end = text.size() - back;
    break;
  }
  return end;
}

// `more`: further parts, each behind a comma.
RawJson parts_saying(std::string_view text, std::string_view more = {}) {
  const std::string part =
      json::Object{}.add("kind", "text").add("text", json::storable(text, message_max * 2)).text();
  return RawJson(fmt::format("[{}{}]", part, more));
}

// The task that a message goes on with, as its sender names it.
std::string task_named_in(std::string_view request) {
  json::Document document = json::Document::parse(request, {.bytes = message_max});
  const json::Node named = document.root().find("params").find("message").find("taskId");
  return named.is(json::Type::string) ? std::string(named.string()) : std::string();
}

std::string envelope(std::string_view rpc_id, std::string_view member, const RawJson& value) {
  return json::Object{}
      .add("jsonrpc", "2.0")
      .add("id", RawJson(std::string(rpc_id)))
      .add(member, value)
      .text();
}

// The platform asks about a task by its message's id of the log.
std::string id_of(const a2a::Incoming& message, const http::Request& request) {
  const std::string_view activity = or_else(request.header(activity_header), "");
  return activity.empty() ? message.message_id : std::string(activity);
}

// It is brought again; what else there is for this agent need not wait for that.
http::Response at_work() {
  return http::error_response(503, "at_work", "the command is at work on this message")
      .with(std::string(a2a::at_work_header), "true");
}

std::string event(const std::string& data) { return fmt::format("data: {}\n\n", data); }

}  // namespace

class CommandAgent::OpenGate final : public http::Gate {
 public:
  std::optional<http::Response> admit(const http::Route&, http::Request&) override {
    return std::nullopt;
  }
  std::optional<http::Response> review(const http::Route&, http::Request&) override {
    return std::nullopt;
  }
};

// One message and what the command makes of it.
struct CommandAgent::Run {
  std::string id;
  std::string context;
  std::string output;
  std::string files;  // What it left for its answer, as parts of a message, each behind a comma.
  std::string error;  // Why it failed; empty: it did not.
  bool over = false;
  bool canceled = false;
  process::Child* child = nullptr;  // While it runs.
  io::Signal grown;

  std::string_view state() const {
    if (!over) return "working";
    return canceled ? "canceled" : error.empty() ? "completed" : "failed";
  }
  RawJson status() const {
    json::Object status;
    status.add("state", state());
    if (!error.empty()) {
      status.add("message", json::Object{}
                                .add("kind", "message")
                                .add("messageId", id + "-end")
                                .add("role", "agent")
                                .add("parts", parts_saying(error))
                                .raw());
    }
    return status.raw();
  }
  RawJson task() const {
    json::Object task;
    task.add("kind", "task").add("id", id).add("contextId", context).add("status", status());
    const std::size_t whole = over ? output.size() : whole_characters(output);
    if (whole > 0 || !files.empty()) {
      const RawJson artifact =
          json::Object{}
              .add("artifactId", "output")
              .add("parts", parts_saying(std::string_view(output).substr(0, whole), files))
              .raw();
      task.add("artifacts", RawJson(fmt::format("[{}]", artifact.text)));
    }
    return task.raw();
  }
  json::Object update(std::string_view kind) const {
    json::Object update;
    update.add("kind", kind).add("taskId", id).add("contextId", context);
    return update;
  }
};

CommandAgent::CommandAgent(io::Loop& loop, Command command, std::string name,
                           Enclosures* enclosures, const io::Clock& clock, io::Random& random,
                           metrics::Registry& registry)
    : loop_(loop),
      command_(std::move(command)),
      name_(std::move(name)),
      enclosures_(enclosures),
      clock_(clock),
      random_(random),
      gate_(std::make_unique<OpenGate>()),
      router_(std::make_unique<http::Router>(*gate_)),
      runs_(loop, [](std::string_view, std::exception_ptr) {}) {
  static constexpr auto table = http::table(
      http::post<ByPlatform, &CommandAgent::answer>("/").body_limit(message_max).gives<RawJson>());
  router_->mount(table, *this);
  http::Settings settings;
  settings.hosts = {"agent"};
  server_ = std::make_unique<http::Server>(loop, *router_, settings, registry);
}

CommandAgent::~CommandAgent() = default;

io::Task<void> CommandAgent::serve(std::unique_ptr<net::Stream> stream) {
  return server_->serve_connection(std::move(stream));
}

io::Task<std::optional<std::string>> CommandAgent::card() {
  json::Object card;
  if (!name_.empty()) card.add("name", name_);
  card.add("description", "Runs a command for each message")
      .add("version", "1")
      .add("protocolVersion", "0.3.0")
      .add("capabilities", json::Object{}.add("streaming", true).raw())
      .add("defaultInputModes", RawJson(enclosures_ ? files_too : text_alone))
      .add("defaultOutputModes", RawJson(enclosures_ ? files_too : text_alone))
      .add("skills", RawJson("[]"));
  co_return card.text();
}

io::Task<void> CommandAgent::stop() {
  for (auto& [id, run] : by_id_) {
    if (run->child) run->child->kill();
  }
  co_await server_->drain();
  co_await runs_.drain(1s);
}

io::Task<http::Response> CommandAgent::answer(ByPlatform::Caller, const http::Request& request) {
  const std::string body(request.body);
  json::Document document = json::Document::parse(body);
  const std::string_view method = document.root().find("method").is(json::Type::string)
                                      ? document.root().find("method").string()
                                      : std::string_view();
  if (method == "tasks/get" || method == "tasks/cancel" || method == "tasks/resubscribe")
    co_return co_await answer_task(request);
  a2a::Stamp stamp;
  stamp.fresh_id = std::to_string(random_.number());
  const a2a::Incoming message = a2a::read_request(body, stamp);
  const bool again = by_id_.contains(id_of(message, request));
  auto run = run_of(message, request);
  if (!run) {
    throw Fault(Kind::unavailable, "busy", "the command is at another message")
        .retry_after(std::chrono::duration_cast<std::chrono::seconds>(ask_again_after));
  }
  if (message.stream) co_return stream_of(std::move(run), message.rpc_id, false);
  const auto until = clock_.monotonic() + (again ? command_.hold_again : command_.hold);
  for (auto now = clock_.monotonic(); !run->over && now < until; now = clock_.monotonic())
    co_await run->grown.wait(until - now);
  if (!run->over) co_return at_work();
  const bool as_words = run->error.empty() && !run->canceled;
  // As a list of its own.
  const std::string more = run->files.empty() ? "" : "[" + run->files.substr(1) + "]";
  co_return http::Response::json(
      200, as_words ? a2a::answer_saying(run->output, more, run->id + "-answer",
                                         a2a::Generation::v03, message.rpc_id)
                    : envelope(message.rpc_id, "result", run->task()));
}

io::Task<http::Response> CommandAgent::answer_task(const http::Request& request) {
  json::Document document = json::Document::parse(request.body);
  const json::Node root = document.root();
  const std::string rpc_id = root.find("id") ? root.find("id").text() : "null";
  const json::Node id = root.find("params").find("id");
  const std::string_view method = root.find("method").string();
  auto found = by_id_.find(id.is(json::Type::string) ? std::string(id.string()) : std::string());
  if (found == by_id_.end()) {
    const RawJson error = json::Object{}
                              .add("code", not_found_code)
                              .add("message", "this task is not known here")
                              .raw();
    co_return http::Response::json(200, envelope(rpc_id, "error", error));
  }
  const std::shared_ptr<Run> run = found->second;
  if (method == "tasks/resubscribe") co_return stream_of(run, rpc_id, true);
  if (method == "tasks/cancel" && !run->over) {
    run->canceled = true;
    if (run->child) run->child->kill();
    while (!run->over) co_await run->grown.wait(1h);
  }
  co_return http::Response::json(200, envelope(rpc_id, "result", run->task()));
}

std::shared_ptr<CommandAgent::Run> CommandAgent::run_of(const a2a::Incoming& message,
                                                        const http::Request& request) {
  const std::string activity(or_else(request.header(activity_header), ""));
  const std::string id = id_of(message, request);
  if (auto found = by_id_.find(id); found != by_id_.end()) return found->second;
  if (working_ >= command_.at_once) return nullptr;
  auto run = std::make_shared<Run>();
  run->id = id;
  run->context = message.context_id.value_or(id);
  std::vector<std::pair<std::string, std::string>> environment = command_.environment;
  environment.emplace_back("MOLECULE_ACTIVITY_ID", activity);
  environment.emplace_back("MOLECULE_MESSAGE_ID", message.message_id);
  environment.emplace_back("MOLECULE_CONTEXT_ID", run->context);
  environment.emplace_back("MOLECULE_TASK_ID", task_named_in(message.body));
  environment.emplace_back("MOLECULE_SOURCE_WORKSPACE_ID",
                           std::string(or_else(request.header("X-Workspace-ID"), "")));
  by_id_.emplace(id, run);
  ++working_;
  runs_.spawn("command", work(run, message.body, message.text, std::move(environment)));
  return run;
}

io::Task<void> CommandAgent::work(std::shared_ptr<Run> run, std::string request, std::string text,
                                  Environment environment) {
  try {
    co_await io::within(command_.limit, work_with_files(*run, std::move(request), std::move(text),
                                                        std::move(environment)));
  } catch (const Fault& fault) {
    run->error = fault.kind() == Kind::deadline
                     ? fmt::format("the command took longer than {} s", command_.limit.count())
                     : fault.text();
  }
  run->over = true;
  run->grown.notify();
  --working_;
  over_.push_back(run->id);
  over_bytes_ += run->output.size();
  forget_old();
}

io::Task<void> CommandAgent::work_with_files(Run& run, std::string request, std::string text,
                                             Environment environment) {
  std::unique_ptr<Enclosures::Kit> kit;
  if (enclosures_) kit = co_await enclosures_->unpack(std::move(request));
  if (run.canceled) co_return;
  if (kit) std::ranges::move(kit->environment(), std::back_inserter(environment));
  co_await talk(run, std::move(text), std::move(environment));
  if (!kit || run.canceled) co_return;
  std::string files = co_await enclosures_->send(*kit);
  run.files = std::move(files);
}

io::Task<void> CommandAgent::talk(Run& run, std::string text, Environment environment) {
  process::Child child(command_.arguments, environment, text);
  struct Named {
    Run& at;
    Named(Run& of, process::Child& started) : at(of) { at.child = &started; }
    ~Named() { at.child = nullptr; }
  };
  const Named named(run, child);
  auto output = net::Socket::adopt(loop_, child.take_output(), "command");
  // What the command leaves behind may hold its output open; it is not waited for.
  auto watch = [](const process::Child& of, net::Stream& out) -> io::Task<void> {
    while (!of.ended()) co_await io::sleep(look_every);
    out.set_deadline(net::Direction::read, net::Wheel::now() + output_grace);
  };
  io::Context here = co_await io::context();
  io::Scope watching(loop_, [](std::string_view, std::exception_ptr) {}, here.cancellation);
  watching.spawn("exit", watch(child, *output));
  std::exception_ptr failure;
  try {
    co_await read_all(*output, run);
  } catch (...) {
    failure = std::current_exception();
  }
  watching.cancel();
  co_await watching.join();
  if (failure) std::rethrow_exception(failure);
  const auto by = clock_.monotonic() + exit_within;
  while (!child.ended() && clock_.monotonic() < by) co_await io::sleep(5ms);
  const int status = child.ended().value_or(not_ended);
  if (run.canceled) co_return;
  if (status != 0) {
    const std::string_view said(run.output);
    if (status == not_ended)
      throw Fault(Kind::bad_gateway, "command_failed",
                  "the command closed its output and did not end");
    throw Fault(Kind::bad_gateway, "command_failed",
                said.empty() ? fmt::format("the command ended with status {}", status)
                             : fmt::format("the command ended with status {} after it had said: {}",
                                           status, json::storable(said, 2000)));
  }
}

// To the end of the output, or for a moment longer than the command lives.
io::Task<void> CommandAgent::read_all(net::Stream& output, Run& run) {
  io::Context here = co_await io::context();
  std::vector<char> part(16u << 10);
  for (;;) {
    const net::Attempt came = output.try_read(part);
    if (came.state == net::Attempt::State::wait) {
      const net::Wake why = co_await output.wait(net::Direction::read);
      if (why == net::Wake::deadline) co_return;
      net::require_ready(why, here);
      continue;
    }
    if (came.state != net::Attempt::State::moved) co_return;
    if (run.output.size() + came.bytes > command_.output_max) {
      throw Fault(Kind::too_large, "output_too_large",
                  fmt::format("the command printed more than {} bytes", command_.output_max));
    }
    run.output.append(part.data(), came.bytes);
    run.grown.notify();
  }
}

// From its beginning; `from_now`: the task as it stands, then what comes.
http::Response CommandAgent::stream_of(std::shared_ptr<Run> run, std::string rpc_id,
                                       bool from_now) {
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  auto write = [](std::shared_ptr<Run> of, std::string id, bool stands,
                  http::BodyWriter& out) -> io::Task<void> {
    auto say = [&id](const RawJson& result) { return event(envelope(id, "result", result)); };
    std::size_t told = stands ? (of->over ? of->output.size() : whole_characters(of->output)) : 0;
    if (stands) {
      co_await out.write(say(of->task()));
    } else {
      const RawJson begun = json::Object{}
                                .add("kind", "task")
                                .add("id", of->id)
                                .add("contextId", of->context)
                                .add("status", json::Object{}.add("state", "working").raw())
                                .raw();
      co_await out.write(say(begun));
    }
    for (bool last = false; !last;) {
      last = of->over;
      const std::size_t whole = last ? of->output.size() : whole_characters(of->output);
      const std::string_view files = last ? std::string_view(of->files) : std::string_view();
      if (whole > told || !files.empty()) {
        const RawJson artifact =
            json::Object{}
                .add("artifactId", "output")
                .add("parts",
                     parts_saying(std::string_view(of->output).substr(told, whole - told), files))
                .raw();
        json::Object update = of->update("artifact-update");
        update.add("artifact", artifact).add("append", told > 0).add("lastChunk", last);
        told = whole;
        co_await out.write(say(update.raw()));
      }
      if (!last && !of->over) co_await of->grown.wait(15s);
    }
    json::Object end = of->update("status-update");
    end.add("status", of->status()).add("final", true);
    co_await out.write(say(end.raw()));
  };
  response.stream = [run = std::move(run), id = std::move(rpc_id), from_now,
                     write](http::BodyWriter& out) { return write(run, id, from_now, out); };
  return response;
}

void CommandAgent::forget_old() {
  while (over_.size() > kept_max || (over_.size() > 1 && over_bytes_ > kept_bytes)) {
    auto found = by_id_.find(over_.front());
    over_bytes_ -= found->second->output.size();
    by_id_.erase(found);
    over_.erase(over_.begin());
  }
}

}  // namespace molecule::join
