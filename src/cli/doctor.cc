// `molecule doctor`: asks the platform and this machine, and explains what it finds.
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/nouns.h"
#include "cli/program.h"
#include "cli/workspaces.h"
#include "client/follow.h"
#include "platform/json/answer.h"
#include "platform/process/environment.h"
#include "platform/process/terminal.h"
#include "wire/api/agents.h"
#include "wire/api/credentials.h"
#include "wire/api/dead_letters.h"
#include "wire/api/system.h"

namespace molecule::cli {
namespace {

using namespace std::chrono_literals;
using json::Node;

enum class Verdict { PASS, WARN, FAIL };
BOOST_DESCRIBE_ENUM(Verdict, PASS, WARN, FAIL)

struct Check {
  std::string name;
  Verdict status = Verdict::PASS;
  std::string summary;
  std::string fix;
};
BOOST_DESCRIBE_STRUCT(Check, (), (name, status, summary, fix))

struct Counts {
  int pass = 0;
  int warn = 0;
  int fail = 0;
};
BOOST_DESCRIBE_STRUCT(Counts, (), (pass, warn, fail))

struct Report {
  std::string base_url;
  std::vector<Check> checks;
  Counts counts;
  std::string next;

  void add(std::string name, Verdict status, std::string summary, std::string fix = {}) {
    // Some faults bring what to do next along.
    constexpr std::string_view mark = "\n  next: ";
    if (const std::size_t at = summary.find(mark); at != std::string::npos) {
      fix = summary.substr(at + mark.size());
      summary.resize(at);
    }
    ++(status == Verdict::PASS ? counts.pass : status == Verdict::WARN ? counts.warn : counts.fail);
    checks.push_back({std::move(name), status, std::move(summary), std::move(fix)});
  }
};
BOOST_DESCRIBE_STRUCT(Report, (), (base_url, checks, counts, next))

constexpr int clock_off_max = 60;  // Seconds.
constexpr std::size_t names_max = 3;

std::string text_of(const Session& session, const Report& report) {
  const Screen& screen = session.screen();
  std::string out;
  for (const Check& each : report.checks) {
    const Tone tone = each.status == Verdict::PASS   ? Tone::good
                      : each.status == Verdict::WARN ? Tone::worth_a_look
                                                     : Tone::bad;
    out += screen.in(tone, enum_text(each.status)) +
           fmt::format("  {:<11} {}\n", each.name, screen.line(each.summary));
    if (!each.fix.empty()) out += fmt::format("      next: {}\n", screen.line(each.fix));
  }
  return out + "\n" + screen.line(report.next) + "\n";
}

// An answer, or in words why there is none.
struct Asked {
  std::optional<client::Answer> answer;
  std::string trouble;
};
enum class As { nobody, operator_ };
io::Task<Asked> asked(Session& session, std::string path, As who = As::operator_) {
  client::Ask what;
  what.path = std::move(path);
  what.repeatable = true;
  what.answer_within = 10s;
  Asked asked;
  try {
    if (who == As::operator_) {
      asked.answer = co_await session.platform().answer_to(std::move(what));
    } else {
      what.patience = session.platform().patience;
      asked.answer = co_await session.platform().platform().ask(what);
    }
  } catch (const Fault& fault) {
    asked.trouble = fault.text();
  }
  co_return asked;
}

std::string one_or(std::string text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

std::string plain_header(const client::Answer& answer, std::string_view name) {
  return std::string(http::header_in(answer.head, name).value_or(""));
}

// "Mon, 30 Nov 2026 14:12:49 GMT"; nothing for what is no such time.
std::optional<std::int64_t> seconds_of(const std::string& date) {
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (date.size() != 29) return std::nullopt;
  for (std::size_t month = 0; month < months.size(); ++month) {
    if (date.substr(8, 3) != months[month]) continue;
    const auto at = Instant::parse(fmt::format("{}-{:02}-{}T{}Z", date.substr(12, 4), month + 1,
                                               date.substr(5, 2), date.substr(17, 8)));
    return at ? std::optional(at->seconds()) : std::nullopt;
  }
  return std::nullopt;
}

void check_clock(const Session& session, const client::Answer& answer, Report& report) {
  const auto theirs = seconds_of(plain_header(answer, "Date"));
  if (!theirs) return;
  const std::int64_t off = session.clock().now().seconds() - *theirs;
  if (off > -clock_off_max && off < clock_off_max) {
    report.add("clock", Verdict::PASS, "this machine's clock agrees with the platform's");
  } else {
    report.add("clock", Verdict::WARN,
               fmt::format("this machine's clock is {} seconds {}", off < 0 ? -off : off,
                           off < 0 ? "behind" : "ahead"),
               "set the clock: ages and expiry dates are told wrongly here");
  }
}

bool says(std::string_view trouble, std::string_view words) {
  return trouble.find(words) != std::string_view::npos;
}

// What to do about an address at which nothing was reached, by how that showed.
std::string way_to(const Target& target, std::string_view trouble) {
  if (says(trouble, "speaks no TLS"))
    return fmt::format(
        "begin its address with http:// ({}), or put TLS in front of it "
        "(docs/guides/behind-a-proxy.md)",
        target.named_by);
  if (says(trouble, "no trusted connection"))
    return "where the certificate is one of your own, name it with --ca FILE or MOLECULE_CA_FILE; "
           "else somebody else may be answering";
  if (says(trouble, "has no address"))
    return fmt::format(
        "see that the name is spelled right ({}), and that this machine can look "
        "names up",
        target.named_by);
  if (target.named_by.starts_with("nobody"))
    return next_step(Fault(Kind::unavailable, "platform_unreachable", ""), target);
  return fmt::format("see that it runs there and listens on that address ({})", target.named_by);
}

// The first variable that asks for a proxy; empty: none does.
std::string_view proxy_wanted() {
  for (const char* const name :
       {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"})
    if (process::environment(name)) return name;
  return {};
}

void tell_unreachable(const Target& target, const std::string& trouble, Report& report) {
  report.add("platform", Verdict::FAIL, trouble, way_to(target, trouble));
  if (const std::string_view proxy = proxy_wanted(); !proxy.empty())
    report.add("proxy", Verdict::WARN,
               fmt::format("{} is set; this program connects by itself and uses no proxy", proxy),
               "let this machine reach the platform directly, or over a VPN or a tunnel");
}

// Whether the platform answers at all.
io::Task<bool> check_platform(Session& session, std::string_view version, Report& report) {
  const Target& target = session.target();
  const Asked health = co_await asked(session, "/health", As::nobody);
  if (!health.answer) {
    tell_unreachable(target, health.trouble, report);
    co_return false;
  }
  const client::Answer& answer = *health.answer;
  const std::string theirs = answer.word("version");
  if (!answer.ok() || theirs.empty()) {
    report.add(
        "platform", Verdict::FAIL,
        fmt::format("what answers at {} is no Molecule platform (status {})", target.url,
                    answer.status),
        "see that the address is right; a login page of the network answers in its place, too");
    co_return false;
  }
  report.add("platform", Verdict::PASS,
             fmt::format("answers at {} ({}), up {}", target.url, target.named_by,
                         one_or(answer.word("uptime"), "for an unknown time")));
  if (theirs == version) {
    report.add("version", Verdict::PASS, fmt::format("both are {}", version));
  } else {
    report.add(
        "version", Verdict::WARN,
        fmt::format("the platform is {}, this program {}", theirs, version),
        "verbs show what they know of each other's answers; install the same version to see all");
  }
  const std::string database = answer.word("database");
  if (database.empty() || database == "ok") {
    report.add("store", Verdict::PASS, "the platform's store takes work");
  } else {
    report.add("store", Verdict::FAIL, fmt::format("the platform's store is {}", database),
               "look at the platform's log; messages are refused until it is back");
  }
  const Asked ready = co_await asked(session, "/readyz", As::nobody);
  if (ready.answer && !ready.answer->ok()) {
    report.add("ready", Verdict::FAIL, "not ready for work: " + ready.answer->error(),
               "wait for a platform that starts or goes down; else look at its log");
  }
  check_clock(session, answer, report);
  co_return true;
}

io::Task<bool> check_token(Session& session, Report& report) {
  const Target& target = session.target();
  const std::string from = one_or(target.token_from, "nowhere");
  const Asked me = co_await asked(session, "/auth/me");
  if (me.answer && me.answer->ok()) {
    const std::string role = one_or(me.answer->word("role"), "operator");
    report.add("token", Verdict::PASS,
               target.token.empty() ? "no token is needed: the platform runs in its dev profile"
                                    : fmt::format("the token from {} is taken, as {}", from, role));
    co_return true;
  }
  if (me.answer && me.answer->status == 403 && me.answer->code() == "admin_required") {
    report.add("token", Verdict::FAIL,
               fmt::format("the token from {} is a workspace's, for its agent; these verbs need an "
                           "operator's",
                           from),
               target.token_wanted);
    co_return false;
  }
  if (me.answer && me.answer->status == 403) {
    report.add("token", Verdict::PASS,
               fmt::format("the token from {} is taken; it does not open everything", from));
    co_return true;
  }
  if (target.token.empty()) {
    report.add("token", Verdict::FAIL, "there is no token, and the platform asks for one",
               target.token_wanted);
    co_return false;
  }
  const bool expired = me.answer && me.answer->code() == "token_expired";
  const std::string why = !me.answer ? me.trouble : expired ? "it has expired" : me.answer->error();
  report.add("token", Verdict::FAIL, fmt::format("the token from {} is refused: {}", from, why),
             fmt::format("see that it is whole and of this platform, or make another (on the "
                         "canvas: Settings, or `molecule key create` with one that is good); then "
                         "{}",
                         target.token_wanted));
  co_return false;
}

void check_agents(Node list, Report& report) {
  std::map<std::string, std::vector<std::string>> by_status;
  std::size_t all = 0;
  for (const auto& each : client::records<api::Workspace>(list)) {
    by_status[each.flag("late") ? "late" : each.text("status")].push_back(each.text("name"));
    ++all;
  }
  std::string summary = all == 1 ? "1 workspace" : fmt::format("{} workspaces", all);
  std::string trouble;
  for (const auto& [status, names] : by_status) {
    summary += fmt::format(", {} {}", names.size(), status);
    if (status != "degraded" && status != "failed" && status != "offline" && status != "late")
      continue;
    for (std::size_t i = 0; i < names.size() && i < names_max; ++i)
      trouble += (trouble.empty() ? "" : ", ") + names[i];
  }
  report.add("agents", trouble.empty() ? Verdict::PASS : Verdict::WARN, summary,
             trouble.empty() ? "" : fmt::format("look at {}: `molecule ws get NAME`", trouble));
}

// What holds in the agents that the platform starts, and what its machine cannot do.
io::Task<void> check_isolation(Session& session, Report& report) {
  const Asked found = co_await asked(session, "/runtimes");
  if (!found.answer || !found.answer->ok()) co_return;
  const json::Document document = json::parse_answer(found.answer->body);
  const client::Record<api::RuntimeOffers> offers(document.root());
  if (!offers.flag("agents")) co_return;
  const Node missing = offers.node("isolation").find("missing");
  std::string lacks;
  for (std::size_t i = 0; missing.is(json::Type::array) && i < missing.size(); ++i)
    lacks += (lacks.empty() ? "" : "; ") + client::told(missing.at(i));
  if (lacks.empty()) {
    report.add("isolation", Verdict::PASS,
               "agents that the platform starts have rooms of their own");
  } else {
    report.add("isolation", Verdict::WARN, "the platform's machine does not offer: " + lacks,
               "agents run without it; docs/guides/agents-here.md says what that means");
  }
}

io::Task<void> check_organisation(Session& session, Report& report) {
  const Asked workspaces = co_await asked(session, "/workspaces");
  if (workspaces.answer && workspaces.answer->ok()) {
    const std::string& body = workspaces.answer->body;
    const json::Document list = json::parse_answer(body);
    check_agents(list.root(), report);
  } else {
    report.add("agents", Verdict::FAIL,
               workspaces.answer ? workspaces.answer->error() : workspaces.trouble);
  }
  const Asked letters = co_await asked(session, "/dead-letters?limit=100");
  if (!letters.answer || !letters.answer->ok()) co_return;
  const json::Document page = json::parse_answer(letters.answer->body);
  std::size_t open = 0;
  for (const auto& each : client::records<api::DeadLetter>(
           client::Record<api::DeadLetterPage>(page.root()).node("items")))
    if (each.text("fate").empty()) ++open;
  if (open == 0) {
    report.add("messages", Verdict::PASS, "no message ended without anybody's word");
  } else {
    report.add("messages", Verdict::WARN,
               fmt::format("{}{} messages ended unanswered and wait for a decision", open,
                           open == 100 ? " or more" : ""),
               "decide in the inbox of the canvas");
  }
}

io::Task<void> check_socket(Session& session, Report& report) {
  client::Operator& platform = session.platform();
  std::string trouble;
  http::FrameSocket::Options options;
  options.handshake = 5s;
  try {
    auto socket = co_await platform.platform().open_socket(platform.credential(), "/ws", options);
    co_await socket->finish(1000);
  } catch (const Fault& fault) {
    trouble = fault.text();
  }
  if (trouble.empty()) {
    report.add("live", Verdict::PASS,
               "WebSockets come through; --watch shows changes as they happen");
  } else {
    report.add("live", Verdict::WARN, "no WebSocket comes through: " + trouble,
               "what stands in front of the platform has to pass /ws on; --watch looks every few "
               "seconds until then");
  }
}

void check_machine(const Session& session, Report& report) {
  if (session.screen().is_terminal() && !process::locale_is_utf8()) {
    report.add("terminal", Verdict::WARN, "the locale is not UTF-8: names are shown with ? in them",
               "set LANG to a UTF-8 locale, such as C.UTF-8");
  }
}

// Whether it is known whom to ask.
bool check_profiles(Session& session, const Given& given, Report& report) {
  const std::filesystem::path file = profile_file(given);
  try {
    const Profiles profiles = Profiles::load(file);
    report.add("profiles", Verdict::PASS,
               profiles.exists() ? fmt::format("{} is private and holds {} profile(s)",
                                               file.string(), profiles.all().size())
                                 : fmt::format("none kept in {}", file.string()));
  } catch (const Fault& fault) {
    report.add("profiles", Verdict::FAIL, fault.text(),
               one_or(next_step(fault, session.target()),
                      "make it readable for you alone (`chmod 600`, `chown`), or name another file "
                      "with --config"));
    return false;
  }
  try {
    session.aim(given);
  } catch (const Fault& fault) {
    report.add(
        "platform", Verdict::FAIL, fault.text(),
        fault.code() == "profile_not_found"
            ? "`molecule config add NAME --url URL` makes one, `molecule config list` has all"
            : next_step(fault, session.target()));
    return false;
  }
  return true;
}

io::Task<int> examine(Session& session, const Given& given) {
  Report report;
  const bool aimed = check_profiles(session, given, report);
  report.base_url = session.target().url;
  bool answers = false;
  if (aimed) answers = co_await check_platform(session, session.program().version, report);
  if (answers) {
    const bool taken = co_await check_token(session, report);
    if (taken) {
      co_await check_organisation(session, report);
      co_await check_isolation(session, report);
      co_await check_socket(session, report);
    }
  }
  check_machine(session, report);
  if (report.counts.fail > 0) {
    report.next = "Begin with the first FAIL: the others may follow from it.";
  } else if (report.counts.warn > 0) {
    report.next = "It works; what is marked WARN is worth a look.";
  } else {
    report.next = "All is well.";
  }
  const json::Document document = json::Document::parse(json::text(report));
  session.show(document.root(), [&](Node) { return text_of(session, report); });
  co_return report.counts.fail > 0 ? 1 : 0;
}

}  // namespace

constinit const Verb doctor_verb{
    .name = "doctor",
    .does = "Look at the platform, the token and this machine, and say what to do",
    .run = examine,
    .footer =
        "Exit status: 1 when something failed.\n\nExamples:\n"
        "  molecule doctor\n"
        "  molecule doctor --url https://molecule.example -o json",
    .aims_itself = true};

}  // namespace molecule::cli
