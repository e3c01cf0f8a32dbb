#include "mcp/doctor.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string_view>

#include <unistd.h>

#include "client/platform.h"
#include "mcp/settings.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/process/environment.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

enum class Verdict { good, worth_a_look, bad };

class Report {
 public:
  Report(std::ostream& out, bool colours) : out_(out), colours_(colours) {}
  void tell(Verdict verdict, std::string_view what, std::string_view next = {}) {
    const std::string_view word = verdict == Verdict::good           ? "[OK]  "
                                  : verdict == Verdict::worth_a_look ? "[WARN]"
                                                                     : "[FAIL]";
    const std::string_view colour = verdict == Verdict::good           ? "\x1b[32m"
                                    : verdict == Verdict::worth_a_look ? "\x1b[33m"
                                                                       : "\x1b[31m";
    if (colours_) {
      out_ << colour << word << "\x1b[0m";
    } else {
      out_ << word;
    }
    out_ << " " << what << "\n";
    if (!next.empty()) out_ << "       next: " << next << "\n";
    if (verdict == Verdict::bad) healthy_ = false;
  }
  bool healthy() const { return healthy_; }

 private:
  std::ostream& out_;
  const bool colours_;
  bool healthy_ = true;
};

bool is_on_path(std::string_view program) {
  const std::string all = process::environment("PATH").value_or("");
  std::string_view rest = all;
  for (;;) {
    const std::size_t colon = rest.find(':');
    const fs::path at = fs::path(rest.substr(0, colon)) / program;
    if (::access(at.c_str(), X_OK) == 0) return true;
    if (colon == std::string_view::npos) return false;
    rest.remove_prefix(colon + 1);
  }
}

io::Task<void> examine_platform(Report& report, Settings& settings, client::Platform& platform) {
  client::Ask ask;
  ask.path = "/healthz";
  ask.answer_within = 10s;
  ask.patience = 0s;
  std::string trouble;
  try {
    const client::Answer answer = co_await platform.ask(ask);
    const bool json = answer.header("content-type").value_or("").starts_with("application/json");
    if (!json || (!answer.ok() && answer.word("status").empty() && answer.code().empty())) {
      trouble = fmt::format("what answers at {} is no Molecule platform (status {})",
                            platform.url(), answer.status);
    } else if (!answer.ok()) {
      trouble =
          fmt::format("the platform is not well: status {}: {}", answer.status, answer.error());
    }
  } catch (const Fault& fault) {
    trouble = fmt::format("the platform does not answer: {}", fault.text());
  }
  if (!trouble.empty()) {
    report.tell(Verdict::bad, trouble,
                trouble.find("speaks no TLS") == std::string::npos
                    ? "see that PLATFORM_URL is right and that it can be reached from this machine"
                    : "begin PLATFORM_URL with http://, or put TLS in front of the platform");
    co_return;
  }
  report.tell(Verdict::good, fmt::format("the platform answers at {}", platform.url()));
  for (client::Credential& each : settings.members) {
    json::Object body;
    body.add("workspace_id", each.workspace());
    client::Ask beat;
    beat.method = http::Method::post;
    beat.path = "/registry/heartbeat";
    beat.body = body.text();
    beat.repeatable = true;
    beat.answer_within = 10s;
    std::string why, next;
    try {
      const client::Answer answer = co_await platform.ask(each, beat);
      if (answer.status == 401 || answer.status == 403)
        next = answer.code() == "caller_mismatch"
                   ? "WORKSPACE_ID and the token are of different workspaces: set both as the "
                     "canvas shows them for one"
                   : "make a new token on the canvas (the workspace's Tokens) and set it";
      if (answer.status == 404 || answer.status == 410)
        next = "see that WORKSPACE_ID names a workspace that is there";
      if (!answer.ok()) why = answer.error();
    } catch (const Fault& fault) {
      why = fault.text();
    }
    const std::string id = each.workspace().text();
    if (why.empty()) {
      report.tell(Verdict::good, fmt::format("the token of {} is taken", id));
    } else {
      report.tell(Verdict::bad, fmt::format("{}: {}", id, why), next);
    }
  }
}

}  // namespace

bool examine(std::ostream& out, bool colours, const io::Clock& clock, io::Random& random) {
  Report report(out, colours);
  const bool on_path = is_on_path("molecule") || is_on_path("molecule-mcp");
  report.tell(on_path ? Verdict::good : Verdict::worth_a_look,
              on_path ? "molecule is found in PATH" : "molecule is not in PATH",
              on_path ? "" : "name the program by its whole path where the client is configured");
  std::optional<Settings> settings;
  try {
    settings = read_settings();
  } catch (const Fault& fault) {
    std::string_view rest = fault.text();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      report.tell(Verdict::bad, line,
                  rest.empty() ? "set it right where the client starts this server" : "");
    }
    return false;
  }
  report.tell(Verdict::good,
              fmt::format("the environment names {} workspace(s), {} first",
                          settings->members.size(), settings->members.front().workspace().text()));
  std::error_code error;
  if (!fs::exists(settings->state, error)) {
    // As the server makes it: what it keeps is for nobody else.
    fs::create_directories(settings->state, error);
    fs::permissions(settings->state, fs::perms::owner_all, error);
  }
  const bool writable = ::access(settings->state.c_str(), W_OK) == 0;
  report.tell(writable ? Verdict::good : Verdict::bad,
              writable ? fmt::format("{} keeps what was handled", settings->state.string())
                       : fmt::format("{} cannot be written", settings->state.string()),
              writable ? "" : "set CONFIGS_DIR to a directory of your own");
  io::Loop loop;
  client::Platform platform(settings->platform_url, settings->ca_file, clock, random);
  io::run(loop, examine_platform(report, *settings, platform));
  platform.close();
  return report.healthy();
}

}  // namespace molecule::mcp
