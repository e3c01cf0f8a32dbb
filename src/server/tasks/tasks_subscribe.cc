// A task read as it goes on: what is kept of it in pieces, or what its agent says when it is asked
// again and again.
#include <algorithm>
#include <functional>
#include <optional>

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "server/proxy/refusal.h"
#include "server/tasks/tasks_service.h"
#include "wire/a2a/rest.h"
#include "wire/a2a/updates.h"
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

// What an agent says of a task beside its state: to know what it says anew.
std::optional<std::size_t> words_of(std::string_view task) {
  if (task.empty()) return std::nullopt;
  const json::Document document = json::parse_answer(task);
  const json::Node said = document.root().find("result");
  const json::Node message = said.find("status").find("message");
  const json::Node artifacts = said.find("artifacts");
  std::string words;
  if (message) words += message.find("parts").text();
  if (artifacts) words += artifacts.text();
  return std::hash<std::string>{}(words);
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
    following.history_length = call.history_length;
    following.after = last;
    if (last > 0) co_return proxy_.follow(std::move(following));
    const a2a::TaskFacts facts = facts_of(found);
    following.after = found.newest;
    following.end_untold = true;
    following.task_id = facts.id;
    following.context_id = facts.context_id;
    // What its agent says of it in pieces is told as it comes.
    if (found.newest == 0) following.state = facts.state;
    const a2a::TaskForm form{call.generation, call.history_length, true};
    std::string task = co_await told(std::move(found), form);
    following.opening = event_with(task, call);
    http::Response response = proxy_.follow(std::move(following));
    response.stream = [this, first = std::move(response.stream), asker, call, bare,
                       shown = facts.state](http::BodyWriter& out) mutable {
      return go_on_after(out, std::move(first), asker, std::move(call), bare, std::move(shown));
    };
    co_return response;
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  // A subscriber may stay for hours: what was said is read when it is told.
  found.record.body = {};
  if (found.record.outcome) found.record.outcome->body = {};
  response.stream = [this, found = std::move(found), call, bare](http::BodyWriter& out) mutable {
    return keep_asking(out, std::move(found), std::move(call), bare, {});
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

// The end of a message may not be the end of its task.
io::Task<void> Service::go_on_after(http::BodyWriter& out, Events first, Asker asker,
                                    a2a::TaskCall call, bool bare, std::string shown) {
  co_await first(out);
  first = {};
  if (out.closed()) co_return;
  std::int64_t pieces = 0;
  auto seen = co_await db_.read([&, this](sql::Read& read) {
    auto found = look_up(read, asker, call.id);
    if (found) pieces = streams_.newest(read, found->record.message.seq);
    return found;
  });
  if (!seen || !seen->record.outcome) co_return;
  Found found = std::move(*seen);
  // What there was beside a task or in pieces has been told.
  if (proxy::refusal_in(*found.record.outcome)) co_return;
  if (pieces > 0) {
    if (!found.is_read_on()) co_return;
    shown = found.row->state;
  }
  found.record.body = {};
  found.record.outcome->body = {};
  co_await keep_asking(out, std::move(found), std::move(call), bare, std::move(shown));
}

io::Task<void> Service::go_on_with(http::BodyWriter& out, proxy::Service::Following reading,
                                   bool told) {
  auto seen = co_await db_.read([&, this](sql::Read& read) {
    auto found = look_up(read, reading.message);
    if (found) found->newest = streams_.newest(read, reading.message);
    return found;
  });
  const bool is_task =
      seen && seen->row && seen->record.outcome && !proxy::refusal_in(*seen->record.outcome);
  if (!is_task) co_return;
  Found found = std::move(*seen);
  // Its end or its question was told: as the answer, or as the last of its pieces.
  const bool goes_on = found.is_read_on();
  if (!goes_on && (told || found.newest > 0)) co_return;
  found.record.body = {};
  found.record.outcome->body = {};
  a2a::TaskCall call;
  call.generation = reading.generation;
  call.rpc_id = reading.rpc_id;
  call.id = found.id;
  call.history_length = reading.history_length;
  // Who was cut off behind the answer may not know what came of it.
  std::string shown = told || goes_on ? found.row->state : std::string();
  co_await keep_asking(out, std::move(found), std::move(call), reading.bare, std::move(shown));
}

io::Task<std::string> Service::news_of(const Found& found, const a2a::TaskCall& call, bool bare,
                                       bool first) {
  const a2a::TaskForm form{call.generation, call.history_length, true};
  Found whole = co_await with_bodies(found);
  const std::string task = co_await told(std::move(whole), form);
  const auto events = [&] {
    std::string text;
    const auto add = [&](const std::string& event) {
      text += "data: " + (bare ? a2a::bare_of(event) : event) + "\n\n";
    };
    if (first) {
      add(event_with(task, call));
    } else {
      for (const std::string& update : a2a::updates_of(task, call.generation))
        add(jsonrpc::success(call.rpc_id, update));
    }
    return text;
  };
  if (task.size() <= io::short_text_max) co_return events();
  co_return co_await aside_.run(events);
}

io::Task<std::optional<std::size_t>> Service::words_heard(const Found& found) {
  if (found.heard.size() <= io::short_text_max) co_return words_of(found.heard);
  co_return co_await aside_.run([&] { return words_of(found.heard); });
}

io::Task<void> Service::keep_asking(http::BodyWriter& out, Found found, a2a::TaskCall call,
                                    bool bare, std::string shown) {
  io::Signal woken;
  out.notify_closed(&woken);
  auto wait = asked_after_min;
  std::optional<std::size_t> words;
  while (!out.closed()) {
    if (found.goes_on()) co_await hear(found);
    std::string text = ": still here\n\n";
    const std::string state = proxy::standing_of(found.record, found.known(), false).state;
    const std::optional<std::size_t> heard = co_await words_heard(found);
    const bool said_more = heard && heard != words;
    if (said_more) words = heard;
    if (state != shown || said_more) {
      text = co_await news_of(found, call, bare, shown.empty());
      if (state != shown) wait = asked_after_min;
      shown = state;
    }
    if (out.closed()) break;
    co_await out.write(text);
    if (!found.is_read_on()) break;
    found.heard = {};
    found.note = {};
    text = {};
    co_await woken.wait(wait);
    wait = std::min(wait * 2, asked_after_max);
  }
  out.notify_closed(nullptr);
}

}  // namespace molecule::tasks
