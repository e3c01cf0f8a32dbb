// Answers that their callers read while they come. What a caller reads is what is kept, so one who
// was cut off goes on where that was, and one who leaves stops nothing.
#include "platform/json/json.h"
#include "server/proxy/proxy_service.h"
#include "server/proxy/refusal.h"
#include "server/proxy/standing.h"
#include "wire/a2a/history.h"
#include "wire/a2a/rest.h"
#include "wire/a2a/updates.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::proxy {
namespace {

// A comment is written into a stream in which nothing happens, so that what is between holds it.
constexpr std::chrono::seconds keep_alive{15};

// While a task is told of that its agent says nothing of; doubled as long as nothing changes.
constexpr std::chrono::seconds look_after{1};

constexpr std::size_t kept_capacity = 4096;  // Bytes of a buffer of a stream that waits.

// Clients of HTTP+JSON know an error by the event's type; JSON-RPC says it in its envelope.
void write_event(std::string& out, std::int64_t number, std::string_view data, bool bare) {
  out += fmt::format("id: {}\n", number);
  if (bare && data.starts_with(R"({"error":)")) out += "event: error\n";
  out += "data: ";
  out += data;
  out += "\n\n";
}

// Empties it; what was long gives its memory back, since streams wait for hours.
void let_go(std::string& text) {
  text.clear();
  if (text.capacity() > kept_capacity) text.shrink_to_fit();
}

// JSON-RPC, or what HTTP+JSON has in its place, with as much history as is wanted.
std::string shaped(const Service::Following& reading, std::string rpc) {
  if (reading.history_length) rpc = a2a::with_history(rpc, *reading.history_length);
  return reading.bare ? a2a::bare_of(rpc) : std::move(rpc);
}

std::string event_without_number(const Service::Following& reading, std::string result) {
  return "data: " + shaped(reading, jsonrpc::success(reading.rpc_id, result)) + "\n\n";
}

// An event of the stream for its reader. Who was told a task already is told the first one of its
// agent as what is new of it: clients take one task a stream. The number comes with the last, so
// that who is cut off in between hears them again.
void tell(std::string& out, const Service::Following& reading, std::int64_t number,
          std::string_view piece) {
  const std::string rpc = a2a::event_of(piece, reading.generation, reading.rpc_id);
  std::vector<std::string> updates;
  if (reading.opened && number == 1) updates = a2a::updates_in(rpc, reading.generation);
  if (updates.empty()) {
    write_event(out, number, shaped(reading, rpc), reading.bare);
    return;
  }
  for (std::size_t i = 0; i + 1 < updates.size(); ++i)
    out += event_without_number(reading, updates[i]);
  write_event(out, number, shaped(reading, jsonrpc::success(reading.rpc_id, updates.back())),
              reading.bare);
}

// Nobody has told of the message: the platform tells it as a task, by the message's own id.
void tell_as_task(Service::Following& reading, const a2a::Incoming& message, const ActivityId& id) {
  reading.task_id = id.text();
  reading.context_id = message.context_id.value_or(reading.task_id);
}

std::string opening_of(const Service::Following& reading) {
  return jsonrpc::success(reading.rpc_id, a2a::task_in(reading.generation, reading.state,
                                                       reading.task_id, reading.context_id));
}

}  // namespace

// Between the delivery and the reader of a message, on one loop.
struct Service::Following::PutBack {
  bool came = false;
  bool at_work = false;  // Its agent has it.
  io::Signal* reader = nullptr;
};

Service::Following Service::reading_of(const Admission& admission, std::int64_t seq) {
  Following reading;
  reading.generation = admission.message.generation;
  reading.rpc_id = admission.message.rpc_id;
  reading.message_id = admission.message.message_id;
  reading.message = seq;
  reading.bare = admission.bare;
  reading.history_length = admission.message.history_length;
  return reading;
}

