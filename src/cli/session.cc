#include "cli/session.h"

#include <cerrno>
#include <iostream>
#include <system_error>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/documents.h"
#include "platform/process/environment.h"
#include "platform/process/terminal.h"

namespace molecule::cli {
namespace {

Form form_of(const Given& given, const Target& target) {
  if (given.has("json")) return Form::json;
  std::string wanted = given.text("output");
  if (wanted.empty()) wanted = process::environment("MOL_OUTPUT").value_or("");
  if (wanted.empty()) wanted = target.output;
  if (wanted.empty() || wanted == "table") return Form::table;
  if (wanted == "json") return Form::json;
  if (wanted == "yaml") return Form::yaml;
  throw bad_request("bad_output", fmt::format("output is table, json or yaml, not {}", wanted));
}

}  // namespace

Session::Session(const Given& given, bool needs_platform, const Program& program,
                 const io::Clock& clock, io::Random& random)
    : program_(program),
      clock_(clock),
      random_(random),
      target_(needs_platform ? find_target(given) : Target()),
      form_(form_of(given, target_)),
      screen_(screen_of(STDOUT_FILENO)),
      talk_(screen_of(STDERR_FILENO)),
      verbose_(given.has("verbose") || !process::environment("MOL_VERBOSE").value_or("").empty()) {}

client::Operator& Session::platform() {
  if (!operator_) {
    connection_ = std::make_unique<client::Platform>(target_.url, target_.ca_file, clock_, random_);
    if (verbose_) connection_->trace([this](std::string_view line) { say(line); });
    connection_->look_at_connections(target_.look());
    if (!target_.passed_over.empty()) note(target_.passed_over);
    operator_ = std::make_unique<client::Operator>(*connection_, target_.token);
  }
  return *operator_;
}

void Session::close() {
  if (connection_) connection_->close();
}

void Session::print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::write(STDOUT_FILENO, text.data(), text.size());
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
    if (sent >= 0 || errno == EINTR) continue;
    if (errno == EAGAIN) {
      pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    throw Fault(Kind::internal, errno == EPIPE ? "output_closed" : "output_failed",
                fmt::format("standard output: {}", std::system_category().message(errno)));
  }
}

void Session::show_once(json::Node value, const Text& text, std::string_view undo) {
  try {
    show(value, text);
  } catch (const Fault& fault) {
    throw Fault(
        Kind::internal, "output_failed",
        fmt::format("{}\n  next: it was made, and nobody has seen it: {}", fault.text(), undo));
  }
}

std::string Session::rendered(json::Node value, const Text& text) const {
  switch (form_) {
    case Form::table: return text(value);
    case Form::json: return as_json(value);
    case Form::yaml: return as_yaml(value);
  }
  return {};
}

std::string Session::streamed(json::Node value) const {
  return form_ == Form::yaml ? "---\n" + as_yaml(value) : as_json_line(value);
}

void Session::say(std::string_view text) const { std::cerr << talk_.lines(text) << "\n"; }

void Session::note(std::string_view text) const {
  if (text == noted_) return;
  noted_ = text;
  say(text);
}

void Session::confirm(const Given& given, const std::string& question) const {
  if (given.has("yes")) return;
  const auto answer = process::is_terminal(STDIN_FILENO)
                          ? process::ask_line(talk_.line(question) + " [y/N] ")
                          : std::nullopt;
  if (!answer) {
    throw bad_request("not_confirmed",
                      question + "\n  next: there is no terminal to ask on; say -y to do it");
  }
  if (*answer == "y" || *answer == "Y" || *answer == "yes") return;
  throw Fault(Kind::cancelled, "not_confirmed", "nothing was done");
}

std::string next_step(const Fault& fault, const Target& target) {
  const std::string& code = fault.code();
  if (code == "profiles_unsafe")
    return "make it yours alone (`chmod 600` it, no link), and change the tokens in it if others "
           "could read them";
  if (code == "platform_unreachable") {
    if (target.named_by.starts_with("nobody"))
      return "start one with `molecule serve`, or say where yours answers with --url or a profile "
             "(`molecule config add NAME --url URL`)";
    return fmt::format("see that it runs there ({}); `molecule doctor` looks further",
                       target.named_by);
  }
  if (fault.kind() == Kind::unauthenticated) {
    if (target.token.empty()) return "a token is needed: " + target.token_wanted;
    return fmt::format("the token came from {}; give it a good one: {}", target.token_from,
                       target.token_wanted);
  }
  if (fault.kind() == Kind::forbidden)
    return fmt::format("the token from {} may not do this; an admin's may", target.token_from);
  if (code == "route_not_found")
    return "the platform does not know this request: it is older than this program, or no Molecule "
           "platform; `molecule doctor` says which";
  if (code == "bad_response") return "see that the address is a platform's: `molecule doctor`";
  if (code == "workspace_not_found" || code == "workspace_removed")
    return "`molecule ws list` has those that are there";
  return {};
}

}  // namespace molecule::cli
