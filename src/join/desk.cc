#include "join/desk.h"

#include <algorithm>

#include "platform/json/json.h"
#include "platform/log/log.h"
#include "wire/a2a/at_work.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

constexpr auto ask_again_after = 2s;  // For the platform, while all places are taken.
constexpr std::size_t message_max = 16u << 20;
constexpr std::size_t bodies_max = 4 * message_max;  // Of messages that come at a time.
constexpr int not_found_code = -32001;
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

std::string event(const std::string& data) { return fmt::format("data: {}\n\n", data); }

std::string_view state_of(const Run& run) {
  if (!run.over) return "working";
  return run.canceled ? "canceled" : run.error.empty() ? "completed" : "failed";
}

RawJson status_of(const Run& run) {
  json::Object status;
  status.add("state", state_of(run));
  if (!run.error.empty()) {
    status.add("message", json::Object{}
                              .add("kind", "message")
                              .add("messageId", run.id + "-end")
                              .add("role", "agent")
                              .add("parts", parts_saying(run.error))
                              .raw());
  }
  return status.raw();
}

RawJson task_of(const Run& run) {
  json::Object task;
  task.add("kind", "task").add("id", run.id).add("contextId", run.context);
  task.add("status", status_of(run));
  const std::size_t whole = run.over ? run.output.size() : whole_characters(run.output);
  if (whole > 0 || !run.files.empty()) {
    const RawJson artifact =
        json::Object{}
            .add("artifactId", "output")
            .add("parts", parts_saying(std::string_view(run.output).substr(0, whole), run.files))
            .raw();
    task.add("artifacts", RawJson(fmt::format("[{}]", artifact.text)));
  }
  return task.raw();
}

json::Object update_of(const Run& run, std::string_view kind) {
  json::Object update;
  update.add("kind", kind).add("taskId", run.id).add("contextId", run.context);
  return update;
}

}  // namespace

class Desk::OpenGate final : public http::Gate {
 public:
  std::optional<http::Response> admit(const http::Route&, http::Request&) override {
    return std::nullopt;
  }
  std::optional<http::Response> review(const http::Route&, http::Request&) override {
    return std::nullopt;
  }
};

Desk::Desk(io::Loop& loop, Settings settings, Worker& worker, const io::Clock& clock,
           io::Random& random, metrics::Registry& registry)
    : settings_(std::move(settings)),
      who_(settings_.who),
      worker_(worker),
      clock_(clock),
      random_(random),
      gate_(std::make_unique<OpenGate>()),
      router_(std::make_unique<http::Router>(*gate_)),
      runs_(loop, [](std::string_view, std::exception_ptr) {}) {
  static constexpr auto table = http::table(
      http::post<ByPlatform, &Desk::answer>("/").body_limit(message_max).gives<RawJson>());
  router_->mount(table, *this);
  http::Settings served;
  served.hosts = {"agent"};
  // The platform shows no credential here, and is no stranger: its connection was proven.
  served.limits.strangers_bodies = bodies_max;
  server_ = std::make_unique<http::Server>(loop, *router_, served, registry);
}

Desk::~Desk() = default;

io::Task<void> Desk::serve(std::unique_ptr<net::Stream> stream) {
  return server_->serve_connection(std::move(stream));
}

std::string Desk::at() const {
  const Run* any = nullptr;
  for (const auto& [id, run] : by_id_) {
    if (run->over) continue;
    if (!run->waits) return run->text;
    any = run.get();
  }
  return any ? any->text : std::string();
}

bool Desk::has_room(const std::string& context, std::size_t bytes) const {
  if (working_ == 0) return true;
  if (working_ >= settings_.at_once) return false;
  std::size_t of_context = 0;
  for (const auto& [id, run] : by_id_) {
    if (run->over) continue;
    bytes += run->request.size();
    if (run->context == context) ++of_context;
  }
  return of_context < settings_.of_one_context && bytes <= settings_.bytes_at_once;
}

io::Task<void> Desk::stop() {
  for (auto& [id, run] : by_id_) {
    if (!run->over) worker_.cancel(*run);
  }
  co_await server_->drain();
  co_await runs_.drain(1s);
}

// It is brought again; what else there is for this agent need not wait for that.
http::Response Desk::at_work() const {
  return http::error_response(503, "at_work", who_ + " is at work on this message")
      .with(std::string(a2a::at_work_header), "true");
}

void Desk::tell_change() {
  if (settings_.changed) settings_.changed();
}