io::Task<http::Response> Service::stream_new(Admission& admission, Accepted& accepted) {
  const a2a::Incoming& message = admission.message;
  Following reading = reading_of(admission, accepted.message.seq);
  tell_as_task(reading, message, accepted.place.id);
  if (admission.target.way != Way::carried) {
    reading.state = "submitted";
    reading.opening = opening_of(reading);
  } else {
    reading.put_back = std::make_shared<Following::PutBack>();
  }
  switch (admission.target.way) {
    case Way::fetched: probe_.polled.add(); break;
    case Way::waits:
      probe_.queued.add();
      try_mailbox(admission.target.id);
      break;
    case Way::carried: {
      io::Context here = co_await io::context();
      const Lane& lane = lane_of(*here.loop);
      auto work = [](Service& self, const Lane& on, Admission what, Accepted where,
                     std::shared_ptr<Following::PutBack> back) -> io::Task<void> {
        const Came came = co_await self.carry_now(on, what, where);
        if (came.settled != Settled::retry) co_return;
        back->came = true;
        back->at_work = came.carried->at_work;
        if (back->reader) back->reader->notify();
      };
      lane.scope->spawn("message stream", work(*this, lane, std::move(admission),
                                               std::move(accepted), reading.put_back));
    }
  }
  co_return follow(std::move(reading));
}

http::Response Service::stream_again(const Admission& admission, const messages::Record& earlier,
                                     std::int64_t after) {
  require_same(admission, earlier);
  Following reading = reading_of(admission, earlier.message.seq);
  reading.after = after;
  const auto& delivery = earlier.delivery;
  if (after == 0 && delivery) {
    tell_as_task(reading, admission.message, earlier.message.id());
    const bool unseen = delivery->state == messages::State::open && delivery->attempts == 0;
    if (unseen) {
      // Its agent has not seen it yet, so nothing has come.
      reading.state = "submitted";
      reading.opening = opening_of(reading);
    } else {
      reading.untold = true;
    }
  }
  return follow(std::move(reading));
}

http::Response Service::follow(Following reading) {
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream = [this, reading = std::move(reading)](http::BodyWriter& out) mutable {
    return write_stream(out, std::move(reading));
  };
  return response;
}

io::Task<void> Service::write_stream(http::BodyWriter& out, Following reading) {
  io::Context here = co_await io::context();
  if (reading.after > 0) {
    // Who has seen more than there is has seen it of a platform that was put back to an earlier
    // state since: to them all that comes is news, and the end above all.
    const std::int64_t newest = co_await db_.read(
        [&, this](sql::Read& read) { return streams_.newest(read, reading.message); });
    reading.ahead = reading.after > newest + 1;
    if (reading.ahead) reading.after = newest;
  }
  streams::Streams::Reader reader(streams_, *here.loop, reading.message, reading.after);
  out.notify_closed(&reader.woken());
  struct Seated {
    std::shared_ptr<Following::PutBack> put_back;
    ~Seated() {
      if (put_back) put_back->reader = nullptr;
    }
  } seated{reading.put_back};
  if (seated.put_back) seated.put_back->reader = &reader.woken();
  std::chrono::seconds wait = look_after;
  std::string text = ": connected\n\n";
  if (!reading.opening.empty()) {
    reading.opened = true;
    text += "data: " + shaped(reading, std::exchange(reading.opening, {})) + "\n\n";
  }
  co_await out.write(text);
  let_go(text);
  const auto stop = [&out] { return out.closed(); };
  while (!stop()) {
    if (reading.put_back && reading.put_back->came) {
      text = co_await still_standing(reading);
      co_await out.write(text);
      let_go(text);
    }
    const bool watched = reading.put_back || reading.untold || !reading.state.empty();
    auto part = co_await reader.next(watched ? wait : keep_alive, stop);
    if (stop()) co_return;
    if (!part.pieces.empty()) {
      reading.ahead = false;
      reading.state.clear();
      reading.untold = false;
      reading.put_back.reset();
    }
    for (streams::Piece& piece : part.pieces) {
      auto told = [&] { tell(text, reading, piece.number, piece.data); };
      if (piece.data.size() > io::short_text_max) {
        co_await aside_.run(told);
      } else {
        told();
      }
      let_go(piece.data);
      co_await out.write(text);
      let_go(text);
    }
    if (part.over) text = co_await closing(reading, part.gone);
    if (part.pieces.empty() && !part.over) {
      text = co_await still_standing(reading);
      wait = text.empty() ? std::min(wait * 2, keep_alive) : look_after;
      if (text.empty()) text = ": still here\n\n";
    }
    if (stop()) co_return;
    if (!text.empty()) co_await out.write(text);
    const bool told = !text.empty();
    let_go(text);
    if (!part.over) continue;
    if (going_on_ && !reading.end_untold && !stop())
      co_await going_on_(out, std::move(reading), told);
    co_return;
  }
}

