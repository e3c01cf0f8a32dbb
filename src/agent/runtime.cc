#include "agent/runtime.h"

#include <charconv>
#include <iostream>
#include <unordered_map>

#include <unistd.h>

#include "agent/preflight.h"
#include "agent/resident.h"
#include "join/attendance.h"
#include "join/belongings.h"
#include "join/connection.h"
#include "platform/files/files.h"
#include "platform/files/watch.h"
#include "platform/io/stop.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/net/resolve.h"
#include "platform/net/socket.h"
#include "platform/process/environment.h"
#include "platform/process/strays.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int done = 0;
constexpr int failed = 1;
constexpr int somebody_is_there = 5;
constexpr std::size_t token_max = 4096;
constexpr auto quiet_for = 150ms;       // Of the directory, before it is read again;
constexpr auto quiet_longest = 1000ms;  // waited for so long.
constexpr int prompt_tries = 5;
constexpr std::size_t tellings_max = 16;        // Refusals told of at a time; all are in the log.
constexpr std::size_t tool_name_max = 200;      // Bytes.
constexpr std::chrono::seconds first_try = 1s;  // Doubles.

fs::path directory_of(const Options& options) {
  return options.config.empty() ? default_directory() : fs::path(options.config);
}

Places places_of(const Config& config) {
  Places places;
  places.config = fs::absolute(config.directory());
  places.workspace = fs::current_path();
  places.home = process::environment("HOME").value_or(places.workspace.string());
  places.path = process::environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  places.self = fs::read_symlink("/proc/self/exe").string();
  return places;
}

Secret token_of(const Config& config) {
  if (auto text = files::read(token_file(config), token_max)) {
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    if (!text->empty()) return Secret(std::move(*text));
  }
  return Secret(process::environment("MOLECULE_WORKSPACE_TOKEN").value_or(""));
}

bool asks_for_smoke() {
  std::string word = process::environment("MOLECULE_SMOKE_MODE").value_or("");
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return word == "1" || word == "true" || word == "yes" || word == "on";
}

std::chrono::seconds smoke_limit() {
  const std::string text = process::environment("MOLECULE_SMOKE_TIMEOUT_SECS").value_or("");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc{} && end == text.data() + text.size() && value > 0;
  return std::chrono::seconds(number ? value : 5);
}

// What changes in the configuration's directory is read once it has been quiet for a moment.
io::Task<void> watch(fs::path directory, Setup& setup) {
  io::Context here = co_await io::context();
  files::Watch watching(std::move(directory));
  const auto told = net::Socket::adopt(*here.loop, watching.copy(), "files");
  for (;;) {
    const net::Wake why = co_await told->wait(net::Direction::read);
    net::require_ready(why, here);
    const bool any = watching.changed();
    // What changes all the time is read all the same.
    for (auto waited = 0ms; any && waited < quiet_longest; waited += quiet_for) {
      co_await io::sleep(quiet_for);
      if (!watching.changed()) break;
    }
    if (any) setup.look_again();
  }
}

// Once in its life the agent is told what to begin with. It is marked before it is said: whatever
// happens then, it is not said twice.
io::Task<void> say_initial_prompt(Setup& setup, Home& home, io::Random& random) {
  const fs::path mark = setup.places().config / ".initial_prompt_done";
  const std::string text = setup.config().prompt("initial_prompt");
  if (text.empty() || fs::exists(mark)) co_return;
  co_await setup.ready();
  std::string trouble;
  try {
    files::write_private(mark, "");
  } catch (const Fault& fault) {
    trouble = fault.text();
  }
  if (!trouble.empty()) {
    log::error("the initial prompt is not said: it could not be marked as said",
               log::field("error", trouble));
    co_return;
  }
  const std::string id = fmt::format("initial-{:08x}", static_cast<std::uint32_t>(random.number()));
  auto wait = first_try;
  for (int tries = 1; tries <= prompt_tries; ++tries) {
    const bool taken = co_await home.write_to_self(id, text);
    if (taken) co_return;
    co_await io::sleep(wait);
    wait *= 2;
  }
  log::warn("the initial prompt was not taken");
}

