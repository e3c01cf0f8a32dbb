#include "server/mcp_endpoint/stream.h"

#include "base/fault.h"

namespace molecule::mcp_endpoint {
namespace {

using namespace std::chrono_literals;

constexpr auto keep_alive = 5s;                // What has gone is seen no later.
constexpr std::size_t unread_max = 16u << 20;  // Bytes of answers that wait for their reader.

std::string event(std::string_view message) {
  return "event: message\ndata: " + std::string(message) + "\n\n";
}

// Until the first message is answered, or nobody wants to hear more.
io::Task<void> talk_on(http::BodyWriter& out, mcp::Session& session, std::string& unsaid,
                       io::Signal& news, const Conversation& talk) {
  while (!out.closed() && talk.stands()) {
    // One at a time: others of this loop have their turns in between.
    const bool has_letter = talk.box != nullptr && !talk.box->letters.empty();
    if (has_letter) {
      const Letter letter = std::move(talk.box->letters.front());
      talk.box->letters.pop_front();
      session.take(letter.text());
    }
    // Looked at before what is unsaid: what ends meanwhile says so first.
    const bool over = !talk.stays && session.running() == 0;
    if (unsaid.size() > unread_max)
      throw Fault(Kind::cancelled, "cancelled", "the reader takes too little of its answers");
    if (!unsaid.empty()) {
      const std::string text = std::exchange(unsaid, {});
      co_await out.write(text);
      continue;
    }
    if (over) co_return;
    if (has_letter) {
      co_await io::yield();
      continue;
    }
    const bool told = co_await news.wait(keep_alive);
    if (!told) co_await out.write(": keep-alive\n\n");
  }
}

}  // namespace

Letter::Letter(std::string text, std::shared_ptr<Waiting> of_box, std::shared_ptr<Waiting> of_all)
    : text_(std::move(text)),
      bytes_(text_.size()),
      of_box_(std::move(of_box)),
      of_all_(std::move(of_all)) {
  of_box_->letters.fetch_add(1);
  of_box_->bytes.fetch_add(bytes_);
  of_all_->bytes.fetch_add(bytes_);
}

Letter::~Letter() {
  if (!of_box_) return;  // Moved from.
  of_box_->letters.fetch_sub(1);
  of_box_->bytes.fetch_sub(bytes_);
  of_all_->bytes.fetch_sub(bytes_);
}

bool post(const std::shared_ptr<Letterbox>& box, std::string text) {
  Letter letter(std::move(text), box->waiting, box->of_all);
  if (box->waiting->letters > Letterbox::letters_max ||
      box->waiting->bytes > Letterbox::bytes_max ||
      box->of_all->bytes > Letterbox::bytes_of_all_max)
    return false;
  box->loop->post([box, letter = std::move(letter)]() mutable {
    if (box->news == nullptr) return;
    box->letters.push_back(std::move(letter));
    box->news->notify();
  });
  return true;
}

io::Task<void> converse(http::BodyWriter& out, mcp::Offer& offer, const Conversation& talk) {
  io::Context here = co_await io::context();
  io::Signal news;
  out.notify_closed(&news);
  if (talk.box != nullptr) talk.box->news = &news;
  std::string unsaid = talk.opening;
  mcp::Session::Ends ends;
  ends.write = [&](std::string message) {
    unsaid += event(message);
    news.notify();
  };
  mcp::Session session(*here.loop, offer, std::move(ends), talk.revision, here.cancellation);
  if (!talk.first.empty()) session.take(talk.first);
  std::exception_ptr failure;
  try {
    co_await talk_on(out, session, unsaid, news, talk);
  } catch (...) {
    failure = std::current_exception();
  }
  if (talk.box != nullptr) {
    talk.box->news = nullptr;
    talk.box->letters.clear();
  }
  out.notify_closed(nullptr);
  const bool cut_off = session.running() > 0;
  co_await session.end(0ms);
  if (failure) std::rethrow_exception(failure);
  if (cut_off && !talk.unanswered.empty()) {
    const std::string last = event(talk.unanswered);
    co_await out.write(last);
  }
}

http::Response event_stream(std::move_only_function<io::Task<void>(http::BodyWriter&)> stream) {
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream = std::move(stream);
  return response;
}

}  // namespace molecule::mcp_endpoint
