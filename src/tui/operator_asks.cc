#include "tui/operator_asks.h"

#include <charconv>

#include <fmt/format.h>

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "tui/recalled.h"

namespace molecule::tui {
namespace {

using namespace std::chrono_literals;
using json::Node;
using json::Type;

std::string text_in(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::string) ? std::string(found.string()) : std::string();
}

json::Document document_of(const client::Answer& answer) { return json::parse_answer(answer.body); }

Fault refusal(const client::Answer& answer) {
  Kind kind = Kind::bad_gateway;
  if (answer.status == 401) kind = Kind::unauthenticated;
  if (answer.status == 403) kind = Kind::forbidden;
  if (answer.status == 503) kind = Kind::unavailable;
  return {kind, "refused", answer.error()};
}

std::optional<std::int64_t> number(std::optional<std::string_view> text) {
  std::int64_t value = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

}  // namespace

io::Task<client::Answer> OperatorAsks::ask(http::Method method, std::string path,
                                           std::string body) {
  client::Ask what;
  what.method = method;
  what.path = std::move(path);
  what.body = std::move(body);
  what.repeatable = method == http::Method::get;
  what.patience = 0s;
  co_return co_await platform_.ask(as_, what);
}

io::Task<std::int64_t> OperatorAsks::snapshot() {
  const client::Answer answer = co_await ask(http::Method::get, "/workspaces", "");
  if (!answer.ok()) throw refusal(answer);
  const auto seq = number(answer.header("X-Molecule-Seq"));
  const json::Document workspaces = document_of(answer);
  if (!seq || !workspaces.root().is(Type::array))
    throw Fault(Kind::bad_gateway, "not_a_platform",
                fmt::format("what answers at {} is no Molecule platform", platform_.url()));
  model_.replace(workspaces.root());
  const client::Answer past = co_await ask(http::Method::get, "/events?limit=500", "");
  if (past.ok()) model_.add_past(document_of(past).root());
  co_await look_at_service();
  co_await look_at_questions();
  co_return *seq;
}

io::Task<void> OperatorAsks::look_at_service() {
  const client::Answer answer = co_await ask(http::Method::get, "/health", "");
  if (!answer.ok()) co_return;
  const json::Document health = document_of(answer);
  model_.service.version = text_in(health.root(), "version");
  model_.service.database = text_in(health.root(), "database");
}

io::Task<void> OperatorAsks::look_at_questions() {
  const client::Answer answer = co_await ask(http::Method::get, "/questions", "");
  if (answer.ok()) model_.replace_questions(document_of(answer).root());
}

io::Task<void> OperatorAsks::spawn(intent::Spawn what) {
  client::Answer answer;
  std::string trouble;
  try {
    answer = co_await ask(http::Method::post, "/workspaces", std::move(what.body));
    if (!answer.ok()) trouble = answer.error();
  } catch (const Fault& fault) {
    trouble = fault.text();
  }
  const bool still_here = model_.mode == Mode::form && !model_.form.of && model_.form.sent;
  if (!trouble.empty()) {
    if (still_here) {
      model_.form.sent = false;
      model_.form.trouble = trouble;
    } else {
      model_.say(trouble, true);
    }
    co_return;
  }
  const json::Document made = document_of(answer);
  const Node connection = made.root().find("connection");
  Invitation invitation;
  invitation.id = WorkspaceId::parse(text_in(made.root(), "id")).value_or(WorkspaceId());
  invitation.name = text_in(made.root(), "name");
  invitation.token = text_in(connection, "auth_token");
  invitation.command = text_in(connection, "join_snippet");
  const WorkspaceId id = invitation.id;
  model_.say(invitation.name + " was made");
  model_.keep(std::move(invitation));
  // Whoever has gone on to something else is not interrupted: what is typed there would close what
  // is told this once.
  if (!still_here) co_return;
  model_.selected = id;
  model_.show_kept(id);
}

io::Task<void> OperatorAsks::change(intent::Change what) {
  std::string trouble;
  try {
    const client::Answer answer =
        co_await ask(http::Method::patch, "/workspaces/" + what.of.text(), std::move(what.body));
    if (!answer.ok()) trouble = answer.error();
  } catch (const Fault& fault) {
    trouble = fault.text();
  }
  const bool still_here = model_.mode == Mode::form && model_.form.of == what.of;
  if (trouble.empty()) {
    if (still_here) model_.mode = Mode::browse;
    model_.say(model_.name_of(what.of) + " was changed");
  } else if (still_here) {
    model_.form.sent = false;
    model_.form.trouble = trouble;
  } else {
    model_.say(trouble, true);
  }
}

io::Task<void> OperatorAsks::pause(WorkspaceId of) {
  const client::Answer answer =
      co_await ask(http::Method::post, "/workspaces/" + of.text() + "/pause", "");
  if (!answer.ok()) throw refusal(answer);
  model_.say(model_.name_of(of) + " is paused");
}

io::Task<void> OperatorAsks::resume(WorkspaceId of) {
  const client::Answer answer =
      co_await ask(http::Method::post, "/workspaces/" + of.text() + "/resume", "");
  if (!answer.ok()) throw refusal(answer);
  model_.say(model_.name_of(of) + " goes on");
}

io::Task<void> OperatorAsks::invite(WorkspaceId of) {
  const client::Answer answer =
      co_await ask(http::Method::get, "/workspaces/" + of.text() + "/external/connection", "");
  if (!answer.ok()) throw refusal(answer);
  const json::Document told = document_of(answer);
  if (model_.mode != Mode::browse || model_.selected != of) co_return;
  model_.invitation = {
      model_.name_of(of), of, {}, text_in(told.root().find("connection"), "join_snippet")};
  model_.mode = Mode::invitation;
}

io::Task<void> OperatorAsks::recall(WorkspaceId of) {
  client::Answer answer;
  try {
    answer = co_await ask(http::Method::get,
                          "/workspaces/" + of.text() + "/activity?type=a2a_receive&limit=60", "");
    if (!answer.ok()) throw refusal(answer);
  } catch (const Fault&) {
    model_.chats[of].recalled = false;  // It is asked for again.
    throw;
  }
  const json::Document rows = document_of(answer);
  Earlier told = earlier(rows.root());
  Chat& chat = model_.chats[of];
  if (!chat.waiting && chat.turns.empty()) chat.open = std::move(told.open);
  chat.put_before(std::move(told.turns));
}

io::Task<void> OperatorAsks::remove(WorkspaceId of) {
  const std::string name = model_.name_of(of);
  const client::Answer answer =
      co_await ask(http::Method::del, "/workspaces/" + of.text() + "?confirm=true", "");
  if (!answer.ok()) throw refusal(answer);
  model_.say(name + " was deleted");
}

}  // namespace molecule::tui
