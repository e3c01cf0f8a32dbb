// `molecule api`: any request, for what has no verb.
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/documents.h"
#include "cli/input.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "client/refusal.h"
#include "platform/json/answer.h"

namespace molecule::cli {
namespace {

http::Method method_of(std::string name) {
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  for (const auto method : {http::Method::get, http::Method::post, http::Method::put,
                            http::Method::patch, http::Method::del})
    if (http::method_text(method) == name) return method;
  throw bad_request("bad_method", fmt::format("{} is not GET, POST, PUT, PATCH or DELETE", name));
}

std::string body_of(const Given& given) {
  if (!given.has("body")) return {};
  const std::string text = text_or_input(given.text("body"));
  try {
    return json::compact(text);
  } catch (const Fault& fault) {
    throw bad_request("bad_body", fmt::format("the body is no JSON: {}", fault.text()));
  }
}

std::string shown(const Session& session, const std::string& body) {
  try {
    const json::Document document = json::parse_answer(body);
    return session.form() == Form::yaml ? as_yaml(document.root()) : as_json(document.root());
  } catch (const Fault&) {
    return session.screen().is_terminal() ? session.screen().lines(body) : body;
  }
}

io::Task<int> ask(Session& session, const Given& given) {
  client::Ask what;
  what.method = method_of(given.text("method"));
  what.path = given.text("path");
  if (!what.path.starts_with('/'))
    throw bad_request("bad_path", "a path begins with /, as docs/reference/routes.md lists them");
  what.body = body_of(given);
  what.repeatable = what.method == http::Method::get;
  const client::Answer answer = co_await session.platform().answer_to(std::move(what));
  if (!answer.body.empty()) session.print(shown(session, answer.body));
  if (answer.ok() && answer.header("Content-Type").value_or("").starts_with("text/html"))
    throw Fault(Kind::bad_gateway, "bad_response",
                fmt::format("what answers at {} is a page, not a platform's API",
                            session.platform().platform().url()));
  if (answer.ok()) co_return 0;
  const Fault fault = client::refusal(answer);
  throw Fault(fault.kind(), fault.code(),
              fmt::format("status {}: {}", answer.status, fault.text()));
}

constexpr std::array takes{
    Option{.name = "method",
           .shape = "METHOD",
           .help = "GET, POST, PUT, PATCH or DELETE",
           .required = true},
    Option{.name = "path", .shape = "PATH", .help = "With its query", .required = true},
    Option{.name = "body", .shape = "JSON", .help = "- reads standard input"}};

}  // namespace

constinit const Verb api_verb{
    .name = "api",
    .does = "Ask the platform anything, as its API has it",
    .takes = takes,
    .run = ask,
    .footer =
        "Prints the answer, also of a refusal, which the exit status tells.\n\nExamples:\n"
        "  molecule api GET /workspaces\n"
        "  molecule api POST /workspaces '{\"name\": \"ci\", \"runtime\": \"external\"}'\n"
        "  molecule api POST /registry/check-access - < question.json"};

}  // namespace molecule::cli