io::Task<http::Response> Desk::answer(ByPlatform::Caller, const http::Request& request) {
  const std::string asked(request.body);
  json::Document document = json::Document::parse(asked);
  const std::string_view method = document.root().find("method").is(json::Type::string)
                                      ? document.root().find("method").string()
                                      : std::string_view();
  if (method == "tasks/get" || method == "tasks/cancel" || method == "tasks/resubscribe")
    co_return co_await answer_task(request);
  a2a::Stamp stamp;
  stamp.fresh_id = std::to_string(random_.number());
  const a2a::Incoming message = a2a::read_request(asked, stamp);
  const bool again = by_id_.contains(id_of(message, request));
  auto run = run_of(message, request);
  if (!run) {
    throw Fault(Kind::unavailable, "busy", who_ + " is at another message")
        .retry_after(std::chrono::duration_cast<std::chrono::seconds>(ask_again_after));
  }
  if (message.stream) co_return stream_of(std::move(run), message.rpc_id, false);
  // Who may end before it has heard of a run says so, or would count that as a run that was lost.
  const bool at_once = again && request.header("Prefer") == "wait=0";
  const auto hold = at_once ? 0ms : again ? settings_.hold_again : settings_.hold;
  const auto until = clock_.monotonic() + hold;
  for (auto now = clock_.monotonic(); !run->over && now < until; now = clock_.monotonic())
    co_await run->grown.wait(until - now);
  if (!run->over) co_return at_work();
  const bool as_words = run->error.empty() && !run->canceled;
  // As a list of its own.
  const std::string more = run->files.empty() ? "" : "[" + run->files.substr(1) + "]";
  co_return http::Response::json(
      200, as_words ? a2a::answer_saying(run->output, more, run->id + "-answer",
                                         a2a::Generation::v03, message.rpc_id)
                    : envelope(message.rpc_id, "result", task_of(*run)));
}

io::Task<http::Response> Desk::answer_task(const http::Request& request) {
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
    worker_.cancel(*run);
    while (!run->over) co_await run->grown.wait(1h);
  }
  co_return http::Response::json(200, envelope(rpc_id, "result", task_of(*run)));
}

std::shared_ptr<Run> Desk::run_of(const a2a::Incoming& message, const http::Request& request) {
  const std::string activity(or_else(request.header(activity_header), ""));
  const std::string id = id_of(message, request);
  if (auto found = by_id_.find(id); found != by_id_.end()) return found->second;
  std::string context = message.context_id.value_or(id);
  if (!has_room(context, message.body.size())) return nullptr;
  auto run = std::make_shared<Run>();
  run->id = id;
  run->context = std::move(context);
  run->text = message.text;
  run->request = message.body;
  run->message_id = message.message_id;
  run->activity = activity;
  run->source = std::string(or_else(request.header("X-Workspace-ID"), ""));
  run->task = task_named_in(message.body);
  by_id_.emplace(id, run);
  ++working_;
  runs_.spawn("run", work(run));
  tell_change();
  return run;
}

io::Task<void> Desk::work(std::shared_ptr<Run> run) {
  try {
    co_await io::within(settings_.limit, worker_.work(*run));
  } catch (const Fault& fault) {
    run->error = fault.kind() == Kind::deadline
                     ? fmt::format("{} took longer than {} s", who_, settings_.limit.count())
                     : fault.text();
  }
  run->over = true;
  run->request = {};
  run->grown.notify();
  --working_;
  over_.push_back(run->id);
  over_bytes_ += run->output.size();
  forget_old();
  tell_change();
}

// From its beginning; `from_now`: the task as it stands, then what comes.
http::Response Desk::stream_of(std::shared_ptr<Run> run, std::string rpc_id, bool from_now) {
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  auto write = [](std::shared_ptr<Run> of, std::string id, bool stands,
                  http::BodyWriter& out) -> io::Task<void> {
    auto say = [&id](const RawJson& result) { return event(envelope(id, "result", result)); };
    std::size_t told = stands ? (of->over ? of->output.size() : whole_characters(of->output)) : 0;
    if (stands) {
      co_await out.write(say(task_of(*of)));
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
        json::Object update = update_of(*of, "artifact-update");
        update.add("artifact", artifact).add("append", told > 0).add("lastChunk", last);
        told = whole;
        co_await out.write(say(update.raw()));
      }
      if (!last && !of->over) co_await of->grown.wait(15s);
    }
    json::Object end = update_of(*of, "status-update");
    end.add("status", status_of(*of)).add("final", true);
    co_await out.write(say(end.raw()));
  };
  response.stream = [run = std::move(run), id = std::move(rpc_id), from_now,
                     write](http::BodyWriter& out) { return write(run, id, from_now, out); };
  return response;
}

void Desk::forget_old() {
  while (over_.size() > kept_max || (over_.size() > 1 && over_bytes_ > kept_bytes)) {
    auto found = by_id_.find(over_.front());
    over_bytes_ -= found->second->output.size();
    by_id_.erase(found);
    over_.erase(over_.begin());
  }
}

}  // namespace molecule::join
