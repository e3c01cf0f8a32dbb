#include "client/stream.h"

#include <algorithm>

#include "client/refusal.h"
#include "platform/json/answer.h"

namespace molecule::client {
namespace {

using namespace std::chrono_literals;

// The platform says something every 15 seconds.
constexpr auto silence_max = 60s;
constexpr auto first_wait = 200ms;
constexpr auto longest_wait = 5s;
constexpr std::size_t whole_max = 64u << 20;

io::Task<std::string> rest_of(http::ClientStream& stream) {
  std::string body;
  while (body.size() < whole_max) {
    const auto piece = co_await stream.read();
    if (!piece) break;
    body += *piece;
  }
  co_return body;
}

bool is_events(const http::ClientStream& stream) {
  return stream.status() == 200 &&
         stream.header("Content-Type").value_or("").starts_with("text/event-stream");
}

}  // namespace

MessageStream::MessageStream(Platform& platform, const Credential& as, std::string path,
                             std::string body, const io::Clock& clock)
    : platform_(platform), as_(as), path_(std::move(path)), body_(std::move(body)), clock_(clock) {}

MessageStream::~MessageStream() = default;

io::Task<void> MessageStream::connect() {
  Ask what;
  what.method = http::Method::post;
  what.path = path_;
  what.body = body_;
  // The message has an id of its own: a second one is the first.
  what.repeatable = true;
  what.headers.emplace_back("Accept", "text/event-stream, application/json");
  if (!last_id_.empty()) what.headers.emplace_back("Last-Event-ID", last_id_);
  what.answer_within = silence_max;
  auto stream = co_await platform_.open(as_, what);
  if (is_events(*stream)) {
    stream->set_idle(silence_max);
    events_ = std::make_unique<http::EventReader>(std::move(stream));
    co_return;
  }
  Answer answer;
  answer.status = stream->status();
  answer.body = co_await rest_of(*stream);
  if (!answer.ok()) {
    refused_ = true;
    throw refusal(answer);
  }
  try {
    json::parse_answer(answer.body);
  } catch (const Fault&) {
    refused_ = true;
    throw Fault(Kind::bad_gateway, "bad_response",
                fmt::format("what answers at {} is no Molecule platform", platform_.url()));
  }
  whole_ = std::move(answer.body);
}

io::Task<std::optional<std::string>> MessageStream::attempt() {
  if (!events_) co_await connect();
  if (whole_) {
    ended_ = true;
    co_return std::move(whole_);
  }
  auto event = co_await events_->next();
  if (!event) {
    ended_ = true;
    co_return std::nullopt;
  }
  last_id_ = event->id;
  co_return std::move(event->data);
}

io::Task<std::optional<std::string>> MessageStream::next() {
  if (ended_) co_return std::nullopt;
  const auto until = clock_.monotonic() + patience;
  std::chrono::milliseconds wait = first_wait;
  for (;;) {
    try {
      co_return co_await attempt();
    } catch (const Fault& fault) {
      // What the platform says of the message stands; what is wrong with the way to it, or with
      // itself, passes.
      const std::string& code = fault.code();
      const bool passing =
          refused_
              ? code == "draining" || code == "platform_unavailable" || code == "overloaded"
              : code == "agent_unreachable" || code == "agent_reset" || code == "agent_timeout";
      refused_ = false;
      if (!passing) throw;
      events_.reset();
      trouble_ = fault.text();
    }
    if (clock_.monotonic() + wait > until) {
      throw Fault(
          Kind::unavailable, "platform_unreachable",
          fmt::format("the platform at {} cannot be reached: {}", platform_.url(), trouble_));
    }
    co_await io::sleep(wait);
    wait = std::min<std::chrono::milliseconds>(wait * 2, longest_wait);
  }
}

}  // namespace molecule::client
