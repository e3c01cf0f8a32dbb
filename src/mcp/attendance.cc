#include "mcp/attendance.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_within = 10s;
constexpr auto soon = 5s;
constexpr int refusals_told = 3;      // In a row, before it is called an error,
constexpr int told_again_after = 20;  // and again after so many more.

// Of the platform itself, which says so with a code; what is between it and us has pages of its
// own.
bool is_refusal(const client::Answer& answer) {
  return (answer.status == 401 || answer.status == 403) && !answer.code().empty();
}

}  // namespace

io::Task<void> Attendance::run() {
  io::Context here = co_await io::context();
  io::Scope all(
      *here.loop,
      [](std::string_view, std::exception_ptr) { log::error("a workspace beats no more"); },
      here.cancellation);
  for (client::Credential& each : settings_.members) all.spawn("attendance", attend(each));
  co_await all.join();
}

io::Task<client::Answer> Attendance::enrol(client::Credential& as) {
  std::string skills;
  for (const std::string& skill : settings_.skills)
    skills += (skills.empty() ? "" : ",") + json::Object{}.add("name", skill).text();
  json::Object card, body;
  card.add("name", settings_.name).add("skills", RawJson("[" + skills + "]"));
  if (!settings_.description.empty()) card.add("description", settings_.description);
  body.add("id", as.workspace()).add("url", "").add("agent_card", card.raw());
  body.add("delivery_mode", "poll");
  client::Ask ask;
  ask.method = http::Method::post;
  ask.path = "/registry/register";
  ask.body = body.text();
  ask.repeatable = true;
  ask.answer_within = answer_within;
  ask.patience = 0s;
  co_return co_await platform_.ask(as, ask);
}

io::Task<client::Answer> Attendance::beat(client::Credential& as, std::chrono::nanoseconds up) {
  json::Object body;
  body.add("workspace_id", as.workspace()).add("error_rate", 0).add("sample_error", "");
  body.add("active_tasks", 0);
  body.add("uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(up).count());
  client::Ask ask;
  ask.method = http::Method::post;
  ask.path = "/registry/heartbeat";
  ask.body = body.text();
  ask.repeatable = true;
  ask.answer_within = answer_within;
  ask.patience = 0s;
  co_return co_await platform_.ask(as, ask);
}

io::Task<void> Attendance::attend(client::Credential& as) {
  const auto since = clock_.monotonic();
  const std::string workspace = as.workspace().text();
  bool enrolled = !settings_.registers;
  bool away = false;
  bool told = false;
  int refusals = 0;
  for (;;) {
    std::optional<client::Answer> answer;
    std::string trouble;
    try {
      if (enrolled) {
        answer = co_await beat(as, clock_.monotonic() - since);
      } else {
        answer = co_await enrol(as);
      }
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      trouble = fault.text();
    }
    if (!answer) {
      if (!std::exchange(away, true)) {
        log::warn("the platform is away; it is asked again", log::field("error", trouble));
        tell_(Severity::warning, "the platform is away; it is asked again: " + trouble);
      }
    } else if (answer->ok()) {
      if (std::exchange(away, false)) {
        log::warn("the platform is back");
        tell_(Severity::notice, "the platform is back");
      }
      told = false;
      if (!std::exchange(enrolled, true)) log::info("registered", log::field("id", workspace));
      refusals = 0;
    } else if (settings_.channel && is_refusal(*answer)) {
      // A session goes on, and takes the token that is put in its place.
      if (!std::exchange(told, true)) refused_(as.workspace(), answer->error());
    } else if (is_refusal(*answer) && !enrolled) {
      refused_(as.workspace(),
               fmt::format("the platform refuses the token of workspace {} ({}). Make a new one "
                           "(canvas: the workspace's Tokens) and put it in the place of this one.",
                           workspace, answer->error()));
      co_return;
    } else if (is_refusal(*answer)) {
      ++refusals;
      if (refusals < refusals_told) {
        log::warn("the platform refuses the token", log::field("id", workspace),
                  log::field("error", answer->error()));
        tell_(Severity::warning, fmt::format("the platform refuses the token of workspace {}: {}",
                                             workspace, answer->error()));
      } else if ((refusals - refusals_told) % told_again_after == 0) {
        log::error(
            "the token was revoked; make a new one on the canvas, in the workspace's Tokens, and "
            "start again with it",
            log::field("id", workspace));
        tell_(Severity::error, fmt::format("the token of workspace {} was revoked", workspace));
      }
    } else if (answer->status == 410) {
      log::error("the workspace was removed; its tools say so from now on",
                 log::field("id", workspace));
      tell_(Severity::error, fmt::format("workspace {} was removed", workspace));
      co_return;
    } else {
      log::warn("the platform does not take what it is told", log::field("id", workspace),
                log::field("status", answer->status), log::field("error", answer->error()));
      // Its presence does not hang on how it is shown, where the platform has said so.
      if (answer->status < 500 && answer->status != 429 && !answer->code().empty()) enrolled = true;
    }
    if (enrolled && settings_.beat_every == 0ms) co_return;
    const bool settled = enrolled || away || told;
    co_await io::sleep(settled ? std::max<std::chrono::milliseconds>(settings_.beat_every, soon)
                               : std::chrono::milliseconds(soon));
  }
}

}  // namespace molecule::mcp