// All that runs, as locals in the order in which they need each other.
io::Task<void> resided(Config config, const io::Clock& clock, io::Random& random, io::Stop& stop,
                       io::Reload& reload) {
  io::Context here = co_await io::context();
  io::Loop& loop = *here.loop;
  metrics::Registry registry;
  net::SystemResolver resolver(clock);
  net::DialSettings outwards;
  outwards.dev = true;  // Whoever configures it names the platform, wherever it is.
  outwards.tls.ca_file = process::environment("MOLECULE_CA_FILE").value_or("");
  net::Dialer dialer(outwards, resolver, registry);

  join::Membership membership;
  membership.platform = net::Url::parse(config.text("platform_url"));
  membership.workspace = *WorkspaceId::parse(config.text("workspace_id"));
  membership.token = token_of(config);
  const Places places = places_of(config);
  join::Belongings belongings(places.config / ".state", membership.workspace);
  // What a runtime that was killed has left; nobody else has the lock.
  std::error_code ignored;
  fs::remove_all(places.sessions(), ignored);
  membership.platform_fingerprint = belongings.fingerprint();
  membership.key = belongings.key();

  Resident* resident = nullptr;
  join::Attendance* attendance = nullptr;
  join::Connection connection(
      dialer, std::move(membership), clock, random, registry,
      [&](std::unique_ptr<net::Stream> stream) { return resident->serve(std::move(stream)); },
      [&](const std::string& fingerprint) { belongings.keep_fingerprint(fingerprint); });
  client::Platform platform(connection.membership().platform.text(), connection, clock, random);
  client::Credential self(connection.membership().workspace, connection.membership().token);
  Home home(platform, self);
  Setup setup(std::move(config), places, &home, loop, random, [&] {
    if (resident) resident->setup_changed();
    if (attendance) attendance->tell();
  });
  KeptSessions kept(places.config / ".sessions.json");
  join::Enclosures enclosures(platform, self, places.config / ".state" / "files", random);
  io::Scope telling(loop, [](std::string_view, std::exception_ptr) {});
  Conversations conversations(loop, setup, kept, &enclosures, clock, [&](std::string_view tool) {
    if (telling.running() < tellings_max)
      telling.spawn("refusal", home.tell_refused(json::storable(tool, tool_name_max)));
  });
  Resident residing(loop, setup, conversations, clock, random, registry, [&] {
    if (attendance) attendance->tell();
  });
  resident = &residing;
  join::Attendance attending(connection, platform, self, residing, "");
  attendance = &attending;

  std::exception_ptr over;
  io::Scope running(loop, [&](std::string_view, std::exception_ptr failure) {
    if (over) return;
    over = failure;
    stop.request();
  });
  auto look = [](join::Connection& of, Setup& at) -> io::Task<void> {
    while (!of.is_up()) co_await of.begun().wait(1s);
    co_await at.run();
  };
  auto reread = [](io::Reload& on, Setup& at) -> io::Task<void> {
    for (;;) {
      co_await on.requested();
      at.look_again();
    }
  };
  running.spawn("connection", connection.run());
  running.spawn("setup", look(connection, setup));
  running.spawn("attendance", attending.run());
  running.spawn("sessions", conversations.tend());
  running.spawn("reload", reread(reload, setup));
  running.spawn("initial prompt", say_initial_prompt(setup, home, random));
  // Where the system watches no more, SIGHUP is left.
  io::Scope watching(
      loop,
      [](std::string_view, std::exception_ptr) {
        log::warn("the configuration is not watched; SIGHUP reads it again");
      },
      &running.cancellation());
  watching.spawn("watch", watch(places.config, setup));
  co_await stop.requested();
  const std::exception_ptr why = over;
  if (!why) {
    log::info("leaving");
    co_await connection.leave();
  }
  attendance = nullptr;
  running.cancel();
  co_await watching.join();
  co_await running.join();
  co_await residing.stop();
  co_await conversations.stop();
  telling.cancel();
  co_await telling.join();
  if (why) std::rethrow_exception(why);
}

