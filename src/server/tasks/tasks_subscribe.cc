// A task read as it goes on: what is kept of it in pieces, or what its agent says when it is asked
// again and again.
#include <algorithm>

#include "platform/json/json.h"
#include "server/tasks/tasks_service.h"
#include "wire/a2a/rest.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::tasks {
namespace {

using namespace std::chrono_literals;

// Between two questions to an agent; doubled while its task does not change.
constexpr std::chrono::seconds asked_after_min = 1s;
constexpr std::chrono::seconds asked_after_max = 15s;

// The task as the first event, or a later one, has it.
std::string event_with(const std::string& task, const a2a::TaskCall& call) {
  const bool wrapped = call.generation == a2a::Generation::v10;
  return jsonrpc::success(call.rpc_id,
                          wrapped ? json::Object{}.add("task", RawJson(task)).text() : task);
}

}  // namespace

io::Task<http::Response> Service::subscribe(const Asker& asker, const a2a::TaskCall& call,
                                            std::int64_t last, bool bare) {
  auto look = [&, this](sql::Read& read) {
    auto out = look_up(read, asker, call.id);
    if (out) read_pieces(read, *out);
    return out;
  };
  auto seen = co_await db_.read(look);
  if (!seen) throw a2a::task_not_found();
  Found found = std::move(*seen);
  co_await put_together(found);
  if (found.record.outcome && !found.goes_on() && last == 0)
    throw a2a::unsupported_operation("the task has ended; tasks/get tells how");
  if (!found.record.outcome || last > 0) {
    proxy::Service::Following following;
    following.message = found.record.message.seq;
    following.message_id = found.record.message.message_id;
    following.generation = call.generation;
    following.rpc_id = call.rpc_id;
    following.bare = bare;
    following.after = last;
    if (last == 0) {
      following.after = found.newest;
      const a2a::TaskForm form{call.generation, call.history_length, true};
      std::string task = co_await told(std::move(found), form);
      following.opening = event_with(task, call);
    }
    co_return proxy_.follow(std::move(following));
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  // A subscriber may stay for hours: what was said is read when it is told.
  found.record.body = {};
  if (found.record.outcome) found.record.outcome->body = {};
  response.stream = [this, found = std::move(found), call, bare](http::BodyWriter& out) mutable {
    return keep_asking(out, std::move(found), std::move(call), bare);
  };
  co_return response;
}

io::Task<Service::Found> Service::with_bodies(const Found& found) {
  Found whole = found;
  const std::int64_t message = found.record.message.seq;
  auto record =
      co_await db_.read([&, this](sql::Read& read) { return ledger_.find(read, message); });
  if (!record) throw a2a::task_not_found();
  whole.record = std::move(*record);
  co_return whole;
}

io::Task<void> Service::keep_asking(http::BodyWriter& out, Found found, a2a::TaskCall call,
                                    bool bare) {
  io::Signal woken;
  out.notify_closed(&woken);
  const a2a::TaskForm form{call.generation, call.history_length, true};
  std::string shown;  // The state that was told last.
  auto wait = asked_after_min;
  while (!out.closed()) {
    co_await hear(found);
    std::string text = ": still here\n\n";
    if (found.row->state != shown) {
      shown = found.row->state;
      wait = asked_after_min;
      Found whole = co_await with_bodies(found);
      std::string task = co_await told(std::move(whole), form);
      std::string event = event_with(task, call);
      text = "data: " + (bare ? a2a::bare_of(event) : event) + "\n\n";
    }
    if (out.closed()) break;
    co_await out.write(text);
    if (!found.goes_on()) break;
    found.heard = {};
    found.note = {};
    text = {};
    co_await woken.wait(wait);
    wait = std::min(wait * 2, asked_after_max);
  }
  out.notify_closed(nullptr);
}

}  // namespace molecule::tasks