io::Task<std::string> Service::still_standing(Following& reading) {
  if (reading.put_back && reading.put_back->came) {
    const auto back = std::exchange(reading.put_back, {});
    reading.state = back->at_work ? "working" : "submitted";
    reading.opened = true;
    co_return "data: " + shaped(reading, opening_of(reading)) + "\n\n";
  }
  if (reading.state.empty() && !reading.untold) co_return std::string();
  auto head =
      co_await db_.read([&, this](sql::Read& read) { return ledger_.head(read, reading.message); });
  if (!head || head->outcome) co_return std::string();
  if (reading.untold) {
    const bool waits = head->delivery && head->delivery->state == messages::State::open;
    if (!waits) co_return std::string();  // What its agent says of it comes.
    reading.untold = false;
    reading.opened = true;
    reading.state = "submitted";
    co_return "data: " + shaped(reading, opening_of(reading)) + "\n\n";
  }
  const bool polled = directory_.delivery(head->message.target) == workspaces::Delivery::poll;
  std::string state = standing_of(*head, std::nullopt, polled).state;
  if (state == reading.state) co_return std::string();
  reading.state = std::move(state);
  co_return event_without_number(reading, a2a::status_in(reading.generation, reading.state,
                                                         reading.task_id, reading.context_id));
}

// What the end of the message says beyond its pieces: the answer of an agent that did not stream or
// not to the end, or why there is none; and the answer whole where its pieces are gone. Its number
// follows from what is kept, so that it is told once.
io::Task<std::string> Service::closing(const Following& reading, bool gone) {
  struct End {
    std::optional<messages::Record> record;
    std::int64_t newest = 0;
    std::optional<std::string> last;
  };
  auto end = co_await db_.read([&, this](sql::Read& read) {
    return End{ledger_.find(read, reading.message), streams_.newest(read, reading.message),
               streams_.last(read, reading.message)};
  });
  if (!end.record || !end.record->outcome) co_return std::string();
  if (messages::is_beginning(end.record->outcome->body.text) &&
      !(end.last && a2a::is_last(*end.last))) {
    // It has to be told, since its pieces do not say that they are all.
    end.record = co_await db_.read(
        [&, this](sql::Read& read) { return ledger_.find_whole(read, reading.message); });
    if (!end.record || !end.record->outcome) co_return std::string();
  }
  const messages::Outcome& outcome = *end.record->outcome;
  std::int64_t number = gone ? end.newest : end.newest + 1;
  if (reading.end_untold && end.newest == 0 && !refusal_in(outcome)) co_return std::string();
  auto say = [&] {
    std::string text;
    auto refusal = refusal_in(outcome);
    const bool told = end.last && !gone && !refusal && a2a::is_last(*end.last);
    if ((told && !reading.ahead) || reading.after >= number) return text;
    if (told) number = end.newest;
    if (refusal) {
      a2a::Incoming asked;
      asked.rpc = true;
      asked.rpc_id = reading.rpc_id;
      asked.message_id = reading.message_id;
      write_event(text, number, shaped(reading, response_of(*refusal, asked).body), reading.bare);
    } else if (auto piece = a2a::piece_of(outcome.body.text)) {
      tell(text, reading, number, *piece);
    }
    return text;
  };
  const std::size_t size = outcome.body.text.size() + (end.last ? end.last->size() : 0);
  if (size <= io::short_text_max) co_return say();
  co_return co_await aside_.run(say);
}

}  // namespace molecule::proxy