class Heard final : public Listener {
 public:
  void text(std::string_view piece) override { bytes += piece.size(); }
  void tool(std::string_view) override { ++tools; }
  void refused(std::string_view) override {}
  std::size_t bytes = 0, tools = 0;
};

io::Task<int> smoked(Config config, io::Random& random) {
  io::Context here = co_await io::context();
  const Places places = places_of(config);
  files::make_private_directory(places.config / ".state");
  Setup setup(std::move(config), places, nullptr, *here.loop, random, [] {});
  auto executor = executor_for(setup.runtime(), setup.config(), places, *here.loop, random);
  Opening opening;
  opening.context = "smoke";
  opening.system = co_await setup.system_text();
  opening.environment = setup.environment();
  opening.directory = places.workspace.string();
  opening.turn_limit = smoke_limit();
  const auto session = executor->start(std::move(opening));
  Heard heard;
  Turn turn;
  turn.text = "smoke test";
  std::optional<Outcome> outcome;
  std::string trouble;
  try {
    outcome = co_await session->turn(turn, heard);
  } catch (const std::exception& failure) {
    trouble = failure.what();
  }
  co_await session->stop();
  std::string ended = "it threw: " + trouble;
  if (outcome) {
    switch (outcome->state) {
      case Outcome::State::completed: ended = "completed"; break;
      case Outcome::State::canceled: ended = "canceled"; break;
      case Outcome::State::failed:
        ended = fmt::format("failed ({}): {}", enum_text(outcome->failure), outcome->why);
        break;
    }
  }
  // What a model or a key refuses is none of the machine's faults.
  const bool missing = !outcome || (outcome->state == Outcome::State::failed &&
                                    outcome->failure == Failure::missing);
  std::cout << fmt::format("smoke {}: {} by {}; one turn {}; {} bytes of text, {} tools\n",
                           missing ? "FAILED" : "passed", setup.runtime().title,
                           enum_text(setup.runtime().executor), setup.redacted(ended), heard.bytes,
                           heard.tools);
  co_return missing ? failed : done;
}

// Without a platform the platform's findings do not count.
void forgive(std::vector<Finding>& findings) {
  std::erase_if(findings, [](const Finding& each) { return each.of_platform; });
}

}  // namespace

int run(const Options& options, const io::Clock& clock, io::Random& random) {
  const bool smoke = options.smoke || asks_for_smoke();
  Config config = Config::load(directory_of(options));
  std::vector<Finding> findings = examine(config, places_of(config).path);
  if (smoke) forgive(findings);
  std::cerr << report(findings) << std::flush;
  if (!can_start(findings)) return smoke ? failed : wrong_configuration;
  if (const auto level = enum_from<log::Level>(config.text("observability.log_level")))
    log::set_threshold(*level);
  io::hold_stop_signals();
  process::adopt_strays();
  io::Loop loop;
  io::Stop stop(loop);
  io::Reload reload(loop);
  const io::StopOnSignals signals(stop, reload);
  if (smoke) return io::run(loop, smoked(std::move(config), random));
  try {
    io::run(loop, resided(std::move(config), clock, random, stop, reload));
  } catch (const Fault& fault) {
    if (fault.code() != "data_in_use") throw;
    std::cerr << "molecule: " << fault.text() << "\n";
    return somebody_is_there;
  }
  return done;
}

void show_config(std::ostream& out, const Options& options, bool as_json) {
  const Config config = Config::load(directory_of(options));
  std::string rows;
  for (const auto& [key, value] : config.all()) {
    if (as_json) {
      if (!rows.empty()) rows += ',';
      rows += json::Object{}
                  .add("name", key)
                  .add("value", value->text)
                  .add("origin", value->origin)
                  .text();
    } else {
      rows += fmt::format("{:<30}{:<40}{}\n", key, value->text, value->origin);
    }
  }
  out << (as_json ? "[" + rows + "]\n" : rows);
}

}  // namespace molecule::agent
