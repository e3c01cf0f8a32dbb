#include "tui/talk.h"

#include <fmt/format.h>

#include "client/stream.h"
#include "platform/json/json.h"
#include "tui/coming.h"

namespace molecule::tui {
namespace {

using namespace std::chrono_literals;

constexpr auto away_for = 10min;  // That a platform may be gone while an answer is waited for.
constexpr std::size_t talks_max = 32;

std::string request(const std::string& message_id, const std::string& text,
                    const std::optional<OpenTask>& goes_on) {
  json::Object part, message, params;
  part.add("kind", "text").add("text", text);
  message.add("kind", "message").add("messageId", message_id).add("role", "user");
  message.add("parts", RawJson("[" + part.text() + "]"));
  if (goes_on) {
    message.add("taskId", goes_on->id);
    if (!goes_on->context.empty()) message.add("contextId", goes_on->context);
  }
  params.add("message", message.raw());
  return json::Object{}
      .add("jsonrpc", "2.0")
      .add("id", "1")
      .add("method", "message/stream")
      .add("params", params.raw())
      .text();
}

}  // namespace

void Talk::say(io::Scope& work, WorkspaceId to, std::string text) {
  if (waiting_.size() >= talks_max) {
    end(to, {}, "too many answers are waited for at once");
    return;
  }
  work.spawn("talking", converse(*this, to, std::move(text)));
}

void Talk::stop_waiting(const WorkspaceId& of) {
  if (const auto at = waiting_.find(of); at != waiting_.end()) at->second->cancel();
}

void Talk::end(const WorkspaceId& of, std::string text, const std::string& trouble) {
  Chat& chat = model_.chats[of];
  chat.waiting = false;
  chat.progress.clear();
  chat.coming.clear();
  if (!text.empty()) chat.add_answer(std::move(text), clock_.now());
  if (!trouble.empty()) chat.add(Turn::Who::note, trouble, clock_.now());
  changed_();
}

io::Task<void> Talk::converse(Talk& self, WorkspaceId to, std::string text) {
  const io::Context here = co_await io::context();
  std::string trouble;
  const auto note = [&trouble](std::string_view, const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& problem) {
      trouble = problem.what();
    }
  };
  io::Scope waiting(*here.loop, note, here.cancellation);
  self.waiting_[to] = &waiting;
  waiting.spawn("answer", listen(self, to, std::move(text)));
  co_await waiting.join();
  self.waiting_.erase(to);
  if (here.cancellation && here.cancellation->requested()) co_return;
  if (waiting.cancellation().requested())
    trouble = "no longer waited for; its answer will stand in the activity";
  const bool over = !self.model_.chats[to].waiting;
  if (!over) self.end(to, self.model_.chats[to].coming, trouble);
}

io::Task<void> Talk::listen(Talk& self, WorkspaceId to, std::string text) {
  const std::string message_id = self.random_.id<ActivityId>().text();
  self.model_.chats[to].sent(text, message_id);
  const auto goes_on = std::exchange(self.model_.chats[to].open, std::nullopt);
  client::MessageStream stream(self.platform_, self.as_, "/workspaces/" + to.text() + "/a2a",
                               request(message_id, text, goes_on), self.clock_);
  stream.patience = away_for;
  Coming coming;
  for (;;) {
    const auto event = co_await stream.next();
    if (!event) break;
    const bool last = coming.take(*event);
    Chat& chat = self.model_.chats[to];
    chat.coming = coming.text();
    chat.progress = coming.progress();
    self.changed_();
    if (last) break;
  }
  Coming::End end = coming.end();
  self.model_.chats[to].open = std::move(end.open);
  self.end(to, std::move(end.text), end.trouble);
}

}  // namespace molecule::tui
